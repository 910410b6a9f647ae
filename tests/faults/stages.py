"""The rows of the fault table that need whole processes: web, two workers and two beats as an operator starts them.

Each stage sends a campaign on PostgreSQL and one broker, does harm from outside, and measures until when due work goes
on again. What it gives is what went wrong and the seconds it measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from kombu import Connection
from redis import Redis
from sqlalchemy.engine import make_url

from scheduler.app import queues
from tests.faults.checker import judge
from tests.faults.checker.records import Case, lines, rows
from tests.faults.checker.watch import Watch
from tests.processes import Program, Site, answers, site, wait_until
from tests.relay import Relay

PEOPLE = 60
PACE = "10"
AS_SHIPPED = {
    "OUTREACH_PROVIDERS__TWILIO__PACE": "3",
    "OUTREACH_LEASE": "60",
    "OUTREACH_SWEEP_EVERY": "15",
    "OUTREACH_SETTLE_AFTER": "900",
}
TRAPS = ("claim.committed", "send.before_call", "send.answered", "send.before_commit")

#: A command whose process believes another time: `{hours}` is how far its clock is off.
ANOTHER_TIME = """
import sys, time, time_machine
time_machine.travel(time.time() + {hours} * 3600, tick=True).start()
from outreach.cli import main
sys.exit(main())
"""


@dataclass
class Stage:
    """A clinic at work, what was seen and what was measured (seconds, by name)."""

    place: Site
    broker: str  # the real one, behind the relay
    relay: Relay
    stack: ExitStack
    programs: list[Program] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    measured: dict[str, list[float]] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)

    def run(self, *words: str, **env: str) -> Program:
        """Start a program of the clinic."""
        program = self.stack.enter_context(self.place.running(*words, env=env))
        self.programs.append(program)
        return program

    def open(self, *words: str, gap: float = 4) -> None:
        """Start these programs, and launch."""
        for word in words:
            self.run(word)
        wait_until(lambda: answers(f"http://127.0.0.1:{self.place.port}/ready"), 400, "the web's start")
        self.place.launch(PEOPLE, gap=gap)

    def calls(self) -> int:
        """Messages that the carrier has taken."""
        return sum(self.place.taken().values())

    def wait_for(self, count: int, within: float = 180) -> None:
        """Wait until the carrier has taken so many."""
        wait_until(lambda: self.calls() >= count, within, f"message {count}")

    def until_it_goes_on(self, name: str, within: float = 90) -> None:
        """Measure the seconds until the carrier takes another message, or everything has been sent."""
        before, began = self.calls(), time.monotonic()
        while self.calls() == before and self.under_way({"queued", "planned"}):
            if time.monotonic() - began > within:
                self.wrong.append(f"{name}: nothing goes on within {within:.0f} s")
                break
            time.sleep(0.2)
        self.measured.setdefault(name, []).append(round(time.monotonic() - began, 2))

    def under_way(self, states: set[str]) -> list[Any]:
        """Messages that stand in one of these states."""
        table = rows(self.database)["message"]
        self.watch.look(table)
        return [row for row in table if row["state"] in states]

    @property
    def database(self) -> str:
        """Its URL, not through any relay."""
        return self.place.workspace.settings.database

    def rest(self, within: float = 240) -> None:
        """Wait until nothing is on its way from us."""
        going = {"planned", "queued", "sending", "unknown"}
        wait_until(lambda: self.calls() > PEOPLE and not self.under_way(going), within, "the end of the campaign")

    def judged(self) -> list[str]:
        """What went wrong, by the stage itself and by the checker, which reads what the processes said as well."""
        table = (self.place.folder / "people.csv").read_text(encoding="utf-8").splitlines()
        settings, now = self.place.workspace.settings, self.place.workspace.database.now()
        case = Case(
            rows(self.database),
            lines(self.place.folder / "c" / "carrier.db"),
            now,
            settings.lease,
            settings.sweep_every,
            artefacts=[
                *((program.words[0], program.said.encode()) for program in self.programs),
                *self._at_broker(),
            ],
            canaries=[row.split(",")[0].removeprefix("+") for row in table[1:]],
        )
        return self.wrong + self.watch.violations + judge(case)

    def _at_broker(self) -> list[tuple[str, bytes]]:
        if not self.broker.startswith("redis"):
            return []
        with Redis.from_url(self.broker) as server:
            return [(f"redis {key!r}", server.dump(key) or b"") for key in server.keys("*")]

    def wipe(self) -> None:
        """The broker forgets everything."""
        if self.broker.startswith("redis"):
            with Redis.from_url(self.broker) as server:
                server.flushall()
            return
        with Connection(self.broker) as connection:
            channel: Any = connection.channel()
            for name in queues(self.place.workspace.settings):
                channel.queue_purge(name)


def killed(stage: Stage) -> None:
    """`kill -9` at every point between claim and record: everything is shown within 90 s, nothing is sent twice."""
    alive = [stage.run("worker", OUTREACH_FAILPOINTS=f"{trap}=kill", OUTREACH_TEST_MODE="1") for trap in TRAPS]
    stage.open("web", "worker", "beat", "beat")
    stage.wait_for(1)  # nothing waits before it was planned
    victims: dict[int, float] = {}
    while alive and stage.under_way({"planned", "queued"}):
        for dead in [each for each in alive if each.process.poll() is not None]:
            alive.remove(dead)
            victims |= {row["id"]: time.monotonic() for row in stage.under_way({"sending"}) if row["id"] not in victims}
        time.sleep(0.2)
    if len(alive) == len(TRAPS):
        stage.wrong.append("0: no worker came to its trap")
    stage.until_it_goes_on("due work goes on after kill -9")
    while held := {row["id"] for row in stage.under_way({"sending"})}:
        _note_recovered(stage, victims, held)
        time.sleep(0.3)
    _note_recovered(stage, victims, set())


def _note_recovered(stage: Stage, victims: dict[int, float], held: set[int]) -> None:
    for message in [each for each in victims if each not in held]:
        seconds = time.monotonic() - victims.pop(message)
        stage.measured.setdefault("doubt is shown after kill -9", []).append(round(seconds, 2))
        if seconds > 90:
            stage.wrong.append(f"message {message} was held for {seconds:.0f} s after its worker had died")


def wiped(stage: Stage) -> None:
    """The broker forgets everything, then goes away: all due work goes on within 60 s after it is back."""
    stage.open("web", "worker", "worker", "beat", "beat")
    stage.wait_for(10)
    stage.wipe()
    stage.until_it_goes_on("due work goes on after a wipe", 60)
    stage.wait_for(25)
    stage.relay.cut()
    stage.wipe()
    time.sleep(10)
    stage.relay.mend()
    stage.until_it_goes_on("due work goes on after the broker was down", 60)
    stage.rest()


def restarted(stage: Stage) -> None:
    """Every connection to the database breaks, again and again, while messages go out and receipts come in."""
    stage.open("web", "worker", "worker", "beat", "beat")
    for count in (10, 25, 40):
        stage.wait_for(count)
        _break_connections(stage.database)
        stage.until_it_goes_on("due work goes on after the database broke off")
    stage.rest()


def _break_connections(url: str) -> None:
    here = make_url(url)
    plain = here.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [here.database])


def misled(stage: Stage) -> None:
    """Beats whose clocks are two hours off, either way, and forged receipts: nothing twice, missed or believed."""
    stage.open("web", "worker", "worker")
    for hours in (-2, 2):
        program = Program("beat", folder=stage.place.folder, code=ANOTHER_TIME.format(hours=hours))
        stage.stack.callback(program.kill)
        stage.programs.append(program)
        stage.wait_for(stage.calls() + 5)
        program.kill()
    stage.run("beat")
    url = f"http://127.0.0.1:{stage.place.port}/hooks/twilio/status?m=1"
    form = {"MessageSid": "SMforged", "MessageStatus": "delivered"}
    for headers in ({}, {"X-Twilio-Signature": "bm8="}):
        answer = httpx.post(url, data=form, headers=headers)
        if answer.status_code != 403:
            stage.wrong.append(f"a forged receipt was answered {answer.status_code}")
    stage.rest()
    if any(row["provider_id"] == "SMforged" for row in rows(stage.database)["provider_event"]):
        stage.wrong.append("a forged receipt was kept")


STAGES: Mapping[str, tuple[Callable[[Stage], None], dict[str, str]]] = {
    "workers are killed": (killed, AS_SHIPPED),
    "the broker is wiped, and down": (wiped, {}),
    "the database breaks off": (restarted, {}),
    "clocks and forgers": (misled, {}),
}


@contextmanager
def stage(folder: Path, database: str, broker: str, settings: dict[str, str]) -> Iterator[Stage]:
    """A clinic on these servers."""
    relay = Relay(broker)
    more = {"OUTREACH_PROVIDERS__TWILIO__PACE": PACE, "OUTREACH_PROVIDERS__TWILIO__TIMEOUT": "5", **settings}
    with site(folder, database, relay.url.geturl(), **more) as place, ExitStack() as stack:
        yield Stage(place, broker, relay, stack)


def play(folder: Path, database: str, broker: str, name: str) -> tuple[list[str], dict[str, list[float]]]:
    """Play one stage; gives what went wrong and what was measured."""
    work, settings = STAGES[name]
    with stage(folder, database, broker, settings) as here:
        try:
            work(here)
            return here.judged(), here.measured
        except AssertionError as error:
            return [*here.wrong, f"0: {error}"], here.measured
