"""Migrations: Alembic, driven from here so that an installed wheel needs no ini file."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, column, inspect, select, table
from sqlalchemy.exc import DBAPIError

from outreach.errors import StoreError

_SCRIPTS = Path(__file__).parent / "migrations"
_TABLE = "alembic_version"  # of Alembic's own


def upgrade(engine: Engine, revision: str = "head", *, zone: str = "UTC") -> None:
    """Bring the database to a revision. `zone`: the clinic's, for what is counted by its days."""
    if revision == "head" and is_current(engine):
        return
    with engine.execution_options(writing=True).begin() as connection:
        _alembic("command").upgrade(_config(connection, zone), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to a revision (`base`: nothing left)."""
    with engine.execution_options(writing=True).begin() as connection:
        _alembic("command").downgrade(_config(connection), revision)


def is_current(engine: Engine) -> bool:
    """Whether the database stands at this version's last migration. Raises StoreError when it cannot be reached."""
    try:
        with engine.connect() as connection:
            stands = _stands(connection)
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise StoreError(
            f"The database cannot be reached ({kind}). Check OUTREACH_DATABASE_URL, or run `outreach init`."
        ) from None
    return stands == {head()}


def _stands(connection: Connection) -> set[str]:
    if not inspect(connection).has_table(_TABLE):
        return set()
    return set(connection.scalars(select(column("version_num")).select_from(table(_TABLE))))


@cache
def head() -> str:
    """This version's last migration: the name of its file begins with it, and files are in order."""
    return max(file.stem for file in (_SCRIPTS / "versions").glob("[0-9]*.py")).partition("_")[0]


def _config(connection: object, zone: str = "UTC") -> Any:
    config = _alembic("config").Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes.update(connection=connection, zone=zone)
    return config


def _alembic(module: str) -> Any:
    """A module of Alembic's, loaded when there is something to migrate: a worker never has, and it takes 14 MB."""
    return import_module(f"alembic.{module}")
