"""The list of staff: add, find, change what somebody may do, suspend, and the sealed phone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from outreach.errors import ConflictError, NotFoundError
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault, seal, unseal
from outreach.staff.roles import Role, StaffState
from outreach.staff.tables import Staff, StaffLink, StaffSession
from outreach.store import dialects

_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_TURN = 0x57AFF  # the lock of whoever changes who may do what


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff as everybody may see them. `name` is what goes into every `by`."""

    name: str
    display_name: str
    roles: frozenset[Role]
    language: str
    state: StaffState
    has_phone: bool
    has_password: bool
    has_totp: bool
    has_subject: bool  # whether an account at the OpenID provider is theirs
    created_at: datetime


@dataclass(frozen=True, slots=True)
class New:
    """Somebody to add. `phone` in E.164, or "". `language`: of the pages; "" as the browser says."""

    name: str
    display_name: str
    roles: frozenset[Role]
    language: str = ""
    phone: str = field(default="", repr=False)


def add(session: Session, vault: Vault, new: New, by: str) -> Member:
    """Add somebody. Raises ConflictError when the name is taken or not one, the phone is none, or there is no role."""
    if not audit.is_name(new.name):
        raise ConflictError(f"A staff name has {audit.NAME}.")
    _check_roles(new.roles)
    display_name = " ".join(new.display_name.split())[:80] or new.name
    if session.get(Staff, new.name) is not None:
        raise ConflictError(f"There is a {new.name} already. Choose another name.")
    row = Staff(
        name=new.name,
        display_name=display_name,
        roles=_words(new.roles),
        language=new.language,
        state=StaffState.ACTIVE,
        handle=secrets.token_bytes(32),
        created_at=dialects.now(session),
    )
    session.add(row)
    if new.phone:
        _seal_phone(row, vault, new.phone)
    session.flush()
    audit.append(session, vault, by, Action.STAFF_ADDED, f"staff:{new.name}", row.roles)
    return _member(row)


def find(session: Session, name: str) -> Member:
    """One of staff. Raises NotFoundError."""
    return _member(_row(session, name))


def names(session: Session) -> dict[str, str]:
    """How each of staff is called, by staff name."""
    return {row.name: row.display_name for row in session.execute(select(Staff.name, Staff.display_name))}


def everybody(session: Session, role: Role | None = None, *, active: bool = False) -> list[Member]:
    """All of staff by name: those with a role, those who may sign in."""
    members = [_member(row) for row in session.scalars(select(Staff).order_by(Staff.name))]
    return [
        each
        for each in members
        if (role is None or role in each.roles) and (not active or each.state == StaffState.ACTIVE)
    ]


def set_roles(session: Session, vault: Vault, name: str, roles: Collection[Role], by: str) -> None:
    """Say what somebody may do. Raises NotFoundError, ConflictError when no active admin would be left."""
    _check_roles(roles)
    row = _row(session, name, lock=True)
    if Role.ADMIN not in roles:
        _keep_an_admin(session, row)
    row.roles = _words(roles)
    audit.append(session, vault, by, Action.STAFF_ROLES_SET, f"staff:{name}", row.roles)


def suspend(session: Session, vault: Vault, name: str, by: str) -> None:
    """Let somebody in no more: every session ends now, every link is void. Raises like `set_roles`."""
    row = _row(session, name, lock=True)
    if row.state == StaffState.SUSPENDED:
        raise ConflictError(f"{name} is suspended already.")
    _keep_an_admin(session, row)
    row.state = StaffState.SUSPENDED
    session.execute(delete(StaffSession).where(StaffSession.name == name))
    session.execute(delete(StaffLink).where(StaffLink.name == name))
    audit.append(session, vault, by, Action.STAFF_SUSPENDED, f"staff:{name}")


def restore(session: Session, vault: Vault, name: str, by: str) -> None:
    """Let somebody in again. Raises NotFoundError, ConflictError when they are not suspended."""
    row = _row(session, name, lock=True)
    if row.state == StaffState.ACTIVE:
        raise ConflictError(f"{name} is not suspended.")
    row.state = StaffState.ACTIVE
    audit.append(session, vault, by, Action.STAFF_RESTORED, f"staff:{name}")


def set_phone(session: Session, vault: Vault, name: str, phone: str, by: str) -> None:
    """Set the phone (E.164) on which somebody is paged; "" takes it away. Raises NotFoundError, ConflictError."""
    row = _row(session, name, lock=True)
    if phone:
        _seal_phone(row, vault, phone)
    else:
        row.phone = None
    audit.append(session, vault, by, Action.STAFF_PHONE_SET, f"staff:{name}")


def phone_of(session: Session, vault: Vault, name: str) -> str:
    """The phone of somebody who may be paged, or "": for sending only, never for a page or a log.

    Raises NotFoundError.
    """
    row = _row(session, name)
    if row.phone is None or row.state != StaffState.ACTIVE:
        return ""
    return unseal(vault.derive("staff-phone"), row.phone, "staff", "phone", name)


def set_language(session: Session, name: str, language: str) -> None:
    """Choose the language of somebody's pages. Raises NotFoundError."""
    _row(session, name, lock=True).language = language


def by_subject(session: Session, subject: str) -> Member | None:
    """Whose account at the OpenID provider this is, if they may come in."""
    row = session.scalar(select(Staff).where(Staff.subject == subject))
    return _member(row) if row is not None and row.state == StaffState.ACTIVE else None


def connect(session: Session, vault: Vault, name: str, subject: str, by: str) -> None:
    """Say whose an account at the OpenID provider is; "" takes it away.

    Raises NotFoundError, ConflictError when it is somebody else's.
    """
    row = _row(session, name, lock=True)
    other = session.scalar(select(Staff.name).where(Staff.subject == subject)) if subject else None
    if other not in (None, name):
        raise ConflictError("That account is connected with another member of staff.")
    row.subject = subject or None
    session.flush()
    audit.append(
        session, vault, by, Action.ACCOUNT_CONNECTED if subject else Action.ACCOUNT_DISCONNECTED, f"staff:{name}"
    )


def _seal_phone(row: Staff, vault: Vault, phone: str) -> None:
    if not _PHONE.fullmatch(phone):
        raise ConflictError("The phone must be a whole number with + and the country code.")
    row.phone = seal(vault.derive("staff-phone"), phone, "staff", "phone", row.name)


def _row(session: Session, name: str, *, lock: bool = False) -> Staff:
    if lock:
        dialects.alone(session, _TURN)
    row = session.get(Staff, name, populate_existing=lock)
    if row is None:
        raise NotFoundError(f"No {name[:32]} is among staff. List them: outreach staff list")
    return row


def _keep_an_admin(session: Session, leaving: Staff) -> None:
    """Whoever is the last that can let others in, stays."""
    admins = {each.name for each in everybody(session, Role.ADMIN, active=True)}
    if admins == {leaving.name}:
        raise ConflictError(f"{leaving.name} is the only admin. Make somebody else one first.")


def _check_roles(roles: Collection[Role]) -> None:
    if not roles:
        raise ConflictError(f"Somebody without a role can do nothing. Give one of: {', '.join(Role)}.")


def _words(roles: Collection[Role]) -> str:
    return " ".join(role for role in Role if role in roles)


def _member(row: Staff) -> Member:
    return Member(
        name=row.name,
        display_name=row.display_name,
        roles=frozenset(Role(word) for word in row.roles.split()),
        language=row.language,
        state=StaffState(row.state),
        has_phone=row.phone is not None,
        has_password=bool(row.password),
        has_totp=row.totp is not None,
        has_subject=row.subject is not None,
        created_at=row.created_at,
    )
