"""Roll-ups: every state change writes its difference in the same transaction, so that reports never count messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.orm import Session

from outreach.messages.status import State
from outreach.messages.tables import Tally
from outreach.store import dialects


class Cell(NamedTuple):
    """What messages are counted by. `run_id` is 0 outside runs."""

    run_id: int
    step: str
    day: date
    kind: str
    state: State
    reason: str


class Change(NamedTuple):
    """One message that entered (+1) or left (-1) a cell, with its parts and their cost."""

    cell: Cell
    messages: int
    parts: int
    cost: float


def note(session: Session, changes: Iterable[Change]) -> None:
    """Write changes, added up per cell."""
    sums: dict[Cell, list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for change in changes:
        total = sums[change.cell]
        total[0] += change.messages
        total[1] += change.parts
        total[2] += change.cost
    rows = [
        {**cell._asdict(), "messages": int(n), "parts": int(parts), "cost": cost}
        for cell, (n, parts, cost) in sums.items()
        if n or parts or cost
    ]
    if rows:
        session.execute(insert(Tally), rows)


#: Rows of one cell below which folding is not worth a transaction.
FOLD_FROM = 100

#: Rows folded at most in one transaction, which holds them in memory.
FOLD_MOST = 20_000


def fold(session: Session, limit: int = FOLD_MOST) -> int:
    """Replace the rows of crowded cells by one each; the sums stay what they are.

    Gives the number of rows taken away.
    """
    cell = [getattr(Tally, name) for name in Cell._fields]
    crowded = select(*cell).group_by(*cell).having(func.count() >= FOLD_FROM)
    mine = tuple_(*cell).in_(crowded.order_by(func.count().desc()).limit(limit // FOLD_FROM))
    rows = session.scalars(dialects.take(select(Tally).where(mine).order_by(Tally.id).limit(limit))).all()
    session.execute(delete(Tally).where(Tally.id.in_([row.id for row in rows])))
    note(session, [Change(_cell(row), row.messages, row.parts, row.cost) for row in rows])
    return len(rows)


def _cell(row: Tally) -> Cell:
    return Cell(row.run_id, row.step, row.day, row.kind, row.state, row.reason)
