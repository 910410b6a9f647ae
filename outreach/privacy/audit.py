"""What staff did, as a chain: each line carries a keyed hash of itself and of the line before it.

A line that was edited, removed, moved or slipped in does not fit; a checkpoint tells how long the chain was and how it
ended, and is signed, so that a cut-off end is found as well. Keep checkpoints outside the database
(`outreach audit checkpoint FILE`): who can empty the table of lines can empty the table of checkpoints. Whoever has the
keyring can forge all of it; a copy of a checkpoint in other hands finds even that.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.errors import KeyringError
from outreach.privacy.tables import AuditCheckpoint, AuditLine
from outreach.privacy.vault import Vault, seal, unseal
from outreach.store import dialects

EVERY = 100  # lines between two checkpoints
BEGINNING = bytes(32)  # what the first line follows
_TURN = 0x0A0D17  # the lock of whoever writes the next line

NAME = "2 to 32 characters: small letters, digits, dot, hyphen, underscore; a letter first"
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")


class Action(StrEnum):
    """What was done."""

    CAMPAIGN_EDITED = "campaign_edited"
    TEMPLATE_EDITED = "template_edited"
    CAMPAIGN_PROPOSED = "campaign_proposed"
    CAMPAIGN_APPROVED = "campaign_approved"
    CAMPAIGN_DECLINED = "campaign_declined"
    CAMPAIGN_WITHDRAWN = "campaign_withdrawn"
    CAMPAIGN_LAUNCHED = "campaign_launched"
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_RESUMED = "campaign_resumed"
    CAMPAIGN_CANCELLED = "campaign_cancelled"
    TEST_SENT = "test_sent"
    PEOPLE_IMPORTED = "people_imported"
    IMPORT_CANCELLED = "import_cancelled"
    PEOPLE_EXPORTED = "people_exported"
    PERSON_FORGOTTEN = "person_forgotten"
    PROOF_SHOWN = "proof_shown"
    WORDING_ENTERED = "wording_entered"
    DISCRETION_SET = "discretion_set"
    NUMBER_LOOKED_UP = "number_looked_up"
    THREAD_ANSWERED = "thread_answered"
    THREAD_TAKEN = "thread_taken"
    THREAD_HANDED_OVER = "thread_handed_over"
    THREAD_RELEASED = "thread_released"
    THREAD_NOTED = "thread_noted"
    THREAD_STOPPED = "thread_stopped"
    THREAD_KEPT = "thread_kept"
    THREAD_CLOSED = "thread_closed"
    KEYS_ROTATED = "keys_rotated"
    SENDER_RELEASED = "sender_released"
    BACKUP_RESTORED = "backup_restored"
    STAFF_ADDED = "staff_added"
    STAFF_ROLES_SET = "staff_roles_set"
    STAFF_SUSPENDED = "staff_suspended"
    STAFF_RESTORED = "staff_restored"
    STAFF_PHONE_SET = "staff_phone_set"
    SIGN_IN_LINK_MADE = "sign_in_link_made"
    PASSWORD_CHOSEN = "password_chosen"  # noqa: S105
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    ACCOUNT_CONNECTED = "account_connected"
    ACCOUNT_DISCONNECTED = "account_disconnected"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_DOUBTED = "passkey_doubted"
    REVEAL_ASKED = "reveal_asked"
    REVEAL_TAKEN_ALONE = "reveal_taken_alone"
    REVEAL_GRANTED = "reveal_granted"
    REVEAL_REFUSED = "reveal_refused"
    REVEAL_SHOWN = "reveal_shown"
    REVEAL_APPROVED = "reveal_approved"
    REVEAL_DISPUTED = "reveal_disputed"
    ALERT_SEEN = "alert_seen"
    CONSENT_WRITTEN = "consent_written"
    HOOK_ADDED = "hook_added"
    HOOK_ENDED = "hook_ended"
    HOOK_PAUSED = "hook_paused"
    HOOK_RESUMED = "hook_resumed"
    HOOK_ROTATED = "hook_rotated"
    HOOK_PINGED = "hook_pinged"
    HOOK_REDELIVERED = "hook_redelivered"
    TOKEN_MADE = "token_made"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the chain as it stands in the database. `why` is sealed."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    why: bytes
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain had `count` lines and the last one this hash; `signature` is Ed25519 over both and the moment."""

    count: int
    at: datetime
    hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A line as one reads it."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    why: str = field(repr=False)


