"""What is due, and where a claim begins to look for it when a look from the front is long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from outreach.delivery import due, queue
from outreach.messages.status import Lane, Purpose, RunState
from outreach.messages.tables import Sender
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.delivery.desk import claim, crowd, messages, rested, run_of, sender

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def queued(workspace: Workspace, people: list[int], run: int | None, age: float, purpose: Purpose) -> list[int]:
    """Messages that have been due for so many seconds."""
    with workspace.database.write() as session:
        at = dialects.now(session) - age * SECOND
        return messages(session, people, run, due_at=at, purpose=purpose)


def claimed(workspace: Workspace, limit: int = 500) -> list[int]:
    rested(workspace)
    return [each.id for each in claim(workspace, limit=limit).claims]


def is_hinted_at(workspace: Workspace) -> bool:
    with workspace.database.read() as session:
        return ("twilio", "sms", Lane.BULK) in queue.due_lanes(session)


def front_is_due(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        session.execute(update(Sender).values(front_at=dialects.now(session)))


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look from the front takes long, and the next one is far away."""
    monkeypatch.setattr(due, "SHORT", 0.0)
    monkeypatch.setattr(due, "REST", 1_000_000)


def test_bulk_goes_by_its_kind_and_then_by_when_it_was_due(workspace: Workspace) -> None:
    people, run = crowd(workspace, 3), run_of(workspace)
    old = queued(workspace, people[:1], run, 60, Purpose.CAMPAIGN)
    new = queued(workspace, people[1:2], run, 5, Purpose.CAMPAIGN)
    knock = queued(workspace, people[2:], None, 1, Purpose.QUESTION)
    assert [claimed(workspace, 2), claimed(workspace, 2)] == [knock + old, new]


def test_a_short_look_is_made_from_the_front_each_time(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "SHORT", 60.0)
    people, run = crowd(workspace, 2), run_of(workspace)
    queued(workspace, people[:1], run, 1, Purpose.CAMPAIGN)
    claimed(workspace)
    earlier = queued(workspace, people[1:], run, 3600, Purpose.CAMPAIGN)
    assert sender(workspace).passed_at is None
    assert claimed(workspace) == earlier


@pytest.mark.usefixtures("long")
def test_after_a_long_look_claims_begin_where_it_ended(workspace: Workspace) -> None:
    people, run = crowd(workspace, 4), run_of(workspace)
    first, second = queued(workspace, people[:2], run, 60, Purpose.CAMPAIGN)
    assert claimed(workspace, 1) == [first]
    assert sender(workspace).passed_id == first
    assert claimed(workspace, 1) == [second], "of the same moment"
    late = queued(workspace, people[2:3], run, 5, Purpose.CAMPAIGN)
    early = queued(workspace, people[3:], run, 3600, Purpose.CAMPAIGN)
    assert is_hinted_at(workspace)
    assert claimed(workspace) == late
    assert not is_hinted_at(workspace), "what came before the mark waits, half a minute at most"
    assert sender(workspace).front_at <= workspace.database.now() + due.LONGEST  # type: ignore[operator]
    front_is_due(workspace)
    assert is_hinted_at(workspace), "as long as nobody has looked from the front again"
    assert claimed(workspace) == early
    assert not is_hinted_at(workspace)
    with workspace.database.read() as session:
        assert due.oldest(session, workspace.database.now()) == {Lane.CONVERSATION: None, Lane.BULK: None}


@pytest.mark.usefixtures("long")
def test_a_long_look_that_finds_nothing_is_remembered_too(workspace: Workspace) -> None:
    person, run = crowd(workspace, 1), run_of(workspace)
    assert claimed(workspace) == []
    assert queued(workspace, person, run, 3600, Purpose.CAMPAIGN)
    assert claimed(workspace) == []
    with workspace.database.read() as session:
        assert due.oldest(session, workspace.database.now())[Lane.BULK] is not None, "a doctor sees it all the same"
    front_is_due(workspace)
    assert len(claimed(workspace)) == 1


@pytest.mark.usefixtures("long")
def test_a_mark_holds_up_campaigns_only(workspace: Workspace) -> None:
    person, run = crowd(workspace, 1), run_of(workspace)
    claimed(workspace)
    assert queued(workspace, person, run, 3600, Purpose.CAMPAIGN)
    question = queued(workspace, person, None, 3600, Purpose.QUESTION)
    reply = queued(workspace, person, None, 3600, Purpose.REPLY)
    assert claimed(workspace) == question
    assert [each.id for each in claim(workspace, Lane.CONVERSATION).claims] == reply


@pytest.mark.parametrize(
    ("front_in", "marked"),
    [(None, False), (0, False), (-1, False), (1, True), (30, True), (31, False)],
    ids=["never", "now", "over", "soon", "at most", "the clock was set back"],
)
def test_a_mark_is_used_until_it_is_time_to_look_from_the_front(front_in: int | None, marked: bool) -> None:
    front = None if front_in is None else NOW + front_in * SECOND
    kept = Sender(name="s", passed_at=NOW - SECOND, passed_id=7, front_at=front)
    assert due.mark_of(kept, NOW) == ((NOW - SECOND, 7) if marked else None)
    assert due.is_front_due(kept, NOW) == (not marked)


def test_what_must_stay_is_where_the_next_claim_begins(workspace: Workspace) -> None:
    people, run = crowd(workspace, 3), run_of(workspace)
    queued(workspace, people, run, 60, Purpose.CAMPAIGN)
    with workspace.database.write() as session:
        found = queue.claim(session, "twilio", Lane.BULK, 500, 60, None).claims
        session.rollback()
    marked, unmarked = Sender(passed_at=found[2].due_at, passed_id=found[2].id), Sender()
    for each in (marked, unmarked):
        due.leave(each, found[1:])
    assert (marked.passed_at, marked.passed_id) == (found[1].due_at, found[1].id)
    assert unmarked.passed_at is None
    due.leave(marked, [])
    assert marked.passed_id == found[1].id


def test_the_oldest_is_told_by_lane_and_only_of_what_may_go(workspace: Workspace) -> None:
    people = crowd(workspace, 1)
    queued(workspace, people, run_of(workspace, RunState.PAUSED), 900, Purpose.CAMPAIGN)
    queued(workspace, people, run_of(workspace), -60, Purpose.CAMPAIGN)
    with workspace.database.read() as session:
        assert due.oldest(session, workspace.database.now()) == {Lane.CONVERSATION: None, Lane.BULK: None}
    queued(workspace, people, run_of(workspace), 300, Purpose.CAMPAIGN)
    queued(workspace, people, None, 100, Purpose.QUESTION)
    queued(workspace, people, None, 20, Purpose.CONFIRMATION)
    queued(workspace, people, None, 40, Purpose.REPLY)
    with workspace.database.read() as session:
        at = workspace.database.now()
        ages = {
            lane: round((at - since).total_seconds(), -1) for lane, since in due.oldest(session, at).items() if since
        }
    assert ages == {Lane.CONVERSATION: 40, Lane.BULK: 300}
