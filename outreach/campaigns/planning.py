"""Writing messages into the queue: inside the database, one statement for a time zone, each occurrence once.

A fixed or recurring occurrence fires once in each zone; whoever joins later waits for the next one. A step on a
person's date is looked at again and again until its time is over, because dates are entered late; its dedupe key
keeps it single.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, case, cast, literal, select, update
from sqlalchemy.orm import Session

from outreach import failpoints, log
from outreach.audience.tables import Person
from outreach.campaigns.definition import Definition, thaw
from outreach.campaigns.members import carried, dated, members, reached_by, senders_of
from outreach.campaigns.places import Due, Place, due_for, places_of, upcoming
from outreach.campaigns.tables import Fire
from outreach.campaigns.timing import Relative
from outreach.channels.contract import Kind
from outreach.delivery import carriers, tally
from outreach.messages.status import PRIORITY, Purpose, RunState, State
from outreach.messages.tables import Message, Run, Sender
from outreach.settings import Settings
from outreach.store import dialects
from outreach.workspace import Workspace

logger = log.get("campaigns")

#: Places written at the same time: each is one long statement, and a core of the database's its own.
ABREAST = 2


@dataclass(frozen=True, slots=True)
class _Plan:
    """One occurrence about to be written for one place."""

    run_id: int
    launched_at: datetime
    definition: Definition
    place: Place
    due: Due
    at: datetime
    settings: Settings

    @property
    def expires_at(self) -> datetime:
        """When its messages are too old to be useful."""
        return self.due.due + self.definition.expires_of(self.due.step)

    @property
    def day(self) -> date:
        """The clinic's day that reports count it by."""
        return self.due.due.astimezone(ZoneInfo(self.settings.zone)).date()


def plan(workspace: Workspace) -> int:
    """Write what falls due within `plan_ahead` for every running run. Gives the number of messages written."""
    with workspace.database.read() as session:
        runs = list(session.scalars(select(Run).where(Run.state == RunState.RUNNING).order_by(Run.id)))
        places = places_of(session) if runs else []
    return sum(_plan_run(workspace, run, places) for run in runs)


def _plan_run(workspace: Workspace, run: Run, places: Sequence[Place]) -> int:
    definition = thaw(run.frozen["definition"])
    now = workspace.database.now()
    with workspace.database.read() as session:
        fired = {(fire.step, fire.occurrence, fire.zone) for fire in session.scalars(_fires(run.id))}
    until = now + workspace.settings.plan_ahead
    due = (
        (place, each)
        for place in places
        for each in upcoming(definition, place, run.launched_at, now, until)
        if each.day is not None or (each.step.id, each.occurrence, place.key) not in fired
    )

    def fire(this: tuple[Place, Due]) -> int:
        count = _fire(workspace, run, definition, *this)
        failpoints.reach("plan.committed")
        return count

    if workspace.database.has_one_writer:
        written = sum(map(fire, due))
    else:
        with ThreadPoolExecutor(ABREAST, thread_name_prefix="plan") as pool:
            written = sum(pool.map(fire, due))
    if written:
        logger.info("planned", run=run.id, campaign=run.campaign, count=written)
    return written


def _fires(run_id: int) -> Any:
    return select(Fire).where(Fire.run_id == run_id)


def _fire(workspace: Workspace, run: Run, definition: Definition, place: Place, due: Due) -> int:
    """Write one occurrence for one place, in one transaction with its fire and its roll-up."""
    with workspace.database.write() as session:
        at = dialects.now(session)
        state = session.scalar(dialects.take(select(Run.state).where(Run.id == run.id), wait=True, share=True))
        if state != RunState.RUNNING or not _first(session, run.id, place, due, at):
            return 0
        this = _Plan(run.id, run.launched_at, definition, place, due, at, workspace.settings)
        channels = carried(definition.channels_of(due.step), senders_of(session))
        written = sum(_write(session, this, kind, reached_by(kind, channels)) for kind in channels)
        _count(session, run.id, place, due, written)
        failpoints.reach("plan.before_commit")
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


def _write(session: Session, plan: _Plan, kind: Kind, reached: ColumnElement[bool]) -> int:
    """One statement inside the database: a row for everybody whom the step reaches by this kind."""
    due, step = plan.due, plan.due.step
    conditions = [plan.place.holds(), members(plan.definition, plan.at), *_dates(plan), reached]
    values = _values(session, plan, kind)
    chosen = select(*values.values()).where(*conditions)
    statement = dialects.insert(session, Message).from_select(list(values), chosen).on_conflict_do_nothing()
    cells = tally.written(
        session, statement, run_id=plan.run_id, step=step.id, day=plan.day, kind=kind, state=State.QUEUED, reason=""
    )
    tally.note(session, cells)
    written = sum(cell.messages for cell in cells)
    logger.debug("written", run=plan.run_id, step=step.id, occurrence=due.occurrence, count=written)
    return written


def _dates(plan: _Plan) -> list[ColumnElement[bool]]:
    """A step on a person's date is for those who have it; whoever joined after a moment was not missed at it."""
    due = plan.due
    if due.day is None or not isinstance(due.step.timing, Relative):
        return [Person.created_at <= max(due.due, plan.launched_at)] if due.due < plan.at else []
    conditions = [dated(due.step.timing.field, due.day)]
    if plan.expires_at <= plan.at:
        conditions.append(Person.created_at <= due.due)
    return conditions


def _values(session: Session, plan: _Plan, kind: Kind) -> dict[str, Any]:
    due, moment = plan.due, Message.due_at.type
    return {
        "direction": literal("out"),
        "kind": literal(kind.value),
        "purpose": literal(Purpose.CAMPAIGN.value),
        "person_id": Person.id,
        "topic": literal(plan.definition.topic),
        "run_id": literal(plan.run_id),
        "step": literal(due.step.id),
        "occurrence": literal(due.occurrence),
        "dedupe_key": literal(f"{plan.run_id}:{due.step.id}:{due.occurrence}:") + cast(Person.id, String),
        "state": literal(State.QUEUED.value),
        "priority": literal(PRIORITY[Purpose.CAMPAIGN]),
        "due_at": literal(due_for(plan.definition, plan.place, due, plan.settings), moment),
        "expires_at": literal(plan.expires_at, moment),
        "day": literal(plan.day),
        "sender": _sender(session, kind),
        "created_at": literal(plan.at, moment),
        "updated_at": literal(plan.at, moment),
    }


def _sender(session: Session, kind: Kind) -> ColumnElement[Any]:
    """The sender of each person: always the same, so that her phone shows one conversation."""
    names = list(session.scalars(select(Sender.name).where(Sender.kind == kind).order_by(Sender.name)))
    if len(names) < 2:
        return literal(names[0] if names else "")
    return case(*[(Person.id // carriers.STRIDE % len(names) == place, name) for place, name in enumerate(names)])
