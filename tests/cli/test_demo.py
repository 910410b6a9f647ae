"""The demo without a browser, as a process of its own: on every database and broker, killed, and side by side."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from outreach.cli import demo_clinic
from outreach.threads import promises
from tests.clinic import clinic
from tests.processes import environment, outreach, wait_until

PEOPLE = 40

#: What a user may have set for the real clinic. Nothing of it may reach the demo: nobody answers at this address.
REAL = {
    "OUTREACH_PROVIDERS__TWILIO__ACCOUNT_SID": "AC" + "9" * 32,
    "OUTREACH_PROVIDERS__TWILIO__TOKEN": "the-real-token",
    "OUTREACH_PROVIDERS__TWILIO__API_BASE": "http://127.0.0.1:9",
    "OUTREACH_KEYRING": "no keyring at all",
    "OUTREACH_QUIET_HOURS": "00:00-23:59",
}

#: How the states of what was planned are told apart in the figures.
ENDS = ("waiting", "sent", "unknown", "failed", "refused", "cancelled", "expired")


def headless(*words: str, folder: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The headless demo, in JSON."""
    return outreach("demo", "--headless", "--people", str(PEOPLE), "--json", *words, folder=folder, env=env or {})


def figures(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What it printed, after what must hold for every one of them."""
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["planned"] == sum(told["states"].values()) == sum(told[name] for name in ENDS)
    assert told["replies"] == told["threads"] + told["keywords"] > 0
    assert told["waiting"] == told["unknown"] == told["below_zero"] == 0
    assert told["delivered"] > told["planned"] // 2
    assert told["adds_up"] is True
    assert done.stderr == ""
    return told


def schemas(url: str) -> set[str]:
    """Schemas of a PostgreSQL database that demos made."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'demo%'")
        return {row[0] for row in rows}


#: When somebody writes, and by when the demo promises an answer, both in Nairobi.
PROMISED = {
    "2026-11-23 10:10": "2026-11-24 10:30",
    "2026-11-23 23:40": "2026-11-25 09:00",
    "2026-11-27 12:00": "2026-11-28 12:00",
    "2026-11-27 17:00": "2026-11-30 09:00",
    "2026-11-29 03:00": "2026-11-30 09:00",
}


def test_at_night_and_on_sunday_it_promises_an_answer_when_the_clinic_is_open(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    migrated: Path = request.getfixturevalue("_migrated_sqlite")
    (tmp_path / "outreach.db").write_bytes(migrated.read_bytes())
    with clinic(f"sqlite:///{tmp_path / 'outreach.db'}", tmp_path / "clinic", zone=demo_clinic.ZONE) as workspace:
        demo_clinic.open_doors(workspace.folder)
        with workspace.database.read() as session:
            told = {
                at: promises.moment(session, workspace, demo_clinic.instant(datetime.fromisoformat(at)))
                for at in PROMISED
            }
    assert told == {at: demo_clinic.instant(datetime.fromisoformat(then)) for at, then in PROMISED.items()}


def test_the_figures_add_up_and_nothing_of_the_real_clinic_is_used(tmp_path: Path) -> None:
    figures(headless(folder=tmp_path, env=REAL))
    assert list(tmp_path.iterdir()) == []


def test_two_side_by_side_on_a_database_and_on_brokers_that_others_use(
    postgres_url: str, redis_url: str, amqp_url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "outreach", "demo", "--headless", "--people", str(PEOPLE), "--json"]
    two = [
        subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment({"OUTREACH_DATABASE_URL": postgres_url, "OUTREACH_BROKER_URL": broker_url}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for broker_url in (redis_url, amqp_url)
    ]
    for process in two:
        said, errors = process.communicate(timeout=120)
        figures(subprocess.CompletedProcess(command, process.returncode, said, errors))
    assert schemas(postgres_url) == set()


def taken(folder: Path) -> list[str]:
    """The ids of our messages that the carrier has taken, each as often as it did."""
    path = folder / "carrier.db"
    if not path.exists():
        return []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as log:
        try:
            rows = log.execute(
                "SELECT message FROM log WHERE event = 'call' AND sid IS NOT NULL AND message IS NOT NULL"
            )
            return [row[0] for row in rows]
        except sqlite3.OperationalError:
            return []


def test_a_demo_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "outreach", "demo", "--headless", "--people", str(PEOPLE), "--folder", str(folder)]
    for moment in ((folder / "keyring.json").exists, lambda: len(taken(folder)) > PEOPLE // 3):
        with (tmp_path / "said").open("w") as said:
            process = subprocess.Popen(command, cwd=tmp_path, env=environment({}), stdout=said, stderr=said)
        wait_until(moment, 60, "the moment to kill it")
        process.kill()
        process.wait()
    before = len(taken(folder))
    told = figures(headless("--folder", str(folder), folder=tmp_path))
    assert before > PEOPLE // 3
    assert told["sent"] + told["failed"] > before
    assert not folder.exists()


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = headless("--port", str(port), folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        f"outreach: Port {port} is taken: another demo runs, or another program. Choose one with --port, "
        "and --folder for a second demo.\n"
    )
