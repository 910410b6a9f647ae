"""Whatever lawful moves messages make, the report says what counting the messages would say."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.channels.contract import Cause, Kind
from outreach.delivery import tally
from outreach.delivery.moves import Move, advance
from outreach.messages.status import CARRIED, Failure, Purpose, Refusal, State, Withdrawal
from outreach.messages.tables import Message, Tally
from outreach.reports import delivery
from outreach.reports.contract import Scope
from outreach.reports.figures import COUNTED, figures
from outreach.store import dialects, rollups
from outreach.store.database import Database
from tests.reports.known import MONDAY, NAIROBI, NOON, TUESDAY, person, run

REASONS: dict[State, list[str]] = {
    State.QUEUED: [Cause.THROTTLED, Failure.NOT_FOUND],
    State.UNKNOWN: [Cause.AMBIGUOUS, "lease"],
    State.UNDELIVERED: [Cause.UNREACHABLE, Failure.UNREAD],
    State.FAILED: [Cause.LANDLINE, Failure.TEMPLATE, "a word of another version"],
    State.REFUSED: list(Refusal),
    State.CANCELLED: list(Withdrawal),
}


@st.composite
def moves(draw: st.DrawFn) -> tuple[int, State, str, int]:
    """Which message, where to, why, and how many parts it turned out to have."""
    to = draw(st.sampled_from([state for state in State if state is not State.RECEIVED]))
    reason = draw(st.sampled_from([*REASONS.get(to, []), ""]))
    return draw(st.integers(0, 7)), to, reason, draw(st.integers(1, 3))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(st.lists(moves(), max_size=8), max_size=10), fold=st.booleans())
def test_the_report_says_what_counting_would_say(
    database: Database, rounds: list[list[tuple[int, State, str, int]]], fold: bool
) -> None:
    with database.write() as session:
        run_id = run(session)
        ids = _planned(session, run_id)
    for together in rounds:
        with database.write() as session:
            advance(session, [_move(session, ids, *each) for each in together], NOON)
    if fold:
        _fold(database)
    with database.read() as session:
        found = delivery.rows(session, Scope(NAIROBI, NOON, run_id))
        assert {(row["step"], row["day"], row["kind"]): _said(row) for row in found} == _counted(session, run_id)
        assert figures(session, run_id).adds_up() == []
        assert figures(session, run_id).planned == len(ids)


def _planned(session: Session, run_id: int) -> list[int]:
    """Eight messages of two steps, two days and both kinds, queued as the planner would."""
    who = session.scalar(select(Message.person_id).limit(1)) or person(session, 1)
    places = [(step, day, kind) for step in ("welcome", "advice") for day in (MONDAY, TUESDAY) for kind in Kind]
    made = [
        Message(
            kind=kind,
            purpose=Purpose.CAMPAIGN,
            person_id=who,
            run_id=run_id,
            step=step,
            dedupe_key=f"{run_id}:{step}:{day}:{kind}",
            state=State.QUEUED,
            due_at=NOON,
            expires_at=NOON + timedelta(days=1),
            day=day,
            created_at=NOON,
            updated_at=NOON,
        )
        for step, day, kind in places
    ]
    session.add_all(made)
    session.flush()
    cells = [tally.Cell(run_id, step, day, kind, State.QUEUED, "") for step, day, kind in places]
    tally.note(session, [tally.Change(cell, 1, 1, 0.0) for cell in cells])
    return [message.id for message in made]


def _move(session: Session, ids: list[int], place: int, to: State, reason: str, parts: int) -> Move:
    """As `delivery` moves: what a provider has taken knows its parts and its cost."""
    taken = to is State.ACCEPTED
    return Move(ids[place], to, reason, parts=parts if taken else None, cost=parts * 0.25 if taken else None)


def _fold(database: Database) -> None:
    with database.write() as session:
        assert rollups.fold(session, Tally, crowd=1) > 0
        assert dialects.now(session)


def _said(row: Any) -> dict[str, float]:
    """A row without its zeros."""
    return {column.name: row[column.name] for column in delivery.COLUMNS if not column.is_key and row[column.name]}


def _counted(session: Session, run_id: int) -> dict[tuple[str, Any, str], dict[str, float]]:
    """The same from the messages themselves, one by one."""
    counted: dict[tuple[str, Any, str], Counter[str]] = {}
    for message in session.scalars(select(Message).where(Message.run_id == run_id)):
        line = counted.setdefault((message.step, message.day, message.kind), Counter())
        for name in _names(message):
            line[name] += 1
        if message.state in CARRIED:
            line["parts"] += message.parts if message.kind == Kind.SMS else 0
            line["cost"] += message.cost  # type: ignore[assignment]  # quarters: exact
    return {place: {name: count for name, count in line.items() if count} for place, line in counted.items()}


def _names(message: Message) -> list[str]:
    names = ["planned", COUNTED[State(message.state)]]
    if message.state in {State.DELIVERED, State.UNDELIVERED}:
        names.append(message.state)
    if message.state in delivery.REASONS:
        known = message.reason in delivery.REASONS[message.state]
        names.append(f"{message.state}:{message.reason if known else delivery.UNNAMED}")
    return names
