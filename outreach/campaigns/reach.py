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
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import filters
from outreach.audience.filters import Filter
from outreach.audience.tables import Person, PersonField, PersonState, PersonTag
from outreach.store import dialects, loose

CROWD = 100_000  # people above whom some are looked at in place of all
LOOKED_AT = 3_000
ENOUGH = 30  # found among those looked at, for a count that is right to about a fifth: it is said to one place
PLENTY = 100  # to about a tenth: to two places
PATIENCE = 50  # milliseconds in which the few of a crowd must be counted, or what was looked at stands for them

_NONE_SEEN = 3  # of whom none is seen, there are fewer than three times whom one seen stands for, 19 times of 20

_FILTER: TypeAdapter[Filter] = TypeAdapter(Filter)


@dataclass(frozen=True, slots=True)
class Reach:
    """People whom a filter means: those who agree to the topic, and those who do not. `exact`: else about so many.

    `below`: nobody was found among those looked at; where that is not 0, there are fewer than so many.
    """

    agreed: int
    others: int
    exact: bool
    below: int = 0


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
    agrees = consent.granted(Person.id, topic, at)
    crowd = dialects.about_rows(session, Person)
    exactly = select(func.count().filter(agrees), func.count()).select_from(Person).where(meant)
    if crowd <= CROWD:
        agreed, everybody = session.execute(exactly).one()
        return Reach(agreed, everybody - agreed, exact=True)
    some = dialects.some_of(Person.id, LOOKED_AT / crowd)
    # Not as a condition: then the database would look for all whom the filter means, and throw most of them away.
    among = select(func.count().filter(meant, agrees), func.count().filter(meant), func.count())
    agreed, everybody, seen = session.execute(among.select_from(Person).where(Person.id.in_(some))).one()
    if agreed < ENOUGH and (few := dialects.in_time(session, exactly, PATIENCE)) is not None:
        return Reach(few[0], few[1] - few[0], exact=True)
    each_stands_for = crowd / max(seen, 1)
    if not agreed:
        return Reach(0, 0, exact=False, below=_round(_NONE_SEEN * each_stands_for))
    places = 2 if agreed >= PLENTY else 1
    others = everybody - agreed
    return Reach(_round(agreed * each_stands_for, places), _round(others * each_stands_for, places), exact=False)


def _round(number: float, places: int = 2) -> int:
    """To so many places that count: what stands behind them is chance."""
    left = max(len(str(int(number))) - places, 0)
    return int(round(number, -left))


def words(session: Session) -> Words:
    """The words that people's tags, fields and zones are made of, read along the indexes: a million people or ten."""
    tags, fields, zones = loose.values(session, PersonTag.tag, PersonField.name, Person.zone, most=loose.MOST)
    return Words(tuple(tags), tuple(fields), tuple(zones))
