"""Crash trials: thousands of children of the clinic, each killed, frozen or failed somewhere in the middle of its work.

A round is one clinic, one campaign and some hundred trials; at its end everybody is left to finish, time passes, and
the checker judges. All that happens follows from the seed, except when exactly a SIGKILL lands.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from outreach.failpoints import Action, Trap
from tests.faults.carrier import WEATHER, Ledger
from tests.faults.checker import judge
from tests.faults.checker.records import RANK, Case, instant, rows
from tests.faults.checker.watch import Watch
from tests.faults.jobs import POINTS, Job, Order, start, warm_up
from tests.faults.place import IN_BED, PEOPLE, STEPS, Land, Place, number

A_ROUND = 100  # trials
ABREAST = 2  # children at work at once
PATIENCE = 60.0  # seconds for a child that nobody kills
FAIR = {"taken": 1}

WORK = {
    "drain": 8,
    "answer": 2,
    "receipts": 6,
    "text": 4,
    "sweep": 4,
    "plan": 2,
    "pause": 1,
    "resume": 2,
    "forget": 0.2,
}
WORDS = ("My arm hurts", "Thank you", "HELP", "STOP", "START", "START")


NO_TRANSACTION = ("claim.committed", "send.before_call", "send.answered", "send.recorded")


@dataclass
class Tally:
    """What trials came to."""

    trials: int = 0
    unharmed: int = 0  # the child was done before its kill landed
    rounds: int = 0
    struck: Counter[str] = field(default_factory=Counter)  # by job and by what struck
    messages: int = 0
    sent: int = 0
    doubles: int = 0
    losses: int = 0
    violations: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take another's figures in."""
        for name in ("trials", "unharmed", "rounds", "messages", "sent", "doubles", "losses"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.struck += other.struck
        self.violations += other.violations

    def figures(self) -> dict[str, Any]:
        """All of it, as JSON can say it."""
        return {**vars(self), "struck": dict(self.struck)}


@dataclass
class Child:
    """A process at work: when it shall die, and what it was told that must be told again."""

    pid: int
    order: Order
    began: float
    dies_at: float | None
    frozen: bool = False


class Round:
    """One clinic's worth of trials."""

    def __init__(self, place: Place, folder: Path, seed: int, bug: Callable[[], object] | None = None) -> None:
        self.place, self.dice, self.bug = place, random.Random(seed), bug
        self.ledger = Ledger(folder / f"carrier-{seed}.jsonl")
        self.says = folder / f"said-{seed}.txt"
        self.says.unlink(missing_ok=True)
        self.tally = Tally(rounds=1)
        self.watch = Watch()
        self.children: list[Child] = []
        self.untold: list[tuple[str, str, int]] = []
        self.reported: set[str] = set()
        self.texts: list[tuple[str, str, str]] = []
        self.took: dict[str, float] = {}
        self.to_forget = [number(PEOPLE - 2 - self.dice.randrange(5))]
        self.on_unknown = self.dice.choice(["hold", "hold", "resend"])

    def play(self, trials: int) -> Tally:
        """Strike so often, let everything come to rest, judge."""
        self.place.launch(self.on_unknown)
        self._alone("plan")
        self.place.send_to_bed()
        while self.tally.trials < trials and self.tally.unharmed < 5 * trials:
            self._feed()
            self._reap()
            if not self.children and self.dice.random() < 0.1:
                self._time_passes(self.dice.choice([1.0, 6.0, 11.0]))
        self._let_finish()
        self._come_to_rest()
        self._judge()
        return self.tally

    # --- striking ----------------------------------------------------------------------------------------------------

    def _feed(self) -> None:
        """Start children until enough are at work; now and then all of them are awaited, so that time may pass."""
        if self.children and self.dice.random() < 0.15:
            self._wait_for_all()
            return
        while len(self.children) < ABREAST:
            self._start(self._job())

    def _job(self) -> Job:
        name = self.dice.choices(list(WORK), list(WORK.values()))[0]
        if name == "receipts":
            self._network()
            told = self.untold[: self.dice.randrange(1, 12)]
            self.dice.shuffle(told)  # reversed, early, late: in any order
            return Job(name, told + told[: self.dice.randrange(3)]) if told else Job("drain")
        if name == "text":
            for _ in range(self.dice.randrange(0 if self.texts else 1, 4)):
                who = number(self.dice.randrange(IN_BED, PEOPLE + 2))  # two of them are strangers
                self.texts.append((f"IN{uuid4().hex}", who, self.dice.choice(WORDS)))
            return Job(name, self.texts[: self.dice.randrange(1, 4)])
        if name == "forget":
            return Job(name, [self._pseudonym(self.to_forget[0])]) if self.to_forget else Job("sweep")
        return Job(name)

    def _pseudonym(self, _number: str) -> str:
        people = {row["id"]: row["pseudonym"] for row in rows(self.place.url)["person"]}
        return str(people[self.place.people[PEOPLE - 2]])

    def _start(self, job: Job) -> None:
        fate, points = self.dice.random(), POINTS[job.name]
        trap, dies_at = None, None
        now = time.monotonic()
        if fate < 0.45:
            dies_at = now + self.dice.uniform(0, 1.1) * self.took.get(job.name, 0.05)
        else:
            action = Action.KILL if fate < 0.88 else Action.FAIL if fate < 0.94 else Action.FREEZE
            if action is Action.FREEZE and job.name not in {"drain", "answer"}:
                action = Action.KILL
            if action is Action.FREEZE:
                points = NO_TRANSACTION  # on SQLite nobody else could write meanwhile
            trap = (self.dice.choice(points), Trap(action, self.dice.choice([0, 0, 0, 1, 2])))
        order = Order(job, self.dice.randrange(2**32), trap, WEATHER, self.bug)
        self.children.append(Child(start(self.place, self.ledger, order, self.says), order, now, dies_at))

    def _reap(self) -> None:
        """Kill whose time has come, thaw nobody, take note of who ended."""
        for child in [each for each in self.children if not each.frozen]:
            if child.dies_at is not None and time.monotonic() >= child.dies_at:
                os.kill(child.pid, signal.SIGKILL)
                child.dies_at = None
            pid, status = os.waitpid(child.pid, os.WNOHANG | os.WUNTRACED)
            if pid and os.WIFSTOPPED(status):
                child.frozen = True
                self._struck(child, "freeze")
            elif pid:
                self._ended(child, status)
            elif time.monotonic() - child.began > PATIENCE:
                os.kill(child.pid, signal.SIGKILL)
                self.tally.violations.append(f"0: {child.order.job.name} did not end within {PATIENCE:.0f} s")
        time.sleep(0.0005)

    def _ended(self, child: Child, status: int) -> None:
        self.children.remove(child)
        name = child.order.job.name
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            self.tally.unharmed += not child.frozen
            took = time.monotonic() - child.began
            self.took[name] = 0.7 * self.took.get(name, took) + 0.3 * took
            self._answered_well(child.order.job)
        elif not child.frozen:
            self._struck(child, "error" if code > 0 else "trap" if child.order.trap else "kill")

    def _struck(self, child: Child, how: str) -> None:
        self.tally.trials += 1
        where = child.order.trap[0] if child.order.trap and how != "kill" else "any time"
        self.tally.struck[f"{child.order.job.name}: {how} at {where}"] += 1

    def _answered_well(self, job: Job) -> None:
        """Our 2xx: the carrier does not tell it again."""
        if job.name == "receipts":
            done = set(job.given)
            self.untold = [each for each in self.untold if each not in done]
            for sid, word, message in sorted(done):
                self.ledger.note(event="receipt", outcome=word, sid=sid, message=str(message), code=204)
        if job.name == "text":
            self.texts = [each for each in self.texts if each not in job.given]  # two may have told the same
            for sid, _, _ in job.given:
                self.ledger.note(event="inbound", outcome="received", sid=sid, code=204)
        if job.name == "forget":
            self.to_forget.clear()

    def _network(self) -> None:
        """What was taken travels on; most of it is told, some receipts are lost."""
        for line in self.ledger.read():
            if line["event"] == "call" and line["sid"] and line["sid"] not in self.reported:
                self.reported.add(line["sid"])
                last = "delivered" if self.dice.random() < 0.9 else "undelivered"
                heard = 0.0 if self.dice.random() < 0.15 else 0.85  # of some messages we never hear a word
                for word in ("sent", last):
                    self.ledger.note(event="status", outcome=word, sid=line["sid"], message=line["message"])
                    if self.dice.random() < heard:
                        self.untold.append((line["sid"], word, int(line["message"])))

    # --- coming to rest ----------------------------------------------------------------------------------------------

    def _time_passes(self, seconds: float) -> None:
        self.place.pass_time(seconds)
        self.watch.look(rows(self.place.url)["message"])

    def _wait_for_all(self) -> None:
        while any(not child.frozen for child in self.children):
            self._reap()
        if self.children and self.dice.random() < 0.7:
            # Frozen past its lease, and past what the sweeper and the reconciler do about it.
            for _ in range(self.dice.choice([1, 3])):
                self._time_passes(SETTLED)
                self._alone("sweep")
        for child in list(self.children):
            os.kill(child.pid, signal.SIGCONT)
            _, status = os.waitpid(child.pid, 0)
            self._ended(child, status)

    _let_finish = _wait_for_all

    def _alone(self, name: str, given: Any = ()) -> bool:
        """Do one job unharmed, while nobody else is at work but those who are frozen."""
        order = Order(Job(name, given), self.dice.randrange(2**32), None, FAIR, self.bug)
        _, status = os.waitpid(start(self.place, self.ledger, order, self.says), 0)
        done = os.waitstatus_to_exitcode(status) == 0
        if done:
            self._answered_well(order.job)
        return done

    def _come_to_rest(self) -> None:
        """Everybody works unharmed until nothing is under way any more."""
        self._alone("resume")
        for _ in range(14):
            while self.texts and self._alone("text", [self.texts[0]]):
                pass
            self._alone("plan")
            self._alone("answer", [5.0])
            self._alone("drain", [5.0])
            self._alone("sweep")
            self._network()
            if self.untold:
                self._alone("receipts", list(self.untold))
            self._time_passes(SETTLED)
            if not self._going():
                return
        going = Counter(f"{row['state']}" for row in self._under_way())
        self.tally.losses += sum(going.values()) + len(self.texts) + len(self.untold)
        self.tally.violations.append(
            f"0: never at rest: {dict(going)}, {len(self.texts)} texts and {len(self.untold)} receipts not taken"
        )

    def _going(self) -> bool:
        return bool(self._under_way() or self.texts or self.untold)

    def _under_way(self) -> list[Any]:
        table = rows(self.place.url)["message"]
        soon = max(instant(row["updated_at"]).timestamp() for row in table) + 3600
        return [
            row
            for row in table
            if row["state"] in {"planned", "sending", "unknown"}
            or (row["state"] == "queued" and instant(row["due_at"]).timestamp() < soon)
        ]

    # --- judging -----------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        found = rows(self.place.url)
        case = Case(
            found,
            self.ledger.read(),
            artefacts=[("what children said", self.says.read_bytes() if self.says.exists() else b"")],
            canaries=[number(place)[1:] for place in range(PEOPLE)],
        )
        missing = self._missing(case)
        self.tally.messages += len(case.out)
        self.tally.sent += sum(len(calls) for calls in case.taken.values())
        self.tally.doubles += sum(
            1 for row in case.out.values() if len(case.taken.get(row["id"], ())) > self._most(row)
        )
        self.tally.losses += len(missing)
        self.tally.violations += judge(case) + self.watch.violations + missing

    def _most(self, row: Any) -> int:
        return 2 if row["run_id"] and self.on_unknown == "resend" else 1

    def _missing(self, case: Case) -> list[str]:
        """2, from outside: everybody who agreed has each message, and each has come to a lawful end."""
        written = {(row["person_id"], row["step"]) for row in case.out.values() if row["run_id"]}
        agreed = self.place.people[:-7]  # the others may have been forgotten, or never agreed
        stops = {row["person_id"] for row in case.rows["consent"] if row["topic"] == "*"}
        lost = [
            f"2: person {person} never got {step}"
            for person in agreed
            for step in STEPS
            if (person, step) not in written and person not in stops
        ]
        ends = {*RANK, "refused", "failed", "cancelled"} - {"planned", "sending", "unknown"}
        return lost + [
            f"2: message {row['id']} ended as {row['state']}" for row in case.out.values() if row["state"] not in ends
        ]


SETTLED = 40.0  # seconds that are longer than every wait of a trial's clinic


def run(
    land: Land,
    folder: Path,
    trials: int,
    seed: int,
    *,
    bug: Callable[[], object] | None = None,
    stop_at_first: bool = False,
    each: int = A_ROUND,
    tell: Callable[[Tally], None] | None = None,
) -> Tally:
    """Rounds of `each` trials until there were so many; `stop_at_first`: or a violation."""
    with land.place() as place:
        warm_up(place, Ledger(folder / "warm.jsonl"))
    total, turn = Tally(), 0
    while total.trials < trials and not (stop_at_first and total.violations):
        turn += 1
        with land.place() as place:
            this = Round(place, folder, seed * 100_003 + turn, bug).play(min(each, trials - total.trials))
        this.violations = [f"{what} (seed {seed}, round {turn})" for what in this.violations]
        total.add(this)
        if tell:
            tell(total)
    return total
