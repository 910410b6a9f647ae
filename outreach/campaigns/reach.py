"""How many people an audience reaches, while it is being built; and the words that one can build it from.

Staff of the clinic see exact counts, small ones too: they may look every one of these people up by the same tags. What
leaves the clinic is a report, and reports suppress.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, String, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from outreach import consent
from outreach.audience import filters
from outreach.audience.filters import Filter
from outreach.audience.tables import Person, PersonField, PersonState, PersonTag
from outreach.store import dialects

MOST_WORDS = 200
CROWD = 100_000  # people above whom some are looked at in place of all
LOOKED_AT = 10_000
ENOUGH = 300  # found among those looked at, for a count that is right to about a twentieth

_FILTER: TypeAdapter[Filter] = TypeAdapter(Filter)


@dataclass(frozen=True, slots=True)
class Reach:
    """People whom a filter means: those who agree to the topic, and those who do not. `exact`: else about so many."""

    agreed: int
    others: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Words:
    """What people have: tags, fields with the sort of their values, time zones."""

    tags: tuple[str, ...]
    fields: tuple[str, ...]
    zones: tuple[str, ...]


def of(session: Session, audience: Mapping[str, Any], topic: str, at: datetime) -> Reach | None:
    """Whom an audience as it is written reaches now; None where it is no filter.

    Of a crowd some are looked at, so that the answer is there while one types; where few of them are meant, all are.
    """
    try:
        chosen = _FILTER.validate_json(json.dumps(audience))
    except ValidationError:
        return None
    meant = (Person.state == PersonState.ACTIVE) & filters.where(chosen)
    agrees = meant & consent.granted(Person.id, topic, at)
    crowd = dialects.about_rows(session, Person)
    if crowd > CROWD:
        some = dialects.some_of(Person.id, LOOKED_AT / crowd)
        seen = session.scalar(select(func.count()).select_from(some.subquery())) or 1
        agreed, everybody = (_count(session, each & Person.id.in_(some)) for each in (agrees, meant))
        if agreed >= ENOUGH:
            each_stands_for = crowd / seen
            return Reach(_round(agreed * each_stands_for), _round((everybody - agreed) * each_stands_for), exact=False)
    agreed = _count(session, agrees)
    return Reach(agreed, _count(session, meant) - agreed, exact=True)


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Person).where(condition)) or 0


def _round(number: float) -> int:
    """To two places that count: what stands behind them is chance."""
    places = max(len(str(int(number))) - 2, 0)
    return int(round(number, -places))


def words(session: Session) -> Words:
    """The words that people's tags, fields and zones are made of, read along the indexes: a million people or ten."""
    return Words(
        _distinct(session, PersonTag.tag), _distinct(session, PersonField.name), _distinct(session, Person.zone)
    )


def _distinct(session: Session, column: InstrumentedAttribute[str]) -> tuple[str, ...]:
    """Each value once, from one to the next: a loose scan of the index, which neither database makes by itself."""
    first = select(func.min(column).label("word")).cte("words", recursive=True)
    following = select(_next(column, first.c.word)).where(first.c.word.is_not(None))
    walk = first.union_all(following)
    found = session.scalars(select(walk.c.word).where(walk.c.word.is_not(None)).limit(MOST_WORDS))
    return tuple([str(word) for word in found])


def _next(column: InstrumentedAttribute[str], after: ColumnElement[str]) -> ColumnElement[str]:
    query = select(func.min(column)).where(column > after).scalar_subquery()
    return func.coalesce(query, literal(None, String()))
