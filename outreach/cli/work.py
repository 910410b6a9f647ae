"""`outreach worker`."""

from __future__ import annotations

from outreach.cli.opening import configured, with_broker
from outreach.workspace import assemble
from scheduler.worker import work


def worker() -> None:
    """Run a worker. As many as you like, on as many machines as you like."""
    work(assemble(with_broker(configured())))
