"""A small clinic whose figures are known: one week of December, two runs, three people who wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience.tables import Person
from outreach.channels.contract import Cause, Kind
from outreach.consent import ConsentState, Line, Source
from outreach.delivery import tally
from outreach.messages.status import Failure, Purpose, Refusal, RunState, State, Withdrawal
from outreach.messages.tables import Message, Run
from outreach.reports.contract import Scope
from outreach.threads.tables import Thread, ThreadState

NAIROBI = "Africa/Nairobi"
MONDAY, TUESDAY = date(2026, 12, 7), date(2026, 12, 8)
NOON = datetime(2026, 12, 7, 9, tzinfo=UTC)  # at the clinic, which is three hours ahead
SCOPE = Scope(NAIROBI, NOON + timedelta(days=7))


def run(session: Session, campaign: str = "tb-adherence", steps: tuple[str, ...] = ("welcome", "advice")) -> int:
    """A launched campaign, as far as a report looks at it; an earlier run of it is finished."""
    session.execute(update(Run).where(Run.campaign == campaign).values(state=RunState.FINISHED))
    made = Run(
        campaign=campaign,
        topic="tb",
        frozen={"steps": {step: {} for step in steps}},
        content_hash="",
        state=RunState.RUNNING,
        launched_by="staff",
        launched_at=NOON,
        changed_at=NOON,
    )
    session.add(made)
    session.flush()
    return made.id


def person(session: Session, number: int) -> int:
    """Somebody."""
    words: dict[str, Any] = {"pseudonym": f"calm-river-{number}", "language": "en", "zone": NAIROBI, "country": "KE"}
    session.add(Person(id=number, **words, created_at=NOON, updated_at=NOON))
    session.flush()
    return number


def note(session: Session, run_id: int, step: str, day: date, kind: Kind, *counts: tuple[Any, ...]) -> None:
    """Roll-ups as (state, reason, messages, parts, cost)."""
    for state, reason, messages, parts, cost in counts:
        cell = tally.Cell(run_id, step, day, kind, state, reason)
        tally.note(session, [tally.Change(cell, messages, parts, cost)])


def weigh_delivery(session: Session) -> None:
    """Two runs and what belongs to none. `welcome` comes before `advice`, as in the campaign's file."""
    first, second = run(session), run(session, "=cmd|' /C calc'!A0")
    note(
        session, first, "advice", TUESDAY, Kind.SMS,
        (State.QUEUED, "", 50, 50, 0.0), (State.QUEUED, "", -20, -20, 0.0), (State.SENDING, "", 5, 5, 0.0),
        (State.PLANNED, "", 2, 2, 0.0), (State.ACCEPTED, "", 13, 26, 1.027),
    )  # fmt: skip
    note(
        session, first, "welcome", MONDAY, Kind.SMS,
        (State.QUEUED, "", 100, 100, 0.0), (State.QUEUED, "", -100, -100, 0.0),
        (State.SENT, "", 7, 7, 0.2765), (State.DELIVERED, "", 60, 71, 2.8045),
        (State.UNDELIVERED, Cause.UNREACHABLE, 4, 4, 0.158), (State.UNKNOWN, "lease", 1, 1, 0.0),
        (State.FAILED, Cause.LANDLINE, 3, 3, 0.0), (State.FAILED, Failure.NOT_FOUND, 1, 1, 0.0),
        (State.FAILED, "", 1, 1, 0.0), (State.REFUSED, Refusal.NO_CONSENT, 9, 9, 0.0),
        (State.REFUSED, Refusal.STOPPED, 4, 4, 0.0), (State.CANCELLED, Withdrawal.STOPPED, 6, 6, 0.0),
        (State.CANCELLED, "a word of another version", 1, 1, 0.0), (State.EXPIRED, "", 3, 3, 0.0),
        (State.RECEIVED, "keyword:stop", 2, 2, 0.0), (State.RECEIVED, "keyword:help", 1, 1, 0.0),
        (State.RECEIVED, "thread", 5, 6, 0.0), (State.RECEIVED, "needs_person", 1, 1, 0.0),
    )  # fmt: skip
    note(
        session, first, "welcome", MONDAY, Kind.PUSH,
        (State.DELIVERED, "", 8, 8, 0.0), (State.UNDELIVERED, Failure.UNREAD, 2, 2, 0.0),
    )  # fmt: skip
    note(session, second, "advice", MONDAY, Kind.SMS, (State.REFUSED, Refusal.QUARANTINED, 1, 1, 0.0))
    note(session, 0, Purpose.CONFIRMATION, MONDAY, Kind.SMS, (State.DELIVERED, "", 2, 2, 0.079))
    note(session, 0, "", TUESDAY, Kind.SMS, (State.RECEIVED, "thread", 1, 1, 0.0))


