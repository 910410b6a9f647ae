"""The tables: up and down on both databases, and the same as the models say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from outreach.audience import tables as audience
from outreach.campaigns import tables as campaigns
from outreach.errors import StoreError
from outreach.messages import tables as messages
from outreach.privacy import tables as privacy
from outreach.staff import tables as staff
from outreach.store import migrate, pulse
from outreach.store.base import Base
from outreach.store.database import Database
from outreach.threads import alarms
from outreach.threads import tables as threads

#: The metadata knows a table once its module was imported.
KNOWN = (alarms, audience, campaigns, messages, privacy, pulse, staff, threads)


@pytest.fixture
def database(database_url: str) -> Any:
    made = Database(database_url)
    yield made
    made.close()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_up_is_what_the_models_say_and_down_leaves_nothing(database: Database) -> None:
    assert not migrate.is_current(database.engine)
    migrate.upgrade(database.engine)
    assert migrate.is_current(database.engine)
    assert tables(database) == set(Base.metadata.tables)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, Base.metadata) == []
    migrate.downgrade(database.engine, "base")
    assert tables(database) == set()
    migrate.upgrade(database.engine)
    assert migrate.is_current(database.engine)


def test_the_last_file_is_where_alembic_ends() -> None:
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert scripts.get_heads() == [migrate.head()]


def test_going_up_twice_changes_nothing(database: Database) -> None:
    migrate.upgrade(database.engine)
    migrate.upgrade(database.engine)
    assert tables(database) == set(Base.metadata.tables)


def test_checks_and_indexes_that_models_cannot_be_compared_by_are_there(database: Database) -> None:
    """Alembic compares neither the conditions of partial indexes nor CHECK constraints."""
    migrate.upgrade(database.engine)
    found = inspect(database.engine)
    partial = {
        index["name"]
        for table in tables(database)
        for index in found.get_indexes(table)
        if any("where" in option for option in index.get("dialect_options", {}))
    }
    name = database.engine.dialect.name
    wanted = {
        index.name
        for table in Base.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options[name]["where"] is not None
    }
    assert partial == wanted
    checks = {(table, check["name"]) for table in tables(database) for check in found.get_check_constraints(table)}
    assert checks >= {("message", "ck_message_state"), ("message", "ck_message_direction"), ("run", "ck_run_state")}


def test_a_database_that_is_away_says_so_without_its_password() -> None:
    away = Database("postgresql+psycopg://clinic:canary-password@127.0.0.1:1/clinic")
    for ask in (lambda: migrate.is_current(away.engine), away.now):
        with pytest.raises(StoreError, match="cannot be reached") as raised:
            ask()
        assert "canary" not in str(raised.value)
    away.close()
