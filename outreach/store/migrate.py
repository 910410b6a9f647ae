"""Migrations: Alembic, driven from here so that an installed wheel needs no ini file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from outreach.errors import StoreError

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, revision: str = "head", *, zone: str = "UTC") -> None:
    """Bring the database to a revision. `zone`: the clinic's, for what is counted by its days."""
    if revision == "head" and is_current(engine):
        return
    with engine.execution_options(writing=True).begin() as connection:
        command.upgrade(_config(connection, zone), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to a revision (`base`: nothing left)."""
    with engine.execution_options(writing=True).begin() as connection:
        command.downgrade(_config(connection), revision)


def is_current(engine: Engine) -> bool:
    """Whether the database stands at this version's last migration. Raises StoreError when it cannot be reached."""
    try:
        with engine.connect() as connection:
            stands = MigrationContext.configure(connection).get_current_heads()
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise StoreError(
            f"The database cannot be reached ({kind}). Check OUTREACH_DATABASE_URL, or run `outreach init`."
        ) from None
    return frozenset(stands) == _heads()


@cache
def _heads() -> frozenset[str]:
    """Where the migrations of this version end: read once a process, as every start and every look asks for it."""
    return frozenset(ScriptDirectory.from_config(_config(None)).get_heads())


def _config(connection: object, zone: str = "UTC") -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes.update(connection=connection, zone=zone)
    return config
