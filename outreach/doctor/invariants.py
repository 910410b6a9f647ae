"""The invariants of a message's life, on a clinic's live data: nothing personal is read, nothing is changed.

What happened long ago has been settled or let go, so most look back `RECENT`. Two cannot be judged whole from a
database: 1 sees a second sending only where the provider told of it, and 12 searches only columns in clear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Text, cast, distinct, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from outreach import consent
from outreach.audience.hours import Hours, lawful, quiet_hours
from outreach.audience.tables import Endpoint, Person, PersonState
from outreach.campaigns.tables import Fire
from outreach.consent import Consent, ConsentState
from outreach.doctor.contract import Finding, fault, ok
from outreach.messages.frozen import Frozen
from outreach.messages.status import CARRIED, CARRIED_TO, RANK, Purpose, State
from outreach.messages.tables import Attempt, Message, ProviderEvent, Run, Tally
from outreach.privacy import verify
from outreach.privacy.tables import PersonKey
from outreach.store import dialects
from outreach.workspace import Workspace

RECENT = timedelta(days=7)

MOST = 20  # ids that a finding names
SAMPLE = 20_000  # newest rows that are looked at one by one

#: A number or an address: neither may stand in a column in clear.
_PERSONAL = re.compile(r"\+\d{8,15}\b|[\w.]+@[\w-]+\.\w")

Broken = Iterable[object]  # ids of what breaks an invariant


def invariants(workspace: Workspace) -> Iterator[Finding]:
    """Each invariant as a finding."""
    for number, (promise, check) in enumerate(CHECKS, 1):
        with workspace.database.read() as session:
            found = list(check(session, workspace, dialects.now(session)))
        name = f"invariant {number}"
        if found:
            shown = ", ".join(map(str, found[:MOST])) + (" …" if len(found) > MOST else "")
            yield fault(name, f"broken: {promise}: {shown}", _REMEDY)
        else:
            yield ok(name, promise)


_REMEDY = "Pause the campaigns concerned, keep a backup as evidence, and report it: this must not happen."


def _sent_once(session: Session, _: Workspace, at: datetime) -> Broken:
    """Two ids of the provider for one message of ours are two sendings."""
    query = (
        select(ProviderEvent.message_id, func.count(distinct(ProviderEvent.provider_id)))
        .where(ProviderEvent.message_id.is_not(None), ProviderEvent.provider_id != "")
        .where(ProviderEvent.received_at > at - RECENT)
        .group_by(ProviderEvent.message_id)
        .having(func.count(distinct(ProviderEvent.provider_id)) > 1)
    )
    found = {row[0]: row[1] for row in session.execute(query)}
    rows = session.execute(
        select(Message.id, Message.run_id, Message.step).where(Message.id.in_([each for each in found if each]))
    ).all()
    allowed = {row.id: 2 if row.run_id and _resends(session, row.run_id, row.step) else 1 for row in rows}
    return (f"message {each}" for each, count in found.items() if each and count > allowed.get(each, 1))


def _resends(session: Session, run_id: int, step: str) -> bool:
    frozen = Frozen.model_validate(session.scalars(select(Run.frozen).where(Run.id == run_id)).one())
    return frozen.steps[step].on_unknown == "resend"


def _counted(session: Session, _: Workspace, __: datetime) -> Broken:
    """Roll-ups say what one would count."""
    real, kept = _cells(session, Message), _cells(session, Tally)
    return (
        f"run {run} {state}" for run, state in sorted(real.keys() | kept.keys()) if _differ(real, kept, (run, state))
    )


_Count = dict[tuple[int, str], int]


def _differ(real: _Count, kept: _Count, key: tuple[int, str]) -> bool:
    return real.get(key, 0) != kept.get(key, 0)


def _cells(session: Session, table: type[Message] | type[Tally]) -> _Count:
    run = func.coalesce(table.run_id, 0)
    count = func.sum(Tally.messages) if table is Tally else func.count()
    return {
        (row[0], str(row[1])): int(row[2])
        for row in session.execute(select(run, table.state, count).group_by(run, table.state))
    }


def _attempted(session: Session, _: Workspace, at: datetime) -> Broken:
    past = (State.SENDING, State.UNKNOWN, *CARRIED)
    query = select(Message.id).where(
        Message.direction == "out",
        Message.state.in_(past),
        Message.updated_at > at - RECENT,
        ~exists().where(Attempt.message_id == Message.id),
    )
    return (f"message {each}" for each in session.scalars(query))


def _taken_at_their_word(session: Session, _: Workspace, at: datetime) -> Broken:
    told = exists().where(ProviderEvent.message_id == Message.id, ProviderEvent.parked == "")
    query = select(Message.id).where(
        Message.state.in_(CARRIED), Message.provider_id.is_(None), Message.updated_at > at - RECENT, ~told
    )
    return (f"message {each}" for each in session.scalars(query))


def _never_after_stop(session: Session, _: Workspace, at: datetime) -> Broken:
    """Of the ledger's lines on everything, the last before an attempt must not be a STOP."""
    later = aliased(Consent)
    overtaken = exists().where(
        later.person_id == Consent.person_id,
        later.topic == consent.ALL,
        later.id > Consent.id,
        later.at < Attempt.started_at,
    )
    query = (
        select(Message.id)
        .join(Attempt, Attempt.message_id == Message.id)
        .join(Consent, Consent.person_id == Message.person_id)
        .where(Attempt.started_at > at - RECENT, Message.purpose != Purpose.CONFIRMATION)
        .where(Consent.topic == consent.ALL, Consent.state == ConsentState.REVOKED)
        .where(Consent.at < Attempt.started_at, ~overtaken)
    )
    return (f"message {each}" for each in session.scalars(query))


