"""What the system says by itself: one text each, in the person's language, never naming a topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import consent, log
from outreach.audience.tables import Openness, Person
from outreach.channels.contract import Inbound
from outreach.consent import wordings
from outreach.delivery.enqueue import Draft, enqueue
from outreach.messages.samples import system_text
from outreach.messages.status import ENDS, Purpose
from outreach.messages.tables import Message
from outreach.threads import loops, promises
from outreach.threads.questions import Asker
from outreach.threads.tables import Thread
from outreach.workspace import Workspace

logger = log.get("threads")

#: Texts about consent, kept word for word by their version.
PROVEN = frozenset({"joined", "start", "stop"})

#: Somebody in danger who writes on is told where to call no more often than this.
URGENT_AGAIN = timedelta(hours=1)

#: What is said once to somebody is not said again within this time, however often she asks for it.
ONCE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Note:
    """A text being acted on: who wrote it (locked), her key, our sender, and when."""

    workspace: Workspace
    person: Person
    key: bytes = field(repr=False)
    sender: str
    inbound: Inbound
    at: datetime


def asker_of(note: Note) -> Asker:
    """Who is asked something."""
    return Asker(note.workspace.vault, note.person.id, note.at)


def text_of(note: Note, name: str, more: Mapping[str, object]) -> str:
    """One of the system's texts in the person's language. `more`: what only this text says."""
    settings = note.workspace.settings
    values = {
        "clinic": settings.clinic,
        "within_hours": max(1, round(settings.answer_within.total_seconds() / 3600)),
        "help_line": settings.help_lines.get(note.person.country, ""),
        **more,
    }
    wanted = Openness(note.person.openness)
    folder, fallback = note.workspace.folder, settings.language
    return system_text(name, note.person.language, values, folder, fallback=fallback, openness=wanted)


def say(
    session: Session,
    note: Note,
    name: str,
    purpose: Purpose,
    *,
    thread_id: int | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> int | None:
    """Queue one of the system's texts; gives the message's id. What is wrong with it is logged and never undoes what
    the person asked for.
    """
    if not note.sender:
        logger.error("no sender for texts", job=name)
        return None
    if loops.running(session, note.person.id, note.key, note.inbound.text, note.at):
        loops.flag(session, note.person.id, note.sender, note.at)
        logger.warning("answers stopped: a machine may be talking", job=name)
        return None
    draft = drafted(note, name, purpose, thread_id=thread_id, more=more)
    if draft is None:
        return None
    if name in PROVEN:
        wordings.keep(session, name, note.person.language, draft.text, note.at)
    return enqueue(session, draft, note.workspace.settings, note.at)


def drafted(
    note: Note,
    name: str,
    purpose: Purpose,
    *,
    thread_id: int | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> Draft | None:
    """One of the system's texts to her, not queued yet; None where it cannot be written, which is logged."""
    try:
        text = text_of(note, name, more)
    except Exception as error:  # a clinic's files may be unreadable in any way
        logger.error("system text missing", job=name, exc_info=error)
        return None
    return Draft(
        person_id=note.person.id,
        key=note.key,
        purpose=purpose,
        text=text,
        dedupe_key=f"{name}:{note.inbound.provider}:{note.inbound.provider_id}",
        sender=note.sender,
        thread_id=thread_id,
    )


def told(session: Session, note: Note, name: str, within: timedelta = ONCE, *, thread_id: int | None = None) -> bool:
    """Whether she was told so of late (in a thread), by a text that has not come to nothing."""
    query = select(Message.id).where(
        Message.person_id == note.person.id,
        Message.dedupe_key.startswith(f"{name}:", autoescape=True),
        Message.created_at > note.at - within,
        Message.state.not_in(ENDS),
    )
    if thread_id is not None:
        query = query.where(Message.thread_id == thread_id)
    return session.scalar(query.limit(1)) is not None


def first_answer(session: Session, note: Note, thread: Thread) -> None:
    """Tell somebody who opens a thread who will read it and when; never to somebody who said stop."""
    if not consent.stopped(session, [note.person.id]):
        say(session, note, "answer", Purpose.AUTOMATIC, thread_id=thread.id, more=promise(note, thread))


def promise(note: Note, thread: Thread) -> dict[str, object]:
    """What the first answer says besides: by when somebody will have read."""
    promised = thread.promised_at or note.at
    zone = promises.zone_of(note.person, note.workspace)
    hours = max(1, ceil((promised - note.at).total_seconds() / 3600))
    return {"by": promises.said(promised, note.at, zone, note.person.language), "within_hours": hours}


def urgent_answer(session: Session, note: Note, thread_id: int) -> None:
    """Tell somebody in danger whom to call now. Nobody who said stop is written to, not even then: the thread is
    urgent all the same, and a person sees both.
    """
    if consent.stopped(session, [note.person.id]):
        return
    if not told(session, note, "urgent", URGENT_AGAIN, thread_id=thread_id):
        say(session, note, "urgent", Purpose.AUTOMATIC, thread_id=thread_id)
