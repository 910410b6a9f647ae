"""Whose hands a thread is in: take, hand over, release, note, decide whether she wants us to stop.

Each is one transaction that holds the person, as her texts do, leaves a line in the thread and one in the record of
what staff did. A note is for colleagues: sealed with her key, redacted when read, never sent, gone when she is
forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import people
from outreach.audience.tables import Person
from outreach.consent import Source
from outreach.delivery.moves import Move, advance
from outreach.errors import ConflictError, KeyringError, NotFoundError
from outreach.hooks import events
from outreach.hooks.events import Kind
from outreach.messages.status import WAITING, State, Withdrawal
from outreach.messages.tables import Message
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.redact import Names, redact
from outreach.privacy.vault import seal, unseal
from outreach.staff import accounts
from outreach.staff.roles import Role, StaffState
from outreach.store import dialects
from outreach.store.types import new_id
from outreach.threads import endings, waits
from outreach.threads.tables import Did, Outcome, Thread, ThreadEvent, ThreadState
from outreach.workspace import Workspace

#: Whose hands a thread can be in.
ANSWERING = frozenset({Role.HELPER, Role.COORDINATOR})
MOST_NOTE = 2000  # characters
UNREADABLE = "(no longer readable)"
_AT_ONCE = 1000

_ACTIONS = {
    Did.ANSWERED: Action.THREAD_ANSWERED,
    Did.TAKEN: Action.THREAD_TAKEN,
    Did.HANDED_OVER: Action.THREAD_HANDED_OVER,
    Did.RELEASED: Action.THREAD_RELEASED,
    Did.NOTED: Action.THREAD_NOTED,
    Did.STOPPED: Action.THREAD_STOPPED,
    Did.KEPT: Action.THREAD_KEPT,
    Did.CLOSED: Action.THREAD_CLOSED,
}


_EVENTS = {Did.ANSWERED: Kind.THREAD_ANSWERED, Did.CLOSED: Kind.THREAD_CLOSED}


class Why(StrEnum):
    """Why something was not done to a thread; pages say it in the language of whoever reads."""

    CLOSED = "closed"
    STOPPED = "stopped"
    SILENT = "silent"
    IN_DOUBT = "in_doubt"
    GONE_ON = "gone_on"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    TAKEN = "taken"
    NOT_TAKEN = "not_taken"
    NOBODY = "nobody"
    NOT_ON_HOLD = "not_on_hold"
    OUTCOME = "outcome"


class RefusedError(ConflictError):
    """It cannot be done to a thread in its present state. `why` is the reason; `who` has the thread, if that is it."""

    def __init__(self, why: Why, text: str, who: str = "") -> None:
        self.why, self.who = why, who
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Event:
    """What staff did, as the thread shows it. `text`: a note, redacted. `message_id`: the answer that it was."""

    id: int
    at: datetime
    by: str
    did: Did
    to: str
    outcome: str
    message_id: int | None
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Held:
    """A thread in the middle of a change: she is held, and nothing of hers moves meanwhile."""

    session: Session
    workspace: Workspace
    thread: Thread
    person: Person
    at: datetime
    by: str

    def leave(
        self, did: Did, *, to: str = "", outcome: str = "", message_id: int | None = None, note: str = ""
    ) -> None:
        """Write the line in the thread and, last of all, the one in the record; the record never holds a note."""
        event_id = new_id()
        body = self._seal(note, event_id) if note else None
        self.session.add(
            ThreadEvent(
                id=event_id,
                thread_id=self.thread.id,
                at=self.at,
                by=self.by[:64],
                did=did,
                to=to[:64],
                outcome=outcome,
                message_id=message_id,
                body=body,
            )
        )
        self.session.flush()
        if did in _EVENTS:
            events.tell(self.session, _EVENTS[did], self.at, thread=self.thread.id)
        why = to or outcome
        audit.append(self.session, self.workspace.vault, self.by, _ACTIONS[did], f"thread:{self.thread.id}", why)

    def key(self) -> bytes:
        """Her key. Raises RefusedError when she was forgotten."""
        keys = people.keys_of(self.session, self.workspace.vault, [self.person.id])
        if self.person.id not in keys:
            raise RefusedError(Why.CLOSED, "She is forgotten: nothing can be written down about her any more.")
        return keys[self.person.id]

    def _seal(self, note: str, event_id: int) -> bytes:
        return seal(self.key(), note, "thread_event", "body", event_id)


def find(session: Session, thread_id: int) -> tuple[Thread, Person]:
    """A thread and its person. Raises NotFoundError."""
    query = select(Thread, Person).join(Person, Person.id == Thread.person_id).where(Thread.id == thread_id)
    row = session.execute(query).first()
    if row is None:
        raise NotFoundError(f"There is no thread {thread_id}. List them: outreach threads list")
    return row[0], row[1]


@contextmanager
def hold(workspace: Workspace, thread_id: int, by: str) -> Iterator[Held]:
    """Hold a thread and its person to the end of the block. Raises NotFoundError."""
    with workspace.database.write() as session:
        hers = select(Thread.person_id).where(Thread.id == thread_id).scalar_subquery()
        session.execute(dialects.take(select(Person.id).where(Person.id == hers), wait=True))
        at = dialects.now(session)
        thread, person = find(session, thread_id)
        yield Held(session, workspace, thread, person, at, by)


@contextmanager
def _open(workspace: Workspace, thread_id: int, by: str) -> Iterator[Held]:
    with hold(workspace, thread_id, by) as held:
        if held.thread.state == ThreadState.CLOSED:
            raise RefusedError(Why.CLOSED, f"Thread {thread_id} is closed. When she writes again, a new one opens.")
        yield held


def take(workspace: Workspace, thread_id: int, *, by: str, over: bool = False) -> None:
    """Take a thread. From somebody else only with `over`, on purpose.

    Raises NotFoundError; RefusedError when it is closed or somebody else has it.
    """
    with _open(workspace, thread_id, by) as held:
        has = held.thread.assignee
        if has == by:
            return
        if has and not over:
            raise RefusedError(Why.TAKEN, f"{has} has this thread. Take it over only on purpose: --over", has)
        held.thread.assignee = by
        held.leave(Did.TAKEN)


def hand_over(workspace: Workspace, thread_id: int, to: str, *, by: str, note: str = "") -> None:
    """Put a thread into the hands of a helper or coordinator, with a note.

    Raises NotFoundError; RefusedError when it is closed, when nobody who answers goes by that name, when the note is
    too long.
    """
    name, words = to.strip(), _note(note)
    with _open(workspace, thread_id, by) as held:
        if not _answers(held.session, name):
            raise RefusedError(Why.NOBODY, "Nobody who answers goes by that name. List staff: outreach staff list")
        held.thread.assignee = name
        held.leave(Did.HANDED_OVER, to=name, note=words)


def _answers(session: Session, name: str) -> bool:
    try:
        member = accounts.find(session, name)
    except NotFoundError:
        return False
    return member.state == StaffState.ACTIVE and bool(member.roles & ANSWERING)


def release(workspace: Workspace, thread_id: int, *, by: str) -> None:
    """Let go of a thread: whoever is free takes it.

    Raises NotFoundError; RefusedError when it is closed or nobody has it.
    """
    with _open(workspace, thread_id, by) as held:
        if not held.thread.assignee:
            raise RefusedError(Why.NOT_TAKEN, f"Nobody has thread {thread_id}.")
        held.thread.assignee = ""
        held.leave(Did.RELEASED)


def note(workspace: Workspace, thread_id: int, text: str, *, by: str) -> None:
    """Leave a note for colleagues, on a closed thread too.

    Raises NotFoundError; RefusedError when it is empty or too long.
    """
    words = _note(text)
    if not words:
        raise RefusedError(Why.EMPTY, "The note is empty.")
    with hold(workspace, thread_id, by) as held:
        held.leave(Did.NOTED, note=words)


def decide(workspace: Workspace, thread_id: int, *, stop: bool, by: str) -> None:
    """Decide what perhaps is a wish to stop. A stop is as good as her own, and ends the thread unless it is urgent.

    Raises NotFoundError; RefusedError when it is closed or there is nothing to decide.
    """
    with _open(workspace, thread_id, by) as held:
        if not held.thread.hold:
            raise RefusedError(Why.NOT_ON_HOLD, f"Thread {thread_id} does not look like a wish to stop.")
        held.thread.hold = False
        if stop:
            _stop(held)
        held.leave(Did.STOPPED if stop else Did.KEPT)


def _stop(held: Held) -> None:
    session, thread, at = held.session, held.thread, held.at
    consent.stop(session, held.person.id, Source.STAFF, f"thread {thread.id}, {held.by}", at)
    waiting = select(Message.id).where(Message.person_id == held.person.id, Message.state.in_(WAITING))
    gone = [Move(each, State.CANCELLED, Withdrawal.STOPPED) for each in session.scalars(waiting)]
    advance(session, gone, at)
    if not thread.urgent:
        end(held, Outcome.STOPPED)


def end(held: Held, outcome: Outcome) -> None:
    """Close a thread that is held; the lines about it are the caller's."""
    thread = held.thread
    waits.ends(held.session, thread)
    thread.state, thread.closed_at = ThreadState.CLOSED, held.at
    thread.outcome, thread.hold = outcome, False
    endings.follow(held.session, held.person.id, outcome, f"thread {thread.id}: {outcome}", held.at)


