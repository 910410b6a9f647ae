"""What we have asked somebody and she may still answer: the code of FORGET, a choice from the menus of TIME and LANG.

One question at a time, in the database: any process may get the answer.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from outreach.privacy.vault import Vault
from outreach.threads.keywords import NOTHING, Understood, Verb, choice_of, understand
from outreach.threads.tables import Question

#: How long a code may be typed back, and a menu be answered by its bare number.
OPEN_FOR = {Verb.FORGET: timedelta(hours=1), Verb.TIME: timedelta(minutes=30), Verb.LANG: timedelta(minutes=30)}

#: Then the row goes; until then a late code is known as one, and not read as talk.
KEPT = timedelta(days=1)

DIGITS = 4
TRIES = 3
_CODE = re.compile(rf"(\D*)(\d{{{DIGITS}}})\W*")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who is asked, by whose keys, when."""

    vault: Vault
    person_id: int
    at: datetime


def ask(session: Session, asker: Asker, verb: Verb, *, secret: bool = False) -> str:
    """Keep that she was asked; an earlier question is dropped. Gives the code that she must type back, if any."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" if secret else ""
    session.execute(delete(Question).where(Question.person_id == asker.person_id))
    index = _index(asker, code) if secret else None
    until = asker.at + OPEN_FOR[verb]
    session.add(Question(person_id=asker.person_id, verb=verb, code=index, until=until, tries=0))
    session.flush()
    return code


def read(asked: Question | None, text: str, understood: Understood, at: datetime) -> Understood:
    """What a text means to somebody who was asked; the same as `understood` when it is no answer."""
    if asked is None:
        return understood
    verb = Verb(asked.verb)
    if verb is Verb.FORGET:
        code = _code(text)
        return Understood(verb, "the answer to FORGET", value=code) if code else understood
    if understood.verb is None and asked.until > at and (choice := choice_of(verb, text)):
        return Understood(verb, f"the answer to {verb.upper()}", value=choice)
    return understood


def _code(text: str) -> str:
    """The code in a text that is nothing but a code, or FORGET and a code."""
    found = _CODE.fullmatch(text.strip())
    if found is None:
        return ""
    before = understand(found[1])
    return found[2] if before.verb is Verb.FORGET or (before == NOTHING and not re.search(r"\w", found[1])) else ""


def confirms(asked: Question, asker: Asker, code: str) -> bool:
    """Whether a code is the one that was sent, typed back in time; a wrong one counts as a try."""
    if asked.code is None or asked.until <= asker.at or asked.tries >= TRIES:
        return False
    asked.tries += 1
    return hmac.compare_digest(asked.code, _index(asker, code))


def _index(asker: Asker, code: str) -> bytes:
    return asker.vault.lookup("code", f"{asker.person_id}:{code}")
