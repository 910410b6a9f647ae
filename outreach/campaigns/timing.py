"""When a step is due, as values; and the texts that staff write for it, read strictly.

A wall time is what a clock shows at the person's place: a `datetime` without a zone, on purpose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any

from dateutil.rrule import rrulestr
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from outreach.errors import worded

MAX_COUNT = 3660  # ten years of days

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?")
_CLOCK = re.compile(r"\d{2}:\d{2}(:\d{2})?")
_DURATION = re.compile(r"([1-9]\d{0,5})([smhd])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
_RULE = re.compile(r"[A-Z0-9=;,+-]{1,200}")
_RULE_PARTS = {
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
}
_RULE_REMEDY = worded('Write it like "FREQ=WEEKLY;BYDAY=MO;COUNT=26", in quotes.')
_UNTIL = re.compile(r"UNTIL=(\d{4})")
_SOME_DAY = date(2028, 1, 1)
_CYCLES = 7600  # years: 19 cycles of the calendar, after which weekdays and leap days are the same again
_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}


@dataclass(frozen=True, slots=True)
class Fixed:
    """Once, at a wall time."""

    wall: datetime


@dataclass(frozen=True, slots=True)
class Recurring:
    """By an RFC 5545 rule over days, at a clock time; counted from `start`, or from the launch where that is None."""

    rule: str
    at: time
    start: date | None


@dataclass(frozen=True, slots=True)
class Relative:
    """Some days from the date in a person's field (negative: before it), at a clock time."""

    field: str
    days: int
    at: time


Timing = Fixed | Recurring | Relative


def fault(problem: str, remedy: str) -> PydanticCustomError:
    """An error that pydantic carries to where the value stands."""
    return PydanticCustomError("fault", "{problem}", {"problem": problem, "remedy": remedy})


def read_at(value: object) -> datetime | time:
    """A wall time "2026-12-01 09:00" or a clock time "09:00", each with seconds or without."""
    if isinstance(value, datetime | time):
        return value
    text = value if isinstance(value, str) else ""
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
        if _CLOCK.fullmatch(text):
            return time.fromisoformat(text)
    except ValueError:
        pass  # right in form, but no clock shows it: 25:00, 30 February
    raise fault(
        worded("%(value)s is not a time.", value=repr(value)),
        worded('Write "09:00" or "2026-12-01 09:00", in quotes, with two digits each.'),
    )


def read_clock(value: object) -> int:
    """Minutes after midnight of "08:00"; "24:00" is the end of the day."""
    if value == "24:00":
        return 24 * 60
    at = read_at(value)
    if isinstance(at, datetime) or at.second:
        raise fault(
            worded("%(value)s is not a time of day.", value=repr(value)), worded('Write it like "08:00", in quotes.')
        )
    return at.hour * 60 + at.minute


