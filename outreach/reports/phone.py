"""Whom no message reaches though they agreed: people to phone, by pseudonym; a number is revealed elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, exists, literal, select, tuple_
from sqlalchemy.orm import Session, aliased

from outreach import consent
from outreach.audience.tables import Endpoint, EndpointState, Person, PersonState, lost
from outreach.consent import ConsentState, Standing
from outreach.reports.contract import Chart, Column, Filter, Measure, Row, Scope
from outreach.store import dialects

TITLE = "Phone these people"
ABOUT = "People who agreed to be written to and whom no message can reach any more."
EMPTY = "Everybody who agreed can be reached."
FILTERS: frozenset[Filter] = frozenset()
CHART: Chart | None = None

AT_ONCE, MOST_AT_ONCE = 300, 5_000  # lost numbers: few for a screen, more and more for a file

COLUMNS: Sequence[Column] = (
    Column("person", Measure.PERSON, "the pseudonym; in a file an id that is new each time"),
    Column("language", Measure.TEXT, "what to speak with them"),
    Column("reason", Measure.TEXT, "why nothing arrives at their number"),
    Column("since", Measure.DAY, "when that was found out, at the clinic"),
)


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per person, the latest first. Who said STOP, and whose number may be somebody else's, is not called."""
    wanted = (each for each in _lost(session) if each.agreed and not each.reached and not each.stopped)
    return [
        {
            "person": row.pseudonym,
            "language": row.language,
            "reason": row.reason,
            "since": dialects.day(session, row.changed_at),
        }
        for row in islice(wanted, scope.most)
    ]


def _lost(session: Session) -> Iterator[Any]:
    """People with a lost number, the latest first, and what is known of each; some at a time, along the index.

    In one statement PostgreSQL, which expects that hardly anybody is left, would look at all of them before the first.
    """
    newest = (Endpoint.changed_at, Endpoint.id)  # the moment is written together with the state
    beyond: list[ColumnElement[bool]] = [Endpoint.changed_at.is_not(None)]
    size = AT_ONCE
    while True:
        some = select(*newest).where(lost(), *beyond).order_by(*(each.desc() for each in newest)).limit(size)
        asked = (_reached().label("reached"), _agreed().label("agreed"), _stopped().label("stopped"))
        query = (
            select(Person.pseudonym, Person.language, Person.state, Endpoint.reason, *newest, *asked)
            .join(Person, Person.id == Endpoint.person_id)
            .where(Endpoint.id.in_(select(some.subquery().c.id)))
            .order_by(*(each.desc() for each in newest))
        )
        found = session.execute(query).all()
        yield from (row for row in found if row.state == PersonState.ACTIVE)
        if len(found) < size:
            return
        size = min(2 * size, MOST_AT_ONCE)
        last = (literal(found[-1].changed_at, Endpoint.changed_at.type), literal(found[-1].id))
        beyond = [tuple_(*newest) < tuple_(*last)]


def _reached() -> ColumnElement[bool]:
    other = aliased(Endpoint)
    not_gone = other.state != EndpointState.GONE
    return exists().where(other.person_id == Endpoint.person_id, not_gone).correlate(Endpoint)


def _agreed() -> ColumnElement[bool]:
    line = aliased(Standing)
    agreeing = line.state.in_([ConsentState.GRANTED, ConsentState.PAUSED])
    return exists().where(line.person_id == Person.id, line.topic != consent.ALL, agreeing).correlate(Person)


def _stopped() -> ColumnElement[bool]:
    line = aliased(Standing)
    stop = (line.topic == consent.ALL) & (line.state == ConsentState.REVOKED)
    return exists().where(line.person_id == Person.id, stop).correlate(Person)
