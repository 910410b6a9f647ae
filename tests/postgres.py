"""Databases of one's own on the PostgreSQL server that OUTREACH_TEST_POSTGRES_URL names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url


class Postgres:
    """A server on which tests may create databases. `url` is SQLAlchemy's, of any database there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._url = make_url(url)

    @contextmanager
    def database(self, template: str = "template1", name: str = "") -> Iterator[str]:
        """The URL of a new database, made as a copy of `template` (a name), gone at the end of the block.

        Nobody may be connected to the template meanwhile. `name`: of the new one; one of its own if not said.
        """
        name = name or f"outreach_test_{uuid4().hex[:12]}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            yield self._url.set(database=name).render_as_string(hide_password=False)
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _run(self, statement: str, *names: str) -> None:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
