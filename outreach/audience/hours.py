"""When somebody may be written to, on the clock at her place. Pure: no database, no present time.

A zone is an IANA name, or several candidates joined by "|" where it is only guessed from the number; what is said of a
time must then hold in every candidate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from outreach.errors import SettingError

DAY = 24 * 60  # minutes
_HORIZON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Hours:
    """Part of a day, half-open, in minutes after local midnight; `end` may be 1440. Passes midnight if start > end."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < DAY and 0 <= self.end <= DAY and self.start != self.end):
            raise ValueError(f"hours from minute {self.start} to minute {self.end} are not part of a day")

    def __contains__(self, minute: int) -> bool:
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


#: What people call parts of a day.
MORNING, MIDDAY, EVENING = Hours(8 * 60, 12 * 60), Hours(12 * 60, 14 * 60), Hours(17 * 60, 20 * 60)


def written(first: int | None, last: int | None) -> str:
    """Somebody's own hours as one writes them: "08:00-12:00"; "" for none."""
    if first is None or last is None:
        return ""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (first, last))


def quiet_hours(text: str) -> Hours | None:
    """The setting `quiet_hours`, "21:00-08:00" or "off" (None). Raises SettingError."""
    if text == "off":
        return None
    try:
        start, end = (_minutes(part) for part in text.split("-"))
        return Hours(start, end)
    except ValueError:
        raise SettingError(
            f"OUTREACH_QUIET_HOURS: {text!r} is no stretch of a day. Write it like 21:00-08:00, or off."
        ) from None


def instant(zone: str, day: date, at: time) -> datetime:
    """The earliest instant (UTC) at which it is `at` or later on `day`, in every candidate zone.

    So a local time that the clocks jump over comes once, at the jump; one that they show twice, the first time only.
    """
    wall = datetime.combine(day, at)
    zones = _zones(zone)
    moments = [moment for each in zones for moment in _reaching(each, wall)]
    return min(moment for moment in moments if all(_local(moment, each) >= wall for each in zones))


def lawful(moment: datetime, zone: str, hours: Hours, quiet: Hours | None) -> datetime | None:
    """The next instant from `moment` on (UTC) that is within `hours` and outside `quiet` in every candidate zone.

    `hours` are the person's own if she has any, else the campaign's; `quiet` holds against both. None: there is no such
    instant within seven days.
    """
    zones = _zones(zone)

    def allowed(candidate: datetime) -> bool:
        minutes = [_minute(candidate, each) for each in zones]
        return all(minute in hours and (quiet is None or minute not in quiet) for minute in minutes)

    start = moment.astimezone(UTC)
    if allowed(start):
        return start
    edges = [hours.start] if quiet is None else [hours.start, quiet.end % DAY]
    openings = {opening for each in zones for opening in _openings(each, start, edges)}
    return next(
        (opening for opening in sorted(openings) if start < opening <= start + _HORIZON and allowed(opening)), None
    )


def _openings(zone: ZoneInfo, start: datetime, edges: list[int]) -> Iterator[datetime]:
    """Every instant of the coming week at which a window may open here: its edge is reached, or the clocks change."""
    first = _local(start, zone).date()
    for day in (first + timedelta(days=ahead) for ahead in range(_HORIZON.days + 2)):
        for edge in edges:
            yield from _reaching(zone, datetime.combine(day, time(edge // 60, edge % 60)))
    for ahead in range(_HORIZON.days + 1):
        noon = start + timedelta(days=ahead)
        if change := _change(zone, noon, noon + timedelta(days=1)):
            yield change


def _reaching(zone: ZoneInfo, wall: datetime) -> list[datetime]:
    """The instants at which this zone's clocks come to show `wall` or jump past it: one, or two when clocks go back."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return [first]
    if first < second:
        return [first, second]
    change = _change(zone, second, first)  # the clocks jump over it: PEP 495 maps the two folds around the jump
    return [change] if change else []


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime | None:
    """The instant in (before, after] from which the offset is the later one; None if the two offsets are the same."""
    if _offset(before, zone) == _offset(after, zone):
        return None
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        same = _offset(datetime.fromtimestamp(middle, UTC), zone) == _offset(before, zone)
        low, high = (middle, high) if same else (low, middle)
    return datetime.fromtimestamp(high, UTC)


@lru_cache(maxsize=1024)
def _zones(zone: str) -> tuple[ZoneInfo, ...]:
    return tuple(ZoneInfo(name) for name in zone.split("|"))


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def _minute(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return local.hour * 60 + local.minute


def _minutes(text: str) -> int:
    """Minutes after midnight of "HH:MM". Raises ValueError."""
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)
