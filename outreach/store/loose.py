"""The values of a column, each found by one step in its index, however many rows have it.

A loose scan of an index, which neither database makes by itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, String, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

#: More values of one column than this nobody can choose from on a page.
MOST = 200


def values(session: Session, *columns: InstrumentedAttribute[Any], most: int | None = None) -> list[list[str]]:
    """Of each column (of texts) the values that are there, in order, by one statement. Each begins an index.

    `most`: no more of one column.
    """
    walks = [_walk(place, column, most) for place, column in enumerate(columns)]
    found: list[list[str]] = [[] for _ in columns]
    for place, value in session.execute(union_all(*walks) if len(walks) > 1 else walks[0]):
        found[place].append(value)
    return [sorted(each) for each in found]


def _walk(place: int, column: InstrumentedAttribute[Any], most: int | None) -> Select[Any]:
    first = select(func.min(column).label("value")).cte(f"values_{place}", recursive=True)
    walk = first.union_all(select(_next(column, first.c.value)).where(first.c.value.is_not(None)))
    some = select(walk.c.value).where(walk.c.value.is_not(None)).limit(most).subquery()
    return select(literal(place), some.c.value)


def _next(column: InstrumentedAttribute[Any], after: ColumnElement[str]) -> ColumnElement[str]:
    query = select(func.min(column)).where(column > after).scalar_subquery()
    return func.coalesce(query, literal(None, String()))
