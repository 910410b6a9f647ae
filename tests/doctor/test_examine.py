"""What the doctor sees of a machine, a queue and processes, and what it says to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from outreach.doctor import carriage, place
from outreach.doctor.contract import Check, Finding, Level, told
from outreach.doctor.examine import CHECKS, examine
from outreach.messages.status import State
from outreach.messages.tables import Message, Sender
from outreach.privacy.keyring import Keyring
from outreach.privacy.vault import Vault
from outreach.store import dialects, pulse
from outreach.store.pulse import Pulse
from outreach.workspace import Workspace
from tests.clinic import cast
from tests.delivery import desk


def levels(workspace: Workspace, check: Check) -> list[tuple[Level, str]]:
    """What a check finds: how bad, and the first words of what was seen."""
    found = list(check(workspace))
    assert all(each.remedy or each.level is Level.OK for each in found)
    return [(each.level, each.seen) for each in found]


def since(workspace: Workspace, **age: float) -> None:
    """Let each job have been done so many seconds ago."""
    with workspace.database.write() as session:
        for job, seconds in age.items():
            pulse.feel(session, job)
            at = dialects.now(session) - timedelta(seconds=seconds)
            session.execute(update(Pulse).where(Pulse.job == job).values(at=at))


PROCESSES: list[tuple[str, dict[str, float], list[Level]]] = [
    ("nobody ever did anything", {}, [Level.FAULT, Level.FAULT, Level.FAULT]),
    ("all is done", {"plan": 3, "sweep": 10, "watch": 5}, [Level.OK, Level.OK, Level.OK]),
    ("the sweeper is silent", {"plan": 3, "sweep": 200, "watch": 5}, [Level.OK, Level.FAULT, Level.OK]),
    ("nobody watches over alarms", {"plan": 3, "sweep": 10, "watch": 200}, [Level.OK, Level.OK, Level.FAULT]),
]


@pytest.mark.parametrize(("label", "age", "found"), PROCESSES, ids=[row[0] for row in PROCESSES])
def test_processes_are_alive_when_their_work_is_done(
    workspace: Workspace, label: str, age: dict[str, float], found: list[Level]
) -> None:
    since(workspace, **age)
    assert [level for level, _ in levels(workspace, carriage.processes)] == found


def test_slow_upkeep_by_choice_is_not_silence(workspace: Workspace) -> None:
    slow = replace(workspace, settings=workspace.settings.model_copy(update={"sweep_every": 300.0}))
    since(workspace, plan=3, sweep=600, watch=5)
    assert [level for level, _ in levels(slow, carriage.processes)] == [Level.OK, Level.OK, Level.OK]


def test_a_stopped_sender_is_told_with_its_reason(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        until = dialects.now(session) + timedelta(minutes=10)
        session.execute(update(Sender).where(Sender.name == "twilio").values(halted_until=until, halted_for="account"))
    (fcm, _), (twilio, seen) = levels(workspace, carriage.senders)
    assert (fcm, twilio) == (Level.OK, Level.FAULT)
    assert seen.startswith("twilio: stopped for")
    assert seen.endswith("(account)")


def test_no_sender_at_all_is_a_fault(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        session.query(Sender).delete()
    assert levels(workspace, carriage.senders) == [(Level.FAULT, "none is set up")]


def wait_long(workspace: Workspace, hours: float) -> None:
    desk.earlier(workspace, hours * 3600, Message.due_at, Message.updated_at)


QUEUE: list[tuple[str, State, float, list[Level]]] = [
    ("due a moment ago", State.QUEUED, 0, [Level.OK, Level.OK]),
    ("due for two hours", State.QUEUED, 2, [Level.OK, Level.FAULT]),
    ("in doubt for two hours", State.UNKNOWN, 2, [Level.OK, Level.OK, Level.FAULT]),
    ("in doubt for a moment", State.UNKNOWN, 0, [Level.OK, Level.OK]),
    ("delivered long ago", State.DELIVERED, 99, [Level.OK, Level.OK]),
]


@pytest.mark.parametrize(("label", "state", "hours", "found"), QUEUE, ids=[row[0] for row in QUEUE])
def test_what_waits_too_long_is_told(
    workspace: Workspace, label: str, state: State, hours: float, found: list[Level]
) -> None:
    people = cast(workspace)
    with workspace.database.write() as session:
        desk.message(session, people.amina, state=state)
    wait_long(workspace, hours)
    assert [level for level, _ in levels(workspace, carriage.queue)] == found


def keys(folder: Path, mode: int) -> Callable[[Workspace], Workspace]:
    def with_file(workspace: Workspace) -> Workspace:
        file = folder / "keys.json"
        ring = Keyring.parse(workspace.settings.keyring.get_secret_value(), "test")
        ring.save(file)
        file.chmod(mode)
        changed = workspace.settings.model_copy(update={"keyring": SecretStr(""), "keyring_file": file})
        return replace(workspace, settings=changed, vault=Vault.of(changed))

    return with_file


def test_keys_in_the_environment_are_warned_of(workspace: Workspace) -> None:
    assert [level for level, _ in levels(workspace, place.keyring)] == [Level.WARNING]


def test_a_keyring_of_its_owners_alone_is_well(workspace: Workspace, tmp_path: Path) -> None:
    found = levels(keys(tmp_path, 0o600)(workspace), place.keyring)
    assert [level for level, _ in found] == [Level.OK]


def test_a_keyring_inside_the_workspace_is_warned_of(workspace: Workspace) -> None:
    found = levels(keys(workspace.folder, 0o600)(workspace), place.keyring)
    assert [level for level, _ in found] == [Level.WARNING]


def test_a_keyring_that_others_can_read_is_a_fault(workspace: Workspace, tmp_path: Path) -> None:
    kept = keys(tmp_path, 0o600)(workspace)
    assert kept.vault.file is not None
    kept.vault.file.chmod(0o644)
    assert [level for level, _ in levels(kept, place.keyring)] == [Level.FAULT]


def test_the_clock_of_the_database_is_ours_here(workspace: Workspace) -> None:
    assert [level for level, _ in levels(workspace, place.clock)] == [Level.OK]


def test_a_webhook_that_nobody_answers_is_a_fault(workspace: Workspace) -> None:
    closed = replace(workspace, settings=workspace.settings.model_copy(update={"public_url": "http://127.0.0.1:9"}))
    ((level, seen),) = levels(closed, carriage.webhooks)
    assert level is Level.FAULT
    assert "ConnectError" in seen


def test_a_check_that_the_database_breaks_off_is_a_finding_and_the_others_go_on(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def senders(_: Workspace) -> Iterator[Finding]:
        raise OperationalError("SELECT secret", {}, RuntimeError("at host.example"))
        yield

    monkeypatch.setattr("outreach.doctor.examine.CHECKS", (senders, place.clock))
    broken, well = examine(workspace)
    assert (broken.check, broken.level, well.check) == ("senders", Level.FAULT, "clock")
    assert "example" not in broken.seen


def test_nothing_that_is_looked_at_is_left_out(workspace: Workspace) -> None:
    cast(workspace)
    found = {each.check for each in examine(workspace)}
    assert found >= {"database", "keys", "keyring", "clock", "disk", "processes", "senders", "queue", "receipts"}
    assert {f"invariant {number}" for number in range(1, 15)} <= found
    assert len(CHECKS) == 13


AGES = [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 days")]


@pytest.mark.parametrize(("seconds", "words"), AGES)
def test_ages_are_told_as_people_say_them(seconds: int, words: str) -> None:
    assert told(timedelta(seconds=seconds)) == words
