"""`outreach beat`."""

from __future__ import annotations

import scheduler.beat
from outreach.cli.opening import configured, with_broker


def beat() -> None:
    """Run a beat. One is enough, two do no harm."""
    scheduler.beat.beat(with_broker(configured()))
