"""What was taken and is still owed, on disk. One SQLite file (WAL): `log` only ever grows, the rest is present state.

Writes are gathered and committed together a few hundred times a second; `kept()` waits for the commit that holds
everything written so far. With `synchronous=NORMAL` a commit survives the death of the process, not of the machine,
which is what a simulator needs. The file holds numbers and texts in clear, as handsets do: mode 0600.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from outreach.simulator.errands import Errand, Task
from outreach.simulator.handsets import Handset, Power
from outreach.simulator.messages import Direction, Kind, Message, Status
from outreach.simulator.options import Script

#: How long a commit waits for others to come along.
BOARDING = 0.003

_MESSAGE = [field.name for field in fields(Message)]
_HANDSET = [field.name for field in fields(Handset)]

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, event TEXT NOT NULL, kind TEXT NOT NULL,
    outcome TEXT NOT NULL, sid TEXT, message TEXT, handset TEXT, code INTEGER);
CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, {", ".join(_MESSAGE)}, UNIQUE (sid));
CREATE INDEX IF NOT EXISTS message_by_handset ON message (handset, id);
CREATE INDEX IF NOT EXISTS message_waiting ON message (waiting) WHERE waiting;
CREATE TABLE IF NOT EXISTS errand (id INTEGER PRIMARY KEY, at REAL NOT NULL, task TEXT, subject TEXT, detail TEXT);
CREATE TABLE IF NOT EXISTS handset (position INTEGER PRIMARY KEY, {", ".join(_HANDSET)}, UNIQUE (id));
"""


def _insert(table: str, columns: list[str], tail: str = "") -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) {tail}"  # noqa: S608 (own names)


