"""What a process of the clinic may be doing when it dies: one job each, in a child of its own."""

from __future__ import annotations

import gc
import os
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outreach import failpoints, log
from outreach.campaigns import planning, runs
from outreach.channels import http
from outreach.channels.contract import Inbound
from outreach.channels.registry import Providers
from outreach.console import webhooks
from outreach.delivery import send, sweep
from outreach.errors import ConflictError
from outreach.failpoints import Trap
from outreach.messages.status import Lane
from outreach.threads import forgetting, gathered
from outreach.workspace import Workspace
from tests.faults.carrier import WEATHER, FileCarrier, Ledger, receipt
from tests.faults.place import CAMPAIGN, Place

OURS = "+15005550006"


@dataclass(frozen=True)
class Job:
    """One thing to do. `given`: receipts (sid, word, message), texts (sid, number, words), a pseudonym, seconds."""

    name: str
    given: Sequence[Any] = field(default=(), repr=False)


@dataclass(frozen=True)
class Desk:
    """What a job works with."""

    workspace: Workspace
    providers: Providers


def _drain(lane: Lane) -> Callable[[Desk, Job], object]:
    """One batch, or as many as fit into the seconds that are given."""
    return lambda desk, job: send.drain(desk.workspace, desk.providers, "twilio", lane, *(job.given or (0.02,)))


def _receipts(desk: Desk, job: Job) -> None:
    webhooks._keep(desk.workspace, [receipt(*told) for told in job.given])


def _text(desk: Desk, job: Job) -> None:
    told = [Inbound("twilio", sid, number, words, OURS) for sid, number, words in job.given]
    gathered.receive(desk.workspace, told, list(desk.providers.senders))


def _turn(turn: Callable[..., int]) -> Callable[[Desk, Job], None]:
    def work(desk: Desk, job: Job) -> None:
        with suppress(ConflictError):
            turn(desk.workspace, CAMPAIGN, by="bench")

    return work


JOBS: dict[str, Callable[[Desk, Job], object]] = {
    "drain": _drain(Lane.BULK),
    "answer": _drain(Lane.CONVERSATION),
    "receipts": _receipts,
    "text": _text,
    "sweep": lambda desk, job: sweep.sweep(desk.workspace, desk.providers),
    "plan": lambda desk, job: planning.plan(desk.workspace),
    "pause": _turn(runs.pause),
    "resume": _turn(runs.resume),
    "forget": lambda desk, job: forgetting.forget(desk.workspace, job.given[0], by="bench"),
}

#: Where each job may be killed by name.
POINTS: dict[str, tuple[str, ...]] = {
    "drain": (
        "claim.before_commit", "claim.committed", "send.before_call", "send.answered", "send.before_commit",
        "send.recorded",
    ),
    "receipts": ("receipts.before_commit",),
    "text": ("inbound.before_commit", "gathered.before_commit"),
    "sweep": ("sweep.committed", "settle.found"),
    "plan": ("plan.before_commit", "plan.committed"),
    "pause": ("turn.committed",),
    "resume": ("turn.committed",),
    "forget": ("forget.committed",),
}  # fmt: skip
POINTS["answer"] = POINTS["drain"]


@dataclass(frozen=True)
class Order:
    """A job with its circumstances: the trap that is laid, the carrier's weather, and the seeded bug, if any."""

    job: Job
    seed: int
    trap: tuple[str, Trap] | None = None
    weather: dict[str, int] = field(default_factory=lambda: WEATHER)
    bug: Callable[[], object] | None = None


def start(place: Place, ledger: Ledger, order: Order, says: Path) -> int:
    """Fork, do the job in the child, end with 0 (done) or 3 (an error, which its caller would see as a 5xx).

    Gives the child's process id. This process must hold no connection to the database.
    """
    child = os.fork()
    if child:
        return child
    gc.freeze()
    code = 3
    try:
        with says.open("a") as said:
            os.dup2(said.fileno(), sys.stderr.fileno())
        log.configure(json=True, level="info")
        random.seed(order.seed)
        if order.bug:
            order.bug()
        _do(place, ledger, order)
        code = 0
    except BaseException as error:
        sys.stderr.write(f"job {order.job.name}: {type(error).__name__}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)


def warm_up(place: Place, ledger: Ledger) -> None:
    """Do each job once in this process, so that its children find every statement and text compiled."""
    given: dict[str, Sequence[Any]] = {
        "text": [(f"IN{n}", "+254710000005", words) for n, words in enumerate(("My arm hurts", "STOP", "START"))],
        "receipts": [("SM1", "sent", 1)],
    }
    place.launch("hold")
    for name in ("plan", "drain", "text", "answer", "receipts", "sweep", "pause", "resume"):
        _do(place, ledger, Order(Job(name, given.get(name, ())), 1))
    http.close()


def _do(place: Place, ledger: Ledger, order: Order) -> None:
    providers = Providers([FileCarrier(ledger, order.seed, order.weather)])
    with place.opened() as workspace:
        failpoints.lay([order.trap] if order.trap else [])
        JOBS[order.job.name](Desk(workspace, providers), order.job)
