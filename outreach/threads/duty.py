"""When the clinic is open (`hours.yaml`), and who is on duty when somebody is in danger (`duty.yaml`).

    duty:
      - {staff: wanjiru, days: mon-fri, hours: ["08:00-17:00"]}
      - {staff: otieno, days: daily, hours: ["17:00-08:00"], holidays: true}    # also on holidays
    holidays: ["2026-12-25"]

Whoever stands first is called first. Both files lie in the workspace and are looked at anew whenever they change.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

from outreach import log
from outreach.errors import Fault
from outreach.settings import Settings
from outreach.staff.accounts import Member
from outreach.staff.roles import StaffState
from outreach.threads.week import Reader, Week, always

logger = log.get("threads")

HOURS, DUTY = FILES = ("hours.yaml", "duty.yaml")
_HOW_DUTY = 'Write lines like `- {staff: wanjiru, days: mon-fri, hours: ["08:00-17:00"]}`.'
_KEYS = ("staff", "days", "hours", "zone", "holidays")


@dataclass(frozen=True, slots=True)
class Turn:
    """When one of staff is on duty. `line`, `column`: where her name stands in the file, from 1."""

    staff: str
    week: Week
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Hours:
    """What the two files say; a file with faults says nothing, and `faults` holds every one."""

    week: Week
    rota: tuple[Turn, ...]
    faults: tuple[Fault, ...]

    def on_duty(self, at: datetime) -> list[str]:
        """The staff names to call at a moment, in their order."""
        return list(dict.fromkeys(turn.staff for turn in self.rota if turn.week.covers(at)))


def strangers(hours: Hours, staff: Collection[Member]) -> list[Fault]:
    """Every line of the rota whose name cannot be called: nobody of staff, suspended, or without a phone."""
    known = {each.name: each for each in staff}
    return [
        Fault(DUTY, turn.line, turn.column, f"{turn.staff!r} {why[0]}", why[1])
        for turn in hours.rota
        if (why := _uncallable(known.get(turn.staff)))
    ]


def _uncallable(member: Member | None) -> tuple[str, str] | None:
    if member is None:
        return "is nobody of staff.", "Names: outreach staff list"
    if member.state != StaffState.ACTIVE:
        return "is suspended and would not be called.", "Take the line out, or let her in again."
    return None if member.has_phone else ("has no phone to be called on.", "Give her one: outreach staff --help")


def read(settings: Settings) -> Hours:
    """The hours of a clinic. Without `hours.yaml` it is always open; without `duty.yaml` nobody is on duty."""
    folder = settings.workspace
    return _read(folder, settings.zone, *(_stamp(folder / name) for name in (HOURS, DUTY)))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        known = path.stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size


@lru_cache(maxsize=8)
def _read(folder: Path, zone: str, hours: tuple[int, int] | None, duty: tuple[int, int] | None) -> Hours:
    """Absent files have no stamp; a changed one has another and is read anew."""
    week, wrong = _opening(folder / HOURS, zone) if hours else (always(zone), ())
    rota, amiss = _rota(folder / DUTY, zone) if duty else ((), ())
    for fault in (*wrong, *amiss):
        logger.error("hours unusable", path=fault.path, line=fault.line)
    return Hours(week, rota, (*wrong, *amiss))


def _opening(path: Path, zone: str) -> tuple[Week, tuple[Fault, ...]]:
    reader = Reader(HOURS)
    found = reader.root(path)
    if not reader.faults:
        _known(reader, found, ("open", "holidays", "zone"))
    zone, spans = reader.zone(found, zone), []
    for key, value in reader.pairs(found["open"][1]).values() if "open" in found else ():
        spans += reader.spans(reader.days(key), value)
    if not spans and not reader.faults:
        how = 'Write `open:` and under it `mon-fri: ["08:00-17:00"]`.'
        reader.fault(None, "There is no hour at which the clinic is open.", how)
    holidays = reader.holidays(found["holidays"][1]) if "holidays" in found else frozenset()
    week = always(zone) if reader.faults else Week(zone, tuple(spans), holidays)
    return week, tuple(reader.faults)


def _rota(path: Path, zone: str) -> tuple[tuple[Turn, ...], tuple[Fault, ...]]:
    reader = Reader(DUTY)
    found = reader.root(path)
    if not reader.faults:
        _known(reader, found, ("duty", "holidays", "zone"))
    zone = reader.zone(found, zone)
    holidays = reader.holidays(found["holidays"][1]) if "holidays" in found else frozenset()
    lines = found["duty"][1] if "duty" in found else None
    if not isinstance(lines, SequenceNode) or not lines.value:
        if not reader.faults:
            reader.fault(lines, "Nobody is on duty.", _HOW_DUTY)
        return (), tuple(reader.faults)
    turns = [_turn(reader, line, zone, holidays) for line in lines.value]
    return () if reader.faults else tuple(turns), tuple(reader.faults)


def _turn(reader: Reader, line: Node, zone: str, holidays: frozenset[tuple[int, int, int]]) -> Turn:
    found = reader.pairs(line, _KEYS)
    for key in ("staff", "days", "hours"):
        if found and key not in found:
            reader.fault(line, f"`{key}` is missing.", _HOW_DUTY)
    name = found["staff"][1] if "staff" in found else None
    at_work = found["holidays"][1] if "holidays" in found else None
    if at_work is not None and str(at_work.value).lower() not in {"true", "false"}:
        reader.fault(at_work, "`holidays` is true or false here.", "Write `holidays: true` to be on duty on holidays.")
    if name is not None and (not isinstance(name, ScalarNode) or not str(name.value).strip()):
        reader.fault(name, "A staff name is missing here.", "Names: outreach staff list")
    days = _days(reader, found["days"][1]) if "days" in found else []
    spans = reader.spans(days, found["hours"][1]) if "hours" in found else []
    week = Week(
        reader.zone(found, zone), tuple(spans), holidays, at_work is not None and str(at_work.value).lower() == "true"
    )
    if name is None:
        return Turn("", week)
    return Turn(str(name.value).strip(), week, name.start_mark.line + 1, name.start_mark.column + 1)


def _days(reader: Reader, node: Node) -> list[int]:
    """One stretch of days, or a list of them."""
    parts = node.value if isinstance(node, SequenceNode) else [node]
    return sorted({day for part in parts for day in reader.days(part)})


def _known(reader: Reader, found: dict[str, tuple[Node, Node]], names: tuple[str, ...]) -> None:
    for name, (key, _) in found.items():
        if name not in names:
            reader.fault(key, f"{name!r} is not known here.", f"Known: {', '.join(names)}.")
