"""What a check says: how bad it is, what was seen, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from outreach.workspace import Workspace


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"  # soon a fault, or cannot be judged from here
    FAULT = "fault"  # something is broken now


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `seen` and `remedy` hold ids, counts and ages only; no remedy where all is well."""

    check: str
    level: Level
    seen: str
    remedy: str = ""


Check = Callable[[Workspace], Iterable[Finding]]


def ok(check: str, seen: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, seen)


def warning(check: str, seen: str, remedy: str) -> Finding:
    """Not broken yet, or not to be judged from here."""
    return Finding(check, Level.WARNING, seen, remedy)


def fault(check: str, seen: str, remedy: str) -> Finding:
    """Broken."""
    return Finding(check, Level.FAULT, seen, remedy)


def told(age: timedelta) -> str:
    """A duration as people say it: "40 s", "12 min", "3 h", "5 days"."""
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86400 * 2, 86400), (7200, 3600), (120, 60)):
        if seconds >= size:
            names = {86400: "days", 3600: "h", 60: "min"}
            return f"{seconds // unit} {names[unit]}"
    return f"{seconds} s"
