"""A worker whose keyring is behind sends nothing, rather than failing what it cannot open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from outreach.channels.contract import Kind
from outreach.messages.status import Lane, State
from outreach.messages.tables import Message
from outreach.privacy import keyring, rotation
from outreach.privacy.keyring import Keyring
from outreach.privacy.vault import Vault
from outreach.threads import inbox
from outreach.workspace import Workspace
from scheduler import tasks
from scheduler.app import make
from tests.clinic import AMINA, cast, clinic
from tests.threads.texting import write


def waiting(workspace: Workspace) -> list[State]:
    with workspace.database.read() as session:
        return list(session.scalars(select(Message.state).where(Message.direction == "out", Message.kind == Kind.SMS)))


def test_what_cannot_be_opened_here_waits(
    migrated_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keyring.json"
    Keyring.new().save(file)
    with clinic(migrated_url, tmp_path / "clinic", keyring=SecretStr(""), keyring_file=file) as here:
        cast(here)
        inbox.reply(here, write(here, AMINA, "hello").thread_id or 0, "Come on Monday.")
        behind = replace(here, vault=Vault(keyring.read(file)))  # a copy that nobody has brought up to date
        rotation.prepare(here.vault)
        assert not behind.lacks_keys()
        rotation.use(here.database, here.vault, "wanjiru")
        assert (behind.lacks_keys(), here.lacks_keys()) == (True, False)
        desk = tasks.open_desk(behind, make(here.settings))
        tasks.drain("twilio", Lane.CONVERSATION)
        desk.close()
        assert set(waiting(here)) == {State.QUEUED}
    assert "keyring is behind" in capsys.readouterr().err
