"""A beat: it hints at regular times. It knows tasks by their names only; the database is no business of its own."""

from __future__ import annotations

import signal
from typing import Any

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler, SchedulingError, Service

from outreach import log
from outreach.settings import Settings
from scheduler.app import make

logger = log.get("scheduler")


class Quietly(Scheduler):
    """Celery's scheduler, which remembers nothing, and says in one line that the broker is away."""

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Send one hint. One that cannot be sent is not missed: the next one says the same."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError:
            logger.error("broker error", task=entry.task)


class Beat:
    """Celery's beat without its process and its signals."""

    def __init__(self, app: Celery) -> None:
        self._service = Service(app, scheduler_cls=Quietly)

    def start(self) -> None:
        """Beat until stopped."""
        self._service.start()

    def stop(self) -> None:
        """Stop within a second."""
        self._service.stop()


def beat(settings: Settings) -> None:
    """Beat in this process until it is told to end (SIGTERM, Ctrl-C)."""
    here = Beat(make(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: here.stop())
    here.start()
