"""A clinic for a test: settings that point nowhere, fresh keys, the shipped templates, and a cast of people.

The cast is the same in every test: Amina agreed to `tb` and has a phone; Baraka has a phone and an app; Chausiku said
STOP; Daudi was invited and has not answered. Their numbers are the canaries: none may ever be seen outside the vault.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import insert
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import people
from outreach.audience.tables import Endpoint
from outreach.channels.contract import Kind, Variant
from outreach.consent import ConsentState, Line, Source
from outreach.messages.samples import samples
from outreach.messages.tables import Sender
from outreach.privacy.keyring import Keyring
from outreach.settings import Settings
from outreach.store import dialects
from outreach.workspace import Workspace, prepare

AMINA, BARAKA, CHAUSIKU, DAUDI = "+254712000001", "+254712000002", "+254712000003", "+254712000004"
TOKEN = "canary-push-token-of-baraka"
OURS = "+15005550006"
TOPIC = "tb"


@cache
def shared_templates() -> Path:
    """One copy of the shipped templates for all clinics of this process: 853 files for each test are most of its time.

    `tests/conftest.py` sees at the end that nobody wrote into it.
    """
    place = Path(tempfile.mkdtemp(prefix="outreach-templates-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return Path(shutil.copytree(samples() / "templates", place / "templates"))


def own_templates(folder: Path) -> Path:
    """The templates of a workspace's folder as a copy that a test may write into."""
    place = folder / "templates"
    if place.is_symlink():
        place.unlink()
        shutil.copytree(shared_templates(), place)
    return place


@contextmanager
def clinic(database_url: str, folder: Path, **changes: Any) -> Iterator[Workspace]:
    """A workspace on a migrated database; `changes` are settings. Its texts are shared: see `own_templates`."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "templates").exists():
        (folder / "templates").symlink_to(shared_templates())
    (folder / "campaigns").mkdir(exist_ok=True)
    settings = Settings(_env_file=None).model_copy(
        update={
            "workspace": folder,
            "database_url": database_url,
            "keyring": SecretStr(Keyring.new().dump()),
            "clinic": "Sunrise",
            "quiet_hours": "off",
            "most_a_day": 0,
            "most_a_week": 0,
            **changes,
        }
    )
    made = prepare(settings)
    with made.database.write() as session:
        senders(session)
    yield made
    made.close()


def senders(session: Session) -> None:
    """One for texts and one for pushes."""
    at = dialects.now(session)
    for name, kind in (("twilio", Kind.SMS), ("fcm", Kind.PUSH)):
        session.add(
            Sender(name=name, provider=name, kind=kind, pace=1000.0, unit="messages", next_at=at, halted_for="")
        )


@dataclass(frozen=True, slots=True)
class Cast:
    """The ids of the people of `cast`."""

    amina: int
    baraka: int
    chausiku: int
    daudi: int


def cast(workspace: Workspace) -> Cast:
    """Write the cast into a clinic."""
    with workspace.database.write() as session:
        at = dialects.now(session)
        ids = [person(session, workspace, number) for number in (AMINA, BARAKA, CHAUSIKU, DAUDI)]
        made = Cast(*ids)
        granted = [Line(each, TOPIC, ConsentState.GRANTED, Source.STAFF, "form") for each in ids[:3]]
        consent.record(session, [*granted, Line(made.daudi, TOPIC, ConsentState.INVITED, Source.IMPORT)], at)
        consent.stop(session, made.chausiku, Source.TEXT, "text", at)
        give_app(session, workspace, made.baraka, TOKEN, at)
    return made


def person(session: Session, workspace: Workspace, number: str) -> int:
    """Somebody new with this number."""
    return people.adopt(session, workspace.vault, number, workspace.settings, dialects.now(session))


def give_app(session: Session, workspace: Workspace, person_id: int, token: str, at: datetime) -> None:
    """Give a person the app."""
    key = people.keys_of(session, workspace.vault, [person_id])[person_id]
    session.execute(insert(Endpoint), [people.endpoint(workspace.vault, person_id, key, Variant.TOKEN, token, at)])


def write_campaign(workspace: Workspace, name: str, text: str) -> None:
    """Write a campaign's file."""
    (workspace.folder / "campaigns" / f"{name}.yaml").write_text(text, encoding="utf-8")
