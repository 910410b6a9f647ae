"""A clinic whose programs are processes of their own, as an operator starts them: `python -m outreach …`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from outreach.audience import imports
from outreach.campaigns import runs
from outreach.cli import demo_clinic
from outreach.cli.simulator import provider_settings, write_account
from outreach.settings import load
from outreach.workspace import Workspace, prepare

ROOT = Path(__file__).parent.parent
TOKEN = "made-up-for-the-test"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without anybody's settings, and with these."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("OUTREACH_")}
    return {**plain, "PYTHONPATH": str(ROOT), **more}


def outreach(
    *words: str, folder: Path, timeout: float = 300, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a folder; `timeout` in seconds."""
    command = [sys.executable, "-m", "outreach", *words]
    return subprocess.run(
        command, cwd=folder, env=environment(env or {}), capture_output=True, text=True, timeout=timeout, check=False
    )


class Program:
    """A command that runs until it is stopped. What it says on standard error is kept in a file."""

    def __init__(self, *words: str, folder: Path, env: Mapping[str, str] | None = None, code: str = "") -> None:
        """`code`: what starts it, if not the command itself."""
        self.words = words
        self._path = folder / f"{'-'.join(words[:1])}-{time.monotonic_ns()}.err"
        with self._path.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, *(["-c", code] if code else ["-m", "outreach"]), *words],
                cwd=folder,
                env=environment(env or {}),
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    @property
    def said(self) -> str:
        """Everything on standard error so far."""
        return self._path.read_text()

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def ended(self, within: float = 60) -> int:
        """The exit code. Raises TimeoutExpired when it does not end in time (seconds)."""
        return self.process.wait(within)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


def wait_until(true: Callable[[], bool], within: float = 400, what: str = "it") -> None:
    """Wait until something holds; fail the test when it does not in time (seconds)."""
    until = time.monotonic() + within
    while not true():
        assert time.monotonic() < until, f"{what} did not happen within {within} seconds"
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Whether somebody answers at this URL."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False


@dataclass(frozen=True, slots=True)
class Site:
    """A clinic's folder, its web's port and its carrier's URL."""

    folder: Path
    port: int
    carrier: str
    workspace: Workspace

    @contextmanager
    def running(self, *words: str, env: Mapping[str, str] | None = None) -> Iterator[Program]:
        """A program of this clinic, as long as the block lasts. `env`: what it finds in its environment besides."""
        program = Program(*words, folder=self.folder, env=env)
        try:
            yield program
        finally:
            program.kill()

    def launch(self, people: int, *, gap: float = 3) -> int:
        """Import made-up people and launch two messages to each, the second `gap` seconds later. Gives the run."""
        table = self.folder / "people.csv"
        demo_clinic.write_people(table, people)
        made = self.workspace
        imports.import_file(made.database, made.vault, made.settings, table, imports.Options(topic=demo_clinic.TOPIC))
        demo_clinic.write_campaign(self.folder, made.database.now(), gap=gap, unread=600)
        return runs.launch(made, demo_clinic.CAMPAIGN, by="test")

    def notes(self) -> list[dict[str, Any]]:
        """What the carrier noted."""
        notes: list[dict[str, Any]] = httpx.get(f"{self.carrier}/simulator/log", params={"limit": 100_000}).json()
        return notes

    def taken(self) -> Counter[str]:
        """How often the carrier took each of our messages, by our id."""
        calls = [note for note in self.notes() if note["event"] == "call" and note["sid"]]
        return Counter(call["message"] for call in calls if call["message"])


@contextmanager
def site(
    folder: Path, database_url: str, broker_url: str = "", way: Callable[[str], str] = str, /, **settings: str
) -> Iterator[Site]:
    """A clinic that is set up, and its carrier in a process of its own.

    `settings`: by name, as in `.env`. `way`: the URL by which the clinic knows the carrier, made of the carrier's own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, carrier_port = free_port(), free_port()
    web, carrier = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{carrier_port}"
    demo_clinic.found(folder)
    values = {
        "OUTREACH_DATABASE_URL": database_url,
        "OUTREACH_BROKER_URL": broker_url,
        "OUTREACH_BROKER_PREFIX": f"test-{folder.parent.name[-20:].lower()}-{port}",
        "OUTREACH_KEYRING_FILE": str(folder / "keyring.json"),
        "OUTREACH_PUBLIC_URL": web,
        "OUTREACH_PORT": str(port),
        "OUTREACH_QUIET_HOURS": "off",
        "OUTREACH_MOST_A_DAY": "0",
        "OUTREACH_MOST_A_WEEK": "0",
        "OUTREACH_PLAN_EVERY": "1",
        "OUTREACH_SWEEP_EVERY": "1",
        "OUTREACH_LEASE": "6",
        "OUTREACH_SETTLE_AFTER": "4",
        **provider_settings(way(carrier), TOKEN, write_account(folder, way(carrier))),
        **settings,
    }
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    made = prepare(load(folder))
    words = ("simulator", "--port", str(carrier_port), "--token", TOKEN, "--clinic", web, "--folder", str(folder / "c"))
    program = Program(*words, folder=folder)
    try:
        wait_until(lambda: answers(f"{carrier}/simulator/figures"), what="the carrier's start")
        yield Site(folder, port, carrier, made)
    finally:
        program.kill()
        made.close()
