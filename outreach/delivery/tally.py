"""The roll-up of messages: every state change writes its difference, so that reports never count messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from outreach.messages.status import State
from outreach.messages.tables import Message, Tally
from outreach.store import dialects, rollups


class Cell(NamedTuple):
    """What messages are counted by. `run_id` is 0 outside runs."""

    run_id: int
    step: str
    day: date
    kind: str
    state: State
    reason: str
    sender: str = ""


class Change(NamedTuple):
    """One message that entered (+1) or left (-1) a cell, with its parts and their cost.

    `people`: 1 for the first text that somebody writes to a run.
    """

    cell: Cell
    messages: int
    parts: int
    cost: float
    people: int = 0


def note(session: Session, changes: Iterable[Change]) -> None:
    """Write changes, added up per cell."""
    rollups.note(session, Tally, ((change.cell, change[1:]) for change in changes))


def written(session: Session, statement: Any, **known: Any) -> list[Change]:
    """Run a statement that writes waiting messages, and count them by cell inside the database.

    `known`: what is the same for all of them.
    """
    names = [name for name in Cell._fields if name not in known]
    columns = [getattr(Message, name) for name in names]
    rows = dialects.tallied(session, statement, columns, [Message.parts, Message.cost])
    return [_change(known | dict(zip(names, row, strict=False)), row[len(names) :]) for row in rows]


def _change(cell: dict[str, Any], sums: Sequence[Any]) -> Change:
    return Change(Cell(**cell | {"run_id": cell["run_id"] or 0}), *sums)
