"""What is too old goes, by its kind; what is still needed, and every figure, stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from outreach.channels.contract import Kind
from outreach.delivery import retention
from outreach.delivery.retention import Kept
from outreach.messages.status import Purpose, State
from outreach.messages.tables import Attempt, Message, ProviderEvent, Tally
from outreach.threads.tables import Thread, ThreadState
from outreach.workspace import Workspace
from tests.clinic import AMINA, person

DAYS = {Kept.TEXTS: 180, Kept.ANSWERS: 365, Kept.EVENTS: 90, Kept.ATTEMPTS: 90, Kept.IMPORTS: 30}


def thread(workspace: Workspace, person_id: int, at: datetime) -> int:
    with workspace.database.write() as session:
        made = Thread(person_id=person_id, programme=f"p{at}", state=ThreadState.CLOSED, opened_at=at)
        session.add(made)
        session.flush()
        return made.id


@pytest.fixture
def amina(workspace: Workspace) -> int:
    with workspace.database.write() as session:
        return person(session, workspace, AMINA)


def text(workspace: Workspace, person_id: int, days: float, **changes: Any) -> int:
    """A message with a text that was written so many days ago; its id."""
    at = workspace.database.now() - timedelta(days=days)
    message = Message(
        kind=Kind.SMS,
        purpose=Purpose.REPLY,
        person_id=person_id,
        due_at=at,
        expires_at=at,
        day=at.date(),
        created_at=at,
        updated_at=at,
        body=b"sealed",
        dedupe_key=f"{days}:{changes}",
        **{"direction": "in", "state": State.RECEIVED, **changes},
    )
    with workspace.database.write() as session:
        session.add(message)
        session.flush()
        return message.id


def is_there(workspace: Workspace, message: int) -> bool:
    with workspace.database.read() as session:
        return session.get_one(Message, message).body is not None


TEXTS: list[tuple[str, float, dict[str, Any], bool]] = [
    ("what she wrote last month", 30, {}, True),
    ("what she wrote long ago", 181, {}, False),
    ("what we wrote half a year ago", 181, {"direction": "out", "state": State.DELIVERED}, True),
    ("what we wrote long ago", 366, {"direction": "out", "state": State.DELIVERED}, False),
    ("what failed long ago", 366, {"direction": "out", "state": State.FAILED}, False),
    ("what still waits", 366, {"direction": "out", "state": State.QUEUED}, True),
    ("what is on its way", 366, {"direction": "out", "state": State.SENDING}, True),
    ("what may come back to the queue", 366, {"direction": "out", "state": State.UNKNOWN}, True),
]


@pytest.mark.parametrize(("label", "days", "changes", "stays"), TEXTS, ids=[row[0] for row in TEXTS])
def test_texts(workspace: Workspace, amina: int, label: str, days: float, changes: dict[str, Any], stays: bool) -> None:
    message = text(workspace, amina, days, **changes)
    done = retention.retain(workspace)
    assert is_there(workspace, message) is stays
    assert sum(done.values()) == (not stays)


def test_a_conversation_that_goes_on_keeps_its_beginning(workspace: Workspace, amina: int) -> None:
    now = workspace.database.now()
    going, silent = thread(workspace, amina, now), thread(workspace, amina, now - timedelta(days=1))
    kept = text(workspace, amina, 300, thread_id=going)
    text(workspace, amina, 5, thread_id=going)
    gone = text(workspace, amina, 301, thread_id=silent)
    text(workspace, amina, 200, thread_id=silent)
    retention.retain(workspace)
    assert (is_there(workspace, kept), is_there(workspace, gone)) == (True, False)


def note(workspace: Workspace, message: int, days: float) -> None:
    """An attempt and an event of so many days ago."""
    at = workspace.database.now() - timedelta(days=days)
    with workspace.database.write() as session:
        session.add(Attempt(message_id=message, number=1, token=f"{days}", started_at=at))
        session.add(ProviderEvent(provider="twilio", event_key=f"{days}", received_at=at))


def counts(workspace: Workspace) -> tuple[int, int]:
    with workspace.database.read() as session:
        return (
            session.scalars(select(func.count()).select_from(Attempt)).one(),
            session.scalars(select(func.count()).select_from(ProviderEvent)).one(),
        )


def test_attempts_and_events_go_and_the_message_stays(workspace: Workspace, amina: int) -> None:
    message = text(workspace, amina, 100)
    for days in (100, 91, 89, 0):
        note(workspace, message, days)
    done = retention.retain(workspace)
    assert (done[Kept.ATTEMPTS], done[Kept.EVENTS], counts(workspace)) == (2, 2, (2, 2))
    with workspace.database.read() as session:
        assert session.get(Message, message) is not None


def test_more_than_a_chunk_goes_in_one_night(workspace: Workspace, amina: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 10)
    at = workspace.database.now()
    old = at - timedelta(days=100)
    with workspace.database.write() as session:
        rows = [{"provider": "twilio", "event_key": f"{n}", "received_at": at if n % 3 else old} for n in range(75)]
        session.execute(insert(ProviderEvent), rows)
    assert retention.retain(workspace)[Kept.EVENTS] == 25
    assert retention.retain(workspace)[Kept.EVENTS] == 0


def test_figures_do_not_change(workspace: Workspace, amina: int) -> None:
    text(workspace, amina, 400)
    with workspace.database.write() as session:
        values = {"messages": 7, "parts": 7, "cost": 0.0, "state": State.DELIVERED, "reason": ""}
        session.add(Tally(run_id=1, step="a", day=workspace.database.now().date(), kind=Kind.SMS, **values))
    retention.retain(workspace)
    with workspace.database.read() as session:
        assert session.scalars(select(func.sum(Tally.messages))).one() == 7
        assert session.scalars(select(func.count()).select_from(Message)).one() == 1


def test_the_oldest_of_each_kind_is_told(workspace: Workspace, amina: int) -> None:
    with workspace.database.read() as session:
        assert retention.oldest(session) == dict.fromkeys(Kept)
    message = text(workspace, amina, 400)
    text(workspace, amina, 20)
    text(workspace, amina, 30, direction="out", state=State.DELIVERED)
    note(workspace, message, 40)
    retention.retain(workspace)
    now = workspace.database.now()
    with workspace.database.read() as session:
        ages = {kind: round((now - at) / timedelta(days=1)) for kind, at in retention.oldest(session).items() if at}
    assert ages == {Kept.TEXTS: 20, Kept.ANSWERS: 30, Kept.EVENTS: 40, Kept.ATTEMPTS: 40}


def test_each_kind_has_its_setting(workspace: Workspace) -> None:
    assert {kind: age.days for kind, age in retention.ages(workspace.settings).items()} == DAYS
