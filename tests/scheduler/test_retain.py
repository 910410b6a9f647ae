"""Letting go is part of every day, and of every start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import select

from outreach.consent import Source
from outreach.messages.tables import ProviderEvent
from outreach.privacy import keyring
from outreach.privacy.keyring import Keyring
from outreach.settings import Settings
from outreach.threads import forgetting
from outreach.workspace import Workspace
from scheduler import tasks
from scheduler.app import make
from scheduler.beat import Quietly
from tests.clinic import AMINA, clinic, person


def test_it_is_due_when_a_beat_starts_and_again_a_day_later() -> None:
    entry = Quietly(make(Settings(_env_file=None))).schedule["retain"]
    due, _ = entry.is_due()
    assert due
    again, seconds = next(entry).is_due()
    assert not again
    assert timedelta(hours=23) < timedelta(seconds=seconds) <= timedelta(days=1)


def test_it_lets_go_of_what_is_too_old(workspace: Workspace) -> None:
    now = workspace.database.now()
    with workspace.database.write() as session:
        for days in (91, 1):
            at = now - timedelta(days=days)
            session.add(ProviderEvent(provider="twilio", event_key=f"{days}", received_at=at))
    desk = tasks.open_desk(workspace, make(workspace.settings))
    tasks.retain()
    desk.close()
    with workspace.database.read() as session:
        assert session.scalars(select(ProviderEvent.event_key)).all() == ["1"]


def test_it_cuts_out_of_this_machines_keyring_who_was_forgotten_on_another(migrated_url: str, tmp_path: Path) -> None:
    file = tmp_path / "keyring.json"
    Keyring.new().save(file)
    with clinic(migrated_url, tmp_path / "clinic", keyring=SecretStr(""), keyring_file=file) as workspace:
        with workspace.database.write() as session:
            amina = person(session, workspace, AMINA)
            forgetting.erase(session, workspace, amina, Source.STAFF)
        desk = tasks.open_desk(workspace, make(workspace.settings))
        tasks.retain()
        desk.close()
        assert not keyring.read(file).master["k1"].holds(amina)
