"""Passwords: Argon2id, and the few rules that help (length; none of the well-known ones; not one's own name)."""

from __future__ import annotations

from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from outreach.errors import ConflictError, NotFoundError
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault
from outreach.staff.roles import StaffState
from outreach.staff.tables import Staff

LEAST, MOST = 10, 200  # characters

#: 19 MiB, two passes: OWASP's minimum for Argon2id, so that a small machine can check several at once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Checked when nobody goes by the name: it takes as long to say no.
_NOBODY = _HASHER.hash("nobody goes by this name")
_KNOWN = ("password", "1234567890", "qwertyuiop", "outreach", "letmein", "iloveyou", "welcome", "hospital", "clinic")


class Poor(StrEnum):
    """What is wrong with a password."""

    SHORT = "shorter than 10 characters"
    LONG = "longer than 200 characters"
    EASY = "easy to guess"


def choose(session: Session, vault: Vault, name: str, password: str) -> None:
    """Set somebody's own password. Raises ConflictError when it is a poor one, NotFoundError."""
    if problem := poor(name, password):
        raise ConflictError(f"The password is not taken: {problem}.")
    row = session.get(Staff, name)
    if row is None:
        raise NotFoundError("Nobody goes by that name.")
    row.password = _HASHER.hash(password)
    audit.append(session, vault, name, Action.PASSWORD_CHOSEN, f"staff:{name}")


def poor(name: str, password: str) -> Poor | None:
    """What is poor about a password; None when nothing is."""
    if len(password) < LEAST:
        return Poor.SHORT
    if len(password) > MOST:
        return Poor.LONG
    plain = password.casefold()
    rest = plain.replace(name, "")
    for word in _KNOWN:
        rest = rest.replace(word, "")
    easy = len(set(plain)) < 4 or len(rest.strip("0123456789!.-_ ")) < 3
    return Poor.EASY if easy else None


def fits(session: Session, name: str, password: str) -> bool:
    """Whether this is the password of somebody who may sign in. It takes its time, whoever is asked for."""
    row = session.get(Staff, name)
    known = row is not None and row.state == StaffState.ACTIVE and bool(row.password)
    stored = row.password if row is not None and known else _NOBODY
    try:
        _HASHER.verify(stored, password[:MOST])
    except (VerificationError, InvalidHashError):
        return False
    return known