_SQL_NOTE = _insert("log", ["at", "event", "kind", "outcome", "sid", "message", "handset", "code"])
_SQL_MESSAGE = _insert("message", _MESSAGE, "ON CONFLICT (sid) DO NOTHING")
_SQL_MOVED = "UPDATE message SET status = ?, code = ?, updated_at = ?, waiting = ? WHERE sid = ?"
_SQL_ERRAND = _insert("errand", ["id", "at", "task", "subject", "detail"])
_SQL_DONE = "DELETE FROM errand WHERE id = ?"
_SQL_HANDSET = _insert(
    "handset",
    _HANDSET,
    "ON CONFLICT (id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _HANDSET[1:]),
)


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the log. It holds ids and codes, never a number, a token or a text."""

    at: float
    event: str  # call | status | receipt | written | inbound | ack
    kind: str  # sms | push
    outcome: str
    sid: str | None = None  # of a call: set if, and only if, the message was taken
    message: str | None = None  # the clinic's own id
    handset: str | None = None
    code: int | None = None  # Twilio's error code, or the HTTP status that the clinic answered

    @classmethod
    def of(cls, message: Message, event: str, outcome: str) -> Note:
        """What happened to a message just now."""
        return cls(
            time.time(), event, message.kind, outcome, message.sid, message.ours or None, message.handset, message.code
        )


class Journal:
    """The carrier's memory. Writing never blocks the loop; reading happens on a connection of its own."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._writer = self._open(path)
        self._writer.executescript(_SCHEMA)
        self._reader = self._open(path)
        self._reader.row_factory = sqlite3.Row
        self._one_reader = threading.Lock()
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []
        self._dirty = asyncio.Event()
        self._commit_done: asyncio.Future[None] | None = None  # of what waits
        self._committing: asyncio.Future[None] | None = None  # of what is being written
        self.counts: Counter[tuple[str, str, str, bool]] = Counter()  # lines by event, kind, outcome, taken
        self._task: asyncio.Task[None] | None = None

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def start(self) -> None:
        self._commit_done = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._commit_for_ever())

    async def stop(self) -> None:
        """Commit the rest and close the file."""
        await self.kept()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._writer.close()
        self._reader.close()

    async def recount(self) -> None:
        """Set `counts` from the log as it was found."""
        sql = "SELECT event, kind, outcome, sid IS NOT NULL, count(*) FROM log GROUP BY 1, 2, 3, 4"
        self.counts = Counter({(a, b, c, bool(d)): n for a, b, c, d, n in await self.read(sql)})

    def note(self, note: Note) -> None:
        self.counts[note.event, str(note.kind), str(note.outcome), note.sid is not None] += 1
        self._write(_SQL_NOTE, astuple(note))

    def message(self, message: Message) -> None:
        self._write(_SQL_MESSAGE, astuple(message))

    def moved(self, message: Message) -> None:
        self._write(_SQL_MOVED, (message.status, message.code, message.updated_at, message.waiting, message.sid))

    def errand(self, errand: Errand) -> None:
        row = (errand.id, errand.at, errand.task, errand.subject, json.dumps(errand.detail))
        self._write(_SQL_ERRAND, row)

    def done(self, errand: Errand) -> None:
        self._write(_SQL_DONE, (errand.id,))

    def handset(self, handset: Handset) -> None:
        self._write(_SQL_HANDSET, astuple(handset))

    async def kept(self) -> None:
        """Wait until everything written so far is on disk. Raises sqlite3.Error where it cannot be."""
        done = self._commit_done if self._waiting else self._committing
        if done is not None:
            await asyncio.shield(done)

    async def read(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Rows of a SELECT, with everything written so far in sight."""
        await self.kept()
        return await asyncio.to_thread(self._read, sql, values)

    async def handsets(self) -> list[Handset]:
        rows = await self.read("SELECT * FROM handset ORDER BY position")
        return [_handset(row) for row in rows]

    async def errands(self) -> list[Errand]:
        rows = await self.read("SELECT * FROM errand")
        return [
            Errand(row["at"], row["id"], Task(row["task"]), row["subject"], json.loads(row["detail"])) for row in rows
        ]

    async def messages(self, where: str = "", *values: object) -> list[Message]:
        """Messages by an SQL tail (`WHERE … ORDER BY … LIMIT …`)."""
        return [message for _, message in await self.numbered(where, *values)]

    async def numbered(self, where: str, *values: object) -> list[tuple[int, Message]]:
        """Messages by an SQL tail, each with its row id, which grows in the order of taking."""
        rows = await self.read(f"SELECT * FROM message {where}", *values)  # noqa: S608 (callers' constants)
        return [(row["id"], _message(row)) for row in rows]

    def _write(self, sql: str, values: tuple[Any, ...]) -> None:
        self._waiting.append((sql, values))
        self._dirty.set()

    def _read(self, sql: str, values: Iterable[object]) -> list[sqlite3.Row]:
        with self._one_reader:
            return self._reader.execute(sql, tuple(values)).fetchall()

    async def _commit_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._dirty.wait()
            await asyncio.sleep(BOARDING)
            self._dirty.clear()
            batch, self._waiting = self._waiting, []
            done, self._commit_done = self._commit_done, loop.create_future()
            self._committing = done
            problem = await asyncio.to_thread(self._commit, batch)
            self._committing = None
            if done is None:
                continue
            if problem is None:
                done.set_result(None)
            else:
                done.set_exception(problem)
                done.exception()  # looked at, even if nobody waits for this commit

    def _commit(self, batch: list[tuple[str, tuple[Any, ...]]]) -> sqlite3.Error | None:
        """One transaction for the batch. A fault is returned, so that it reaches those who wait and ends nothing."""
        try:
            self._writer.execute("BEGIN")
            for sql, values in batch:
                self._writer.execute(sql, values)
            self._writer.execute("COMMIT")
        except sqlite3.Error as problem:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            return problem
        return None


def _handset(row: sqlite3.Row) -> Handset:
    values = {name: row[name] for name in _HANDSET}
    values |= {"script": Script(row["script"]), "power": Power(row["power"])}
    values |= {name: bool(row[name]) for name in ("blocked", "stopped", "featured")}
    return Handset(**values)


def _message(row: sqlite3.Row) -> Message:
    values = {name: row[name] for name in _MESSAGE}
    values |= {"kind": Kind(row["kind"]), "direction": Direction(row["direction"]), "status": Status(row["status"])}
    values["waiting"] = bool(row["waiting"])
    return Message(**values)
