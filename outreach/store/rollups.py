"""Roll-ups: tables of changes (+n, -n), each written in the transaction that it counts, folded together now and then.

A row is added and none is ever updated, so that no two transactions wait for each other's counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, ClassVar

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from outreach.store import dialects
from outreach.store.base import Base
from outreach.store.types import Serial


class RollUp(Base):
    """A table of roll-ups. CELL: the columns that are counted by, the clinic's `day` among them; SUMS: the others."""

    __abstract__ = True
    CELL: ClassVar[tuple[str, ...]]
    SUMS: ClassVar[tuple[str, ...]]

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    day: Mapped[date]


Counted = tuple[Sequence[Any], Sequence[int | float]]  # the values of a cell, and what is added to its sums

#: Rows of one cell from which on folding is worth a transaction.
FOLD_FROM = 100

#: Rows folded at most in one transaction, which holds them in memory.
FOLD_MOST = 20_000

#: Little is still counted for a day that is over so long: its rows are folded however few they are.
COLD = timedelta(days=7)


def note(session: Session, table: type[RollUp], changes: Iterable[Counted]) -> None:
    """Write changes, added up by cell; what comes to nothing is not written."""
    sums: dict[tuple[Any, ...], list[int | float]] = {}
    for cell, values in changes:
        total = sums.setdefault(tuple(cell), [0] * len(table.SUMS))
        for place, value in enumerate(values):
            total[place] += value
    rows = [
        dict(zip(table.CELL, cell, strict=True)) | dict(zip(table.SUMS, total, strict=True))
        for cell, total in sums.items()
        if any(total)
    ]
    dialects.add_rows(session, table, rows)


def fold(session: Session, table: type[RollUp], limit: int = FOLD_MOST, crowd: int = FOLD_FROM) -> int:
    """Replace the rows of crowded or cold cells by one each; the sums stay what they are.

    Gives the number of rows taken away. `crowd`: rows that make a cell crowded.
    """
    cell = [getattr(table, name) for name in table.CELL]
    cold = dialects.day(session, dialects.now(session) - COLD)
    rows_of = func.count()
    folded = select(*cell).group_by(*cell).having(or_(rows_of >= crowd, (table.day < cold) & (rows_of > 1)))
    mine = tuple_(*cell).in_(folded.order_by(rows_of.desc()).limit(max(1, limit // crowd)))
    rows = session.scalars(dialects.take(select(table).where(mine).order_by(table.id).limit(limit))).all()
    session.execute(delete(table).where(table.id.in_([row.id for row in rows])))
    note(
        session, table, (([getattr(row, n) for n in table.CELL], [getattr(row, n) for n in table.SUMS]) for row in rows)
    )
    return len(rows)
