"""What one answer of the console costs: time, CPU of our process and of the database's, statements, bytes."""

from __future__ import annotations

import os
import re
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import httpx
from sqlalchemy import event, text

from outreach.workspace import Workspace

_TICKS = os.sysconf("SC_CLK_TCK")
MOST_TAKEN = 150_000  # bytes, compressed, of a file that is as long as the country is large
_WARM = 2  # asked before anything is measured: templates are compiled, connections made

HEADS: Mapping[str, str] = {
    "pages": "| page | as | median ms | best ms | CPU ours | database | statements | goal ms | first kB | later kB |\n"
    "|---|---|---|---|---|---|---|---|---|---|",
    "parts": "| part | as | median ms | best ms | CPU ours | database | statements | goal ms | kB |\n"
    "|---|---|---|---|---|---|---|---|---|",
    "files": "| file | as | median ms | CPU ours | database | statements | kB |\n|---|---|---|---|---|---|---|",
}


class Cost(NamedTuple):
    """Milliseconds a call, statements, bytes over the wire. `goal`: 0 where there is none."""

    what: str
    who: str
    status: int
    median: float
    best: float
    ours: float
    database: float
    statements: int
    first: int
    later: int
    goal: float


def line(heading: str, cost: Cost) -> str:
    """A row of a table in Markdown."""
    begun = [f"`{cost.what}`", cost.who, f"{cost.median:.0f}"]
    best, cpu = f"{cost.best:.0f}", [f"{cost.ours:.0f}", f"{cost.database:.0f}", str(cost.statements)]
    later = f"{cost.later / 1000:.1f}"
    if heading == "files":
        return f"| {' | '.join([*begun, *cpu, later])} |"
    weights = [later] if heading == "parts" else [f"{cost.first / 1000:.1f}", later]
    return f"| {' | '.join([*begun, best, *cpu, f'{cost.goal:.0f}', *weights])} |"


def load() -> str:
    """What else the machine does, in words."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


class Meter:
    """Measures answers of an application that runs in this process. A context: it listens to its statements."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._statements = workspace, 0

    def __enter__(self) -> Self:
        event.listen(self._workspace.database.engine, "before_cursor_execute", self._count)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._workspace.database.engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self._statements += 1

    def cost(self, http: httpx.Client, path: str, who: str, form: Mapping[str, str], goal: float, times: int) -> Cost:
        """Ask again and again. `form`: what is sent; empty: it is only asked for."""
        for _ in range(_WARM):
            _ask(http, path, form)
        while not form and _comes_again(http, path):
            time.sleep(1)
        spent, used = [], []
        theirs, self._statements = self._database(), 0
        for _ in range(times):
            begun, before = time.perf_counter(), time.process_time()
            status, later = _ask(http, path, form)
            spent.append(1000 * (time.perf_counter() - begun))
            used.append(1000 * (time.process_time() - before))
        statements, after = self._statements // times, self._database()
        database = sum(1000 * (after[pid] - theirs.get(pid, 0.0)) / times for pid in after)
        first = later + (0 if form else _loaded(http, path, status))
        what = path + (" " + _said(form) if form else "")
        figures = (statistics.median(spent), min(spent), statistics.median(used), database)
        return Cost(what, who, status, *figures, statements, first, later, goal)

    def _database(self) -> dict[int, float]:
        """CPU seconds of each process that serves this database, as they stand now."""
        with self._workspace.database.engine.connect() as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            pids = [int(pid) for pid in connection.scalars(text(query))]
        return {pid: _cpu(pid) for pid in pids}


def _cpu(pid: int) -> float:
    try:
        rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0  # it has just ended
    return (int(rest[11]) + int(rest[12])) / _TICKS


def _said(form: Mapping[str, str]) -> str:
    """What of a form tells it from others."""
    rows = [value for name, value in form.items() if re.search(r"-(kind|name|comparison|value)$", name) and value]
    return " ".join(rows) or "(form)"


def _loaded(http: httpx.Client, path: str, status: int) -> int:
    """Bytes of everything that a page loads besides itself."""
    page = http.get(path).text if status == 200 else ""
    loaded = re.findall(r'(?:href|src)="(/built/[^"]+)"', page)
    return sum(_ask(http, each, {})[1] for each in dict.fromkeys(loaded))


def _comes_again(http: httpx.Client, path: str) -> bool:
    """Whether a page is still being counted."""
    with http.stream("GET", path) as answer:
        return "refresh" in answer.headers


def _ask(http: httpx.Client, path: str, form: Mapping[str, str]) -> tuple[int, int]:
    try:
        with http.stream("POST" if form else "GET", path, data=dict(form) or None) as answer:
            taken = 0
            for chunk in answer.iter_raw():
                taken += len(chunk)
                if taken > MOST_TAKEN:
                    break
            return answer.status_code, taken
    except httpx.TransportError:  # the application raised
        return 500, 0
