"""People and their endpoints as sending reads them: hundreds at a time, the columns that it looks at and no more.

As objects of the ORM they were most of the memory of a batch under way, and a tenth of what sending costs.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audience.tables import Endpoint, EndpointState, Openness, Person, PersonState
from outreach.store import dialects


class Recipient(NamedTuple):
    """Some columns of `Person`."""

    id: int
    language: str
    zone: str
    country: str
    openness: Openness
    hours_from: int | None
    hours_to: int | None
    state: PersonState
    replied_at: datetime | None
    on_request: bool
    safe_word: bytes | None
    opened_until: datetime | None
    silent_until: datetime | None


class Reach(NamedTuple):
    """Some columns of `Endpoint`; `value` is sealed."""

    id: int
    person_id: int
    kind: str
    variant: str
    value: bytes
    state: EndpointState
    created_at: datetime
    alive_at: datetime | None


_PERSON, _ENDPOINT = Person.__table__.c, Endpoint.__table__.c
_PEOPLE = select(*[_PERSON[name] for name in Recipient._fields]).order_by(_PERSON.id)
_ENDPOINTS = select(*[_ENDPOINT[name] for name in Reach._fields]).order_by(_ENDPOINT.id)


def people(session: Session, ids: Collection[int], *, lock: bool) -> dict[int, Recipient]:
    """These people by id. With `lock` they stay as they are until the transaction ends; whom another one holds is
    missing.
    """
    query = _PEOPLE.where(dialects.among(session, _PERSON.id, ids))
    rows = session.execute(dialects.take(query, share=True) if lock else query)
    return {row.id: row for row in map(Recipient._make, rows)}


def endpoints(session: Session, ids: Collection[int]) -> dict[tuple[int, str], Reach]:
    """The best endpoint of each kind, by person and kind: a usable one, the newest of several."""
    best: dict[tuple[int, str], Reach] = {}
    for row in map(Reach._make, session.execute(_ENDPOINTS.where(dialects.among(session, _ENDPOINT.person_id, ids)))):
        known = best.get((row.person_id, row.kind))
        if known is None or row.state == EndpointState.OK or known.state != EndpointState.OK:
            best[(row.person_id, row.kind)] = row
    return best
