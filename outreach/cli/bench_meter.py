"""CPU seconds of processes, and of the database's server where it is on this machine. For Linux: it reads /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from outreach.store.database import Database

_TICK = os.sysconf("SC_CLK_TCK")


def _fields(pid: int) -> tuple[str, list[str]] | None:
    """A process's name and the fields of its `stat` after that; None when it has gone."""
    try:
        head, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except OSError:
        return None
    return head.partition("(")[2], rest.split()


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of the children that it has buried."""
    found = _fields(pid)
    return sum(int(found[1][place]) for place in (11, 12, 13, 14)) / _TICK if found else 0.0


def memory_of(pid: int) -> float:
    """The most memory that a process ever had in use, in MB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def family_of(pid: int) -> list[int]:
    """A process and its living children."""
    own = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    return [pid, *(each for each in own if (found := _fields(each)) and int(found[1][1]) == pid)]


def server_of(database: Database) -> int | None:
    """The process of the PostgreSQL server behind a database; None for SQLite, and for one on another machine."""
    if database.engine.dialect.name == "sqlite":
        return None
    with database.engine.connect() as connection:
        backend = int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)
        here = _fields(backend)
        # A backend on another machine may have the number of any process here.
        return int(here[1][1]) if here and here[0].startswith("postgres") else None


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds. `database` is 0 where its work is done in our own processes, None where it cannot be seen."""

    ours: float
    database: float | None

    def __sub__(self, earlier: Cpu) -> Cpu:
        apart = None if self.database is None or earlier.database is None else self.database - earlier.database
        return Cpu(self.ours - earlier.ours, apart)

    def each(self, count: int) -> float:
        """Milliseconds of all of it for one of so many."""
        return 1000 * (self.ours + (self.database or 0.0)) / count


class Meter:
    """What processes of ours, and a database's server, have used so far."""

    def __init__(self, database: Database, processes: Iterable[int]) -> None:
        self._processes = list(processes)
        self._server = server_of(database)
        self._embedded = database.engine.dialect.name == "sqlite"

    def read(self) -> Cpu:
        """CPU seconds up to now."""
        ours = sum(cpu_of(pid) for pid in self._processes)
        if self._server is None:
            return Cpu(ours, 0.0 if self._embedded else None)
        return Cpu(ours, sum(cpu_of(pid) for pid in family_of(self._server)))
