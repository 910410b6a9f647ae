"""The people of a campaign, counted by what a plan looks at.

The database adds up, so that a million people are a few rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import filters
from outreach.audience.hours import Hours
from outreach.audience.tables import Endpoint, EndpointState, Openness, Person, PersonField, PersonState
from outreach.campaigns.definition import Definition
from outreach.campaigns.members import members, reached_by
from outreach.campaigns.places import Place
from outreach.channels.contract import Kind
from outreach.consent import ConsentState, Standing
from outreach.messages.status import Refusal

#: Stands for every date that no step of the forecast hangs on.
FAR = date(1, 1, 1)

Channels = tuple[Kind, ...]

_OWN = ("zone", "hours_from", "hours_to", "language", "openness", "country")  # the first of `Traits`


class Traits(NamedTuple):
    """What people have in common who get the same texts at the same times, at the same price."""

    zone: str
    hours_from: int | None
    hours_to: int | None
    language: str
    openness: Openness
    country: str
    kinds: tuple[Kind, ...]  # by which each of `Questions.choices` reaches them
    states: tuple[EndpointState, ...]  # of their best endpoint of each of `Questions.kinds`
    lacks: tuple[str, ...]  # those of `Questions.fields` that they do not have

    @property
    def place(self) -> Place:
        """Whose clocks and hours theirs are."""
        start, end = self.hours_from, self.hours_to
        return Place(self.zone, None if start is None or end is None else Hours(start, end))


@dataclass(frozen=True)
class Questions:
    """What a campaign's plan must know of people."""

    channels: Mapping[str, Channels]  # of each step: those that somebody carries
    fields: tuple[str, ...]  # without which some text cannot be written
    dates: Mapping[str, tuple[date, date]]  # fields that steps hang on, with the first and last day that matters

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """Every kind of which there is an endpoint to look at."""
        return tuple(sorted({kind for each in self.channels.values() for kind in each}))

    @cached_property
    def choices(self) -> tuple[Channels, ...]:
        """Each choice of channels that some step makes."""
        return tuple(dict.fromkeys(self.channels.values()))


@dataclass(frozen=True, slots=True)
class Crowd:
    """People counted. `dated`: by field and date; None is for those who have no date, `FAR` for dates out of reach."""

    plain: Mapping[Traits, int]
    dated: Mapping[str, Mapping[tuple[Traits, date | None], int]]

    def at_places(self) -> dict[Place, Crowd]:
        """The same people, place by place."""
        plain: dict[Place, dict[Traits, int]] = defaultdict(dict)
        for traits, n in self.plain.items():
            plain[traits.place][traits] = n
        dated: dict[Place, dict[str, dict[tuple[Traits, date | None], int]]] = defaultdict(lambda: defaultdict(dict))
        for name, people in self.dated.items():
            for key, n in people.items():
                dated[key[0].place][name][key] = n
        return {place: Crowd(people, dated[place]) for place, people in plain.items()}


def count(session: Session, definition: Definition, questions: Questions, at: datetime) -> Crowd:
    """Count the audience: one statement, or one for each date field that steps hang on."""
    condition = members(definition, at)
    if not questions.dates:
        return Crowd({traits: n for traits, _, n in _counted(session, questions, condition, "")}, {})
    dated = {
        field: {(traits, day): n for traits, day, n in _counted(session, questions, condition, field)}
        for field in questions.dates
    }
    plain: Counter[Traits] = Counter()
    for (traits, _), n in next(iter(dated.values())).items():
        plain[traits] += n
    return Crowd(plain, dated)


def left_out(session: Session, definition: Definition, at: datetime) -> dict[Refusal, int]:
    """People whom the filter means and who do not agree to the topic, by why."""
    stopped = exists().where(
        Standing.person_id == Person.id, Standing.topic == consent.ALL, Standing.state == ConsentState.REVOKED
    )
    people = (
        select(case((stopped, Refusal.STOPPED.value), else_=Refusal.NO_CONSENT.value).label("reason"))
        .where(Person.state == PersonState.ACTIVE, filters.where(definition.audience))
        .where(~consent.granted(Person.id, definition.topic, at))
        .subquery()
    )
    rows = session.execute(select(people.c.reason, func.count()).group_by(people.c.reason))
    return {Refusal(reason): n for reason, n in rows}


def columns(questions: Questions) -> list[ColumnElement[Any]]:
    """What to select of `Person` so that `traits_of` can read it."""
    return [
        *[getattr(Person, name).label(name) for name in _OWN],
        *[_kind(channels).label(f"kind_{place}") for place, channels in enumerate(questions.choices)],
        *[_state(kind).label(f"state_{place}") for place, kind in enumerate(questions.kinds)],
        *[_lacks(name).label(f"lacks_{place}") for place, name in enumerate(questions.fields)],
    ]


def traits_of(row: tuple[Any, ...], questions: Questions) -> Traits:
    """A row of `columns`."""
    zone, hours_from, hours_to, language, openness, country, *rest = row
    states_at = len(questions.choices)
    lacks_at = states_at + len(questions.kinds)
    return Traits(
        zone,
        hours_from,
        hours_to,
        language,
        Openness(openness),
        country,
        tuple([Kind(kind) for kind in rest[:states_at]]),
        tuple([EndpointState(state) for state in rest[states_at:lacks_at]]),
        tuple([name for name, lacking in zip(questions.fields, rest[lacks_at:], strict=True) if lacking]),
    )


def _counted(
    session: Session, questions: Questions, condition: ColumnElement[bool], field: str
) -> Iterator[tuple[Traits, date | None, int]]:
    day = _day(field, *questions.dates[field]) if field else literal(None, PersonField.day.type)
    # Grouped outside: PostgreSQL does not see that two expressions with bound values are the same.
    people = select(*columns(questions), day.label("day")).where(condition).subquery()
    for row in session.execute(select(*people.c, func.count()).group_by(*people.c)):
        *traits, on, n = row
        yield traits_of(tuple(traits), questions), on, n


def _kind(channels: Channels) -> ColumnElement[str]:
    """By which kind a step with these channels reaches a person, as the planner decides it."""
    return case(*[(reached_by(kind, channels), literal(kind.value)) for kind in channels])


def _state(kind: Kind) -> ColumnElement[str]:
    """The state of a person's best endpoint, as the gate chooses it: a usable one, else the newest."""
    unusable = case((Endpoint.state == EndpointState.OK, 0), else_=1)
    best = (
        select(Endpoint.state)
        .where(Endpoint.person_id == Person.id, Endpoint.kind == kind)
        .order_by(unusable, Endpoint.id.desc())
        .limit(1)
        .correlate(Person)
        .scalar_subquery()
    )
    return func.coalesce(best, EndpointState.GONE.value)


def _lacks(name: str) -> ColumnElement[bool]:
    filled = or_(PersonField.text != "", PersonField.number.is_not(None), PersonField.day.is_not(None))
    return ~exists().where(PersonField.person_id == Person.id, PersonField.name == name, filled)


def _day(field: str, first: date, last: date) -> ColumnElement[date | None]:
    return (
        select(case((and_(PersonField.day >= first, PersonField.day <= last), PersonField.day), else_=FAR))
        .where(PersonField.person_id == Person.id, PersonField.name == field, PersonField.day.is_not(None))
        .correlate(Person)
        .scalar_subquery()
    )