def events_of(session: Session, thread_id: int, key: bytes, names: Names) -> list[Event]:
    """What staff did with a thread, oldest first; notes are redacted as her texts are."""
    query = select(ThreadEvent).where(ThreadEvent.thread_id == thread_id).order_by(ThreadEvent.id)
    return [_event(row, key, names) for row in session.scalars(query)]


def _event(row: ThreadEvent, key: bytes, names: Names) -> Event:
    text = ""
    if row.body is not None:
        try:
            text = redact(unseal(key, row.body, "thread_event", "body", row.id), names).text
        except (KeyringError, ValueError):
            text = UNREADABLE
    return Event(row.id, row.at, row.by, Did(row.did), row.to, row.outcome, row.message_id, text)


def let_go(workspace: Workspace) -> int:
    """Empty the notes of conversations that have been silent for as long as texts are kept; how many. Safe at any time.

    A note is about what she wrote, so it is kept no longer than that.
    """
    before, done = workspace.database.now() - workspace.settings.keep_texts, 0
    later = exists().where(Message.thread_id == ThreadEvent.thread_id, Message.created_at >= before)
    old = select(ThreadEvent.id).where(ThreadEvent.body.is_not(None), ThreadEvent.at < before, ~later).limit(_AT_ONCE)
    while True:
        with workspace.database.read() as session:
            ids = session.scalars(old).all()
        if not ids:
            return done
        with workspace.database.write() as session:
            empty = update(ThreadEvent).where(ThreadEvent.id.in_(ids)).values(body=None)
            session.execute(empty, execution_options={"synchronize_session": False})
        done += len(ids)


def _note(text: str) -> str:
    words = text.strip()
    if len(words) > MOST_NOTE:
        raise RefusedError(Why.TOO_LONG, f"The note is longer than {MOST_NOTE} characters. Shorten it.")
    return words
