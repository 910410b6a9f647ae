"""Writing messages into the queue: inside the database, one statement for a time zone, each occurrence once.

A fixed or recurring occurrence fires once in each zone; whoever joins later waits for the next one. A step on a
person's
date is looked at again and again until its time is over, because dates are entered late; its dedupe key keeps it
single.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, and_, case, cast, exists, func, literal, select, update
from sqlalchemy.orm import Session

from outreach import consent, log
from outreach.audience import filters
from outreach.audience.hours import Hours, lawful, quiet_hours
from outreach.audience.tables import Endpoint, EndpointState, Person, PersonField, PersonState
from outreach.campaigns import schedule
from outreach.campaigns.definition import Definition, thaw
from outreach.campaigns.steps import Step
from outreach.campaigns.tables import Fire
from outreach.campaigns.timing import Fixed, Relative
from outreach.channels.contract import Kind
from outreach.delivery import tally
from outreach.messages.status import PRIORITY, Purpose, RunState, State
from outreach.messages.tables import Message, Run, Sender
from outreach.settings import Settings
from outreach.store import dialects
from outreach.workspace import Workspace

logger = log.get("campaigns")

#: How far back a step on a person's date is looked for after an outage; what is too old by then shows as expired.
LOOK_BACK = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Place:
    """People whose clocks and hours are the same: one statement writes them all."""

    zone: str
    hours: Hours | None  # their own, where they chose

    @property
    def key(self) -> str:
        """As it stands in `fire.zone`."""
        return self.zone if self.hours is None else f"{self.zone} {self.hours.start}-{self.hours.end}"

    def holds(self) -> ColumnElement[bool]:
        """The condition on people."""
        start, end = (None, None) if self.hours is None else (self.hours.start, self.hours.end)
        return and_(
            Person.zone == self.zone,
            Person.hours_from.is_not_distinct_from(start),
            Person.hours_to.is_not_distinct_from(end),
        )


@dataclass(frozen=True, slots=True)
class Due:
    """One occurrence of one step at one place. `day`: the date that people must have, for steps on a person's date."""

    step: Step
    occurrence: str
    due: datetime
    day: date | None = None


def plan(workspace: Workspace) -> int:
    """Write what falls due within `plan_ahead` for every running run. Gives the number of messages written."""
    with workspace.database.read() as session:
        runs = list(session.scalars(select(Run).where(Run.state == RunState.RUNNING).order_by(Run.id)))
        places = places_of(session) if runs else []
    return sum(_plan_run(workspace, run, places) for run in runs)


def places_of(session: Session) -> list[Place]:
    """Every combination of zone and own hours that people have."""
    rows = session.execute(select(Person.zone, Person.hours_from, Person.hours_to).distinct())
    return [Place(zone, None if start is None or end is None else Hours(start, end)) for zone, start, end in rows]


def _plan_run(workspace: Workspace, run: Run, places: Sequence[Place]) -> int:
    definition = thaw(run.frozen["definition"])
    now = workspace.database.now()
    with workspace.database.read() as session:
        fired = {(fire.step, fire.occurrence, fire.zone) for fire in session.scalars(_fires(run.id))}
    written = 0
    for place in places:
        for due in upcoming(definition, place, run.launched_at, now, now + workspace.settings.plan_ahead):
            if due.day is None and (due.step.id, due.occurrence, place.key) in fired:
                continue
            written += _fire(workspace, run, definition, place, due)
    if written:
        logger.info("planned", run=run.id, campaign=run.campaign, count=written)
    return written


def _fires(run_id: int) -> Any:
    return select(Fire).where(Fire.run_id == run_id)


def upcoming(definition: Definition, place: Place, launched: datetime, now: datetime, until: datetime) -> Iterator[Due]:
    """What falls due at a place from the launch (or, for dates, from a little back) until a moment."""
    for step in definition.steps:
        expires = definition.expires_of(step)
        if isinstance(step.timing, Relative):
            since = max(launched, now - max(expires, LOOK_BACK))
            for anchor in schedule.anchors(step, zone=place.zone, since=since, until=until):
                yield Due(step, anchor.day.isoformat(), anchor.due, anchor.day)
            continue
        # A fixed time may lie a little before the launch: then it goes out late, as long as it is still useful.
        since = launched - expires if isinstance(step.timing, Fixed) else launched
        for each in schedule.occurrences(step, zone=place.zone, launched=launched, since=since, until=until):
            yield Due(step, each.key, each.due)


def _fire(workspace: Workspace, run: Run, definition: Definition, place: Place, due: Due) -> int:
    """Write one occurrence for one place, in one transaction with its fire and its roll-up."""
    with workspace.database.write() as session:
        at = dialects.now(session)
        state = session.scalar(dialects.take(select(Run.state).where(Run.id == run.id), wait=True, share=True))
        if state != RunState.RUNNING or not _first(session, run.id, place, due, at):
            return 0
        written = sum(
            _write(session, run, definition, place, due, kind, workspace.settings, at)
            for kind in _open(session, definition.channels_of(due.step))
        )
        _count(session, run.id, place, due, written)
        return written


