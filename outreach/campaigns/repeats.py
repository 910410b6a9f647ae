"""When a step is due, as a form asks for it: once, every so many days or weeks, or so many days around a date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from outreach.campaigns.source import Plain

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_NUMBER = re.compile(r"\d{1,4}")


class When(StrEnum):
    """The ways of saying when."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    RULE = "rule"  # RFC 5545, as it is
    BEFORE = "before"
    AFTER = "after"


_FREQUENCIES = {"DAILY": When.DAILY, "WEEKLY": When.WEEKLY, "MONTHLY": When.MONTHLY}
_OWN_PART = {When.WEEKLY: "BYDAY", When.MONTHLY: "BYMONTHDAY"}


@dataclass(frozen=True, slots=True)
class Timing:
    """The fields of one way; the others are empty. `at`: the time of day; `day`: the only one, or the first of many."""

    when: When = When.ONCE
    at: str = ""
    day: str = ""
    every: str = ""  # so many days, weeks or months
    times: str = ""  # how often; empty: without end
    weekdays: tuple[str, ...] = ()
    monthday: str = ""
    rule: str = ""
    field: str = ""
    days: str = ""


NEVER = Timing()  # nothing said yet


def of(step: dict[str, Plain]) -> Timing | None:
    """How a step's own words look in the form; None: not at all."""
    at = step.get("at", "")
    if not isinstance(at, str):
        return None
    given = [key for key in ("every", "before", "after") if key in step]
    if len(given) > 1:
        return None
    if not given:
        day, _, clock = at.replace("T", " ").rpartition(" ")
        return Timing(When.ONCE, at=clock, day=day)
    value = step[given[0]]
    if given[0] == "every":
        return _repeated(value, at, step.get("from", ""))
    if not isinstance(value, dict) or value.keys() - {"field", "days"}:
        return None
    field, days = value.get("field", ""), value.get("days", "")
    return Timing(When(given[0]), at=at, field=str(field), days=str(days))


def keys(timing: Timing) -> dict[str, Plain]:
    """The keys of a step that say it; None: taken out."""
    found: dict[str, Plain] = dict.fromkeys(("every", "from", "before", "after"))
    match timing.when:
        case When.ONCE:
            return {**found, "at": f"{timing.day} {timing.at}".strip()}
        case When.BEFORE | When.AFTER:
            around: Plain = {"field": timing.field, "days": _number(timing.days)}
            return {**found, timing.when.value: around, "at": timing.at}
        case _:
            return {**found, "every": rule(timing), "from": timing.day or None, "at": timing.at}


def rule(timing: Timing) -> str:
    """The rule of a step that comes again."""
    if timing.when is When.RULE:
        return timing.rule
    parts = [f"FREQ={timing.when.value.upper()}"]
    if timing.every not in {"", "1"}:
        parts.append(f"INTERVAL={timing.every}")
    if timing.when is When.WEEKLY and timing.weekdays:
        parts.append(f"BYDAY={','.join(timing.weekdays)}")
    if timing.when is When.MONTHLY and timing.monthday:
        parts.append(f"BYMONTHDAY={timing.monthday}")
    if timing.times:
        parts.append(f"COUNT={timing.times}")
    return ";".join(parts)


def _repeated(value: Plain, at: str, first: Plain) -> Timing | None:
    if not isinstance(value, str) or not isinstance(first, str):
        return None
    whole = Timing(When.RULE, at=at, day=first, rule=value)
    words = [part.partition("=")[::2] for part in value.strip().upper().split(";")]
    parts = dict(words)
    when = _FREQUENCIES.get(parts.get("FREQ", ""))
    if when is None or len(parts) < len(words):
        return whole
    own = parts.get(_OWN_PART.get(when, ""), "")
    simple = Timing(
        when,
        at=at,
        day=first,
        every=parts.get("INTERVAL", ""),
        times=parts.get("COUNT", ""),
        weekdays=tuple(own.split(",")) if when is When.WEEKLY and own else (),
        monthday=own if when is When.MONTHLY else "",
    )
    again = dict([part.partition("=")[::2] for part in rule(simple).split(";")])
    shown = again == {key: text for key, text in parts.items() if (key, text) != ("INTERVAL", "1")}
    return simple if shown and _is_plain(simple) else whole


def _is_plain(simple: Timing) -> bool:
    """Whether the form's own fields can hold it."""
    numbers = (simple.every, simple.times, simple.monthday)
    return set(simple.weekdays) <= set(WEEKDAYS) and all(not each or _NUMBER.fullmatch(each) for each in numbers)


def _number(text: str) -> Plain:
    return int(text) if _NUMBER.fullmatch(text) else text
