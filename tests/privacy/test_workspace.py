"""A workspace opens with its own keys only; otherwise it says the remedy, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import inspect

from outreach.errors import KeyringError, OutreachError, StoreError
from outreach.privacy.keyring import Keyring
from outreach.settings import Settings
from outreach.store import migrate
from outreach.store.database import Database
from outreach.workspace import assemble, is_bound, prepare

OURS, THEIRS = Keyring.new(), Keyring.new()
WRONG = [
    ("another keyring", THEIRS.dump(), "does not belong to this database"),
    ("another index key", Keyring(THEIRS.index, "k1", OURS.master).dump(), "does not belong to this database"),
    ("another master key", Keyring(OURS.index, "k1", THEIRS.master).dump(), "does not belong to this database"),
    ("a master key renamed", Keyring(OURS.index, "k2", {"k2": OURS.master["k1"]}).dump(), "does not belong"),
    ("no keyring", "", "outreach init"),
    ("a torn one", OURS.dump()[:40], "Restore it from its backup"),
]


def settings(url: str, folder: Path, keys: str) -> Settings:
    changes = {"workspace": folder, "database_url": url, "keyring": SecretStr(keys)}
    return Settings(_env_file=None).model_copy(update=changes)


def contents(url: str) -> dict[str, int]:
    """Every table and how many rows it has."""
    database = Database(url)
    with database.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
            for name in inspect(connection).get_table_names()
        }
    database.close()
    return found


@pytest.mark.parametrize(("label", "keys", "remedy"), WRONG, ids=[row[0] for row in WRONG])
def test_a_workspace_refuses(label: str, keys: str, remedy: str, migrated_url: str, tmp_path: Path) -> None:
    prepare(settings(migrated_url, tmp_path, OURS.dump())).close()
    before = contents(migrated_url)
    for way in (assemble, prepare):
        with pytest.raises(KeyringError, match=remedy):
            way(settings(migrated_url, tmp_path, keys))
    assert contents(migrated_url) == before
    assemble(settings(migrated_url, tmp_path, OURS.dump())).close()


def test_the_wrong_keyring_migrates_nothing(database_url: str, tmp_path: Path) -> None:
    prepare(settings(database_url, tmp_path, OURS.dump())).close()
    database = Database(database_url)
    with database.engine.execution_options(writing=True).begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")  # as if it were older
    with pytest.raises(KeyringError, match="does not belong"):
        prepare(settings(database_url, tmp_path, THEIRS.dump()))
    assert contents(database_url)["alembic_version"] == 0
    database.close()


def test_a_database_that_is_behind_is_told_with_the_remedy(database_url: str, tmp_path: Path) -> None:
    ours = settings(database_url, tmp_path, OURS.dump())
    prepare(ours).close()
    database = Database(database_url)
    migrate.downgrade(database.engine, "base")
    database.close()
    with pytest.raises(StoreError, match="outreach db upgrade"):
        assemble(ours)


def test_a_database_without_keys_is_told_with_the_remedy(migrated_url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="outreach init"):
        assemble(settings(migrated_url, tmp_path, OURS.dump()))
    assert not is_bound(settings(migrated_url, tmp_path, ""))
    prepare(settings(migrated_url, tmp_path, OURS.dump())).close()
    assert is_bound(settings(migrated_url, tmp_path, ""))


def test_looking_for_a_database_makes_none(tmp_path: Path) -> None:
    ours = settings("", tmp_path, OURS.dump())
    ours.state.mkdir()
    assert not is_bound(ours)
    with pytest.raises(StoreError, match="outreach init"):
        assemble(ours)
    assert list(ours.state.iterdir()) == []


def test_a_database_that_cannot_be_reached_is_told_without_its_password(tmp_path: Path) -> None:
    away = settings("postgresql+psycopg://outreach:canary@127.0.0.1:1/outreach", tmp_path, OURS.dump())
    for way in (assemble, prepare, is_bound):
        with pytest.raises(OutreachError, match="OUTREACH_DATABASE_URL") as raised:
            way(away)
        assert "canary" not in f"{raised.value!r} {raised.value.__cause__!r}"


def test_preparing_twice_is_harmless(database_url: str, tmp_path: Path) -> None:
    ours = settings(database_url, tmp_path, OURS.dump())
    prepare(ours).close()
    before = contents(database_url)
    prepare(ours).close()
    assert contents(database_url) == before
