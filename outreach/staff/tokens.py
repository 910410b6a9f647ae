"""Tokens: what other programs show at the JSON API. A token is said once, kept as a hash, and ends by itself.

It begins with `outreach_` and ends in a checksum, so that whoever scans for leaked secrets finds it and nothing else.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from outreach.errors import ConflictError, NotFoundError
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault
from outreach.staff.tables import ApiToken
from outreach.store import dialects

PREFIX = "outreach_"
LONGEST = timedelta(days=366)
USED_EVERY = timedelta(minutes=1)  # how often it is written down that a token is in use

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM = 40  # letters: 238 bits
_CHECK = 6  # letters of the checksum
_WHOLE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")


class Scope(StrEnum):
    """What a token is for. What each lets do is said in `console.policy`, in the words of what staff may do."""

    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    CONSENT_READ = "consent:read"
    CONSENT_WRITE = "consent:write"
    CAMPAIGNS_READ = "campaigns:read"  # runs too
    CAMPAIGNS_WRITE = "campaigns:write"  # propose; nothing that a second person must do
    CAMPAIGNS_RUN = "campaigns:run"
    REPORTS_READ = "reports:read"
    THREADS_READ = "threads:read"
    THREADS_WRITE = "threads:write"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token as everybody may see it."""

    id: int
    name: str
    scopes: frozenset[Scope]
    made_by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    @property
    def by(self) -> str:
        """What goes into every `by`: no member of staff has a colon in the name."""
        return f"api:{self.name}"

    def is_good(self, at: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and at < self.expires_at


def make(
    session: Session, vault: Vault, name: str, scopes: Collection[Scope], lasts: timedelta, by: str
) -> tuple[Bearer, str]:
    """Make a token; gives it, and what it says, which is kept nowhere.

    Raises ConflictError for a name that is taken or none, no scope, or a time that is too long.
    """
    if not audit.is_name(name):
        raise ConflictError(f"A token's name has {audit.NAME}.")
    if not scopes:
        raise ConflictError(f"A token without a scope opens nothing. Give one of: {', '.join(Scope)}.")
    if not timedelta(0) < lasts <= LONGEST:
        raise ConflictError(f"A token lasts between 1 and {LONGEST.days} days.")
    if session.scalar(select(ApiToken.id).where(ApiToken.name == name)) is not None:
        raise ConflictError(f"There is or was a token {name}. Choose another name: it stands in the record for good.")
    token, at = _fresh(), dialects.now(session)
    row = ApiToken(
        name=name,
        token=_hash(token),
        scopes=" ".join(scope for scope in Scope if scope in scopes),
        made_by=by,
        made_at=at,
        expires_at=at + lasts,
    )
    session.add(row)
    session.flush()
    audit.append(session, vault, by, Action.TOKEN_MADE, f"token:{name}", row.scopes)
    return _bearer(row), token


def looks_like_one(token: str) -> bool:
    """Whether a text is a token by its form, whether or not it is known."""
    return bool(_WHOLE.fullmatch(token)) and token[-_CHECK:] == _checksum(token[:-_CHECK])


def find(session: Session, token: str, at: datetime) -> Bearer | None:
    """Whose token this is; None when it is nobody's, over, or taken back."""
    if not looks_like_one(token):
        return None
    row = session.scalar(select(ApiToken).where(ApiToken.token == _hash(token)))
    found = _bearer(row) if row is not None else None
    return found if found is not None and found.is_good(at) else None


def used(session: Session, token_id: int, at: datetime) -> None:
    """Write down that a token is in use, to about a minute."""
    stale = or_(ApiToken.used_at.is_(None), ApiToken.used_at < at - USED_EVERY)
    session.execute(update(ApiToken).where(ApiToken.id == token_id, stale).values(used_at=at))


def everyone(session: Session) -> list[Bearer]:
    """All tokens, the newest first, those that are over too."""
    return [_bearer(row) for row in session.scalars(select(ApiToken).order_by(ApiToken.id.desc()))]


def revoke(session: Session, vault: Vault, name: str, by: str) -> None:
    """Take a token back: from this moment it opens nothing. Raises NotFoundError, ConflictError when it was already."""
    dialects.alone(session, _TURN)
    row = session.scalar(select(ApiToken).where(ApiToken.name == name))
    if row is None:
        raise NotFoundError(f"There is no token {name[:32]}. List them: outreach tokens list")
    if row.revoked_at is not None:
        raise ConflictError(f"{name} was taken back already.")
    row.revoked_at = dialects.now(session)
    audit.append(session, vault, by, Action.TOKEN_REVOKED, f"token:{name}")


_TURN = 0x70CE  # the lock of whoever takes a token back


def _fresh() -> str:
    body = PREFIX + "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM))
    return body + _checksum(body)


def _checksum(body: str) -> str:
    rest, letters = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        rest, place = divmod(rest, len(_LETTERS))
        letters = _LETTERS[place] + letters
    return letters


def _hash(token: str) -> bytes:
    """Plain SHA-256: what is hashed is random, so there is nothing to guess."""
    return hashlib.sha256(token.encode()).digest()


def _bearer(row: ApiToken) -> Bearer:
    return Bearer(
        id=row.id,
        name=row.name,
        scopes=frozenset(Scope(word) for word in row.scopes.split()),
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
