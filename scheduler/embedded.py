"""Worker and beat inside this process, on threads: the product of a small clinic, in one command."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery
from celery.beat import Service

from outreach.workspace import Workspace
from scheduler import tasks
from scheduler.app import make, queues


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
    beat = _Beat(app)
    threads = [
        threading.Thread(target=worker.start, name="worker", daemon=True),
        threading.Thread(target=beat.start, name="beat", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield desk
    finally:
        beat.stop()
        worker.stop(in_sighandler=False)
        for thread in threads:
            thread.join(timeout=10)
        desk.close()


class _Beat:
    """Celery's beat service without its process and without its signals."""

    def __init__(self, app: Celery) -> None:
        self._service = Service(app, scheduler_cls=app.conf.beat_scheduler)

    def start(self) -> None:
        """Beat until stopped."""
        self._service.start(embedded_process=False)

    def stop(self) -> None:
        """Stop beating."""
        self._service.stop(wait=False)
