"""`outreach doctor` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from outreach import settings
from outreach.privacy.keyring import Keyring
from outreach.workspace import Workspace, prepare
from tests.cli.typed import typed
from tests.clinic import AMINA, cast


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A clinic in the current folder in which nothing runs."""
    place = tmp_path / "clinic"
    place.mkdir()
    monkeypatch.chdir(place)
    Keyring.new().save(tmp_path / "keyring.json")
    monkeypatch.setenv("OUTREACH_KEYRING_FILE", str(tmp_path / "keyring.json"))
    monkeypatch.setenv("OUTREACH_PUBLIC_URL", "http://127.0.0.1:9")
    workspace = prepare(settings.load())
    cast(workspace)
    yield workspace
    workspace.close()


def test_what_is_broken_is_told_with_its_remedy_and_ends_with_one(clinic: Workspace) -> None:
    done = typed("doctor", "--quiet")
    assert done.code == 1
    assert "fault    processes: plan: never done here" in done.out
    assert "→ Start a beat and a worker" in done.out
    assert "fault    senders: none is set up" in done.out
    assert "invariant" not in done.out
    assert AMINA not in done.out


def test_everything_is_told_as_facts(clinic: Workspace) -> None:
    done = typed("doctor", "--json")
    found = json.loads(done.out)
    assert done.code == 1
    assert found[0] == {
        "check": "broker",
        "level": "ok",
        "seen": "the embedded one, inside `outreach up`",
        "remedy": "",
    }
    assert [each["level"] for each in found if each["check"].startswith("invariant")] == ["ok"] * 14


def test_a_broker_that_is_not_there_is_a_fault_without_its_address(
    clinic: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTREACH_BROKER_URL", "redis://:secret@127.0.0.1:9/0")
    done = typed("doctor", "--quiet")
    assert "fault    broker: cannot be reached" in done.out
    assert "secret" not in done.out + done.err


def test_a_broker_that_is_there_is_reached(clinic: Workspace, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    monkeypatch.setenv("OUTREACH_BROKER_URL", redis_url)
    found = json.loads(typed("doctor", "--json").out)
    assert (found[0]["check"], found[0]["seen"]) == ("broker", "reachable")
