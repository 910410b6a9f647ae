"""The database of one clinic: engine, sessions, and the promise that one piece of work is one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from outreach.errors import StoreError
from outreach.store import dialects


class Database:
    """Sessions to one database. `read` and `write` are each one transaction. `zone`: where the clinic's days begin.

    `write` commits when its block ends and rolls back when it raises. On SQLite a write takes the writer's place at its
    beginning, so that nothing it read can change before it commits.
    """

    def __init__(self, url: str, zone: str = "UTC") -> None:
        self.engine: Engine = dialects.engine_for(url)
        plain: dict[str, Any] = {"expire_on_commit": False, "autoflush": False, "info": {dialects.ZONE: zone}}
        self._read = sessionmaker(self.engine, **plain)
        self._write = sessionmaker(self.engine.execution_options(writing=True), **plain)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that changes nothing."""
        with self._read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end of its block."""
        with self._write.begin() as session:
            yield session

    @property
    def has_one_writer(self) -> bool:
        """Whether whoever writes waits for everybody else who does."""
        return self.engine.dialect.name == "sqlite"

    def now(self) -> datetime:
        """The database's clock, UTC. Raises StoreError when it cannot be reached."""
        try:
            with self.read() as session:
                return dialects.now(session)
        except DBAPIError as error:
            # The driver's text may hold the URL with its password: only its class is told.
            kind = type(error.orig).__name__
            raise StoreError(
                f"The database cannot be reached ({kind}). Check OUTREACH_DATABASE_URL and that the server runs."
            ) from None

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()
