"""Passkeys (WebAuthn): the device keeps a secret for this one address, and asks its owner before it uses it.

Owner and device are checked at once, so a passkey counts as both factors. A challenge is made here, is good for one
answer, and lives in the session (`sessions.hold`), never in the page alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from outreach.errors import ConflictError, NotFoundError
from outreach.privacy import alerts, audit
from outreach.privacy.alerts import AlertKind
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault
from outreach.staff.roles import StaffState
from outreach.staff.tables import Staff, StaffPasskey

MOST = 10  # passkeys of one member
LABEL = 80  # characters
#: A count that no device reaches: there may be a copy of this key, and it opens nothing any more.
_DOUBTED = 2**62


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a passkey is for: this console, as its public URL names it."""

    name: str
    host: str  # the "relying party id"
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey as its owner sees it. `doubted`: a copy of it seems to be in use, and it opens nothing any more."""

    id: int
    label: str
    made_at: datetime
    used_at: datetime | None
    doubted: bool


class DoubtedError(ConflictError):
    """A passkey that counted backwards: somebody has a copy. The transaction that found it out is to be kept.

    `anew`: what this finding goes by, when it was found out just now; "" when it was known.
    """

    def __init__(self, text: str, anew: str) -> None:
        super().__init__(text)
        self.anew = anew


def party(public_url: str, clinic: str) -> Party | None:
    """Whom passkeys are for. None where no browser makes any: without TLS, but for `localhost`; on a bare address."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    bare = host.replace(".", "").isdigit() or ":" in host
    if bare or not host or (parts.scheme != "https" and host != "localhost"):
        return None
    return Party(clinic, host, f"{parts.scheme}://{parts.netloc}".lower())


def offer(session: Session, here: Party, name: str) -> tuple[str, str]:
    """What a browser needs to make a passkey for somebody (JSON), and its challenge. Raises NotFoundError."""
    row = _row(session, name)
    known = session.scalars(select(StaffPasskey.credential).where(StaffPasskey.name == name))
    made = webauthn.generate_registration_options(
        rp_id=here.host,
        rp_name=here.name,
        user_id=row.handle,
        user_name=name,
        user_display_name=row.display_name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return webauthn.options_to_json(made), bytes_to_base64url(made.challenge)


def add(
    session: Session, vault: Vault, here: Party, name: str, answer: str, challenge: str, label: str, at: datetime
) -> None:
    """Keep a passkey that a browser made for this challenge. Raises ConflictError where it is not one."""
    if len(listed(session, name)) >= MOST:
        raise ConflictError("There are ten passkeys already. Remove one first.")
    try:
        made = webauthn.verify_registration_response(
            credential=_read(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=here.host,
            expected_origin=here.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError):
        raise ConflictError("The browser's answer is not a passkey for this place.") from None
    if session.scalar(select(StaffPasskey.id).where(StaffPasskey.credential == made.credential_id)) is not None:
        raise ConflictError("This passkey is known already.")
    session.add(
        StaffPasskey(
            credential=made.credential_id,
            name=name,
            label=" ".join(label.split())[:LABEL],
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            made_at=at,
            used_at=None,
        )
    )
    session.flush()
    audit.append(session, vault, name, Action.PASSKEY_ADDED, f"staff:{name}")


def ask(here: Party) -> tuple[str, str]:
    """What a browser needs to show a passkey (JSON), whoever is in front of it, and its challenge."""
    made = webauthn.generate_authentication_options(
        rp_id=here.host, user_verification=UserVerificationRequirement.REQUIRED
    )
    return webauthn.options_to_json(made), bytes_to_base64url(made.challenge)


def whose(session: Session, vault: Vault, here: Party, answer: str, challenge: str, at: datetime) -> str:
    """Who shows a passkey. Raises ConflictError where it is nobody's who may come in, DoubtedError for a copy."""
    try:
        given = _read(answer)
        credential = base64url_to_bytes(str(given.get("rawId", "")))
        query = select(StaffPasskey).where(StaffPasskey.credential == credential).with_for_update()
        row = session.scalar(query)
        if row is None:
            raise ConflictError("Nobody here has this passkey.")
        shown = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=here.host,
            expected_origin=here.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=0,  # counted below: what went wrong is to be told apart
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError):
        raise ConflictError("The browser's answer does not fit.") from None
    member = _row(session, row.name)
    if member.state != StaffState.ACTIVE or _handle(given) not in (b"", member.handle):
        raise ConflictError("Nobody here has this passkey.")
    if (shown.new_sign_count or row.sign_count) and shown.new_sign_count <= row.sign_count:
        raise _doubted(session, vault, row, at)
    row.sign_count, row.used_at = shown.new_sign_count, at
    return row.name


def _doubted(session: Session, vault: Vault, row: StaffPasskey, at: datetime) -> DoubtedError:
    """End a key that was used elsewhere; the first time it is recorded, and admins are alerted."""
    anew = "" if row.sign_count == _DOUBTED else f"{row.id}:{at:%Y%m%dT%H%M%S}"
    if anew:
        audit.append(session, vault, row.name, Action.PASSKEY_DOUBTED, f"staff:{row.name}")
        alerts.raise_(session, AlertKind.PASSKEY_DOUBTED, f"staff:{row.name}", at, about=row.name, key=anew)
    row.sign_count = _DOUBTED
    session.flush()
    return DoubtedError("This passkey was used by something else meanwhile: there may be a copy of it.", anew)


def listed(session: Session, name: str) -> list[Passkey]:
    """Somebody's passkeys, the oldest first."""
    rows = session.scalars(select(StaffPasskey).where(StaffPasskey.name == name).order_by(StaffPasskey.id))
    return [Passkey(row.id, row.label, row.made_at, row.used_at, row.sign_count == _DOUBTED) for row in rows]


def remove(session: Session, vault: Vault, name: str, which: int | None, by: str) -> None:
    """Let one passkey of somebody, or all (`which` None), open nothing any more. Raises NotFoundError."""
    gone = delete(StaffPasskey).where(StaffPasskey.name == name).returning(StaffPasskey.id)
    if not session.scalars(gone if which is None else gone.where(StaffPasskey.id == which)).all():
        raise NotFoundError("There is no such passkey.")
    audit.append(session, vault, by, Action.PASSKEY_REMOVED, f"staff:{name}", "all" if which is None else "")


def _read(answer: str) -> dict[str, Any]:
    """A browser's answer. Raises ValueError."""
    given = json.loads(answer)
    if not isinstance(given, dict):
        raise ValueError("not an object")
    return given


def _handle(given: dict[str, Any]) -> bytes:
    told = given.get("response", {}).get("userHandle")
    return base64url_to_bytes(told) if isinstance(told, str) else b""


def _row(session: Session, name: str) -> Staff:
    row = session.get(Staff, name)
    if row is None:
        raise NotFoundError("Nobody goes by that name.")
    return row
