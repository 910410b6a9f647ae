"""Putting a single message into the queue: answers, confirmations, invitations, tests.

Written once, whoever asks twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from outreach import parts
from outreach.channels.contract import Kind
from outreach.delivery import tally
from outreach.messages.status import PRIORITY, Purpose, State
from outreach.messages.tables import Message
from outreach.privacy.vault import seal
from outreach.settings import Settings
from outreach.store import dialects

#: How long an answer stays worth sending.
LIFETIME = {
    Purpose.REPLY: timedelta(hours=72),
    Purpose.AUTOMATIC: timedelta(hours=4),
    Purpose.CONFIRMATION: timedelta(hours=4),
    Purpose.INVITATION: timedelta(hours=72),
    Purpose.TEST: timedelta(hours=1),
    Purpose.CALL: timedelta(hours=1),
    Purpose.APOLOGY: timedelta(hours=24),
    Purpose.KNOCK: timedelta(hours=24),
    Purpose.QUESTION: timedelta(hours=72),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """One text to be sent to one person. `key` is hers; `dedupe_key` says what may exist only once."""

    person_id: int
    key: bytes = field(repr=False)
    purpose: Purpose
    text: str = field(repr=False)
    dedupe_key: str
    sender: str
    topic: str = ""
    thread_id: int | None = None
    kind: Kind = Kind.SMS


def enqueue(session: Session, draft: Draft, settings: Settings, at: datetime) -> int | None:
    """Queue a text, due now. Gives the message's id, or None when its dedupe key was there already."""
    row = _row(draft, settings, at)
    statement = dialects.insert(session, Message).values(row).on_conflict_do_nothing().returning(Message.id)
    made: int | None = session.scalar(statement)
    if made is not None:
        tally.note(session, [_counted(row)])
    return made


def enqueue_all(session: Session, drafts: Sequence[Draft], settings: Settings, at: datetime) -> None:
    """Queue several texts, due now; those whose dedupe key was there already are left out."""
    rows = {draft.dedupe_key: _row(draft, settings, at) for draft in drafts}
    made = dialects.add_rows(session, Message, list(rows.values()), [Message.dedupe_key])
    tally.note(session, [_counted(rows[key]) for (key,) in made])


def _counted(row: Mapping[str, Any]) -> tally.Change:
    cell = tally.Cell(0, row["purpose"], row["day"], row["kind"], State.QUEUED, "", row["sender"])
    return tally.Change(cell, 1, row["parts"], 0.0)


def _row(draft: Draft, settings: Settings, at: datetime) -> dict[str, Any]:
    return {
        "direction": "out",
        "kind": draft.kind,
        "purpose": draft.purpose,
        "person_id": draft.person_id,
        "topic": draft.topic,
        "step": draft.purpose,  # what reports show in place of a campaign's step
        "thread_id": draft.thread_id,
        "dedupe_key": draft.dedupe_key,
        "body": seal(draft.key, draft.text, "message", "body", draft.dedupe_key),
        "state": State.QUEUED,
        "priority": PRIORITY[draft.purpose],
        "due_at": at,
        "expires_at": at + LIFETIME[draft.purpose],
        "day": at.astimezone(ZoneInfo(settings.zone)).date(),
        "sender": draft.sender,
        "parts": parts.count(draft.text).parts,
        "created_at": at,
        "updated_at": at,
    }
