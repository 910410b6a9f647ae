"""Clocks that are set, or that differ between machines: no hint is thrown away, no beat falls silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from outreach.settings import Settings
from scheduler.app import SWEEP, TICK, make
from scheduler.beat import Quietly

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Listening(Quietly):
    """A beat that keeps what it would send."""

    def __init__(self, *given: Any, **more: Any) -> None:
        self.sent: list[str] = []
        super().__init__(*given, **more)

    def apply_async(self, entry: Any, *given: Any, **more: Any) -> None:
        """Keep it."""
        self.sent.append(entry.task)

    def until_it_sends(self, task: str) -> bool:
        """Look a few times, as the service does once a second."""
        for _ in range(6):
            self.tick()
        return task in self.sent


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_beat_whose_clock_is_set_goes_on_at_once(hours: int) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        beat = Listening(app=make(Settings(_env_file=None)), lazy=False)
        assert beat.until_it_sends(SWEEP)
        beat.sent.clear()
        clock.shift(timedelta(seconds=0.2))
        assert not beat.until_it_sends(SWEEP)
        clock.shift(timedelta(hours=hours))
        assert beat.until_it_sends(TICK)
        assert beat.until_it_sends(SWEEP)
        beat.sent.clear()
        clock.shift(timedelta(seconds=0.2))
        assert not beat.until_it_sends(SWEEP)


def test_a_hint_is_heard_by_a_worker_whose_clock_is_two_hours_ahead() -> None:
    beats = make(Settings(_env_file=None)).conf.beat_schedule
    assert min(each["options"]["expires"] for each in beats.values()) > 2 * 3600
