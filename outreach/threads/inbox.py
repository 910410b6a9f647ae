"""The inbox of helpers: threads by pseudonym, what was said, an answer, an end. Never a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import people
from outreach.audience.tables import Person
from outreach.channels.contract import Kind
from outreach.delivery import carriers, facts
from outreach.delivery.compose import text_of
from outreach.delivery.enqueue import Draft, enqueue
from outreach.delivery.facts import Claim
from outreach.errors import ConflictError, KeyringError, NotFoundError
from outreach.messages.status import CARRIED, Purpose
from outreach.messages.tables import Message
from outreach.messages.templates import RenderError
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.redact import Names, listed, redact
from outreach.privacy.vault import unseal
from outreach.store import dialects
from outreach.threads.tables import Thread, ThreadState
from outreach.workspace import Workspace

#: Of one text, by Twilio's OpenAPI; other gateways take less, never more.
MOST_CHARACTERS = 1600

#: Who answers where nobody has to sign in.
UNNAMED = "helper"


@dataclass(frozen=True, slots=True)
class Summary:
    """One thread as a list shows it. `stopped`: she said STOP, so no answer would be sent. `urgent`: the gravest danger
    that she named (a `danger.Danger`), or "".
    """

    id: int
    pseudonym: str
    language: str
    programme: str
    topic: str
    state: ThreadState
    hold: bool
    urgent: str
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
    """A thread with everything that was said. `last`: the id of its last text, 0 when it has none (see `reply`)."""

    summary: Summary
    said: list[Said]
    last: int


def waiting(session: Session, states: Sequence[ThreadState], limit: int = 100) -> list[Summary]:
    """Threads in these states: whoever is in danger first, then those who wait longest."""
    urgency = case((Thread.urgent != "", 0), (Thread.hold, 1), else_=2)
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
    """A whole conversation: the campaign text that began it, and everything since.

    Raises NotFoundError, SettingError when the clinic's list of names cannot be read.
    """
    with workspace.database.read() as session:
        thread, person = _get(session, thread_id)
        summary = _summary(thread, person, bool(consent.stopped(session, [person.id])))
        key = people.keys_of(session, workspace.vault, [person.id]).get(person.id, b"")
        query = select(Message).where(Message.thread_id == thread.id).order_by(Message.id)
        texts = session.scalars(query).all()
        names = listed(workspace.folder)
        said = [*_began(session, workspace, thread, person, names), *(_said(message, key, names) for message in texts)]
        return Conversation(summary, said, texts[-1].id if texts else 0)


def reply(workspace: Workspace, thread_id: int, text: str, *, seen: int | None = None, by: str = UNNAMED) -> int:
    """Answer a thread, ahead of every bulk message. Gives the message's id.

    `seen`: the last text that the helper has read (`Conversation.last`), so that two helpers do not both answer it.
    Raises NotFoundError, ConflictError when the thread is closed or has gone on since `seen`, when she said STOP, or
    when the text is empty or too long; SettingError when nothing can be sent from here.
    """
    words = _sendable(text)
    with workspace.database.write() as session:
        at = dialects.now(session)
        thread, person = _get(session, thread_id, lock=True)
        if thread.state == ThreadState.CLOSED:
            raise ConflictError(f"Thread {thread_id} is closed. When she writes again, a new one opens.")
        if consent.stopped(session, [person.id]):
            raise ConflictError("She said STOP: only her own START lifts it, and nothing is sent until then.")
        key = people.keys_of(session, workspace.vault, [person.id])[person.id]
        last = session.scalar(select(func.max(Message.id)).where(Message.thread_id == thread_id)) or 0
        draft = Draft(
            person_id=person.id,
            key=key,
            purpose=Purpose.REPLY,
            text=words,
            dedupe_key=f"thread:{thread_id}:{last}",
            sender=thread.sender or carriers.senders(session, Kind.SMS)[0],
            topic=thread.topic,
            thread_id=thread_id,
        )
        made = None if seen not in {None, last} else enqueue(session, draft, workspace.settings, at)
        if made is None:
            raise ConflictError(f"The thread has gone on meanwhile. Read it again: outreach threads show {thread_id}")
        thread.state, thread.waiting_since = ThreadState.ANSWERED, None
        audit.append(session, workspace.vault, by, Action.THREAD_ANSWERED, f"thread:{thread_id}")
        return made


def _sendable(text: str) -> str:
    words = text.strip()
    if not words:
        raise ConflictError("The answer is empty.")
    if len(words) > MOST_CHARACTERS:
        raise ConflictError(
            f"The answer is longer than {MOST_CHARACTERS} characters, the most a text may be. Shorten it."
        )
    return words


def close(workspace: Workspace, thread_id: int, outcome: str, *, by: str = UNNAMED) -> None:
    """Close a thread with an outcome (at most 40 characters). Raises NotFoundError, ConflictError when it is closed."""
    with workspace.database.write() as session:
        thread, _ = _get(session, thread_id, lock=True)
        if thread.state == ThreadState.CLOSED:
            raise ConflictError(f"Thread {thread_id} is closed already.")
        thread.state, thread.closed_at, thread.waiting_since = ThreadState.CLOSED, dialects.now(session), None
        thread.outcome, thread.hold = outcome[:40], False
        audit.append(session, workspace.vault, by, Action.THREAD_CLOSED, f"thread:{thread_id}")


def _get(session: Session, thread_id: int, *, lock: bool = False) -> tuple[Thread, Person]:
    """A thread and its person. `lock` holds the person, as her texts do: nothing of hers moves meanwhile."""
    if lock:
        hers = select(Thread.person_id).where(Thread.id == thread_id).scalar_subquery()
        session.execute(dialects.take(select(Person.id).where(Person.id == hers), wait=True))
    query = select(Thread, Person).join(Person, Person.id == Thread.person_id).where(Thread.id == thread_id)
    row = session.execute(query).first()
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
        urgent=thread.urgent,
        stopped=stopped,
        opened_at=thread.opened_at,
        waiting_since=thread.waiting_since,
        outcome=thread.outcome,
    )


def _said(message: Message, key: bytes, names: Names) -> Said:
    try:
        text = unseal(key, message.body or b"", "message", "body", message.dedupe_key)
    except (KeyringError, ValueError):
        text = "(no longer readable)"
    if message.direction == "in":
        return Said("person", message.created_at, redact(text, names).text, message.state)
    who = "helper" if message.purpose == Purpose.REPLY else "system"
    return Said(who, message.created_at, text, message.state)


def _began(session: Session, workspace: Workspace, thread: Thread, person: Person, names: Names) -> list[Said]:
    """The last campaign text that had reached her, written again from what its run keeps; redacted, as a custom field
    may stand in it.
    """
    query = (
        select(*facts.COLUMNS, Message.state)
        .where(Message.person_id == person.id, Message.run_id.is_not(None), Message.direction == "out")
        .where(Message.created_at <= thread.opened_at, Message.topic == thread.topic, Message.state.in_(CARRIED))
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
    return [Said("campaign", claim.due_at, redact(text, names).text, row[-1])]