def hear_replies(session: Session) -> None:
    """Three threads on two days: one answered after 10 minutes, one after 50, one not yet. And one long ago."""
    note(
        session, 0, "", MONDAY, Kind.SMS,
        (State.RECEIVED, "thread", 3, 3, 0.0), (State.RECEIVED, "needs_person", 1, 1, 0.0),
        (State.RECEIVED, "keyword:stop", 2, 2, 0.0), (State.RECEIVED, "keyword:yes", 1, 1, 0.0),
        (State.DELIVERED, "", 40, 40, 1.0),
    )  # fmt: skip
    note(session, 0, "", date(2026, 6, 1), Kind.SMS, (State.RECEIVED, "thread", 9, 9, 0.0))
    _thread(session, 1, NOON, answers=(timedelta(minutes=50), timedelta(minutes=90)))
    _thread(session, 2, NOON, answers=(timedelta(minutes=10),))
    _thread(session, 3, NOON + timedelta(hours=12), answers=())  # midnight at the clinic has passed
    _thread(session, 4, NOON - timedelta(days=200), answers=(timedelta(minutes=1),))


def _thread(session: Session, who: int, opened: datetime, answers: tuple[timedelta, ...]) -> None:
    thread = Thread(person_id=person(session, who), programme="clinic", state=ThreadState.WAITING, opened_at=opened)
    session.add(thread)
    session.flush()
    _message(session, thread, Purpose.AUTOMATIC, opened)
    for place, after in enumerate(answers):
        _message(session, thread, Purpose.REPLY, opened + after, place)


def _message(session: Session, thread: Thread, purpose: Purpose, at: datetime, place: int = 0) -> None:
    session.add(
        Message(
            kind=Kind.SMS,
            purpose=purpose,
            person_id=thread.person_id,
            thread_id=thread.id,
            dedupe_key=f"{purpose}:{thread.id}:{place}",
            state=State.DELIVERED,
            due_at=at,
            expires_at=at,
            day=at.date(),
            created_at=at,
            updated_at=at,
        )
    )


def write_ledger(session: Session) -> None:
    """Two agree from a file, one is invited and agrees, one stops everything. And one long ago."""
    for number in range(1, 6):
        person(session, number)
    granted, invited, revoked = ConsentState.GRANTED, ConsentState.INVITED, ConsentState.REVOKED
    consent.record(session, [Line(5, "tb", granted, Source.FILE)], NOON - timedelta(days=200))
    consent.record(session, [Line(each, "tb", granted, Source.FILE) for each in (1, 2)], NOON)
    consent.record(session, [Line(3, "tb", invited, Source.IMPORT), Line(4, "hiv", invited, Source.IMPORT)], NOON)
    consent.record(session, [Line(3, "tb", granted, Source.TEXT)], NOON + timedelta(hours=11))
    consent.record(session, [Line(1, "tb", ConsentState.PAUSED, Source.STAFF)], NOON + timedelta(hours=12))
    consent.record(session, [Line(2, consent.ALL, revoked, Source.TEXT)], NOON + timedelta(hours=13))


#: What makes each report's golden table.
KNOWN: Mapping[str, Callable[[Session], None]] = {
    "delivery": weigh_delivery,
    "replies": hear_replies,
    "consent": write_ledger,
}
