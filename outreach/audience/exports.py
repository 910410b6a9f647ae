"""People as a table for other programs: what is known of them, but neither number nor pseudonym.

Every export has fresh ids and an order of its own, so that two exports cannot be laid side by side to follow a person.
"""

from __future__ import annotations

import csv
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import discretion, hours, people
from outreach.audience.tables import Person, PersonField, PersonState, PersonTag
from outreach.audience.verdicts import neutral
from outreach.consent import ALL, ConsentState
from outreach.store import loose
from outreach.store.database import Database

_AT_ONCE = 1000
_FIXED = ("id", "language", "zone", "country", "openness", "hours", "tags", "stopped")


def export(database: Database, file: TextIO, progress: Callable[[int, int], None] = lambda done, about: None) -> int:
    """Write everybody who is not forgotten as CSV; how many they are. Columns: fixed ones, `consent:topic`, fields."""
    told = [0]

    def tell(done: int, about: int) -> None:
        told[0] = done
        progress(done, about)

    csv.writer(file).writerows(lines(database, tell))
    return told[0]


def lines(database: Database, progress: Callable[[int, int], None] = lambda done, about: None) -> Iterator[list[str]]:
    """The same as rows, the header first; some people at a time, so that memory does not grow with their number."""
    with database.read() as session:
        ids = list(session.scalars(select(Person.id).where(Person.state == PersonState.ACTIVE)))
        topics, names = consent.topics(session), loose.values(session, PersonField.name)[0]
    secrets.SystemRandom().shuffle(ids)
    yield [*_FIXED, *(f"consent:{topic}" for topic in sorted(topics)), *sorted(names)]
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        with database.read() as session:
            rows = list(_rows(session, some, sorted(topics), sorted(names)))
        yield from rows
        progress(min(start + _AT_ONCE, len(ids)), len(ids))


def _rows(session: Session, ids: Sequence[int], topics: Sequence[str], names: Sequence[str]) -> Iterator[list[str]]:
    persons = {person.id: person for person in session.scalars(select(Person).where(Person.id.in_(ids)))}
    tags = _tags(session, ids)
    standing = consent.standing(session, ids)
    values = people.values_of(session, ids, names)
    for each in ids:
        person, lines = persons[each], {topic: standing.get((each, topic)) for topic in (ALL, *topics)}
        stop = lines[ALL]
        stopped = stop is not None and stop.state == ConsentState.REVOKED
        fixed = [
            secrets.token_hex(8),
            person.language,
            person.zone,
            person.country,
            discretion.manner(person),
            hours.written(person.hours_from, person.hours_to),
        ]
        agreed = [line.state if (line := lines[topic]) else "" for topic in topics]
        known = [str(values[each].get(name, "")) for name in names]
        cells = [*fixed, ",".join(tags[each]), "yes" if stopped else "", *agreed, *known]
        yield [neutral(cell) for cell in cells]


def _tags(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    query = select(PersonTag.person_id, PersonTag.tag).where(PersonTag.person_id.in_(ids)).order_by(PersonTag.tag)
    for person, tag in session.execute(query):
        found[person].append(tag)
    return found
