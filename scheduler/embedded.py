"""Worker and beat inside this process, on threads: the product of a small clinic, in one command."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from outreach.workspace import Workspace
from scheduler import tasks
from scheduler.app import make, queues
from scheduler.beat import Beat


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
        beat.stop()
        worker.stop(in_sighandler=False)
        for thread in threads:
            thread.join(timeout=10)
        desk.close()