def _rank_kept(session: Session, _: Workspace, at: datetime) -> Broken:
    """No message stands lower than what was applied to it."""
    query = (
        select(Message.id, Message.state, ProviderEvent.carried)
        .join(ProviderEvent, ProviderEvent.message_id == Message.id)
        .where(ProviderEvent.parked == "", ProviderEvent.carried != "", ProviderEvent.received_at > at - RECENT)
        .where(Message.state.in_(CARRIED))
    )
    told = {str(carried): RANK.get(state, 0) for carried, state in CARRIED_TO.items()}
    return sorted({f"message {row.id}" for row in session.execute(query) if RANK[row.state] < told.get(row.carried, 0)})


def _leases(session: Session, workspace: Workspace, at: datetime) -> Broken:
    slack = timedelta(seconds=2 * workspace.settings.sweep_every + 30)
    query = select(Message.id).where(
        Message.state == State.SENDING, or_(Message.lease_until.is_(None), Message.lease_until < at - slack)
    )
    return (f"message {each}" for each in session.scalars(query))


def _heard(session: Session, _: Workspace, at: datetime) -> Broken:
    """What came in was a keyword, or stands in a conversation; each once, by a unique index."""
    query = select(Message.id).where(
        Message.direction == "in",
        Message.created_at > at - RECENT,
        ~Message.reason.like("keyword:%"),
        Message.thread_id.is_(None),
    )
    return (f"text {each}" for each in session.scalars(query))


def _applied(session: Session, _: Workspace, at: datetime) -> Broken:
    ours = exists().where(Message.provider == ProviderEvent.provider, Message.provider_id == ProviderEvent.provider_id)
    query = select(ProviderEvent.id).where(
        ProviderEvent.received_at > at - RECENT,
        ProviderEvent.parked == "",
        ProviderEvent.message_id.is_(None),
        ~ours,
    )
    return (f"event {each}" for each in session.scalars(query))


def _fired_once(session: Session, _: Workspace, at: datetime) -> Broken:
    keys = (Message.run_id, Message.step, Message.occurrence, Message.person_id)
    query = (
        select(Message.run_id, Message.step)
        .where(Message.run_id.is_not(None), Message.fallback_of.is_(None), Message.direction == "out")
        .where(Message.created_at > at - RECENT)
        .group_by(*keys)
        .having(func.count() > 1)
    )
    yield from sorted({f"run {run} {step}" for run, step in session.execute(query)})
    fires = (Fire.run_id, Fire.step, Fire.occurrence, Fire.zone)
    twice = select(Fire.run_id, Fire.step).group_by(*fires).having(func.count() > 1)
    yield from (f"run {run} {step}" for run, step in session.execute(twice))


