"""`outreach worker`."""

from __future__ import annotations

from outreach.cli.opening import configured, with_broker
from outreach.cli.ready import ready
from scheduler.worker import work


def worker() -> None:
    """Run a worker. As many as you like, on as many machines as you like."""
    work(ready(with_broker(configured())))
