"""The inbox of helpers: threads by pseudonym, what was said, an answer, an end. Never a number."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import discretion, people
from outreach.audience.tables import Person
from outreach.channels.contract import Kind
from outreach.delivery import carriers, facts, quarantine
from outreach.delivery.compose import text_of
from outreach.delivery.enqueue import Draft, enqueue
from outreach.delivery.facts import Claim
from outreach.errors import KeyringError
from outreach.messages.status import CARRIED, Purpose
from outreach.messages.tables import Message
from outreach.messages.templates import RenderError
from outreach.privacy.redact import Names, listed, redact
from outreach.privacy.vault import unseal
from outreach.threads import hands, waits
from outreach.threads.hands import UNREADABLE, Event, Held, RefusedError, Why
from outreach.threads.tables import CHOSEN, Did, Outcome, Thread, ThreadState
from outreach.workspace import Workspace

#: Of one text, by Twilio's OpenAPI; other gateways take less, never more.
MOST_CHARACTERS = 1600

#: Who answers where nobody has to sign in.
UNNAMED = "helper"

#: Texts of a conversation that are shown at once; it says when there are earlier ones.
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Summary:
    """One thread as a list shows it. `stopped`: she said STOP, so no answer would be sent. `urgent`: the gravest danger
    that she named (a `danger.Danger`), "loss" when a pregnancy has ended, or "". `assignee`: the staff member who has
    it, or "". `mark`: a `tables.Mark`, or "".
    """

    id: int
    pseudonym: str
    language: str
    programme: str
    topic: str
    state: ThreadState
    hold: bool
    urgent: str
    wants_call: bool
    mark: str
    stopped: bool
    opened_at: datetime
    waiting_since: datetime | None
    outcome: str
    assignee: str
    closed_at: datetime | None
    promised_at: datetime | None  # when we said that somebody will have read, while she waits


@dataclass(frozen=True, slots=True)
class Said:
    """One text of a conversation. `who`: person, helper, system, campaign. Numbers and addresses are redacted.

    `by`: the staff member who wrote it, where that is known. `about`: the campaign's title. `hidden`: something was
    taken out of it.
    """

    who: str
    at: datetime
    text: str = field(repr=False)
    state: str
    by: str = ""
    about: str = ""
    id: int = 0
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread with everything that was said and done. `last`: the id of its last text, 0 when it has none (see
    `reply`). `earlier`: there are texts before the first one here.
    """

    summary: Summary
    said: list[Said]
    last: int
    events: list[Event] = field(default_factory=list)
    earlier: bool = False


def waiting(session: Session, states: Sequence[ThreadState], limit: int = 100) -> list[Summary]:
    """Threads in these states: whoever is in danger first, then those who wait longest."""
    query = (
        select(Thread, Person)
        .join(Person, Person.id == Thread.person_id)
        .where(Thread.state.in_(states))
        .order_by(Thread.place, Thread.since, Thread.id)
        .limit(limit)
    )
    rows = session.execute(query).all()
    gone = consent.stopped(session, [person.id for _, person in rows])
    return [summary(thread, person, person.id in gone) for thread, person in rows]


def show(workspace: Workspace, thread_id: int, *, before: int | None = None) -> Conversation:
    """A conversation: the campaign text that began it, and everything since; of a long one the newest texts, or those
    before the text `before`.

    Raises NotFoundError, SettingError when the clinic's list of names cannot be read.
    """
    with workspace.database.read() as session:
        thread, person = hands.find(session, thread_id)
        found = summary(thread, person, bool(consent.stopped(session, [person.id])))
        key = people.keys_of(session, workspace.vault, [person.id]).get(person.id, b"")
        names = listed(workspace.folder)
        events = hands.events_of(session, thread_id, key, names)
        texts, earlier = _texts(session, thread_id, before)
        by = {event.message_id: event.by for event in events if event.message_id is not None}
        said = [_said(message, key, names, by.get(message.id, "")) for message in texts]
        if not earlier:
            said = [*_began(session, workspace, thread, person, names), *said]
        return Conversation(found, said, texts[-1].id if texts else 0, events, earlier)


def _texts(session: Session, thread_id: int, before: int | None) -> tuple[list[Message], bool]:
    """The newest texts, oldest of them first, and whether there are earlier ones."""
    query = select(Message).where(Message.thread_id == thread_id)
    if before is not None:
        query = query.where(Message.id < before)
    found = session.scalars(query.order_by(Message.id.desc()).limit(MOST_SHOWN + 1)).all()
    return list(reversed(found[:MOST_SHOWN])), len(found) > MOST_SHOWN


def reply(workspace: Workspace, thread_id: int, text: str, *, seen: int | None = None, by: str = UNNAMED) -> int:
    """Answer a thread, ahead of every bulk message. Gives the message's id. Whoever answers a thread that nobody has,
    has it.

    `seen`: the last text that the helper has read (`Conversation.last`), so that two helpers do not both answer it.
    Raises NotFoundError; SettingError when nothing can be sent from here; RefusedError when the thread is closed or has
    gone on since `seen`, when she said STOP or wants silence, when the number is in doubt, or when the text is empty or
    too long.
    """
    words = _sendable(text)
    with hands.hold(workspace, thread_id, by) as held:
        thread = held.thread
        if thread.state == ThreadState.CLOSED:
            raise RefusedError(Why.CLOSED, f"Thread {thread_id} is closed. When she writes again, a new one opens.")
        if consent.stopped(held.session, [held.person.id]):
            raise RefusedError(
                Why.STOPPED, "She said STOP: only her own START lifts it, and nothing is sent until then."
            )
        _refuse_unheard(held)
        made = _queue(held, words, seen)
        waits.answered(held.session, thread, workspace.settings.answer_within, held.at)
        thread.state, thread.answered_at = ThreadState.ANSWERED, held.at
        if not thread.assignee and by != UNNAMED:
            thread.assignee = by
        held.leave(Did.ANSWERED, message_id=made)
        return made


