"""Pseudonyms: two neutral words and two digits, drawn at random; nothing about a person can be read from hers."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audience.tables import Person
from outreach.audience.words import ADJECTIVES, NOUNS

_AT_ONCE = 1000  # values in one IN (...)


def draw(session: Session, count: int) -> list[str]:
    """Draw that many pseudonyms which nobody in the database has: `azure-heron-42`.

    A collision is drawn again with one more digit, so that it stays quick when most of the six million short ones are
    taken. Between two transactions that draw at once, the unique constraint decides: draw again.
    """
    drawn: set[str] = set()
    digits = 2
    while len(drawn) < count:
        fresh = {_one(digits) for _ in range(count - len(drawn))} - drawn
        drawn |= fresh - _taken(session, list(fresh))
        digits += 1
    return list(drawn)


def _one(digits: int) -> str:
    least = 10 ** (digits - 1)
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(NOUNS)}-{least + secrets.randbelow(9 * least)}"


def _taken(session: Session, fresh: list[str]) -> set[str]:
    taken: set[str] = set()
    for start in range(0, len(fresh), _AT_ONCE):
        some = fresh[start : start + _AT_ONCE]
        taken.update(session.scalars(select(Person.pseudonym).where(Person.pseudonym.in_(some))))
    return taken
