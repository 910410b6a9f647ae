"""What is judged: the database's rows, the carrier's lines, and what a run was launched with."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

Line = Mapping[str, Any]  # one line of the carrier's log
Record = Mapping[str, Any]  # one row of the database

RANK = {
    "planned": 0, "queued": 10, "sending": 20, "unknown": 25, "accepted": 30, "sent": 40, "undelivered": 50,
    "delivered": 60,
}  # fmt: skip
AT_PROVIDER = ("accepted", "sent", "undelivered", "delivered")

TABLES = (
    "message", "attempt", "run", "fire", "tally", "provider_event", "consent", "standing", "person", "person_key",
    "endpoint", "audit",
)  # fmt: skip


def rows(url: str) -> dict[str, list[Record]]:
    """Every row of the tables that matter, of one moment. `url`: SQLAlchemy's, of SQLite or PostgreSQL."""
    if url.startswith("sqlite"):
        return _of_sqlite(url.removeprefix("sqlite:///"))
    plain = re.sub(r"^postgresql\+\w+", "postgresql", url)
    with psycopg.connect(plain, row_factory=dict_row) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return {table: list(connection.execute(f"SELECT * FROM {table}").fetchall()) for table in TABLES}


def _of_sqlite(path: str) -> dict[str, list[Record]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        return {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")] for table in TABLES}
    finally:
        connection.close()


def lines(path: Path) -> list[Line]:
    """A carrier's log: the simulator's SQLite file, or one JSON object a line."""
    if path.suffix != ".db":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM log ORDER BY id")]
    finally:
        connection.close()


def instant(value: Any) -> datetime:
    """A moment as either driver gives it."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass(frozen=True)
class Case:
    """One clinic at one moment, and what is known from elsewhere.

    `now`, `lease` and `sweep` (seconds) allow 7 to be judged; `quiet` is the quiet hours in minutes of the day, and
    `slack` how far the carrier's clock and the database's may differ, both for 11 and 3. `artefacts` and `canaries`
    are for 12, `backup` (rows of an older state) for 14.
    """

    rows: Mapping[str, Sequence[Record]]
    log: Sequence[Line] = ()
    now: datetime | None = None
    lease: float = 60.0
    sweep: float = 15.0
    quiet: tuple[int, int] | None = None
    slack: float = 0.05
    artefacts: Sequence[tuple[str, bytes]] = ()
    canaries: Sequence[str] = ()
    backup: Mapping[str, Sequence[Record]] = field(default_factory=dict)

    @cached_property
    def out(self) -> dict[int, Record]:
        """Messages to people, by id."""
        return {row["id"]: row for row in self.rows["message"] if row["direction"] == "out"}

    @cached_property
    def texts(self) -> list[Record]:
        """What people wrote."""
        return [row for row in self.rows["message"] if row["direction"] == "in"]

    @cached_property
    def frozen(self) -> dict[int, dict[str, Any]]:
        """What each run was launched with."""
        return {
            row["id"]: json.loads(row["frozen"]) if isinstance(row["frozen"], str) else row["frozen"]
            for row in self.rows["run"]
        }

    @cached_property
    def taken(self) -> dict[int, list[Line]]:
        """The calls by which the carrier took a message of ours, whatever it answered."""
        return _by_message(line for line in self.log if line["event"] == "call" and line["sid"])

    @cached_property
    def calls(self) -> dict[int, list[Line]]:
        """Every call that reached the carrier, by our message."""
        return _by_message(line for line in self.log if line["event"] == "call")

    @cached_property
    def words(self) -> dict[str, set[str]]:
        """What the carrier noted of each message of its own, by its id."""
        found: dict[str, set[str]] = defaultdict(set)
        for line in self.log:
            if line["sid"]:
                found[line["sid"]].add(line["outcome"])
        return found

    @cached_property
    def by_provider_id(self) -> dict[str, Record]:
        """Messages to people, by the provider's id."""
        return {row["provider_id"]: row for row in self.out.values() if row["provider_id"]}

    @cached_property
    def attempts(self) -> dict[int, list[Record]]:
        """Tries to send, by message."""
        found: dict[int, list[Record]] = defaultdict(list)
        for row in self.rows["attempt"]:
            found[row["message_id"]].append(row)
        return found


def _by_message(lines: Iterable[Line]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        if line["message"]:
            found[int(line["message"])].append(line)
    return found