def _refuse_unheard(held: Held) -> None:
    """An answer that would not be sent is not taken: the helper must know."""
    if discretion.silent(held.person, held.at):
        raise RefusedError(Why.SILENT, "She texted her panic word: nothing is sent for a week, so write nothing.")
    if quarantine.holds(held.session, held.person.id):
        text = "The number may be somebody else's now: nothing is sent until she has answered YES to our question."
        raise RefusedError(Why.IN_DOUBT, text)


def last_words(workspace: Workspace, thread_ids: Collection[int], most: int = 140) -> dict[int, str]:
    """The beginning of the last text that each thread's person wrote, redacted; who is forgotten is not in it.

    Raises SettingError when the clinic's list of names cannot be read.
    """
    newest = select(func.max(Message.id)).where(Message.thread_id.in_(thread_ids), Message.direction == "in")
    names = listed(workspace.folder)
    with workspace.database.read() as session:
        query = select(Message).where(Message.id.in_(newest.group_by(Message.thread_id)), Message.body.is_not(None))
        found = session.scalars(query).all()
        keys = people.keys_of(session, workspace.vault, {message.person_id for message in found})
    told = ((message.thread_id, _said(message, keys.get(message.person_id, b""), names, "").text) for message in found)
    return {thread_id: " ".join(text.split())[:most] for thread_id, text in told if thread_id is not None}


def _queue(held: Held, words: str, seen: int | None) -> int:
    session, thread = held.session, held.thread
    last = session.scalar(select(func.max(Message.id)).where(Message.thread_id == thread.id)) or 0
    draft = Draft(
        person_id=held.person.id,
        key=held.key(),
        purpose=Purpose.REPLY,
        text=words,
        dedupe_key=f"thread:{thread.id}:{last}",
        sender=thread.sender or carriers.senders(session, Kind.SMS)[0],
        topic=thread.topic,
        thread_id=thread.id,
    )
    made = None if seen not in {None, last} else enqueue(session, draft, held.workspace.settings, held.at)
    if made is None:
        again = f"Read it again: outreach threads show {thread.id}"
        raise RefusedError(Why.GONE_ON, f"The thread has gone on meanwhile. {again}")
    return made


def _sendable(text: str) -> str:
    words = text.strip()
    if not words:
        raise RefusedError(Why.EMPTY, "The answer is empty.")
    if len(words) > MOST_CHARACTERS:
        raise RefusedError(
            Why.TOO_LONG,
            f"The answer is longer than {MOST_CHARACTERS} characters, the most a text may be. Shorten it.",
        )
    return words


def close(workspace: Workspace, thread_id: int, outcome: Outcome, *, by: str = UNNAMED) -> None:
    """Close a thread with an outcome of `CHOSEN`. Raises NotFoundError; RefusedError when it is closed, or for any
    other outcome."""
    if outcome not in CHOSEN:
        raise RefusedError(Why.OUTCOME, f"The outcome is one of: {', '.join(CHOSEN)}.")
    with hands.hold(workspace, thread_id, by) as held:
        if held.thread.state == ThreadState.CLOSED:
            raise RefusedError(Why.CLOSED, f"Thread {thread_id} is closed already.")
        hands.end(held, outcome)
        held.leave(Did.CLOSED, outcome=outcome)


def summary(thread: Thread, person: Person, stopped: bool) -> Summary:
    """A thread as lists show it."""
    return Summary(
        id=thread.id,
        pseudonym=person.pseudonym,
        language=person.language,
        programme=thread.programme,
        topic=thread.topic,
        state=ThreadState(thread.state),
        hold=thread.hold,
        urgent=thread.urgent,
        wants_call=thread.wants_call,
        mark=thread.mark,
        stopped=stopped,
        opened_at=thread.opened_at,
        waiting_since=thread.waiting_since,
        outcome=thread.outcome,
        assignee=thread.assignee,
        closed_at=thread.closed_at,
        promised_at=thread.promised_at if thread.state == ThreadState.WAITING else None,
    )


def _said(message: Message, key: bytes, names: Names, by: str) -> Said:
    try:
        text = unseal(key, message.body or b"", "message", "body", message.dedupe_key)
    except (KeyringError, ValueError):
        text = UNREADABLE
    if message.direction == "in":
        found = redact(text, names)
        hidden = bool(found.spans)
        return Said("person", message.created_at, found.text, message.state, id=message.id, hidden=hidden)
    who = "helper" if message.purpose == Purpose.REPLY else "system"
    return Said(who, message.created_at, text, message.state, by, id=message.id)


def _began(session: Session, workspace: Workspace, thread: Thread, person: Person, names: Names) -> list[Said]:
    """The last campaign text that had reached her, written again from what its run keeps; redacted, as a custom field
    may stand in it.
    """
    query = (
        select(*facts.COLUMNS, Message.state)
        .where(Message.person_id == person.id, Message.run_id.is_not(None))
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
    about = known.runs[claim.run_id or 0].frozen.title
    return [Said("campaign", claim.due_at, redact(text, names).text, row[-1], about=about)]
