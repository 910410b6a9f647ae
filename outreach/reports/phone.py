"""Whom no message reaches though they agreed: people to phone, by pseudonym; a number is revealed elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from outreach import consent
from outreach.audience.tables import Endpoint, EndpointState, Person, PersonState
from outreach.channels.contract import Kind
from outreach.consent import ConsentState, Standing
from outreach.reports.contract import Chart, Column, Filter, Measure, Row, Scope
from outreach.store import dialects

TITLE = "Phone these people"
ABOUT = "People who agreed to be written to and whom no message can reach any more."
EMPTY = "Everybody who agreed can be reached."
FILTERS: frozenset[Filter] = frozenset()
CHART: Chart | None = None

COLUMNS: Sequence[Column] = (
    Column("person", Measure.PERSON, "the pseudonym; in a file an id that is new each time"),
    Column("language", Measure.TEXT, "what to speak with them"),
    Column("reason", Measure.TEXT, "why nothing arrives at their number"),
    Column("since", Measure.DAY, "when that was found out, at the clinic"),
)


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per person, the latest first. Who said STOP, and whose number may be somebody else's, is not called."""
    query = (
        select(Person.pseudonym, Person.language, Endpoint.reason, Endpoint.changed_at)
        .join(Person, Person.id == Endpoint.person_id)
        .where(Endpoint.state == EndpointState.GONE, Endpoint.kind == Kind.SMS, Person.state == PersonState.ACTIVE)
        .where(~_reached(), _agreed(), ~_stopped())
        .order_by(Endpoint.changed_at.desc(), Endpoint.id.desc())
        .limit(scope.most)
    )
    return [
        {
            "person": row.pseudonym,
            "language": row.language,
            "reason": row.reason,
            "since": dialects.day(session, row.changed_at) if row.changed_at else None,
        }
        for row in session.execute(query)
    ]


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
