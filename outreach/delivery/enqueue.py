"""Putting a single message into the queue: answers, confirmations, invitations, tests.

Written once, whoever asks twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
    day = at.astimezone(ZoneInfo(settings.zone)).date()
    count = parts.count(draft.text).parts
    row = {
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
        "day": day,
        "sender": draft.sender,
        "parts": count,
        "created_at": at,
        "updated_at": at,
    }
    statement = dialects.insert(session, Message).values(row).on_conflict_do_nothing().returning(Message.id)
    made: int | None = session.scalar(statement)
    if made is not None:
        cell = tally.Cell(0, draft.purpose, day, draft.kind, State.QUEUED, "", draft.sender)
        tally.note(session, [tally.Change(cell, 1, count, 0.0)])
    return made
