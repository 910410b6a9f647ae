"""The inbox of helpers: threads by pseudonym, what was said, an answer, an end. Never a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import people
from outreach.audience.tables import Person
from outreach.delivery import facts
from outreach.delivery.compose import text_of
from outreach.delivery.enqueue import Draft, enqueue
from outreach.delivery.facts import Claim
from outreach.errors import ConflictError, KeyringError, NotFoundError
from outreach.messages.status import Purpose
from outreach.messages.tables import Message
from outreach.messages.templates import RenderError
from outreach.privacy import redact
from outreach.privacy.vault import unseal
from outreach.store import dialects
from outreach.threads.tables import Thread, ThreadState
from outreach.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Summary:
    """One thread as a list shows it. `stopped`: she said STOP, so no answer would be sent."""

    id: int
    pseudonym: str
    language: str
    programme: str
    topic: str
    state: ThreadState
    hold: bool
    stopped: bool
    opened_at: datetime
    waiting_since: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Said:
    """One text of a conversation. `who`: person, helper, system, campaign. Numbers and addresses are redacted."""

    who: str
    at: datetime
    text: str = field(repr=False)
    state: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread with everything that was said."""

    summary: Summary
    said: list[Said]


def waiting(session: Session, states: Sequence[ThreadState], limit: int = 100) -> list[Summary]:
    """Threads in these states: those who wait longest first."""
    urgency = case((Thread.hold, 0), else_=1)
    query = (
        select(Thread, Person)
        .join(Person, Person.id == Thread.person_id)
        .where(Thread.state.in_(states))
        .order_by(Thread.state.desc(), urgency, Thread.waiting_since, Thread.id)
        .limit(limit)
    )
    rows = session.execute(query).all()
    gone = consent.stopped(session, [person.id for _, person in rows])
    return [_summary(thread, person, person.id in gone) for thread, person in rows]


def show(workspace: Workspace, thread_id: int) -> Conversation:
    """A whole conversation: the campaign text that began it, and everything since. Raises NotFoundError."""
    with workspace.database.read() as session:
        thread, person = _get(session, thread_id)
        summary = _summary(thread, person, bool(consent.stopped(session, [person.id])))
        key = people.keys_of(session, workspace.vault, [person.id]).get(person.id, b"")
        query = select(Message).where(Message.thread_id == thread.id).order_by(Message.id)
        said = [_said(message, key) for message in session.scalars(query)]
        return Conversation(summary, [*_began(session, workspace, thread, person), *said])


def reply(workspace: Workspace, thread_id: int, text: str) -> int:
    """Answer a thread, ahead of every bulk message. Gives the message's id.

    Raises NotFoundError, ConflictError when the thread is closed, she said STOP, or the text is empty.
    """
    words = text.strip()
    if not words:
        raise ConflictError("The answer is empty.")
    if len(words) > 1600:
        raise ConflictError("The answer is longer than 1600 characters, the most that one text may be. Shorten it.")
    with workspace.database.write() as session:
        at = dialects.now(session)
        thread, person = _get(session, thread_id, lock=True)
        if thread.state == ThreadState.CLOSED:
            raise ConflictError(f"Thread {thread_id} is closed. It opens again when she writes.")
        if consent.stopped(session, [person.id]):
            raise ConflictError("She said STOP: only her own START lifts it, and nothing is sent until then.")
        key = people.keys_of(session, workspace.vault, [person.id])[person.id]
        count = len(session.scalars(select(Message.id).where(Message.thread_id == thread_id)).all())
        draft = Draft(
            person_id=person.id,
            key=key,
            purpose=Purpose.REPLY,
            text=words,
            dedupe_key=f"thread:{thread_id}:{count}",
            sender=thread.sender,
            topic=thread.topic,
            thread_id=thread_id,
        )
        made = enqueue(session, draft, workspace.settings, at)
        if made is None:
            raise ConflictError("Somebody has just answered. Read the thread again.")
        thread.state, thread.waiting_since = ThreadState.ANSWERED, None
        return made


def close(workspace: Workspace, thread_id: int, outcome: str) -> None:
    """Close a thread with an outcome (at most 40 characters). Raises NotFoundError, ConflictError when it is closed."""
    with workspace.database.write() as session:
        thread, _ = _get(session, thread_id, lock=True)
        if thread.state == ThreadState.CLOSED:
            raise ConflictError(f"Thread {thread_id} is closed already.")
        thread.state, thread.closed_at, thread.waiting_since = ThreadState.CLOSED, dialects.now(session), None
        thread.outcome, thread.hold = outcome[:40], False


def _get(session: Session, thread_id: int, *, lock: bool = False) -> tuple[Thread, Person]:
    query = select(Thread, Person).join(Person, Person.id == Thread.person_id).where(Thread.id == thread_id)
    row = session.execute(dialects.take(query, of=Thread, wait=True) if lock else query).first()
    if row is None:
        raise NotFoundError(f"There is no thread {thread_id}. List them: outreach threads list")
    return row[0], row[1]


def _summary(thread: Thread, person: Person, stopped: bool) -> Summary:
    return Summary(
        id=thread.id,
        pseudonym=person.pseudonym,
        language=person.language,
        programme=thread.programme,
        topic=thread.topic,
        state=ThreadState(thread.state),
        hold=thread.hold,
        stopped=stopped,
        opened_at=thread.opened_at,
        waiting_since=thread.waiting_since,
        outcome=thread.outcome,
    )


def _said(message: Message, key: bytes) -> Said:
    try:
        text = unseal(key, message.body or b"", "message", "body", message.dedupe_key)
    except (KeyringError, ValueError):
        text = "(no longer readable)"
    if message.direction == "in":
        return Said("person", message.created_at, redact.identifiers(text), message.state)
    who = "helper" if message.purpose == Purpose.REPLY else "system"
    return Said(who, message.created_at, text, message.state)


def _began(session: Session, workspace: Workspace, thread: Thread, person: Person) -> list[Said]:
    """The campaign text that the conversation answers, written again from what its run keeps."""
    query = (
        select(*facts.COLUMNS, Message.state)
        .where(Message.person_id == person.id, Message.run_id.is_not(None), Message.direction == "out")
        .where(Message.created_at <= thread.opened_at, Message.topic == thread.topic)
        .order_by(Message.id.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    if row is None:
        return []
    claim = Claim(*row[:-1])
    known = facts.load(session, [claim], thread.opened_at, lock=False)
    try:
        _, text = text_of(
            claim, person, known.runs[claim.run_id or 0], known.fields.get(person.id, {}), workspace.settings
        )
    except RenderError:
        return []
    return [Said("campaign", claim.due_at, text, row[-1])]
