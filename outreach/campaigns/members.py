"""Who a step is for, as conditions on people: the audience, always with standing consent, and by which channel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, func, literal, select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import filters
from outreach.audience.tables import Endpoint, EndpointState, Person, PersonField, PersonState
from outreach.campaigns.definition import Definition
from outreach.channels.contract import Kind
from outreach.messages.tables import Sender


def members(definition: Definition, at: datetime) -> ColumnElement[bool]:
    """The audience: the filter, always intersected with standing consent to the topic."""
    return (
        (Person.state == PersonState.ACTIVE)
        & filters.where(definition.audience)
        & consent.granted(Person.id, definition.topic, at)
    )


def dated(field: str, day: date) -> ColumnElement[bool]:
    """People whose date in a field is this day."""
    return exists().where(PersonField.person_id == Person.id, PersonField.name == field, PersonField.day == day)


def senders_of(session: Session) -> set[str]:
    """The kinds of message that some sender carries."""
    return set(session.scalars(select(Sender.kind).distinct()))


def carried(channels: tuple[Kind, ...], kinds: Collection[str]) -> tuple[Kind, ...]:
    """The channels that somebody carries: without a push provider, people with an app get a text.

    With none at all it is the last one, so that what was planned shows, and shows as expired.
    """
    return tuple([kind for kind in channels if kind in kinds]) or channels[-1:]


def reached_by(kind: Kind, channels: Sequence[Kind]) -> ColumnElement[bool]:
    """People whom a step reaches by this kind: the first of its channels that they have, else its last one."""
    place = list(channels).index(kind)
    earlier = [~_has(other) for other in channels[:place]]
    own = [] if place == len(channels) - 1 else [_has(kind)]
    return func.coalesce(_all(earlier + own), True)


def _all(conditions: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    joined: ColumnElement[bool] = literal(True)
    for condition in conditions:
        joined = joined & condition
    return joined


def _has(kind: Kind) -> ColumnElement[bool]:
    return exists().where(Endpoint.person_id == Person.id, Endpoint.kind == kind, Endpoint.state == EndpointState.OK)
