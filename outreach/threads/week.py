"""A week of hours as staff write it: several spans a day, holidays, a zone. Pure but for the reading of the file.

open:
  mon-fri: ["08:00-12:30", "13:30-17:00"]
  sat: ["09:00-12:00"]
holidays: ["2026-12-25", "01-01"]       # this one each year
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from outreach.audience.hours import instant
from outreach.audience.places import zones
from outreach.errors import Fault

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60  # minutes
_AHEAD = 400  # days that are looked at before there is no opening at all
_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_HOLIDAY = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)")
_HOW_DAYS = "Write days like mon-fri, sat, or daily."
_HOW_SPAN = 'Write spans like ["08:00-12:30", "13:30-17:00"]; one may pass midnight.'
_HOW_HOLIDAY = 'Write holidays like ["2026-12-25"], or "12-25" for each year.'


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end`, minutes after the midnight with which a day of the week (0: Monday) begins."""

    day: int
    start: int
    end: int  # beyond 24 * 60 where it passes midnight


@dataclass(frozen=True, slots=True)
class Week:
    """Hours that come again each week. `holidays`: (year or 0 for each, month, day); `at_work`: on those, too."""

    zone: str
    spans: tuple[Span, ...]
    holidays: frozenset[tuple[int, int, int]] = frozenset()
    at_work: bool = False

    def stretches(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches (UTC) that end after `since`, one after the other, none overlapping."""
        first, reached = since.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=1), since
        for day in (first + timedelta(days=ahead) for ahead in range(_AHEAD)):
            if not self.at_work and self._is_holiday(day):
                continue
            for span in sorted(self._on(day), key=lambda span: span.start):
                start, end = (_moment(self.zone, day, minute) for minute in (span.start, span.end))
                if end > reached:
                    yield max(start, reached), end
                    reached = end

    def covers(self, at: datetime) -> bool:
        """Whether a moment is within these hours."""
        start, _ = next(self.stretches(at), (None, None))
        return start == at

    def after(self, at: datetime, amount: timedelta) -> datetime:
        """The moment at which so much of these hours has passed since `at`; within them, or at their end."""
        for start, end in self.stretches(at):
            if end - start >= amount:
                return start + amount
            amount -= end - start
        return at + amount  # never open: an answer within this time is promised all the same

    def _on(self, day: date) -> Iterator[Span]:
        return (span for span in self.spans if span.day == day.weekday())

    def _is_holiday(self, day: date) -> bool:
        return not self.holidays.isdisjoint({(0, day.month, day.day), (day.year, day.month, day.day)})


def always(zone: str) -> Week:
    """Day and night."""
    return Week(zone, tuple(Span(day, 0, DAY) for day in range(7)))


def _moment(zone: str, day: date, minute: int) -> datetime:
    return instant(zone, day + timedelta(days=minute // DAY), time(minute % DAY // 60, minute % 60))


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass
class Reader:
    """What the files of hours have in common, read with every fault, by line and column."""

    name: str
    faults: list[Fault] = field(default_factory=list)

    def root(self, path: Path) -> dict[str, tuple[Node, Node]]:
        """The keys and values at the top of a file."""
        try:
            node: Node | None = YAML(typ="safe", pure=True).compose(path)
        except MarkedYAMLError as error:
            mark = error.problem_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            self.faults.append(Fault(self.name, line, column, f"It is not YAML: {error.problem}.", "Mend the line."))
            return {}
        except (OSError, UnicodeDecodeError, YAMLError, ValueError):
            self.faults.append(Fault(self.name, 0, 0, "It cannot be read.", "Save it as a text file in UTF-8."))
            return {}
        return self.pairs(node)

    def pairs(self, node: Node | None, known: Sequence[str] = ()) -> dict[str, tuple[Node, Node]]:
        """The keys and values of a mapping; a key that is not `known` (where that is said) is a fault."""
        if not isinstance(node, MappingNode):
            self.fault(node, "Names with values are missing here.", "Write `name: value`.")
            return {}
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                self.fault(key, f"{name!r} stands here twice.", "Merge the two.")
            if known and name not in known:
                self.fault(key, f"{name!r} is not known here.", f"Known: {', '.join(known)}.")
            found[name] = (key, value)
        return found

    def items(self, node: Node, how: str) -> list[ScalarNode]:
        """The texts of a list."""
        if not isinstance(node, SequenceNode) or not all(isinstance(item, ScalarNode) for item in node.value):
            self.fault(node, "A list is missing here.", how)
            return []
        return list(node.value)

    def days(self, node: Node) -> list[int]:
        """`mon-fri`, `sat`, `daily`."""
        text = str(node.value).strip().lower() if isinstance(node, ScalarNode) else ""
        first, _, last = text.partition("-")
        if text == "daily":
            return list(range(7))
        if first not in DAYS or (last or first) not in DAYS:
            self.fault(node, f"{text!r} is no day.", _HOW_DAYS)
            return []
        begin, end = DAYS.index(first), DAYS.index(last or first)
        return [day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)]

    def spans(self, days: Sequence[int], node: Node) -> list[Span]:
        """The same spans on each of these days."""
        found: list[Span] = []
        for item in self.items(node, _HOW_SPAN):
            match = _SPAN.fullmatch(str(item.value).strip())
            start, end = (_minute(match[1], match[2]), _minute(match[3], match[4])) if match else (-1, -1)
            if not match or not (0 <= start < DAY and 0 <= end <= DAY) or start == end:
                self.fault(item, f"{item.value!r} is no stretch of a day.", _HOW_SPAN)
                continue
            found += [Span(day, start, end if end > start else end + DAY) for day in days]
        return found

    def holidays(self, node: Node) -> frozenset[tuple[int, int, int]]:
        """Days off."""
        found: set[tuple[int, int, int]] = set()
        for item in self.items(node, _HOW_HOLIDAY):
            match = _HOLIDAY.fullmatch(str(item.value).strip())
            year, month, day = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
            try:
                date(year or 2028, month, day)  # a leap year: 29 February may be one
            except ValueError:
                self.fault(item, f"{item.value!r} is no day of the calendar.", _HOW_HOLIDAY)
                continue
            found.add((year, month, day))
        return frozenset(found)

    def zone(self, found: dict[str, tuple[Node, Node]], default: str) -> str:
        """The zone that a mapping names, or the default."""
        if "zone" not in found:
            return default
        node = found["zone"][1]
        if str(node.value) not in zones():
            self.fault(node, f"{node.value!r} is not an IANA time zone.", "Write it like Africa/Nairobi.")
            return default
        return str(node.value)

    def fault(self, node: Node | None, problem: str, remedy: str) -> None:
        """Note a fault where a node stands."""
        mark = node.start_mark if node is not None else None
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        self.faults.append(Fault(self.name, line, column, problem, remedy))


def _minute(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute) if int(minute) < 60 else -1
