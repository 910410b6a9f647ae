"""A clinic with many made-up people, for benchmarks: on the PostgreSQL that OUTREACH_TEST_POSTGRES_URL names.

People are written in bulk; their numbers are sealed like anybody's, so that sending does the real work.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, text

from outreach.store import migrate
from outreach.store.database import Database
from outreach.workspace import Workspace
from tests.clinic import TOPIC, clinic
from tests.postgres import Postgres

ZONES = (
    "Africa/Nairobi",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Africa/Abidjan",
    "Europe/Paris",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
)
CHUNK = 5000


@contextmanager
def a_clinic(**changes: Any) -> Iterator[Workspace]:
    """An empty clinic on a database of its own."""
    url = os.environ.get("OUTREACH_TEST_POSTGRES_URL")
    if not url:
        sys.exit("Set OUTREACH_TEST_POSTGRES_URL; `make services` prints it.")
    with Postgres(url).database() as fresh, tempfile.TemporaryDirectory() as folder:
        database = Database(fresh)
        migrate.upgrade(database.engine)
        database.close()
        with clinic(fresh, Path(folder), **changes) as made:
            yield made


#: Says of a database that it is a benchmark's, so that no other is ever taken over.
_MARK = "made-up people of benchmarks"

#: What only the keyring can read that it was written with, and who works there.
_BOUND = (
    *("person_key", "key_proof", "audit", "audit_checkpoint", "thread_presence", "proposal", "version"),
    *("intake_refused", "intake_piece", "intake"),
    *("staff_link", "staff_session", "staff_passkey", "staff_recovery", "staff_tries", "api_answer", "api_token"),
    "staff",
)


@contextmanager
def kept(url: str, **changes: Any) -> Iterator[tuple[Workspace, bool]]:
    """A clinic on a database that stays; the second is whether it is new and to be filled.

    Only an empty database is made one, and only one that was made here is opened again: with a new keyring.
    """
    database = Database(url)
    try:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            known = bool(inspect(database.engine).get_table_names())
            name = connection.dialect.identifier_preparer.quote(database.engine.url.database or "")
            mark = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
            if known and connection.scalar(text(mark)) != _MARK:
                sys.exit("This database is not one of a benchmark: it is left alone. Name an empty one.")
            migrate.upgrade(database.engine)
            connection.execute(text(f"COMMENT ON DATABASE {name} IS '{_MARK}'"))
            for table in _BOUND:
                connection.execute(text(f"DELETE FROM {table}"))
            connection.execute(text("DELETE FROM sender WHERE name IN ('twilio', 'fcm')"))
            filled = connection.scalar(text("SELECT EXISTS (SELECT FROM person)"))  # all at once, or not at all
    finally:
        database.close()
    with tempfile.TemporaryDirectory() as folder, clinic(url, Path(folder), **changes) as made:
        yield made, not filled


def counted(workspace: Workspace, count: int) -> None:
    """People without numbers, made inside the database in eight zones: enough to plan, not to send."""
    zones = ", ".join(f"'{zone}'" for zone in ZONES)
    with workspace.database.write() as session:
        session.execute(
            text(
                f"""INSERT INTO person (id, pseudonym, language, zone, country, openness, state, created_at, updated_at)
                SELECT n, 'bench-' || n, 'en', (ARRAY[{zones}])[1 + n % 8], 'KE', 'covert', 'active', now(), now()
                FROM generate_series(1, :count) AS n"""
            ),
            {"count": count},
        )
        session.execute(
            text(
                """INSERT INTO standing (person_id, topic, state, at, wording)
                SELECT id, :topic, 'granted', now(), '' FROM person"""
            ),
            {"topic": TOPIC},
        )
    analyze(workspace)


def analyze(workspace: Workspace) -> None:
    """Let PostgreSQL look at what was written in bulk."""
    with workspace.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def database_cpu() -> float:
    """CPU seconds that all PostgreSQL processes of this machine have used."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue  # it has just ended
        if "(postgres" in head:
            fields = rest.split()
            ticks += sum(int(fields[place]) for place in (11, 12, 13, 14))
    return ticks / os.sysconf("SC_CLK_TCK")
