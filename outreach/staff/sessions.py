"""Where staff are signed in: a random token in the browser, its hash here. Idle and absolute limits by the
database's clock.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from outreach.staff import accounts
from outreach.staff.accounts import Member
from outreach.staff.roles import StaffState
from outreach.staff.tables import StaffSession

SEEN_EVERY = timedelta(minutes=1)  # how often it is written down that a session is in use


class Way(StrEnum):
    """How somebody came in."""

    LINK = "link"
    PASSWORD = "password"  # noqa: S105
    PASSKEY = "passkey"
    OIDC = "oidc"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts without use, and at most."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Signed:
    """A session. `whole`: the second factor was given too, or there is none. `stale`: its use is to be written down."""

    member: Member | None
    whole: bool
    way: Way
    made_at: datetime
    stale: bool


def begin(session: Session, name: str | None, way: Way, at: datetime, *, whole: bool) -> str:
    """Begin a session; gives the token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    row = StaffSession(token=_hash(token), name=name, whole=whole, way=way, held={}, made_at=at, seen_at=at)
    session.add(row)
    session.flush()
    return token


def find(session: Session, token: str, at: datetime, limits: Limits) -> Signed | None:
    """The session of a token. None when there is none, it is over, or its member is suspended."""
    row = session.get(StaffSession, _hash(token))
    if row is None or at - row.seen_at > limits.idle or at - row.made_at > limits.longest:
        return None
    member = accounts.find(session, row.name) if row.name else None
    if member is not None and member.state != StaffState.ACTIVE:
        return None
    return Signed(member, row.whole, Way(row.way), row.made_at, at - row.seen_at > SEEN_EVERY)


def seen(session: Session, token: str, at: datetime) -> None:
    """Write down that a session is in use."""
    session.execute(update(StaffSession).where(StaffSession.token == _hash(token)).values(seen_at=at))


def hold(session: Session, token: str, **held: str) -> None:
    """Remember what a sign-in under way, or the setting up of a factor, needs at its next step."""
    session.execute(update(StaffSession).where(StaffSession.token == _hash(token)).values(held=held))


def held(session: Session, token: str) -> dict[str, str]:
    """What `hold` kept."""
    row = session.get(StaffSession, _hash(token), populate_existing=True)
    return dict(row.held) if row is not None else {}


def end(session: Session, token: str) -> None:
    """Sign out here."""
    session.execute(delete(StaffSession).where(StaffSession.token == _hash(token)))


def end_all(session: Session, name: str, but: str = "") -> None:
    """Sign somebody out everywhere; `but` a token that stays."""
    gone = delete(StaffSession).where(StaffSession.name == name)
    session.execute(gone.where(StaffSession.token != _hash(but)) if but else gone)


def count(session: Session, name: str, at: datetime, limits: Limits) -> int:
    """In how many browsers somebody is signed in."""
    fresh = (StaffSession.name == name, StaffSession.whole, StaffSession.seen_at > at - limits.idle)
    return len(session.scalars(select(StaffSession.token).where(*fresh)).all())


def sweep(session: Session, at: datetime, limits: Limits) -> None:
    """Delete what is over."""
    over = or_(StaffSession.seen_at < at - limits.idle, StaffSession.made_at < at - limits.longest)
    session.execute(delete(StaffSession).where(over))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
