"""Finding people without knowing them: by pseudonym, tag, field, language; by number only where that was asked for.

A page goes on after the last person of the one before, so that the thousandth costs what the first cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import discretion, people
from outreach.audience.discretion import Manner
from outreach.audience.tables import Person, PersonField, PersonState, PersonTag
from outreach.consent import ConsentState, Standing
from outreach.store import loose

PAGE = 50
#: Fewer letters of a pseudonym than this would find half the clinic.
LEAST = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to look for; what is empty is not asked. `field` needs a `value`: a text, a number or a day, exactly."""

    pseudonym: str = ""
    tag: str = ""
    field: str = ""
    value: str = ""
    language: str = ""
    topic: str = ""  # who agreed to it and has not stopped


@dataclass(frozen=True, slots=True)
class Found:
    """A person as a list shows her."""

    id: int
    pseudonym: str
    language: str
    country: str
    manner: Manner
    tags: list[str]
    topics: list[str]  # agreed to now
    stopped: bool
    replied_at: datetime | None


def page(session: Session, asked: Asked, at: datetime, *, after: int = 0, size: int = PAGE) -> tuple[list[Found], int]:
    """Some of whom was asked for, oldest first, and after whom it goes on; 0 when it does not."""
    query = select(Person).where(Person.state == PersonState.ACTIVE, Person.id > after, *_conditions(asked, at))
    rows = list(session.scalars(query.order_by(Person.id).limit(size + 1)))
    some = rows[:size]
    return _found(session, some, at), some[-1].id if len(rows) > size else 0


def _conditions(asked: Asked, at: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.pseudonym:
        found.append(Person.pseudonym.startswith(asked.pseudonym.strip().casefold(), autoescape=True))
    if asked.tag:
        found.append(exists().where(PersonTag.person_id == Person.id, PersonTag.tag == asked.tag.strip().casefold()))
    if asked.field:
        named = (PersonField.person_id == Person.id, PersonField.name == asked.field)
        found.append(exists().where(*named, _holds(asked.value.strip())))
    if asked.language:
        found.append(Person.language == asked.language)
    if asked.topic:
        found.append(consent.granted(Person.id, asked.topic, at))
    return found


def _holds(value: str) -> ColumnElement[bool]:
    """A field holds what was typed, as whichever sort of value it may be."""
    ways: list[ColumnElement[bool]] = [PersonField.text == value]
    with suppress(ValueError):
        ways.append(PersonField.number == float(value))
    with suppress(ValueError):
        ways.append(PersonField.day == date.fromisoformat(value))
    return or_(*ways)


def _found(session: Session, some: Sequence[Person], at: datetime) -> list[Found]:
    ids = [person.id for person in some]
    tags, standing = tags_of(session, ids), consent.standing(session, ids)
    topics: dict[int, list[str]] = defaultdict(list)
    for (person_id, topic), line in sorted(standing.items()):
        if topic != consent.ALL and consent.agrees(at, line, standing.get((person_id, consent.ALL))):
            topics[person_id].append(topic)
    gone = {person_id for person_id in ids if _stopped(standing.get((person_id, consent.ALL)))}
    return [
        Found(
            id=person.id,
            pseudonym=person.pseudonym,
            language=person.language,
            country=person.country,
            manner=discretion.manner(person),
            tags=tags.get(person.id, []),
            topics=topics[person.id],
            stopped=person.id in gone,
            replied_at=person.replied_at,
        )
        for person in some
    ]


def _stopped(line: Standing | None) -> bool:
    return line is not None and line.state == ConsentState.REVOKED


def tags_of(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """The tags of these people, by name."""
    found: dict[int, list[str]] = defaultdict(list)
    query = select(PersonTag.person_id, PersonTag.tag).where(PersonTag.person_id.in_(ids)).order_by(PersonTag.tag)
    for person_id, tag in session.execute(query):
        found[person_id].append(tag)
    return found


def fields_of(session: Session, person_id: int) -> dict[str, object]:
    """Every custom field of one person, by name."""
    query = select(PersonField).where(PersonField.person_id == person_id).order_by(PersonField.name)
    return {row.name: people.plain(row.text, row.number, row.day) for row in session.scalars(query)}


def names_of_fields(session: Session) -> list[str]:
    """The names of all custom fields, however many people have them."""
    return loose.values(session, PersonField.name)[0]
