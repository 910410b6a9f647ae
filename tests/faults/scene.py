"""One clinic, one fault: what a scene has, and how it is judged."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outreach.failpoints import Action, Trap
from tests.delivery.desk import messages, run_of
from tests.faults.carrier import Ledger
from tests.faults.checker import judge
from tests.faults.checker.records import Case, rows
from tests.faults.checker.watch import Watch
from tests.faults.jobs import Job, Order, start
from tests.faults.place import LEASE, SETTLE, Land, Place

FAIR = {"taken": 1}


@dataclass
class Scene:
    """A clinic, its carrier, and what was seen."""

    place: Place
    ledger: Ledger
    says: Path
    wrong: list[str] = field(default_factory=list)
    watch: Watch = field(default_factory=Watch)

    def begin(self, name: str, given: Any = (), *, trap: tuple[str, Action] | None = None,
              weather: Mapping[str, int] = FAIR) -> int:  # fmt: skip
        """Start a job; gives its process."""
        laid = (trap[0], Trap(trap[1])) if trap else None
        return start(self.place, self.ledger, Order(Job(name, given), 1, laid, dict(weather)), self.says)

    def do(self, name: str, given: Any = (), **more: Any) -> int:
        """Do a job to its end; gives its exit code, negative for a signal."""
        return os.waitstatus_to_exitcode(os.waitpid(self.begin(name, given, **more), 0)[1])

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.place.pass_time(seconds)
        self.watch.look(rows(self.place.url)["message"])

    def settle(self) -> None:
        """Let leases end, and doubt be settled."""
        self.later(LEASE + 1)
        self.do("sweep")
        for _ in range(3):
            self.later(SETTLE + 1)
            self.do("sweep")

    def out(self) -> list[Any]:
        """Messages of the campaign, in order."""
        return sorted((r for r in rows(self.place.url)["message"] if r["direction"] == "out"), key=lambda r: r["id"])

    def states(self) -> Counter[str]:
        """How many stand where."""
        return Counter(f"{row['state']}:{row['reason']}".rstrip(":") for row in self.out())

    def calls(self) -> Counter[str]:
        """How often each message reached the carrier."""
        return Counter(line["message"] for line in self.ledger.read() if line["event"] == "call")

    def must(self, what: str, is_so: object) -> None:
        """Note what does not hold."""
        if not is_so:
            self.wrong.append(f"{what}: {dict(self.states())}")

    def judged(self) -> list[str]:
        """What went wrong, by the scene itself and by the checker."""
        return self.wrong + self.watch.violations + judge(Case(rows(self.place.url), self.ledger.read()))

    def queue(self, count: int = 30, on_unknown: str = "hold", **more: Any) -> list[int]:
        """That many messages of a run, due now."""
        with self.place.opened() as workspace:
            run = run_of(workspace, channels=("sms",), on_unknown=on_unknown)
            crowd = self.place.people[:-1]
            with workspace.database.write() as session:
                return messages(session, [crowd[n % len(crowd)] for n in range(count)], run, **more)


@contextmanager
def scene(land: Land, folder: Path) -> Iterator[Scene]:
    """A fresh clinic for one scene."""
    with land.place() as place:
        yield Scene(place, Ledger(folder / "carrier.jsonl"), folder / "said.txt")
