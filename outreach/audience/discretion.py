"""How discreetly somebody is written to: her manner, her words, her silence. She chooses all of it.

A safe word guards a telephone that others read: what we have for her goes out only after she has texted it. A panic
word brings silence. Both are kept as keyed hashes of what was typed, bound to her: nobody can read them, or find two
people with the same one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from outreach.audience.recipients import Recipient
from outreach.audience.tables import Openness, Person
from outreach.privacy.vault import Vault

OPEN_FOR = timedelta(hours=1)  # after her word, or after she has asked
SILENT_FOR = timedelta(days=7)  # after her panic word


class Manner(StrEnum):
    """What a person can choose."""

    COVERT = "covert"  # in words that give nothing away; unless she chose
    REQUEST = "request"  # only a line that there is something, until she asks
    OPEN = "open"  # in plain words


class Secret(StrEnum):
    """A word of her own."""

    SAFE = "safe"
    PANIC = "panic"


#: From plain words to silence until she asks. A table may lead this way only: she may have chosen since it was written.
MORE_AND_MORE = (Manner.OPEN, Manner.COVERT, Manner.REQUEST)


def manner(person: Person) -> Manner:
    """What she chose."""
    if person.on_request:
        return Manner.REQUEST
    return Manner.OPEN if person.openness == Openness.OPEN else Manner.COVERT


def choose(person: Person, chosen: Manner) -> None:
    """Write to her so from now on. What she asks for comes in covert words: it stays on the telephone."""
    for name, value in columns(chosen).items():
        setattr(person, name, value)


def columns(chosen: Manner) -> dict[str, Openness | bool]:
    """What stands in a person's row for a manner."""
    openness = Openness.OPEN if chosen is Manner.OPEN else Openness.COVERT
    return {"openness": openness, "on_request": chosen is Manner.REQUEST}


def guarded(person: Person | Recipient) -> bool:
    """Whether she is only told that there is something, until she asks."""
    return bool(person.on_request) or person.safe_word is not None


def is_open(person: Person | Recipient, at: datetime) -> bool:
    """Whether she has just asked for what there is."""
    return person.opened_until is not None and person.opened_until > at


def silent(person: Person | Recipient, at: datetime) -> bool:
    """Whether she has asked for silence."""
    return person.silent_until is not None and person.silent_until > at


def sealed(vault: Vault, person_id: int, secret: Secret, word: str) -> bytes:
    """A word of hers as it is kept. `word`: folded."""
    return vault.lookup(f"{secret}-word", f"{person_id}|{word}")
