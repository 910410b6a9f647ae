"""Worker and beat inside this process, on threads: the product of a small clinic, in one command."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery.platforms import EX_OK
from celery.worker import state

from outreach.workspace import Workspace
from scheduler import tasks
from scheduler.app import make, queues
from scheduler.beat import Beat

#: Seconds for what is under way: a batch is being handed over, or the worker waits for its broker.
PATIENCE = 15


@contextmanager
def working(workspace: Workspace) -> Iterator[tasks.Desk]:
    """A worker and a beat, as long as the block lasts."""
    app = make(workspace.settings)
    desk = tasks.open_desk(workspace, app)
    worker = app.WorkController(
        pool="threads",
        concurrency=tasks.threads_needed(len(desk.providers.senders)),
        queues=queues(workspace.settings),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    beat = Beat(app)
    threads = [
        threading.Thread(target=worker.start, name="worker", daemon=True),
        threading.Thread(target=beat.start, name="beat", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield desk
    finally:
        desk.stopping.set()
        _stop(threads[0])
        beat.stop()
        threads[1].join(timeout=PATIENCE)
        desk.close()


def _stop(worker: threading.Thread) -> None:
    """Let the worker stop itself, while the beat still wakes it up.

    Not `WorkController.stop`: from another thread it fights with the worker's own for what the broker answers.
    """
    state.should_stop = EX_OK  # type: ignore[assignment]  # None or an exit code
    worker.join(timeout=PATIENCE)
    state.should_stop = None  # it is the process's, and another worker may follow
