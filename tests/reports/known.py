"""Small clinics whose figures are known, in a week of December: one for each report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience.tables import Endpoint, EndpointState, Person
from outreach.channels.contract import Cause, Kind
from outreach.consent import ConsentState, Line, Source, reasons
from outreach.consent.reasons import Reason
from outreach.delivery import tally
from outreach.messages.status import Failure, Purpose, Refusal, RunState, State, Withdrawal
from outreach.messages.tables import Run, Sender
from outreach.reports.contract import Scope
from outreach.threads import waits
from outreach.threads.tables import Thread, ThreadState

NAIROBI = "Africa/Nairobi"
MONDAY, TUESDAY = date(2026, 12, 7), date(2026, 12, 8)
NOON = datetime(2026, 12, 7, 9, tzinfo=UTC)  # at the clinic, which is three hours ahead
NEXT = date(2026, 12, 14)
LONG_AGO = NOON - timedelta(days=60)
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


def note(
    session: Session, run_id: int, step: str, day: date, kind: Kind, *counts: tuple[Any, ...], sender: str = "twilio"
) -> None:
    """Roll-ups as (state, reason, messages, parts, cost[, people])."""
    for state, reason, messages, parts, cost, *people in counts:
        cell = tally.Cell(run_id, step, day, kind, state, reason, "fcm" if kind is Kind.PUSH else sender)
        tally.note(session, [tally.Change(cell, messages, parts, cost, *people)])


def weigh_delivery(session: Session) -> None:
    """Two runs and what belongs to none. `welcome` comes before `advice`, as in the campaign's file."""
    session.add_all(
        Sender(name=name, provider=name, kind=kind, pace=1.0, unit="messages", next_at=NOON)
        for name, kind in (("twilio", Kind.SMS), ("fcm", Kind.PUSH))
    )
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
        (State.RECEIVED, "thread", 5, 6, 0.0, 5), (State.RECEIVED, "needs_person", 1, 1, 0.0),
    )  # fmt: skip
    note(
        session, first, "welcome", MONDAY, Kind.PUSH,
        (State.DELIVERED, "", 8, 8, 0.0), (State.UNDELIVERED, Failure.UNREAD, 2, 2, 0.0),
    )  # fmt: skip
    note(session, second, "advice", MONDAY, Kind.SMS, (State.ACCEPTED, "", 3, 3, 0.1185), sender="second")
    note(session, second, "advice", MONDAY, Kind.SMS, (State.REFUSED, Refusal.QUARANTINED, 1, 1, 0.0))
    note(session, 0, Purpose.CONFIRMATION, MONDAY, Kind.SMS, (State.DELIVERED, "", 2, 2, 0.079))
    note(session, 0, "", TUESDAY, Kind.SMS, (State.RECEIVED, "thread", 1, 1, 0.0))


def follow_runs(session: Session) -> None:
    """An old run that many answered, one that few answered, and one that goes on."""
    old, few, going = run(session, "old"), run(session, "few"), run(session, "going")
    session.execute(update(Run).where(Run.id.in_([old, few])).values(state=RunState.FINISHED, changed_at=LONG_AGO))
    session.execute(update(Run).where(Run.id == old).values(launched_at=LONG_AGO - timedelta(days=30)))
    for each, people in ((old, 23), (few, 9), (going, 27)):
        note(
            session, each, "welcome", MONDAY, Kind.SMS,
            (State.DELIVERED, "", 80, 80, 3.2), (State.FAILED, Cause.LANDLINE, 6, 6, 0.0),
            (State.RECEIVED, "thread", people + 4, people + 4, 0.0, people),
        )  # fmt: skip
        note(
            session, each, "welcome", MONDAY, Kind.PUSH, (State.DELIVERED, "", 12, 12, 0.0), (State.SENT, "", 2, 2, 0.0)
        )


