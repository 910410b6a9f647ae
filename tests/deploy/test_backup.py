"""The drill: a copy made while the clinic works, put back where nothing is, opens for everybody but the forgotten."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.engine import make_url

from outreach.audience import people
from outreach.audience.tables import Endpoint, Person, PersonState
from outreach.channels.contract import Kind
from outreach.doctor.contract import Level
from outreach.doctor.invariants import invariants
from outreach.errors import KeyringError
from outreach.privacy.keyring import Keyring
from outreach.settings import Settings
from outreach.threads import forgetting
from outreach.workspace import Workspace, prepare
from tests.clinic import BARAKA, Cast, cast, clinic
from tests.postgres import Postgres

DEPLOY = Path(__file__).parents[2] / "deploy"


@dataclass(frozen=True)
class Drill:
    """A clinic that works, and the URL of a database that is not there or empty."""

    workspace: Workspace
    people: Cast
    spare: str


def run(script: str, *words: object, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """An operator's script, in the workspace's folder and with its environment."""
    env = {**os.environ, "OUTREACH_DATABASE_URL": url}
    command = [str(DEPLOY / script), *map(str, words)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(params=["sqlite", "postgres"])
def drill(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Drill]:
    keyring = tmp_path / "keys" / "keyring.json"
    Keyring.new().save(keyring)
    settings = {"keyring": SecretStr(""), "keyring_file": keyring}
    if request.param == "sqlite":
        spare = f"sqlite:///{tmp_path / 'spare' / 'outreach.db'}"
        with clinic(request.getfixturevalue("migrated_sqlite_url"), tmp_path / "clinic", **settings) as made:
            yield Drill(made, cast(made), spare)
        return
    if not shutil.which("pg_dump"):
        pytest.skip("needs pg_dump")
    postgres: Postgres = request.getfixturevalue("postgres")
    url = request.getfixturevalue("migrated_postgres_url")
    with postgres.database() as spare, clinic(url, tmp_path / "clinic", **settings) as made:
        yield Drill(made, cast(made), spare)


def number_of(workspace: Workspace, person_id: int) -> str:
    with workspace.database.read() as session:
        key = people.keys_of(session, workspace.vault, [person_id])[person_id]
        hers = select(Endpoint).where(Endpoint.person_id == person_id, Endpoint.kind == Kind.SMS)
        return people.value_of(key, session.scalars(hers).one())


def state_of(workspace: Workspace, person_id: int) -> str:
    with workspace.database.read() as session:
        return session.scalars(select(Person.state).where(Person.id == person_id)).one()


def pseudonym_of(workspace: Workspace, person_id: int) -> str:
    with workspace.database.read() as session:
        return session.scalars(select(Person.pseudonym).where(Person.id == person_id)).one()


def restored(drill: Drill, file: Path) -> Workspace:
    """The clinic on what was put back."""
    done = run("restore.sh", file, url=drill.spare, folder=drill.workspace.folder)
    assert (done.returncode, done.stderr) == (0, "")
    settings: Settings = drill.workspace.settings.model_copy(update={"database_url": drill.spare})
    return prepare(settings)


def test_a_copy_that_was_put_back_is_whole_and_remembers_who_was_forgotten(drill: Drill, tmp_path: Path) -> None:
    folder, url = drill.workspace.folder, drill.workspace.settings.database_url
    done = run("backup.sh", tmp_path / "copies", url=url, folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    file = Path(done.stdout.strip())
    assert file.stat().st_mode & 0o077 == 0
    forgetting.forget(drill.workspace, pseudonym_of(drill.workspace, drill.people.amina), "test")

    back = restored(drill, file)
    assert state_of(back, drill.people.amina) == PersonState.ACTIVE  # as the copy has it, but nothing of hers opens
    with pytest.raises(KeyringError, match="destroyed"):
        number_of(back, drill.people.amina)
    assert number_of(back, drill.people.baraka) == BARAKA

    assert forgetting.catch_up(back).again == 1
    assert state_of(back, drill.people.amina) == PersonState.FORGOTTEN
    assert [each.seen for each in invariants(back) if each.level is Level.FAULT] == []
    back.close()


def test_nothing_is_put_over_what_is_there(drill: Drill, tmp_path: Path) -> None:
    folder, url = drill.workspace.folder, drill.workspace.settings.database_url
    file = run("backup.sh", tmp_path / "copies", url=url, folder=folder).stdout.strip()
    done = run("restore.sh", file, url=url, folder=folder)
    assert done.returncode == 1
    assert "restore.sh" in done.stderr


def test_only_the_newest_copies_stay(drill: Drill, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    ending = "sqlite" if make_url(drill.spare).get_backend_name() == "sqlite" else "pgdump"
    for day in range(1, 6):
        (copies / f"outreach-2026010{day}T020000Z.{ending}").touch()
    (copies / "notes.txt").touch()
    done = run("backup.sh", copies, 3, url=drill.workspace.settings.database_url, folder=drill.workspace.folder)
    assert done.returncode == 0
    left = sorted(path.name for path in copies.iterdir())
    assert left[:3] == ["notes.txt", f"outreach-20260104T020000Z.{ending}", f"outreach-20260105T020000Z.{ending}"]
    assert len(left) == 4


REFUSED = [("nothing.pgdump", "there is no"), ("notes.txt", "neither .pgdump nor .sqlite")]


@pytest.mark.parametrize(("name", "words"), REFUSED)
def test_what_is_no_copy_is_refused_with_a_word(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "notes.txt").touch()
    done = run("restore.sh", tmp_path / name, url="", folder=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
