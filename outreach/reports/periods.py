"""Weeks and months of the clinic. People are reported by one of them only: two that overlap would give cells away."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum


class Period(StrEnum):
    """What figures of people are brought together by."""

    WEEK = "week"  # from Monday on
    MONTH = "month"

    def of(self, day: date) -> date:
        """The first day of the period that holds a day."""
        return day - timedelta(days=day.weekday()) if self is Period.WEEK else day.replace(day=1)

    def after(self, begins: date) -> date:
        """The first day of the next period."""
        return self.of(begins + timedelta(days=7 if self is Period.WEEK else 31))


def months(day: date) -> date:
    """The month of a day, by its first day."""
    return Period.MONTH.of(day)
