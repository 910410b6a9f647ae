"""Writes that another program sends twice because it did not hear our answer: done once, answered the same both times.

Of a request a keyed hash is kept, of its answer the sealed text, for a day: a copy of the database tells neither. Only
what was done is remembered; what was refused changed nothing, and asking again is asking anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, update
from sqlalchemy.orm import Session

from outreach.errors import KeyringError
from outreach.privacy.vault import Vault, seal, unseal
from outreach.staff.tables import ApiAnswer
from outreach.store import dialects

KEPT = timedelta(days=1)
#: Whoever is at work for longer has died with it: the same request may be tried again.
LEASE = timedelta(minutes=10)


class Turn(StrEnum):
    """What to do with a write."""

    DO = "do"
    REPLAY = "replay"
    BUSY = "busy"  # the first one is not answered yet
    OTHER = "other"  # the key was used for another request


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a write. `status`, `body`: the answer to replay."""

    turn: Turn
    status: int = 0
    body: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Write:
    """One write. `key`: as its sender chose it. `asked`: method, path and body, as one text."""

    token_id: int
    key: str = field(repr=False)
    asked: str = field(repr=False)

    def place(self, vault: Vault) -> dict[str, object]:
        """Where its row is."""
        return {"token_id": self.token_id, "key": vault.lookup("api key", self.key)}


def begin(session: Session, vault: Vault, write: Write, at: datetime) -> Known:
    """Take a write's turn, in a transaction of its own that ends before the work begins."""
    session.execute(delete(ApiAnswer).where(ApiAnswer.begun_at < at - KEPT))
    place, asked = write.place(vault), vault.lookup("api request", write.asked)
    first = dialects.insert(session, ApiAnswer).values(**place, asked=asked, begun_at=at).on_conflict_do_nothing()
    if session.execute(first.returning(ApiAnswer.token_id)).first() is not None:
        return Known(Turn.DO)
    row = session.get(ApiAnswer, tuple(place.values()), populate_existing=True, with_for_update=True)
    if row is None:  # it was given up at this moment
        return Known(Turn.BUSY)
    if row.asked != asked:
        return Known(Turn.OTHER)
    if row.answer is not None:
        return _answer(vault, write, row.answer)
    if row.begun_at > at - LEASE:
        return Known(Turn.BUSY)
    row.begun_at = at
    return Known(Turn.DO)


def done(session: Session, vault: Vault, write: Write, status: int, body: str) -> None:
    """Keep the answer."""
    sealed = seal(_key(vault), json.dumps([status, body]), "api_answer", "answer", _row(write))
    session.execute(update(ApiAnswer).where(*_is(vault, write)).values(answer=sealed))


def give_up(session: Session, vault: Vault, write: Write) -> None:
    """Nothing was done: the key is free again."""
    session.execute(delete(ApiAnswer).where(*_is(vault, write), ApiAnswer.answer.is_(None)))


def _is(vault: Vault, write: Write) -> list[ColumnElement[bool]]:
    return [getattr(ApiAnswer, name) == value for name, value in write.place(vault).items()]


def _answer(vault: Vault, write: Write, sealed: bytes) -> Known:
    try:
        status, body = json.loads(unseal(_key(vault), sealed, "api_answer", "answer", _row(write)))
    except KeyringError:  # sealed with a keyring that is gone: it was done, and that is all that can be said
        return Known(Turn.OTHER)
    return Known(Turn.REPLAY, status, body)


def _key(vault: Vault) -> bytes:
    return vault.derive("api-answers")


def _row(write: Write) -> str:
    return f"{write.token_id}|{write.key}"