def read_duration(value: object) -> timedelta:
    """A length of time: seconds "30s", minutes "90m", hours "4h" or days "2d"."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise fault(
            worded("%(value)s is not a length of time.", value=repr(value)),
            worded("Write minutes, hours or days as 90m, 4h or 2d."),
        )
    return int(match[1]) * _UNITS[match[2]]


def write_duration(length: timedelta) -> str:
    """The shortest text for a length of time, so that 240m and 4h are the same definition."""
    unit = next(unit for unit, size in _UNITS.items() if not length % size)
    return f"{length // _UNITS[unit]}{unit}"


def read_rule(value: object) -> str:
    """An RFC 5545 recurrence rule over whole days, in capitals."""
    rule = value.strip().upper() if isinstance(value, str) else ""
    if not _RULE.fullmatch(rule):
        raise fault(worded("%(value)s is not a rule.", value=repr(value)), _RULE_REMEDY)
    parts = [part.partition("=")[::2] for part in rule.split(";")]
    _check_parts(dict(parts), [name for name, _ in parts])
    loose = [f"{name}={text}" for name, text in parts if name not in {"INTERVAL", "COUNT", "UNTIL"}]
    try:
        days_of(rule, _SOME_DAY)
        comes = bool(days_of(";".join([*loose, "COUNT=1"]), _SOME_DAY))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):  # what dateutil raises for odd rules
        raise fault(worded("%(value)s is not a rule of RFC 5545.", value=repr(value)), _RULE_REMEDY) from None
    if not comes:
        raise fault(
            worded("The rule names a day that never comes."), worded("Look for contradictions, such as 30 February.")
        )
    return rule


@lru_cache(maxsize=512)
def days_of(rule: str, start: date) -> tuple[date, ...]:
    """The days of a rule from a first day on, at most MAX_COUNT; UNTIL is inclusive. Raises ValueError for no rule.

    dateutil looks for a rule's next day until the year 9999, which takes seconds where none comes (30 February). Moved
    close to that year by whole cycles of the calendar, the rule has the same days and is done at once.
    """
    moved = _UNTIL.sub(lambda until: f"UNTIL={int(until[1]) + _CYCLES}", rule)
    found = islice(rrulestr(moved, dtstart=datetime.combine(_moved(start, _CYCLES), time())), MAX_COUNT)
    return tuple(_moved(moment.date(), -_CYCLES) for moment in found)


def _moved(day: date, years: int) -> date:
    return day.replace(year=day.year + years)


def _check_parts(parts: dict[str, str], names: list[str]) -> None:
    if parts.get("FREQ") in {"SECONDLY", "MINUTELY", "HOURLY"}:
        raise fault(
            worded("Nobody is written to several times a day by a rule."),
            worded("Use FREQ=DAILY, WEEKLY, MONTHLY or YEARLY."),
        )
    if parts.get("FREQ") not in _FREQUENCIES or len(names) != len(set(names)):
        raise fault(worded("The rule has no frequency, or names something twice."), _RULE_REMEDY)
    if clock := {"BYHOUR", "BYMINUTE", "BYSECOND"} & parts.keys():
        raise fault(
            worded("%(what)s: the time of day does not stand in the rule.", what=", ".join(sorted(clock))),
            worded('Say it with `at: "09:00"`.'),
        )
    if unknown := parts.keys() - _RULE_PARTS:
        raise fault(worded("%(what)s is no part of a rule here.", what=repr(", ".join(sorted(unknown)))), _RULE_REMEDY)
    _check_end(parts)


def _check_end(parts: dict[str, str]) -> None:
    if "UNTIL" in parts and "COUNT" in parts:
        raise fault(worded("A rule ends by COUNT or by UNTIL, not by both."), worded("Delete one of the two."))
    if not re.fullmatch(r"2[01]\d{6}", parts.get("UNTIL", "20261231")):
        raise fault(
            worded("UNTIL is a day, the last one on which the step may come."), worded("Write it like UNTIL=20261231.")
        )
    for name, most in (("COUNT", MAX_COUNT), ("INTERVAL", 1000)):
        number = parts.get(name, "1")
        if not (number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= most):
            raise fault(
                worded("%(name)s=%(number)s is not a number from 1 to %(most)s.", name=name, number=number, most=most),
                worded("Correct it, or delete it."),
            )


def _schema(pattern: str, description: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "pattern": pattern, "description": description, "examples": list(examples)}
    )


def _plain(value: Any) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value.isoformat())


def _write_clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


_HH_MM = r"([01]\d|2[0-3]):[0-5]\d"

At = Annotated[
    datetime | time,
    PlainValidator(read_at),
    PlainSerializer(_plain),
    _schema(
        rf"^(\d{{4}}-\d{{2}}-\d{{2}}[ T])?{_HH_MM}(:[0-5]\d)?$",
        "The person's own local time: a day and a time on its own, a time with `every`, `before` or `after`.",
        "2026-12-01 09:00",
        "09:00",
    ),
]
Clock = Annotated[
    int,
    PlainValidator(read_clock),
    PlainSerializer(_write_clock),
    _schema(rf"^({_HH_MM}|24:00)$", "A local time of day.", "08:00"),
]
Duration = Annotated[
    timedelta,
    PlainValidator(read_duration),
    PlainSerializer(write_duration),
    _schema(r"^[1-9]\d{0,5}[mhd]$", "Minutes, hours or days.", "90m", "4h", "2d"),
]
Rule = Annotated[
    str,
    PlainValidator(read_rule),
    _schema(
        r"^(.*;)?FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;.*)?$",
        "An RFC 5545 rule over days; the time of day stands in `at`.",
        "FREQ=WEEKLY;BYDAY=MO;COUNT=26",
        "FREQ=DAILY;COUNT=14",
        "FREQ=MONTHLY;BYMONTHDAY=1",
    ),
]
