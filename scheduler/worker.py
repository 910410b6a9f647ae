"""A worker as a process of its own."""

from __future__ import annotations

import warnings

from celery.signals import worker_shutting_down

from outreach import memory
from outreach.workspace import Workspace
from scheduler import tasks
from scheduler.app import make, queues


def work(workspace: Workspace) -> None:
    """Work in this process until it is told to end (SIGTERM, Ctrl-C)."""
    memory.share_heap()
    # In a container everything is root. What this warns of is code hidden in a hint, and ours are read as plain JSON.
    warnings.filterwarnings("ignore", message="You're running the worker with superuser")
    app = make(workspace.settings)
    desk = tasks.open_desk(workspace, app)
    worker_shutting_down.connect(lambda **_: desk.stopping.set(), weak=False)
    memory.settle()
    app.Worker(
        pool="threads",
        concurrency=tasks.threads_needed(len(desk.providers.senders)),
        queues=queues(workspace.settings),
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
    ).start()
