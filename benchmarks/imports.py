"""What `outreach people import` takes for a hundred thousand rows: `python -m benchmarks.imports`.

It writes a table, runs the real command in a process of its own, twice (the second time nothing may change), and
reports seconds and the largest resident size. `--database` takes a URL of an empty database; the default is SQLite.
Promised on two cores: under 90 seconds and under 300 MB.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from openpyxl import Workbook

from outreach.privacy.keyring import Keyring
from outreach.privacy.tables import KeyProof
from outreach.privacy.vault import Vault
from outreach.store import migrate
from outreach.store.database import Database

SECONDS, MEGABYTES = 90, 300
COMMAND = "from outreach.cli import main; main()"
TITLES = ("phone", "language", "tags", "hours", "consent", "text:district", "number:age", "date:refill_date")


def main() -> int:
    """Exit code 1 when a promise is not kept."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--database", default="", help="SQLAlchemy URL of an empty database")
    options.add_argument("--xlsx", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = folder / ("people.xlsx" if chosen.xlsx else "people.csv")
        (_workbook if chosen.xlsx else _csv)(table, chosen.rows)
        environment = _clinic(folder, chosen.database)
        runs = [_run(folder, table, environment) for _ in range(2)]
    first, second = (facts for facts, _, _ in runs)
    assert first["added"] == second["unchanged"] == chosen.rows, (first, second)
    for (_, seconds, megabytes), what in zip(runs, ("added", "unchanged"), strict=True):
        print(f"{chosen.rows} rows {what}: {seconds:.1f} s, {megabytes:.0f} MB")
    return int(any(seconds > SECONDS or megabytes > MEGABYTES for _, seconds, megabytes in runs))


def _rows(count: int) -> Iterator[tuple[str, ...]]:
    chance = random.Random(7)
    for each in range(count):
        yield (
            f"+2547{10_000_000 + each}",
            chance.choice(["en", "sw", "fr"]),
            chance.choice(["on-treatment", "on-treatment, adult", "adult"]),
            chance.choice(["", "", "morning", "17:00-20:00"]),
            chance.choice(["paper form 7", "paper form 7", ""]),
            chance.choice(["kisumu", "siaya", "homa bay"]),
            str(chance.randint(18, 80)),
            (date(2026, 12, 1) + timedelta(days=chance.randint(0, 90))).isoformat(),
        )


def _csv(path: Path, count: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([TITLES, *_rows(count)])


def _workbook(path: Path, count: int) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in [TITLES, *_rows(count)]:
        sheet.append(row)
    book.save(path)


def _clinic(folder: Path, url: str) -> dict[str, str]:
    """A database with its tables and keys, and the environment that names them."""
    url = url or f"sqlite:///{folder / 'outreach.db'}"
    keyring, database = Keyring.new(), Database(url)
    keyring.save(folder / "keyring.json")
    migrate.upgrade(database.engine)
    with database.write() as session:
        session.add(KeyProof(master="k1", sealed=Vault(keyring).prove("k1"), created_at=datetime.now(UTC)))
    database.close()
    return {"OUTREACH_DATABASE_URL": url, "OUTREACH_KEYRING_FILE": str(folder / "keyring.json")}


def _run(folder: Path, table: Path, environment: dict[str, str]) -> tuple[dict[str, int], float, float]:
    """The command's figures, its seconds, and its largest resident size in MB."""
    command = [sys.executable, "-c", COMMAND, "people", "import", str(table), "--topic", "tb", "--json"]
    root = str(Path(__file__).parents[1])
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - started
    # Of all children so far the largest: the second run's figure is at least the first's.
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return json.loads(done.stdout), seconds, megabytes


if __name__ == "__main__":
    sys.exit(main())
