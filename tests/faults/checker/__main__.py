"""Judge one clinic from the command line. Prints every violation; exit code 1 when there is one."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.checker import judge
from tests.faults.checker.records import Case, lines, rows


def main() -> int:
    """Read the command line, judge, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.checker", description=__doc__)
    parser.add_argument("--database", required=True, help="SQLAlchemy URL")
    parser.add_argument("--carrier", type=Path, help="the simulator's carrier.db, or JSON lines")
    parser.add_argument("--lease", type=float, default=60)
    parser.add_argument("--sweep", type=float, default=15)
    parser.add_argument(
        "--artefacts", type=Path, nargs="*", default=[], help="files and folders to search for canaries"
    )
    parser.add_argument("--canaries", type=Path, help="one a line")
    given = parser.parse_args()
    files = [file for place in given.artefacts for file in ([place] if place.is_file() else place.rglob("*"))]
    case = Case(
        rows(given.database),
        lines(given.carrier) if given.carrier else (),
        now=datetime.now(UTC),
        lease=given.lease,
        sweep=given.sweep,
        artefacts=[(str(file), file.read_bytes()) for file in files if file.is_file()],
        canaries=given.canaries.read_text(encoding="utf-8").split("\n")[:-1] if given.canaries else (),
    )
    violations = judge(case)
    sys.stdout.write("".join(f"{each}\n" for each in violations) or "all that can be judged holds\n")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