def _in_hours(session: Session, workspace: Workspace, at: datetime) -> Broken:
    """Campaign messages, the newest of them: within her own hours or the campaign's, outside the quiet ones."""
    quiet = quiet_hours(workspace.settings.quiet_hours)
    query = (
        select(Message.id, Message.run_id, Attempt.started_at, Person.zone, Person.hours_from, Person.hours_to)
        .join(Attempt, Attempt.message_id == Message.id)
        .join(Person, Person.id == Message.person_id)
        .where(Message.purpose == Purpose.CAMPAIGN, Message.run_id.is_not(None), Attempt.started_at > at - RECENT)
        .where(Person.updated_at < Attempt.started_at)  # else she may have chosen other hours since
        .order_by(Attempt.id.desc())
        .limit(SAMPLE)
    )
    runs = {run.id: Hours(*Frozen.model_validate(run.frozen).hours) for run in session.scalars(select(Run))}
    for row in session.execute(query):
        own = row.hours_from is not None and row.hours_to is not None
        hours = Hours(row.hours_from, row.hours_to) if own else runs[row.run_id]
        if lawful(row.started_at, row.zone, hours, quiet) != row.started_at:
            yield f"message {row.id}"


def _nothing_in_clear(session: Session, _: Workspace, __: datetime) -> Broken:
    """Columns in clear that text could stray into: the newest rows of each."""
    places: Sequence[tuple[str, Sequence[object]]] = (
        ("consent", (Consent.evidence, Consent.wording)),
        ("message", (Message.dedupe_key, Message.reason, Message.code, Message.occurrence)),
        ("event", (ProviderEvent.event_key, ProviderEvent.status, ProviderEvent.code)),
        ("person", (Person.pseudonym,)),
        ("endpoint", (Endpoint.reason,)),
    )
    for name, columns in places:
        table = columns[0].class_  # type: ignore[attr-defined]
        words = [cast(column, Text) for column in columns]
        rows = session.execute(select(table.id, *words).order_by(table.id.desc()).limit(SAMPLE))
        yield from (f"{name} {row[0]}" for row in rows if any(_PERSONAL.search(word or "") for word in row[1:]))


def _record(session: Session, workspace: Workspace, _: datetime) -> Broken:
    return (f"line {each.line} {each.wrong}" for each in verify.verify(session, workspace.vault).findings)


def _forgotten(session: Session, workspace: Workspace, _: datetime) -> Broken:
    """No key, no way to reach her, no text; and a keyring that can be changed from here reaches her no more."""
    gone = select(Person.id).where(Person.state == PersonState.FORGOTTEN)
    for table in (PersonKey, Endpoint):
        yield from (
            f"person {each}" for each in session.scalars(select(table.person_id).where(table.person_id.in_(gone)))
        )
    texts = select(Message.person_id).where(Message.person_id.in_(gone), Message.body.is_not(None)).distinct()
    yield from (f"person {each}" for each in session.scalars(texts))
    if workspace.vault.file is not None:
        trees = workspace.vault.keyring.master.values()
        yield from (f"person {each}" for each in session.scalars(gone) if any(tree.holds(each) for tree in trees))


_Judge = Callable[[Session, Workspace, datetime], Broken]

CHECKS: Sequence[tuple[str, _Judge]] = (
    ("one sending a message, as far as providers told", _sent_once),
    ("what was planned is the sum of all states", _counted),
    ("each sending has an earlier attempt", _attempted),
    ("nothing counts as taken without the provider's word", _taken_at_their_word),
    ("no claim after a STOP", _never_after_stop),
    ("no rank falls", _rank_kept),
    ("nothing is being sent for longer than its lease", _leases),
    ("each text has an outcome", _heard),
    ("each receipt is applied or set aside", _applied),
    ("each step fires once", _fired_once),
    ("hours are kept", _in_hours),
    ("no number or address in a column in clear", _nothing_in_clear),
    ("the record of what staff did is whole", _record),
    ("of whoever is forgotten nothing can be opened", _forgotten),
)
