"""Campaigns that hold back: what one person got, counted over all of them, and with whom we are talking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from outreach.consent import ALL
from outreach.delivery import caps, queue, talks
from outreach.delivery.caps import Caps, Told
from outreach.messages.status import CARRIED, Lane, Purpose, State
from outreach.messages.tables import Message
from outreach.store import dialects
from outreach.threads.tables import Thread, ThreadState
from outreach.workspace import Workspace
from tests.clinic import TOPIC, Cast, cast
from tests.delivery.desk import message, messages, row, run_of

DAY = timedelta(days=1)
TWO_A_DAY = Caps(day=2, week=5, zone="Africa/Nairobi")


@pytest.fixture
def people(workspace: Workspace) -> Cast:
    return cast(workspace)


def got(session: Session, person: int, state: State, ago: timedelta, **more: Any) -> None:
    """A message of a campaign that a person got, or did not, so long ago."""
    made = message(session, person, state=state, **more)
    at = dialects.now(session) - ago
    session.execute(update(Message).where(Message.id == made).values(due_at=at, created_at=at))


COUNTED = [
    *((state, timedelta(), {}, Told(1, 1)) for state in sorted(CARRIED | {State.SENDING, State.UNKNOWN})),
    *((state, timedelta(), {}, Told()) for state in (State.QUEUED, State.REFUSED, State.FAILED, State.EXPIRED)),
    (State.SENT, 2 * DAY, {}, Told(0, 1)),
    (State.SENT, 7 * DAY, {}, Told()),
    (State.SENT, timedelta(), {"fallback_of": 1}, Told()),
    (State.SENT, timedelta(), {"purpose": Purpose.REPLY}, Told()),
]


@pytest.mark.parametrize(("state", "ago", "more", "told"), COUNTED)
def test_what_went_to_her_in_a_day_and_a_week_is_counted(
    state: State, ago: timedelta, more: dict[str, Any], told: Told, workspace: Workspace, people: Cast
) -> None:
    with workspace.database.write() as session:
        got(session, people.amina, state, ago, **more)
        found = caps.told(session, [people.amina, people.baraka], TWO_A_DAY, dialects.now(session))
    assert found == {people.amina: told, people.baraka: Told()}


def test_without_a_cap_nothing_is_counted(workspace: Workspace, people: Cast) -> None:
    with workspace.database.read() as session:
        assert caps.told(session, [people.amina], Caps(), workspace.database.now()) == {}


def test_years_of_messages_are_passed_over_by_their_ids(
    workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caps, "_floors", {})  # what an earlier test on this database was told
    with workspace.database.write() as session:
        for age in (400, 300, 200, 100, 40, 3, 1):
            got(session, people.amina, State.DELIVERED, age * DAY)
        at = dialects.now(session)
        floor = caps._before(session, at - 30 * DAY, at)
        old = session.scalars(select(Message.id).where(Message.id <= floor)).all()
        assert len(old) == 5
        assert caps.told(session, [people.amina], TWO_A_DAY, at)[people.amina] == Told(0, 2)


def test_of_three_that_are_due_at_once_two_go(workspace: Workspace, people: Cast) -> None:
    run = run_of(workspace)
    with workspace.database.write() as session:
        made = messages(session, [people.amina] * 3 + [people.baraka], run)
    with workspace.database.write() as session:
        queue.claim(session, "twilio", Lane.BULK, 10, 60, None, TWO_A_DAY)
    states = [(row(workspace, each).state, row(workspace, each).reason) for each in made]
    assert states == [("sending", ""), ("sending", ""), ("refused", "capped"), ("sending", "")]


def test_the_table_of_threads_has_what_is_read_of_it() -> None:
    theirs = Thread.metadata.tables["thread"].c
    assert {each.name: each.type.python_type for each in talks.THREAD.c} == {
        each.name: theirs[each.name].type.python_type for each in talks.THREAD.c
    }


TALKS: list[tuple[str, ThreadState, bool, str, set[str]]] = [
    ("waits for us", ThreadState.WAITING, False, "", {TOPIC}),
    ("has her answer", ThreadState.ANSWERED, False, "", set()),
    ("is over", ThreadState.CLOSED, False, "", set()),
    ("perhaps wants to stop", ThreadState.WAITING, True, "", {ALL}),
    ("perhaps wanted to stop, and nobody has said", ThreadState.ANSWERED, True, "", {ALL}),
    ("is in danger", ThreadState.WAITING, False, "violence", {ALL}),
    ("was in danger and has her answer", ThreadState.ANSWERED, False, "violence", set()),
]


@pytest.mark.parametrize(("label", "state", "hold", "urgent", "topics"), TALKS, ids=[each[0] for each in TALKS])
def test_whose_campaigns_wait(
    label: str, state: ThreadState, hold: bool, urgent: str, topics: set[str], workspace: Workspace, people: Cast
) -> None:
    with workspace.database.write() as session:
        at = dialects.now(session)
        row = {"person_id": people.amina, "programme": "p", "topic": TOPIC, "opened_at": at, "sender": "twilio"}
        session.execute(insert(Thread).values(row | {"state": state, "hold": hold, "urgent": urgent}))
    with workspace.database.read() as session:
        found = talks.waiting(session, [people.amina, people.baraka])
    assert found == ({people.amina: topics} if topics else {}), label