def wait_for_answers(session: Session) -> None:
    """Three weeks of two programmes: one of them with few people, and one week that is not over."""
    for begins, programme, asked, minutes in (
        (MONDAY - timedelta(days=7), "clinic", 12, (2, 5, 10, 10, 30, 60, 60, 90, 2000, 2000)),
        (MONDAY - timedelta(days=7), "hiv-support", 4, (5, 5, 5)),
        (MONDAY, "clinic", 13, (1, 1)),
        (NEXT, "clinic", 25, (3,) * 21),
    ):
        for place in range(asked):
            thread = Thread(programme=programme, person_id=0, state=ThreadState.WAITING, opened_at=NOON)
            at = datetime.combine(begins + timedelta(days=place % 3), time(6), UTC)
            waits.begins(session, thread, at, fresh=place % 2 == 0)
            if place < len(minutes):
                waits.answered(session, thread, timedelta(hours=24), at + timedelta(minutes=minutes[place]))
            elif place % 5 == 0:
                waits.ends(session, thread)


def write_ledger(session: Session) -> None:
    """Forty agree to `tb` and twelve to `hiv`; some leave one or all; three agree in the week that is not over."""
    for number in range(1, 61):
        person(session, number)
    granted, revoked = ConsentState.GRANTED, ConsentState.REVOKED
    consent.record(session, [Line(each, "tb", granted, Source.FILE) for each in range(1, 41)], NOON - timedelta(days=7))
    consent.record(
        session, [Line(each, "hiv", granted, Source.FILE) for each in range(1, 13)], NOON - timedelta(days=7)
    )
    consent.record(session, [Line(each, "tb", ConsentState.INVITED, Source.IMPORT) for each in range(41, 61)], NOON)
    consent.record(session, [Line(1, "tb", ConsentState.PAUSED, Source.STAFF)], NOON + timedelta(hours=12))
    for each in range(1, 12):  # eleven leave `tb`, all of them by a text that says why; they had agreed to `hiv` too
        consent.stop(session, each, Source.TEXT, "text", NOON + timedelta(hours=13))
        reasons.note(session, each, Reason.TOO_MANY, f"text {each}", NOON + timedelta(hours=13))
        reasons.note(session, each, Reason.SEEN, f"text {each} again", NOON + timedelta(hours=14))
    consent.record(session, [Line(each, "tb", revoked, Source.STAFF) for each in (12, 13)], NOON)
    consent.record(session, [Line(each, "tb", granted, Source.TEXT) for each in (41, 42, 43)], NOON + timedelta(days=7))
    tb = run(session)
    note(session, tb, "welcome", MONDAY, Kind.SMS, (State.DELIVERED, "", 4000, 4000, 158.0))


def lose_numbers(session: Session) -> None:
    """Four whose number is gone: one said STOP, one has the app, one never agreed. The fourth is to be phoned."""
    for number in range(1, 5):
        person(session, number)
        gone = {"state": EndpointState.GONE, "reason": Cause.LANDLINE, "changed_at": NOON}
        session.add(Endpoint(person_id=number, kind=Kind.SMS, id=number, **_reached_by(f"a{number}"), **gone))
    session.add(Endpoint(person_id=2, kind=Kind.PUSH, id=12, state=EndpointState.OK, **_reached_by("app")))
    session.flush()
    consent.record(session, [Line(each, "tb", ConsentState.GRANTED, Source.FILE) for each in (1, 2, 4)], NOON)
    consent.stop(session, 1, Source.TEXT, "text", NOON)


def _reached_by(lookup: str) -> dict[str, Any]:
    return {"variant": "number", "value": b"sealed", "lookup": lookup.encode().ljust(32), "created_at": NOON}


#: What makes each report's golden table.
KNOWN: Mapping[str, Callable[[Session], None]] = {
    "funnel": follow_runs,
    "delivery": weigh_delivery,
    "reasons": weigh_delivery,
    "senders": weigh_delivery,
    "threads": wait_for_answers,
    "consent": write_ledger,
    "cost": weigh_delivery,
    "phone": lose_numbers,
}
