"""What the database knows of the people whom a batch of rows is about: a handful of keyed look-ups for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import people
from outreach.audience.cells import FieldValue
from outreach.audience.entries import Entry
from outreach.audience.tables import Endpoint, Person, PersonField, PersonTag, Suppression
from outreach.channels.contract import Kind
from outreach.consent import ALL, Consent, ConsentState, Source, Standing
from outreach.privacy.vault import Vault


@dataclass(slots=True)
class Index:
    """An entry with the keyed index of its number and of its apps."""

    entry: Entry
    number: bytes
    push: list[bytes]

    @classmethod
    def of(cls, vault: Vault, entry: Entry) -> Index:
        """Index an entry."""
        return cls(
            entry,
            people.lookup(vault, Kind.SMS, entry.phone.number),
            [people.lookup(vault, Kind.PUSH, token) for _, token in entry.push],
        )


@dataclass(slots=True)
class Known:
    """What is known. Empty for those who are new."""

    suppressed: set[bytes]
    persons: dict[bytes, Person]  # by the index of the number
    apps: dict[bytes, int]  # person id by the index of a push token
    tags: dict[int, set[str]] = field(default_factory=dict)
    fields: dict[tuple[int, str], FieldValue] = field(default_factory=dict)
    standing: dict[tuple[int, str], Standing] = field(default_factory=dict)
    sources: dict[int, Source] = field(
        default_factory=dict
    )  # of the topic's latest line, where it is an end or a pause
    keys: dict[int, bytes] = field(default_factory=dict, repr=False)  # of those who get another app


def look_up(session: Session, vault: Vault, batch: Sequence[Index], topic: str) -> Known:
    """Everything that decides what these rows change."""
    numbers = [each.number for each in batch]
    suppressed = set(session.scalars(select(Suppression.lookup).where(Suppression.lookup.in_(numbers))))
    persons = _persons(session, numbers)
    apps = _owners(session, Kind.PUSH, [app for each in batch for app in each.push])
    known = Known(suppressed, persons, apps)
    ids = [person.id for person in persons.values()]
    if not ids:
        return known
    known.tags = _tags(session, ids)
    known.fields = _fields(session, ids, {name for each in batch for name in each.entry.fields})
    known.standing = consent.standing(session, ids)
    ended = [person for (person, of), line in known.standing.items() if of == topic and _held_back(line)]
    known.sources = _sources(session, ended, topic)
    with_app = {persons[each.number].id for each in batch if each.push and each.number in persons}
    known.keys = people.keys_of(session, vault, with_app)
    return known


def stopped(known: Known, person_id: int) -> bool:
    """Whether she said STOP to everything."""
    line = known.standing.get((person_id, ALL))
    return line is not None and line.state == ConsentState.REVOKED


def _held_back(line: Standing) -> bool:
    return line.state in (ConsentState.REVOKED, ConsentState.PAUSED)


def _persons(session: Session, numbers: Collection[bytes]) -> dict[bytes, Person]:
    # Two plain look-ups: in a database whose statistics are not there yet, PostgreSQL plans their join badly.
    owners = _owners(session, Kind.SMS, numbers)
    persons = {each.id: each for each in session.scalars(select(Person).where(Person.id.in_(owners.values())))}
    return {number: persons[person_id] for number, person_id in owners.items()}


def _owners(session: Session, kind: Kind, indexes: Collection[bytes]) -> dict[bytes, int]:
    if not indexes:
        return {}
    query = select(Endpoint.lookup, Endpoint.person_id).where(Endpoint.kind == kind, Endpoint.lookup.in_(indexes))
    return dict(session.execute(query).all())


def _tags(session: Session, ids: Collection[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    query = select(PersonTag.person_id, PersonTag.tag).where(PersonTag.person_id.in_(ids))
    for person, tag in session.execute(query):
        found[person].add(tag)
    return found


def _fields(session: Session, ids: Collection[int], names: Collection[str]) -> dict[tuple[int, str], FieldValue]:
    if not names:
        return {}
    query = select(
        PersonField.person_id, PersonField.name, PersonField.text, PersonField.number, PersonField.day
    ).where(PersonField.person_id.in_(ids), PersonField.name.in_(names))
    rows = session.execute(query)
    return {(person, name): FieldValue(text, number, day) for person, name, text, number, day in rows}


def _sources(session: Session, ids: Collection[int], topic: str) -> dict[int, Source]:
    if not ids:
        return {}
    latest = select(func.max(Consent.id)).where(Consent.person_id.in_(ids), Consent.topic == topic)
    query = select(Consent.person_id, Consent.source).where(Consent.id.in_(latest.group_by(Consent.person_id)))
    return dict(session.execute(query).all())
