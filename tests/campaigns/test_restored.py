"""An older copy of the database was put back: what may have gone out since is in doubt, and goes out no second time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from outreach import settings
from outreach.campaigns.restored import restored
from outreach.channels.contract import Carried, Kind, Outgoing, Receipt
from outreach.channels.registry import Providers
from outreach.delivery import reconcile, sweep
from outreach.errors import ConflictError
from outreach.messages.status import RunState, State
from outreach.messages.tables import Attempt, Message
from outreach.privacy import audit
from outreach.privacy.keyring import Keyring
from outreach.store import pulse
from outreach.workspace import Workspace, prepare
from tests.campaigns.test_planning import back, launch, step
from tests.cli.typed import typed
from tests.clinic import TOPIC, cast
from tests.delivery.desk import SMS, claim, crowd, earlier, faults, message, messages, row, run_of, states

NOBODY = Providers([])

#: Of a run whose planning is long over.
OVER = {
    "name": "trial",
    "title": "Trial",
    "topic": TOPIC,
    "audience": {"all": []},
    "steps": [{"id": "welcome", "template": "tb/welcome", "at": "2020-01-01 09:00"}],
}


class Listing:
    """A carrier that lists what it once took, by our ids, and never takes anything now."""

    name, kind, senders = "twilio", Kind.SMS, (SMS,)

    def __init__(self, *taken: int) -> None:
        self.taken = taken

    async def find(self, sent: Outgoing, since: float) -> Sequence[Receipt]:
        if sent.id not in self.taken:
            return []
        return [Receipt(self.name, f"found:{sent.id}", Carried.ACCEPTED, provider_id=f"SM{sent.id}")]

    async def close(self) -> None:
        pass


def listed(*taken: int) -> Providers:
    return Providers([Listing(*taken)])  # type: ignore[list-item]  # it sends nothing, and nobody asks it to


def test_what_was_due_is_in_doubt_once_and_the_rest_waits(workspace: Workspace) -> None:
    people, run = crowd(workspace, 3), run_of(workspace, definition=OVER)
    with workspace.database.write() as session:
        due = messages(session, people[:2], run)
        later = message(session, people[2], run, due_at=workspace.database.now() + timedelta(hours=1))
    assert restored(workspace, "test") == 2
    assert restored(workspace, "test") == 0
    assert states(workspace) == {State.UNKNOWN: 2, State.QUEUED: 1}
    assert [(row(workspace, each).reason, row(workspace, each).attempts) for each in due] == [("restored", 1)] * 2
    assert row(workspace, later).state == State.QUEUED
    assert not claim(workspace).decided
    assert faults(workspace) == []
    with workspace.database.read() as session:
        told = [(each.action, each.who) for each in audit.entries(session, workspace.vault)]
        when = session.scalars(select(Attempt.started_at)).all()
    assert told == [("backup_restored", "test")] * 2
    assert set(when) == {row(workspace, each).due_at for each in due}  # when it went out, if it did


def test_what_fell_due_after_the_copy_was_made_is_planned_and_in_doubt_as_well(workspace: Workspace) -> None:
    cast(workspace)
    run = launch(workspace, step('every: "FREQ=DAILY;COUNT=2"\n    at: "00:00"'))
    back(workspace, run, 30)  # two midnights at most, one at least
    assert states(workspace) == {}
    assert (count := restored(workspace, "test")) >= 2
    assert states(workspace)[State.UNKNOWN] == count
    assert not claim(workspace).decided
    assert faults(workspace) == []


def test_what_waits_in_a_paused_run_is_in_doubt_too(workspace: Workspace) -> None:
    people, run = crowd(workspace, 1), run_of(workspace, RunState.PAUSED)
    with workspace.database.write() as session:
        messages(session, people, run, state=State.PLANNED)
    assert restored(workspace, "test") == 1
    assert states(workspace) == {State.UNKNOWN: 1}


def test_evidence_settles_the_doubt_and_nothing_is_sent_again(workspace: Workspace) -> None:
    people, run = crowd(workspace, 2), run_of(workspace, definition=OVER)
    with workspace.database.write() as session:
        went, did_not = messages(session, people, run)
    restored(workspace, "test")
    for _ in range(2):
        earlier(workspace, 3600, Message.updated_at)
        reconcile.settle(workspace, listed(went))
    assert (row(workspace, went).state, row(workspace, did_not).state) == (State.ACCEPTED, State.FAILED)
    assert row(workspace, did_not).reason == "not_found"
    assert faults(workspace) == []


def test_neither_a_push_nor_its_text_goes_out_again(workspace: Workspace) -> None:
    people, run = crowd(workspace, 2), run_of(workspace, definition=OVER)
    past = workspace.database.now() - timedelta(minutes=1)
    with workspace.database.write() as session:
        message(session, people[0], run, kind=Kind.PUSH, sender="fcm")
        message(
            session, people[1], run, kind=Kind.PUSH, sender="fcm", state=State.ACCEPTED, fallback_at=past,
            provider="fcm", provider_id="p1",
        )  # fmt: skip
    assert restored(workspace, "test") == 2  # the push that waited, and the text in place of the other
    for _ in range(2):
        earlier(workspace, 3600, Message.updated_at)
        sweep.sweep(workspace, NOBODY)
    assert states(workspace) == {State.FAILED: 2, State.UNDELIVERED: 1}


def test_while_a_worker_runs_it_is_refused(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        pulse.feel(session, "sweep")
    with pytest.raises(ConflictError, match="Stop web, worker and beat"):
        restored(workspace, "test")


def test_an_operator_types_it(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Keyring.new().save(tmp_path / "keyring.json")
    monkeypatch.setenv("OUTREACH_KEYRING_FILE", str(tmp_path / "keyring.json"))
    monkeypatch.setenv("OUTREACH_DATABASE_URL", sqlite_url)
    prepare(settings.load()).close()
    assert json.loads(typed("db", "restored", "--json").out) == {"in_doubt": 0}
