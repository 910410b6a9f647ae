"""What is done again and again, whether or not there is anything to do, in front of a queue and of twice as long a one.

    python -m benchmarks.beats [--count N]      N queued messages, and 2 N, of half as many people each

First half of the queue is due, then all of it waits for later. Counted are pages that PostgreSQL looks at and CPU of
its connection; needs the server of OUTREACH_TEST_POSTGRES_URL on this machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from benchmarks import crowd, queues
from benchmarks.queues import Outlay
from outreach import log
from outreach.campaigns import invitations, planning, runs
from outreach.channels.registry import Providers
from outreach.delivery import queue, sweep
from outreach.doctor import carriage, metrics
from outreach.messages.status import Lane
from outreach.workspace import Workspace

Beat = Callable[[Workspace], Any]

TRIES = 3  # the least of them counts: the first fill caches


def _tick(workspace: Workspace) -> object:
    with workspace.database.read() as session:
        return queue.due_lanes(session)


def _claim(workspace: Workspace) -> object:
    with workspace.database.write() as session:
        claimed = queue.claim(session, "twilio", Lane.BULK, queues.BATCH, 60, None, queues.CAPS, timedelta(days=60))
        assert not claimed.decided, "something was due"
        return claimed


ALWAYS: Mapping[str, Beat] = {
    "tick: which senders have work": _tick,
    "plan, where nothing is to be planned": planning.plan,
    "plan: whom to invite": invitations.invite,
    "plan: which runs are over": runs.finish,
    "sweep": lambda workspace: sweep.sweep(workspace, Providers([])),
    "doctor: the queue": lambda workspace: list(carriage.queue(workspace)),
    "figures for Prometheus": metrics.exposed,
}
IDLE: Mapping[str, Beat] = {"claim, where nothing is due": _claim}


def _least(workspace: Workspace, beat: Beat) -> Outlay:
    def once() -> Outlay:
        before = queues.spent(workspace)
        beat(workspace)
        return queues.spent(workspace) - before

    tries = [once() for _ in range(TRIES)]
    return Outlay(*(min(column) for column in zip(*tries, strict=True)))


def _table(single: Workspace, double: Workspace, beats: Mapping[str, Beat]) -> None:
    for name, beat in beats.items():
        one, two = _least(single, beat), _least(double, beat)
        cpu = f"{1000 * one.database:.1f} | {1000 * two.database:.1f}"
        print(f"| {name} | {one.pages:,} | {two.pages:,} | {cpu} |", flush=True)


def main() -> None:
    """Fill two queues, print two tables, take them away."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=250_000)
    count = options.parse_args().count
    log.configure(json=False, level="error")
    with crowd.a_clinic(plan_ahead=queues.AHEAD) as single, crowd.a_clinic(plan_ahead=queues.AHEAD) as double:
        for workspace, waiting in ((single, count), (double, 2 * count)):
            queues.fill(workspace, waiting)
        head = f"| pages at {count:,} | at {2 * count:,} | ms of the database at {count:,} | at {2 * count:,} |"
        print(f"| half of it is due {head}\n|---|---|---|---|---|")
        _table(single, double, ALWAYS)
        for workspace in (single, double):
            queues.drained(workspace)
        print(f"\n| nothing is due {head}\n|---|---|---|---|---|")
        _table(single, double, {**ALWAYS, **IDLE})


if __name__ == "__main__":
    main()
