"""Databases of one's own on the PostgreSQL server that OUTREACH_TEST_POSTGRES_URL names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
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

    @contextmanager
    def reused(self, template: str) -> Iterator[Reused]:
        """A copy of `template` for many tests one after the other: emptying it is ten times faster than a new one."""
        with self.database(template) as url:
            yield Reused(url)

    def _run(self, statement: str, *names: str) -> None:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class Reused:
    """A database that goes from test to test. `url`: SQLAlchemy's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(self._plain, autocommit=True) as connection:
            self._shape = self._look(connection)

    def empty(self) -> bool:
        """Throw out whoever is still connected, then every row but the migrations' mark.

        False when a test changed more than rows: then it must not be used again.
        """
        with psycopg.connect(self._plain, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if self._look(connection) != self._shape:
                return False
            tables = [name for (name,) in connection.execute(_TABLES)]
            looks = [
                sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(name, sql.Identifier(name)) for name in tables
            ]
            used = [sql.Identifier(name) for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(looks))]
            if used:
                connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(sql.SQL(", ").join(used)))
            return True

    @staticmethod
    def _look(connection: psycopg.Connection[Any]) -> object:
        return connection.execute(_SHAPE).fetchall()


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
#: Every table, index and sequence with its columns, every trigger and rule of a column, and where the migrations stand.
_SHAPE = """\
SELECT relname, relkind::text, attname, format_type(atttypid, atttypmod), attnotnull
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND relkind <> 't'
UNION ALL SELECT tgname, tgenabled::text, '', '', true FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT conname, contype::text, '', pg_get_constraintdef(oid), convalidated
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT version_num, '', '', '', true FROM alembic_version
ORDER BY 1, 2, 3, 4"""
