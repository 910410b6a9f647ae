"""When the steps of a campaign are due, in each time zone. Pure: no database, no present time.

An occurrence is named by the wall time it is for, so that it has one name the world over; `hours.instant` says which
instant that is in a zone. Windows are half-open: `since` <= due < `until`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from outreach.audience.hours import instant
from outreach.campaigns.steps import Step
from outreach.campaigns.timing import Fixed, Recurring, Relative, days_of

_DAY = timedelta(days=1)
_MARGIN = 2 * _DAY  # a local day is at most this far from the same day in UTC, jumps over the date line included


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time at which a fixed or recurring step is due. `key`: the wall time, "2026-12-01T09:00:00"; `due`: UTC."""

    key: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Anchor:
    """One date in a person's field, and when the step that hangs on it is due. `day`: the field's value."""

    day: date
    key: str
    due: datetime


def occurrences(step: Step, *, zone: str, launched: datetime, since: datetime, until: datetime) -> list[Occurrence]:
    """When a fixed or recurring step is due in a zone within a window, in order; none for a step on a person's date.

    A rule without `from` counts from the first day on which its time still lay ahead at the launch, so that COUNT=26
    is 26 messages. Times after the first 3660 of an endless rule are not given.
    """
    found = []
    for wall in _walls(step, zone, launched, since, until):
        due = instant(zone, wall.date(), wall.time())
        if since <= due < until:
            found.append(Occurrence(wall.isoformat(timespec="seconds"), due))
    return found


def anchors(step: Step, *, zone: str, since: datetime, until: datetime) -> list[Anchor]:
    """Which dates in a person's field make a step due within a window, in order; none for fixed and recurring steps."""
    timing = step.timing
    if not isinstance(timing, Relative):
        return []
    found = []
    for day in _days_between(since, until):
        due = instant(zone, day, timing.at)
        if since <= due < until:
            key = datetime.combine(day, timing.at).isoformat(timespec="seconds")
            found.append(Anchor(day - timing.days * _DAY, key, due))
    return found


def last(step: Step, *, zone: str, launched: datetime) -> datetime | None:
    """The instant after which a step is never due again in a zone; None: it has no end.

    A rule that names no day at all, because its UNTIL has passed, was over at the launch.
    """
    match step.timing:
        case Fixed(wall):
            return instant(zone, wall.date(), wall.time())
        case Recurring(rule, at) as timing if "COUNT=" in rule or "UNTIL=" in rule:
            days = days_of(rule, _first_day(timing, zone, launched))
            return instant(zone, days[-1], at) if days else launched
    return None


def _walls(step: Step, zone: str, launched: datetime, since: datetime, until: datetime) -> list[datetime]:
    """The wall times of a step that may fall into a window."""
    match step.timing:
        case Fixed(wall):
            return [wall]
        case Recurring(rule, at) as timing:
            days = days_of(rule, _first_day(timing, zone, launched))
            first = bisect_left(days, since.astimezone(UTC).date() - _MARGIN)
            end = bisect_left(days, until.astimezone(UTC).date() + _MARGIN)
            return [datetime.combine(day, at) for day in days[first:end]]
    return []


def _first_day(timing: Recurring, zone: str, launched: datetime) -> date:
    if timing.start is not None:
        return timing.start
    day = launched.astimezone(ZoneInfo(zone.split("|")[0])).date() - _DAY
    while instant(zone, day, timing.at) < launched:
        day += _DAY
    return day


def _days_between(since: datetime, until: datetime) -> Iterator[date]:
    """Every local day that some zone may see in a window."""
    day = since.astimezone(UTC).date() - _MARGIN
    while day <= until.astimezone(UTC).date() + _MARGIN:
        yield day
        day += _DAY
