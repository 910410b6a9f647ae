"""A clinic of whole processes at work, behind relays, and what was seen of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kombu import Connection
from redis import Redis

from scheduler.app import queues
from tests.faults.checker import judge
from tests.faults.checker.records import Case, Line, Record, lines, rows
from tests.faults.checker.watch import Watch
from tests.faults.cluster import Cluster
from tests.processes import Program, Site, answers, site, wait_until
from tests.relay import Relay

PEOPLE = 60
PACE = "10"


@dataclass
class Stage:
    """A clinic at work, what was seen and what was measured (seconds, by name)."""

    place: Site
    broker: str  # the real one, behind its relay
    database: str  # likewise
    relays: Mapping[str, Relay]  # by what is behind them: carrier, broker, database
    stack: ExitStack
    programs: list[Program] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    measured: dict[str, list[float]] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)
    people: int = PEOPLE
    away: float = 10.0  # seconds for which a broker is down
    kills: int = 4  # of workers, one after another
    cluster: Cluster | None = None
    excused: str = ""  # a pattern of what the checker says that means nothing here

    @property
    def ground(self) -> Cluster:
        """The PostgreSQL that is this stage's own."""
        assert self.cluster is not None, "this stage shares its database server"
        return self.cluster

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
        self.place.launch(self.people, gap=gap)

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

    def rest(self, within: float = 240) -> None:
        """Wait until nothing is on its way from us."""
        going = {"planned", "queued", "sending", "unknown"}
        wait_until(lambda: self.calls() > self.people and not self.under_way(going), within, "the end of the campaign")

    def judged(self) -> list[str]:
        """What went wrong, by the stage itself and by the checker, which reads what the processes said as well."""
        table = (self.place.folder / "people.csv").read_text(encoding="utf-8").splitlines()
        settings, now = self.place.workspace.settings, self.place.workspace.database.now()
        here, said = self._at_one_moment()
        case = Case(
            here,
            said,
            now,
            settings.lease,
            settings.sweep_every,
            artefacts=[
                *((program.words[0], program.said.encode()) for program in self.programs),
                *self._at_broker(),
            ],
            canaries=[row.split(",")[0].removeprefix("+") for row in table[1:]],
        )
        found = [each for each in judge(case) if not self.excused or not re.search(self.excused, each)]
        return self.wrong + self.watch.violations + found

    def _at_one_moment(self) -> tuple[dict[str, list[Record]], list[Line]]:
        """The database and the carrier's log while no receipt came: one that came between would seem to be lost."""
        log = self.place.folder / "c" / "carrier.db"
        found: list[tuple[dict[str, list[Record]], list[Line]]] = []

        def still() -> bool:
            before = lines(log)
            found[:] = [(rows(self.database), before)]
            return len(lines(log)) == len(before)

        wait_until(still, 60, "the last receipt")
        return found[0]

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


@contextmanager
def stage(
    folder: Path, database: str, broker: str, settings: dict[str, str], relay: Callable[[str], Relay] = Relay
) -> Iterator[Stage]:
    """A clinic on these servers, each of them and the carrier behind a `relay` of its own."""
    relays = {"broker": relay(broker), "database": relay(database)}

    def way(carrier: str) -> str:
        if "carrier" not in relays:
            relays["carrier"] = relay(carrier)
        return relays["carrier"].url.geturl()

    more = {"OUTREACH_PROVIDERS__TWILIO__PACE": PACE, "OUTREACH_PROVIDERS__TWILIO__TIMEOUT": "5", **settings}
    near = {name: relay.url.geturl() for name, relay in relays.items()}
    with site(folder, near["database"], near["broker"], way, **more) as place, ExitStack() as stack:
        yield Stage(place, broker, database, relays, stack)