def _first(session: Session, run_id: int, place: Place, due: Due, at: datetime) -> bool:
    """Whether nobody fired this before; a step on a person's date may fire again."""
    row = {
        "run_id": run_id,
        "step": due.step.id,
        "occurrence": due.occurrence,
        "zone": place.key,
        "due_at": due.due,
        "planned_at": at,
        "messages": 0,
    }
    made = session.execute(dialects.insert(session, Fire).values(row).on_conflict_do_nothing().returning(Fire.id))
    return made.first() is not None or due.day is not None


def _count(session: Session, run_id: int, place: Place, due: Due, written: int) -> None:
    if not written:
        return
    this = (Fire.run_id == run_id, Fire.step == due.step.id, Fire.occurrence == due.occurrence, Fire.zone == place.key)
    session.execute(
        update(Fire).where(*this).values(messages=Fire.messages + written),
        execution_options={"synchronize_session": False},
    )


def _open(session: Session, channels: Sequence[Kind]) -> Sequence[Kind]:
    """The channels that somebody carries: without a push provider, people with an app get a text.

    With none at all it is the last one, so that what was planned shows, and shows as expired.
    """
    carried = set(session.scalars(select(Sender.kind).distinct()))
    return [kind for kind in channels if kind in carried] or channels[-1:]


def reached_by(kind: Kind, channels: Sequence[Kind]) -> ColumnElement[bool]:
    """People whom a step reaches by this kind:
    the first of its channels that they can be reached by, else its last one.
    """
    place = list(channels).index(kind)
    earlier = [~_has(other) for other in channels[:place]]
    own = [] if place == len(channels) - 1 else [_has(kind)]
    return func.coalesce(_all(earlier + own), True)


def _all(conditions: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    joined: ColumnElement[bool] = literal(True)
    for condition in conditions:
        joined = joined & condition
    return joined


def _has(kind: Kind) -> ColumnElement[bool]:
    return exists().where(Endpoint.person_id == Person.id, Endpoint.kind == kind, Endpoint.state == EndpointState.OK)


def members(definition: Definition, at: datetime) -> ColumnElement[bool]:
    """The audience: the filter, always intersected with standing consent to the topic."""
    return (
        (Person.state == PersonState.ACTIVE)
        & filters.where(definition.audience)
        & consent.granted(Person.id, definition.topic, at)
    )


def _write(
    session: Session,
    run: Run,
    definition: Definition,
    place: Place,
    due: Due,
    kind: Kind,
    settings: Settings,
    at: datetime,
) -> int:
    moment = due_for(definition, place, due, settings)
    expires_at = due.due + definition.expires_of(due.step)
    day = due.due.astimezone(ZoneInfo(settings.zone)).date()
    conditions = [
        place.holds(),
        members(definition, at),
        reached_by(kind, _open(session, definition.channels_of(due.step))),
    ]
    if due.day is not None and isinstance(due.step.timing, Relative):
        conditions.append(_dated(due.step.timing.field, due.day))
        if expires_at <= at:
            conditions.append(Person.created_at <= due.due)
    elif due.due < at:
        conditions.append(Person.created_at <= max(due.due, run.launched_at))
    values: dict[str, Any] = {
        "direction": literal("out"),
        "kind": literal(kind.value),
        "purpose": literal(Purpose.CAMPAIGN.value),
        "person_id": Person.id,
        "topic": literal(definition.topic),
        "run_id": literal(run.id),
        "step": literal(due.step.id),
        "occurrence": literal(due.occurrence),
        "dedupe_key": literal(f"{run.id}:{due.step.id}:{due.occurrence}:") + cast(Person.id, String),
        "state": literal(State.QUEUED.value),
        "priority": literal(PRIORITY[Purpose.CAMPAIGN]),
        "due_at": literal(moment, Message.due_at.type),
        "expires_at": literal(expires_at, Message.due_at.type),
        "day": literal(day),
        "sender": _sender(session, kind),
        "created_at": literal(at, Message.due_at.type),
        "updated_at": literal(at, Message.due_at.type),
    }
    chosen = select(*values.values()).where(*conditions)
    statement = dialects.insert(session, Message).from_select(list(values), chosen).on_conflict_do_nothing()
    written: int = session.execute(statement, execution_options={"preserve_rowcount": True}).rowcount  # type: ignore[attr-defined]
    tally.note(
        session, [tally.Change(tally.Cell(run.id, due.step.id, day, kind, State.QUEUED, ""), written, written, 0.0)]
    )
    return written


def due_for(definition: Definition, place: Place, due: Due, settings: Settings) -> datetime:
    """When a message is really due at a place: the step's time, or the next lawful instant after it."""
    hours = place.hours or definition.window
    return lawful(due.due, place.zone, hours, quiet_hours(settings.quiet_hours)) or due.due


def _dated(field: str, day: date) -> ColumnElement[bool]:
    return exists().where(PersonField.person_id == Person.id, PersonField.name == field, PersonField.day == day)


def _sender(session: Session, kind: Kind) -> ColumnElement[Any]:
    """The sender of each person: always the same, so that her phone shows one conversation."""
    names = list(session.scalars(select(Sender.name).where(Sender.kind == kind).order_by(Sender.name)))
    if len(names) < 2:
        return literal(names[0] if names else "")
    return case(*[(Person.id % len(names) == place, name) for place, name in enumerate(names)])
