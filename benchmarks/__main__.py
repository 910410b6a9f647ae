"""`make bench`: each row of the table, its goal, what was measured, and how far the two are apart.

    python -m benchmarks [ROW…] [--full] [--count N] [--runs N] [--json FILE]

CPU counts all processes of ours and the database's; the provider's and the callers' are nobody's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.contract import Row, Size
from benchmarks.rows import ROWS
from outreach import log
from tests.namespaces import NotHereError


def main() -> None:
    """Run the rows that are named, or all of them."""
    chosen = _options()
    log.configure(json=False, level="error")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was begun is put away
    named = [row for row in ROWS if not chosen.rows or row.name in chosen.rows]
    print(f"{'what':72} {'goal':>18} {'measured':>12} {'ratio':>6}")
    found = [_one(row, Size(chosen.count or (row.full if chosen.full else row.usual), chosen.runs)) for row in named]
    if chosen.json:
        told = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "cores": os.cpu_count(),
            "load": os.getloadavg()[1],
            "machine": platform.machine(),
            "python": platform.python_version(),
            "rows": found,
        }
        chosen.json.write_text(json.dumps(told, indent=1) + "\n")


def _options() -> Any:
    options = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    options.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(row.name for row in ROWS))
    options.add_argument("--full", action="store_true", help="the sizes that the goals speak of")
    options.add_argument("--count", type=int, default=0, help="messages, people or calls; overrides the row's own")
    options.add_argument("--runs", type=int, default=3, help="how often; the median counts")
    options.add_argument("--json", type=Path, help="where all figures are written")
    chosen = options.parse_args()
    if unknown := {*chosen.rows} - {row.name for row in ROWS}:
        options.error(f"there is no row {', '.join(sorted(unknown))}")
    return chosen


def _one(row: Row, size: Size) -> dict[str, Any]:
    try:
        figures = row.measure(size)
    except NotHereError as lack:
        print(f"{row.what:72} NOT PLAYED: {lack}", flush=True)
        return {"row": row.name, "not_played": str(lack)}
    for place, goal in enumerate(row.goals):
        sign, figure = "≤" if goal.most else "≥", figures[goal.name]
        wanted = f"{sign} {goal.worth:g} {goal.unit}"
        print(f"{'' if place else row.what:72} {wanted:>18} {figure:12,.2f} {goal.ratio(figure):6.2f}", flush=True)
    for line in row.told(figures) if row.told else ():
        print(line, flush=True)
    goals = {goal.name: goal.worth for goal in row.goals}
    return {"row": row.name, "count": size.count, "runs": size.runs, "goals": goals, "figures": figures}


if __name__ == "__main__":
    main()
