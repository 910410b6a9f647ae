"""The second factor: a code by the clock (TOTP, RFC 6238), and recovery codes for when the phone is gone."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from outreach.errors import ConflictError, NotFoundError
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault, seal, unseal
from outreach.staff.tables import Staff, StaffRecovery

CODES = 10  # recovery codes in a set
_STEP = 30  # seconds
_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"


def fresh_secret() -> str:
    """A secret for an authenticator app."""
    return pyotp.random_base32()


def address(secret: str, name: str, clinic: str) -> str:
    """What the QR code says."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=f"Outreach {clinic}")


def turn_on(session: Session, vault: Vault, name: str, secret: str, code: str, at: datetime) -> list[str]:
    """Ask for a code from now on, once a first one fits; gives recovery codes, shown once.

    Raises ConflictError when the code does not fit, NotFoundError.
    """
    row = _row(session, name)
    step = _step_of(secret, code, at, after=0)
    if step is None:
        raise ConflictError("That code does not fit. Check the clock of the phone, and type the newest code.")
    row.totp, row.totp_used = seal(vault.derive("staff-totp"), secret, "staff", "totp", name), step
    audit.append(session, vault, name, Action.SECOND_FACTOR_ON, f"staff:{name}")
    return fresh_codes(session, name)


def turn_off(session: Session, vault: Vault, name: str, by: str) -> None:
    """Ask for no code any more: their own wish, or an admin's when phone and codes are lost. Raises NotFoundError."""
    _row(session, name).totp = None
    session.execute(delete(StaffRecovery).where(StaffRecovery.name == name))
    audit.append(session, vault, by, Action.SECOND_FACTOR_OFF, f"staff:{name}")


def fits(session: Session, vault: Vault, name: str, code: str, at: datetime) -> bool:
    """Whether a code is right: each code by the clock works once, and so does each recovery code."""
    row = session.get(Staff, name, with_for_update=True)
    if row is None or row.totp is None:
        return False
    plain = code.strip().replace(" ", "")
    if plain.isdigit() and len(plain) == 6:
        secret = unseal(vault.derive("staff-totp"), row.totp, "staff", "totp", name)
        step = _step_of(secret, plain, at, after=row.totp_used)
        if step is None:
            return False
        row.totp_used = step
        return True
    gone = delete(StaffRecovery).where(StaffRecovery.name == name, StaffRecovery.code == _hash(plain))
    return session.scalar(gone.returning(StaffRecovery.name)) is not None


def fresh_codes(session: Session, name: str) -> list[str]:
    """New recovery codes in place of the old ones."""
    session.execute(delete(StaffRecovery).where(StaffRecovery.name == name))
    codes = ["-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3)) for _ in range(CODES)]
    session.add_all(StaffRecovery(code=_hash(code), name=name) for code in codes)
    session.flush()
    return codes


def codes_left(session: Session, name: str) -> int:
    """How many recovery codes are not used yet."""
    return session.scalar(select(func.count()).select_from(StaffRecovery).where(StaffRecovery.name == name)) or 0


def _row(session: Session, name: str) -> Staff:
    row = session.get(Staff, name)
    if row is None:
        raise NotFoundError("Nobody goes by that name.")
    return row


def _step_of(secret: str, code: str, at: datetime, *, after: int) -> int | None:
    """The time step that a code belongs to, one step of tolerance on both sides, later than `after`."""
    now = int(at.timestamp()) // _STEP
    totp = pyotp.TOTP(secret)
    for step in (now, now - 1, now + 1):
        if step > after and secrets.compare_digest(totp.generate_otp(step), code.strip().replace(" ", "")):
            return step
    return None


def _hash(code: str) -> bytes:
    plain = "".join(letter for letter in code.lower() if letter in _LETTERS)
    return hashlib.sha256(plain.encode()).digest()
