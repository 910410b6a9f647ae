"""What a message costs in front of a backlog, and in front of twice as long a one. A row of the bench.

Two databases stand side by side, one with twice the queue of the other, and are worked off in turn: claimed, recorded
as accepted, recorded as delivered, each committed, so that dead rows gather at the head of the queue as they do in a
clinic. What is counted is CPU of this process and of the database's connection, and pages looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from sqlalchemy import create_engine, text

from benchmarks import crowd, queues
from benchmarks.contract import Figures, Size
from benchmarks.queues import BATCH, Outlay
from outreach.workspace import Workspace

ROUNDS, BATCHES = 6, 4  # pairs a run; batches of a queue in each
HELD = 50_000  # messages that are sent while a transaction stays open


def grown(size: Size) -> list[Figures]:
    """Milliseconds of CPU for a message at `count` queued rows (half of them due), at twice as many, their ratio.

    `database`: the connection's part of it; `pages`: looked at for a message. `held`: how many times as much a message
    costs at the end of `HELD` of them (at most half of the queue) sent while somebody kept a transaction open.
    """
    needed = ((size.runs + 2) * ROUNDS + 1) * BATCHES * BATCH
    if size.count // 2 < needed:
        sys.exit(
            f"{size.runs} runs send {needed:,} messages, half of those that wait: name --count {2 * needed} or more"
        )
    with crowd.a_clinic(plan_ahead=queues.AHEAD) as single, crowd.a_clinic(plan_ahead=queues.AHEAD) as double:
        for workspace, count in ((single, size.count), (double, 2 * size.count)):
            queues.fill(workspace, count)
            queues.work_off(workspace, BATCHES)  # connections, prepared statements, caches
        runs = [_run(single, double) for _ in range(size.runs)]
        held = _held(double, min(HELD, size.count // 2))
    return [each | {"held": held} for each in runs]


def _run(single: Workspace, double: Workspace) -> Figures:
    pairs = [_pair(single, double, place) for place in range(ROUNDS)]
    return {
        "grown": median(two.cpu / one.cpu for one, two in pairs),
        "single": median(_each(one) for one, _ in pairs),
        "double": median(_each(two) for _, two in pairs),
        "database": median(1000 * one.database / (BATCHES * BATCH) for one, _ in pairs),
        "database_double": median(1000 * two.database / (BATCHES * BATCH) for _, two in pairs),
        "pages": median(one.pages / (BATCHES * BATCH) for one, _ in pairs),
        "pages_double": median(two.pages / (BATCHES * BATCH) for _, two in pairs),
    }


def _pair(single: Workspace, double: Workspace, place: int) -> tuple[Outlay, Outlay]:
    """Both, one after the other; who comes first changes from pair to pair."""
    if place % 2:
        second = _spent(double, BATCHES)
        return _spent(single, BATCHES), second
    return _spent(single, BATCHES), _spent(double, BATCHES)


def _spent(workspace: Workspace, batches: int) -> Outlay:
    before = queues.spent(workspace)
    queues.work_off(workspace, batches)
    return queues.spent(workspace) - before


def _each(outlay: Outlay) -> float:
    return 1000 * outlay.cpu / (BATCHES * BATCH)


def _held(workspace: Workspace, count: int) -> float:
    before = median(_each(_spent(workspace, BATCHES)) for _ in range(ROUNDS))
    with _open_transaction(workspace):
        queues.work_off(workspace, count // BATCH - BATCHES * ROUNDS)
        return median(_each(_spent(workspace, BATCHES)) for _ in range(ROUNDS)) / before


@contextmanager
def _open_transaction(workspace: Workspace) -> Iterator[None]:
    """Somebody looks at the database as it is now and does not end, as a backup does."""
    engine = create_engine(workspace.database.engine.url, isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM sender"))
        yield
    engine.dispose()
