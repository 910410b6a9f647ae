"""What the system says by itself: one text each, in the person's language, never naming a topic."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import consent, log
from outreach.audience.tables import Person
from outreach.channels.contract import Inbound
from outreach.delivery.enqueue import Draft, enqueue
from outreach.messages.samples import system_text
from outreach.messages.status import ENDS, Purpose
from outreach.messages.tables import Message
from outreach.workspace import Workspace

logger = log.get("threads")

#: Somebody in danger who writes on is told where to call no more often than this.
URGENT_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Note:
    """A text being acted on: who wrote it (locked), her key, our sender, and when."""

    workspace: Workspace
    person: Person
    key: bytes = field(repr=False)
    sender: str
    inbound: Inbound
    at: datetime


def say(session: Session, note: Note, name: str, purpose: Purpose, *, thread_id: int | None = None) -> None:
    """Queue one of the system's texts. What is wrong with it is logged and never undoes what the person asked for."""
    if not note.sender:
        logger.error("no sender for texts", job=name)
        return
    settings = note.workspace.settings
    values = {
        "clinic": settings.clinic,
        "within_hours": max(1, round(settings.answer_within.total_seconds() / 3600)),
        "help_line": settings.help_lines.get(note.person.country, ""),
    }
    try:
        text = system_text(name, note.person.language, values, note.workspace.folder, fallback=settings.language)
    except Exception as error:  # a clinic's files may be unreadable in any way
        logger.error("system text missing", job=name, exc_info=error)
        return
    draft = Draft(
        person_id=note.person.id,
        key=note.key,
        purpose=purpose,
        text=text,
        dedupe_key=f"{name}:{note.inbound.provider}:{note.inbound.provider_id}",
        sender=note.sender,
        thread_id=thread_id,
    )
    enqueue(session, draft, settings, note.at)


def first_answer(session: Session, note: Note, thread_id: int) -> None:
    """Tell somebody who opens a thread who will read it and when; never to somebody who said stop."""
    if not consent.stopped(session, [note.person.id]):
        say(session, note, "answer", Purpose.AUTOMATIC, thread_id=thread_id)


def urgent_answer(session: Session, note: Note, thread_id: int) -> None:
    """Tell somebody in danger whom to call now. Nobody who said stop is written to, not even then: the thread is
    urgent all the same, and a person sees both.
    """
    if not consent.stopped(session, [note.person.id]) and not _told(session, note, thread_id):
        say(session, note, "urgent", Purpose.AUTOMATIC, thread_id=thread_id)


def _told(session: Session, note: Note, thread_id: int) -> bool:
    """Whether she was told of late, by a text that has not come to nothing."""
    query = select(Message.id).where(
        Message.thread_id == thread_id,
        Message.dedupe_key.startswith("urgent:", autoescape=True),
        Message.created_at > note.at - URGENT_AGAIN,
        Message.state.not_in(ENDS),
    )
    return session.scalar(query.limit(1)) is not None
