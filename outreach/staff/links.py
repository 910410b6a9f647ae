"""One-time sign-in links: how the first admin gets in, and whoever is new or has lost the password.

The code stands behind the `#` of the address, which browsers send to nobody: no server's log, no proxy and no other
site's Referer ever holds it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from outreach.errors import ConflictError
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault
from outreach.staff import accounts
from outreach.staff.accounts import Member
from outreach.staff.roles import StaffState
from outreach.staff.tables import StaffLink
from outreach.store import dialects

LASTS = timedelta(hours=24)
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # none that reads like another
_GROUPS, _GROUP = 5, 6  # 30 letters of 30: 147 bits


def issue(session: Session, vault: Vault, name: str, by: str) -> str:
    """Make a code for somebody; an earlier one is void. Raises NotFoundError, ConflictError when they are suspended."""
    if accounts.find(session, name).state != StaffState.ACTIVE:
        raise ConflictError(f"{name} is suspended.")
    code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    at = dialects.now(session)
    session.execute(delete(StaffLink).where(StaffLink.name == name))
    session.add(StaffLink(code=_hash(code), name=name, made_at=at, expires_at=at + LASTS))
    session.flush()
    audit.append(session, vault, by, Action.SIGN_IN_LINK_MADE, f"staff:{name}")
    return code


def redeem(session: Session, code: str, at: datetime) -> Member | None:
    """Whose code it is, once. None when it is nobody's, was used, or is too old."""
    mark = _hash(code)
    fresh = (StaffLink.code == mark, StaffLink.used_at.is_(None), StaffLink.expires_at > at)
    name = session.scalar(update(StaffLink).where(*fresh).values(used_at=at).returning(StaffLink.name))
    member = None if name is None else accounts.find(session, name)
    return member if member is not None and member.state == StaffState.ACTIVE else None


def is_open(session: Session, name: str, at: datetime) -> bool:
    """Whether somebody has a code that still works."""
    query = select(StaffLink.code).where(StaffLink.name == name, StaffLink.used_at.is_(None), StaffLink.expires_at > at)
    return session.scalar(query) is not None


def address(public_url: str, code: str) -> str:
    """The link."""
    return f"{public_url}/welcome#{code}"


def _hash(code: str) -> bytes:
    """Typed by hand it is the same code: spaces, hyphens and small letters do not matter."""
    plain = "".join(letter for letter in code.upper() if letter in _LETTERS)
    return hashlib.sha256(plain.encode()).digest()
