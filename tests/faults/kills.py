"""`kill -9` of workers, one after another, with the settings as shipped: how soon is everything on its way or shown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle

from tests.faults.stage import Stage
from tests.processes import Program

TRAPS = ("claim.committed", "send.before_call", "send.answered", "send.before_commit")
BEFORE = (1, 2, 4)  # the how-manieth time that a worker comes to its trap; every one of them but once in a while
WAITING = {"planned", "queued"}
SHOWN_WITHIN = 90.0  # seconds after a kill
EACH = 12  # people for a kill, two messages each: what it leaves in doubt, and what goes out beside it

GOES_ON, SHOWN = "due work goes on after kill -9", "doubt is shown after kill -9"


@dataclass
class Kills:
    """Workers that die at their traps, four at a time, each replaced until so many have died."""

    stage: Stage
    left: int  # to be started
    alive: list[Program] = field(default_factory=list)
    died: int = 0
    held: dict[int, float] = field(default_factory=dict)  # since when a message is in a dead worker's hands, by id
    stalled: list[tuple[float, int]] = field(default_factory=list)  # deaths: when, and what had been taken by then
    traps: Iterator[str] = field(default_factory=lambda: cycle(f"{at}=kill@{n}" for n in BEFORE for at in TRAPS))

    def fill(self) -> None:
        """Start workers until as many as there are traps are alive, or enough have been started."""
        while self.left and len(self.alive) < len(TRAPS):
            self.left -= 1
            armed = {"OUTREACH_FAILPOINTS": next(self.traps), "OUTREACH_TEST_MODE": "1"}
            self.alive.append(self.stage.run("worker", **armed))

    def look(self) -> None:
        """Note who has died, what they held, and what has become of what others held."""
        dead = [each for each in self.alive if each.process.poll() is not None]
        calls, now = self.stage.calls(), time.monotonic()
        held = {row["id"] for row in self.stage.under_way({"sending"})}
        self.stalled += [(now, calls) for _ in dead]
        self.died += len(dead)
        self.alive = [each for each in self.alive if each not in dead]
        if dead:
            self.held |= {message: now for message in held if message not in self.held}
        self._settle(held, calls, now)

    def _settle(self, held: set[int], calls: int, now: float) -> None:
        for message in [each for each in self.held if each not in held]:
            self._note(SHOWN, now - self.held.pop(message), f"message {message} was held")
        for death in [each for each in self.stalled if calls > each[1]]:
            self.stalled.remove(death)
            self._note(GOES_ON, now - death[0], "nothing went on")

    def _note(self, name: str, seconds: float, what: str) -> None:
        self.stage.measured.setdefault(name, []).append(round(seconds, 2))
        if seconds > SHOWN_WITHIN:
            self.stage.wrong.append(f"{what} for {seconds:.0f} s after a worker had died")


def killed(stage: Stage) -> None:
    """`kill -9` at every point between claim and record: everything is shown within 90 s, nothing is sent twice.

    As many kills as the stage is told, at each point the first time that a worker comes there and later ones.
    """
    stage.people = max(stage.people, EACH * stage.kills)
    kills = Kills(stage, stage.kills)
    kills.fill()
    stage.open("web", "worker", "beat", "beat")
    stage.wait_for(1)  # nothing waits before it was planned
    while (kills.alive or kills.left) and stage.under_way(WAITING):
        kills.look()
        kills.fill()
        time.sleep(0.2)
    if kills.died < stage.kills:
        stage.wrong.append(f"0: {kills.died} of {stage.kills} workers came to their traps before everything was sent")
    while stage.under_way({"sending"}):
        kills.look()
        time.sleep(0.3)
    kills.look()
