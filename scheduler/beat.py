"""A beat: it hints at regular times. It knows tasks by their names only; the database is no business of its own."""

from __future__ import annotations

import signal
import time
from typing import Any

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler, SchedulingError, Service

from outreach import log
from outreach.settings import Settings
from scheduler.app import LONG_AGO, make

logger = log.get("scheduler")


#: Seconds that the clock may be set by without anybody having to care.
SLIGHT = 1.0


class Quietly(Scheduler):
    """Celery's scheduler, which remembers nothing, and says in one line that the broker is away.

    It reckons by the wall clock, so a clock that is set back by two hours would silence it for two hours: when the
    clock was set, everything is due.
    """

    _ahead = time.time() - time.monotonic()  # what the clock shows, less what has passed

    def tick(self, *given: Any, **more: Any) -> float:
        """Send what is due; gives the seconds until the next look."""
        ahead = time.time() - time.monotonic()
        if abs(ahead - self._ahead) > SLIGHT:
            for entry in self.schedule.values():
                entry.last_run_at = LONG_AGO
            self._heap = None  # made anew, in the order of the new time
        self._ahead = ahead
        seconds: float = super().tick(*given, **more)
        return seconds

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
