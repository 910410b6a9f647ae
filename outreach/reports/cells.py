"""Small cells: what counts few people is hidden, and nothing that is printed gives it away.

Figures of people are those of columns with `Measure.PEOPLE`. The rules, each as simple as it can be proved by:

1. A figure between 1 and `few - 1` is hidden; 0 is said.
2. What breaks a hidden figure down is hidden. What breaks a shown one down is shown as a whole or not at all: one small
   part hides all parts of its row, so that of the sum nothing can be subtracted.
3. In rows that are not over (`SO_FAR`), figures are rounded down to whole `few`s and not broken down: who prints the
   report every day does not see single people come or go.
4. Totals are sums of what is shown. So no printed equation holds a hidden figure, but that of a figure and all its
   parts, which are hidden together.
5. Filters leave out rows of the finished table and never change a figure, and each figure of people stands in one
   report, by one period: there are no two tables to subtract from each other.

6. What people did (`delivery.ACTS`) is no reason that is told by day; by run it is told of `few` messages and more, the
   rest stands among the unnamed (`reasons`).

They do not apply to what counts messages, parts, money, senders, or what helpers did: staff must see and mend a single
failure, and it tells of a line or of our own rule, not of who somebody is.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from outreach.reports.contract import SO_FAR, Column, Hidden, Measure, Report, Row, Scope, Value


def table(report: Report, session: Session, scope: Scope) -> list[Row]:
    """The rows of a report as they may be shown: the only way to read one."""
    rows = report.rows(session, scope)
    if not any(column.measure is Measure.PEOPLE for column in report.COLUMNS):
        return rows
    return [_safe(report.COLUMNS, row, scope.few) for row in rows]


def _safe(columns: Sequence[Column], row: Row, few: int) -> Row:
    going = bool(row.get(SO_FAR.name))
    safe = dict(row)
    for column in columns:
        if column.measure is Measure.PEOPLE and not column.of:
            safe[column.name] = _shown(row[column.name], few, going=going)
    for name in {column.of for column in columns if column.measure is Measure.PEOPLE and column.of}:
        parts = [column.name for column in columns if column.of == name]
        if safe[name] is Hidden.FEW or (going and safe[name]) or any(_is_small(row[part], few) for part in parts):
            safe |= dict.fromkeys(parts, Hidden.FEW)
    for column in columns:
        if column.about and safe[column.about] is Hidden.FEW:
            safe[column.name] = Hidden.FEW
    return safe


def _shown(value: Value, few: int, *, going: bool) -> Value:
    if _is_small(value, few):
        return Hidden.FEW
    return value - value % few if going and isinstance(value, int) else value


def _is_small(value: Value, few: int) -> bool:
    return isinstance(value, int) and 0 < value < few