class Seals:
    """The keys of the chain, all of them from the vault."""

    def __init__(self, vault: Vault) -> None:
        self.why = vault.derive("audit-why")
        self._lines = vault.derive("audit-lines")
        self._signer = Ed25519PrivateKey.from_private_bytes(vault.derive("audit-checkpoints"))
        self._reader = self._signer.public_key()

    def of(self, line: Line) -> bytes:
        """The hash that a line must carry."""
        words = [line.id, _moment(line.at), line.who, line.action, line.subject, line.why.hex(), line.previous.hex()]
        return hmac.digest(self._lines, json.dumps(words).encode(), hashlib.sha256)

    def sign(self, count: int, at: datetime, last: bytes) -> Checkpoint:
        """A checkpoint."""
        return Checkpoint(count, at, last, self._signer.sign(_statement(count, at, last)))

    def check(self, checkpoint: Checkpoint) -> None:
        """Raise cryptography's InvalidSignature when a checkpoint is not ours."""
        self._reader.verify(checkpoint.signature, _statement(checkpoint.count, checkpoint.at, checkpoint.hash))


def is_name(text: str) -> bool:
    """Whether staff, a token or a webhook may be called so: a name stands in the record, in clear and for good."""
    return bool(_NAME.fullmatch(text))


def append(session: Session, vault: Vault, who: str, action: Action, subject: str, why: str = "") -> None:
    """Write a line in the caller's transaction, as the last thing in it: until it ends, nobody else writes one.

    `who`: a staff name. `subject`: ids only, such as "run:7". `why`: free words, kept sealed.
    """
    dialects.alone(session, _TURN)
    last = session.execute(select(AuditLine.id, AuditLine.hash).order_by(AuditLine.id.desc()).limit(1)).first()
    number, previous = (1, BEGINNING) if last is None else (last.id + 1, last.hash)
    seals, at = Seals(vault), dialects.now(session)
    words = seal(seals.why, why, "audit", "why", number)
    open_line = Line(number, at, who[:64], action, subject[:80], words, previous, b"")
    whole = {name: getattr(open_line, name) for name in Line.__slots__} | {"hash": seals.of(open_line)}
    session.add(AuditLine(**whole))
    if number % EVERY == 0:
        _keep(session, seals.sign(number, at, whole["hash"]))
    session.flush()


def checkpoint(session: Session, vault: Vault) -> Checkpoint:
    """Sign where the chain stands now, and keep it. A chain without a line has a checkpoint too, which is not kept."""
    dialects.alone(session, _TURN)
    last = session.execute(select(AuditLine.id, AuditLine.hash).order_by(AuditLine.id.desc()).limit(1)).first()
    number, previous = (0, BEGINNING) if last is None else (last.id, last.hash)
    made = Seals(vault).sign(number, dialects.now(session), previous)
    if last is not None:
        _keep(session, made)
    return made


def _keep(session: Session, made: Checkpoint) -> None:
    values = {"count": made.count, "at": made.at, "hash": made.hash, "signature": made.signature}
    session.execute(dialects.insert(session, AuditCheckpoint).on_conflict_do_nothing(), values)


def entries(session: Session, vault: Vault, limit: int = 100, *, before: int | None = None) -> list[Entry]:
    """The newest lines (before line `before`), oldest of them first. A reason that opens no more reads as such."""
    key = Seals(vault).why
    query = select(AuditLine).order_by(AuditLine.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditLine.id < before)
    return [_read(line, key) for line in reversed(session.scalars(query).all())]


def _read(line: AuditLine, key: bytes) -> Entry:
    try:
        why = unseal(key, line.why, "audit", "why", line.id)
    except KeyringError:
        why = "(not readable: see outreach audit verify)"
    return Entry(line.id, line.at, line.who, line.action, line.subject, why)


def lines(session: Session) -> Iterator[Line]:
    """The chain, from its beginning, without holding all of it."""
    columns = [getattr(AuditLine, name) for name in Line.__slots__]
    rows = session.execute(select(*columns).order_by(AuditLine.id).execution_options(yield_per=1000))
    return (Line(*row) for row in rows)


def checkpoints(session: Session) -> list[Checkpoint]:
    """What was signed, oldest first."""
    rows = session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.count))
    return [Checkpoint(row.count, row.at, row.hash, row.signature) for row in rows]


def _statement(count: int, at: datetime, last: bytes) -> bytes:
    return json.dumps(["outreach audit", count, _moment(at), last.hex()]).encode()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
