"""Break-glass: one person asks to see a number or the original of one text and says why, another one grants it, and for
half an hour it can be read, by whoever asked. All of it is in the record of what staff do, and the admins are alerted.

In a crisis, which is an urgent thread of hers that is not closed, one may do it alone; somebody else looks at it
afterwards, and what nobody has looked at in time is overdue. `by` is a staff name: whoever calls has seen to it that it
is her own. Nothing of it is ever logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audience import people
from outreach.audience.tables import Endpoint, EndpointState, Person, PersonState
from outreach.channels.contract import Kind
from outreach.errors import ConflictError, NotFoundError
from outreach.messages.tables import Message
from outreach.privacy import alerts, audit
from outreach.privacy.alerts import AlertKind
from outreach.privacy.audit import Action
from outreach.privacy.redact import redact
from outreach.privacy.vault import Vault, seal, unseal
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.threads import calls
from outreach.threads.tables import Reveal, Thread, ThreadState
from outreach.workspace import Workspace

#: What nobody has granted by then is not granted any more: ask again.
LAPSES = timedelta(hours=24)
SHORTEST, LONGEST = 10, 400  # characters of a reason


class Stage(StrEnum):
    """Where a reveal is."""

    ASKED = "asked"  # a second person is needed
    OPEN = "open"  # it can be read
    OVER = "over"  # it was open
    LAPSED = "lapsed"  # nobody granted it in time
    REFUSED = "refused"  # a second person said no


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be seen: the number of somebody (`pseudonym`), or the original of one text (`message`)."""

    pseudonym: str = ""
    message: int | None = None


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a wish is about. `thread`: where the text stands, of a text. `danger`: one may see it alone, at once."""

    pseudonym: str
    thread: int | None
    danger: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What was sealed, and until when it can be read."""

    what: str
    value: str = field(repr=False)
    until: datetime


def whom(workspace: Workspace, wish: Wish) -> Whom:
    """Whom a wish is about, before it is asked. Raises NotFoundError; ConflictError when she is forgotten."""
    with workspace.database.read() as session:
        person_id = _whose(session, wish)
        pseudonym = session.scalars(select(Person.pseudonym).where(Person.id == person_id)).one()
        thread = select(Message.thread_id).where(Message.id == wish.message)
        return Whom(pseudonym, session.scalar(thread), _in_danger(session, person_id))


def ask(workspace: Workspace, wish: Wish, by: str, why: str, *, alone: bool = False) -> int:
    """Ask to see something; gives the reveal's id. `alone`: in a crisis, without waiting for a second person.

    Raises NotFoundError; ConflictError when no reason is given, when she is forgotten, or, alone, when no thread of
    hers is urgent.
    """
    reason = _reason(why)
    with workspace.database.write() as session:
        at = dialects.now(session)
        person_id = _whose(session, wish)
        if alone and not _in_danger(session, person_id):
            raise ConflictError(
                "Alone only in a crisis: no thread of hers is urgent. Ask, and let somebody else grant it."
            )
        made = Reveal(person_id=person_id, message_id=wish.message, asked_by=by[:64], asked_at=at, alone=alone)
        if alone:
            made.until, made.review_by = at + workspace.settings.reveal_for, at + workspace.settings.reveal_review
        session.add(made)
        session.flush()
        made.why = _sealed(workspace, made, "why", reason)
        if alone:
            _alert(session, workspace, AlertKind.REVEAL_ALONE, made, at, by)
        session.flush()
        action = Action.REVEAL_TAKEN_ALONE if alone else Action.REVEAL_ASKED
        audit.append(session, workspace.vault, by, action, _subject(made), reason)
        return made.id


def grant(workspace: Workspace, reveal_id: int, by: str) -> datetime:
    """Let it be read, from now on; gives until when.

    Raises NotFoundError; ConflictError when it is one's own wish, or when it is asked no more.
    """
    with workspace.database.write() as session:
        at = dialects.now(session)
        reveal = _get(session, reveal_id)
        if same(reveal.asked_by, by):
            raise ConflictError("Nobody grants her own wish. Ask a colleague.")
        if (stage := stage_of(reveal, at)) is not Stage.ASKED:
            raise ConflictError(f"Reveal {reveal_id} is {stage} already. Only what is asked can be granted.")
        reveal.granted_by, reveal.until = by[:64], at + workspace.settings.reveal_for
        _alert(session, workspace, AlertKind.REVEAL_GRANTED, reveal, at, by)
        session.flush()
        audit.append(session, workspace.vault, by, Action.REVEAL_GRANTED, _subject(reveal))
        return reveal.until


def refuse(workspace: Workspace, reveal_id: int, by: str, why: str) -> None:
    """Say no, and why: whoever asked reads it.

    Raises NotFoundError; ConflictError when no reason is given, when it is one's own wish, or when it is asked no more.
    """
    reason = _reason(why)
    with workspace.database.write() as session:
        reveal = _get(session, reveal_id)
        if same(reveal.asked_by, by):
            raise ConflictError("Nobody refuses her own wish. It lapses by itself.")
        if (stage := stage_of(reveal, dialects.now(session))) is not Stage.ASKED:
            raise ConflictError(f"Reveal {reveal_id} is {stage} already. Only what is asked can be refused.")
        reveal.refused_by, reveal.answer = by[:64], _sealed(workspace, reveal, "answer", reason)
        session.flush()
        audit.append(session, workspace.vault, by, Action.REVEAL_REFUSED, _subject(reveal), reason)


def show(workspace: Workspace, reveal_id: int, by: str) -> Shown:
    """What was sealed. That it is read is in the record, committed, before it is given out.

    Raises NotFoundError; ConflictError when somebody else asked for it, when it is not open, or when it is gone.
    """
    with workspace.database.write() as session:
        at = dialects.now(session)
        reveal = _get(session, reveal_id)
        if not same(reveal.asked_by, by):
            raise ConflictError("Only whoever asked for it may read it. Ask for yourself.")
        if (stage := stage_of(reveal, at)) is not Stage.OPEN or reveal.until is None:
            raise ConflictError(f"Reveal {reveal_id} is {stage}. {_NEXT[stage]}")
        shown = Shown(what_of(reveal), _opened(session, workspace, reveal), reveal.until)
        reveal.shown += 1
        session.flush()
        audit.append(session, workspace.vault, by, Action.REVEAL_SHOWN, _subject(reveal))
    return shown


def approve(workspace: Workspace, reveal_id: int, by: str, *, dispute: str = "") -> None:
    """Look at what somebody took alone in a crisis, and say that it was right, or why it was not (`dispute`).

    Raises NotFoundError; ConflictError when it was granted by two anyway, is one's own, or was looked at already.
    """
    with workspace.database.write() as session:
        reveal = _get(session, reveal_id)
        if not reveal.alone:
            raise ConflictError(f"Reveal {reveal_id} was not taken alone: there is nothing to approve.")
        if same(reveal.asked_by, by):
            raise ConflictError("Nobody approves what she did herself. Ask a colleague.")
        if reveal.reviewed_at is not None:
            raise ConflictError(f"Reveal {reveal_id} was looked at already.")
        reveal.reviewed_by, reveal.reviewed_at = by[:64], dialects.now(session)
        reveal.disputed, reason = bool(dispute), redact(dispute).text
        reveal.answer = _sealed(workspace, reveal, "answer", reason) if dispute else None
        session.flush()
        action = Action.REVEAL_DISPUTED if dispute else Action.REVEAL_APPROVED
        audit.append(session, workspace.vault, by, action, _subject(reveal), reason)


def chase(workspace: Workspace) -> list[int]:
    """Alert of what was taken alone and not looked at in time; once each. Gives the ids that are newly overdue."""
    with workspace.database.write() as session:
        at = dialects.now(session)
        due = select(Reveal).where(Reveal.alone, Reveal.reviewed_at.is_(None), Reveal.review_by <= at)
        late = list(session.scalars(due.order_by(Reveal.id)))
        kind = AlertKind.REVEAL_OVERDUE
        return [each.id for each in late if _alert(session, workspace, kind, each, at, each.asked_by)]


def _alert(session: Session, workspace: Workspace, kind: AlertKind, reveal: Reveal, at: datetime, by: str) -> bool:
    """Let admins know, on the page and on their phones, once; whoever did it herself need not be called."""
    if not alerts.raise_(session, kind, f"reveal:{reveal.id}", at, about=reveal.asked_by):
        return False
    calls.call_all(session, workspace, Role.ADMIN, "alert", f"{kind}:{reveal.id}", at, but={by})
    return True


def close_all(session: Session, person_id: int) -> None:
    """Somebody is forgotten: nothing of hers can be read any more, and no reason tells of her."""
    at = dialects.now(session)
    for reveal in session.scalars(select(Reveal).where(Reveal.person_id == person_id)):
        reveal.why, reveal.answer = b"", None
        reveal.until = min(reveal.until or at, at)


_NEXT = {
    Stage.ASKED: "Somebody else has to grant it first: outreach reveal grant",
    Stage.OVER: "Ask again if it is still needed.",
    Stage.LAPSED: "Nobody granted it in time. Ask again if it is still needed.",
    Stage.REFUSED: "Speak with whoever refused it: outreach reveal list",
}


def _reason(why: str) -> str:
    """Why, without numbers and addresses, which do not belong in a record."""
    words = " ".join(why.split())
    if not SHORTEST <= len(words) <= LONGEST:
        raise ConflictError(f"Say why, in {SHORTEST} to {LONGEST} characters; no name and no number.")
    return redact(words).text


def _whose(session: Session, wish: Wish) -> int:
    if (wish.message is None) == (not wish.pseudonym):
        raise ConflictError("Name one record: a pseudonym for a number, or a text.")
    if wish.message is None:
        return people.by_pseudonym(session, wish.pseudonym).id
    query = select(Message.person_id).where(Message.id == wish.message, Message.direction == "in")
    person_id = session.scalar(query)
    if person_id is None:
        raise NotFoundError(f"No text {wish.message} came in. Its number stands beside it: outreach threads show")
    if session.scalar(select(Person.state).where(Person.id == person_id)) == PersonState.FORGOTTEN:
        raise ConflictError("She is forgotten: nothing of hers can be read any more.")
    return person_id


def _in_danger(session: Session, person_id: int) -> bool:
    query = select(Thread.id).where(
        Thread.person_id == person_id, Thread.state != ThreadState.CLOSED, Thread.urgent != ""
    )
    return session.scalar(query.limit(1)) is not None


def _get(session: Session, reveal_id: int, *, lock: bool = True) -> Reveal:
    query = select(Reveal).where(Reveal.id == reveal_id)
    reveal = session.scalar(dialects.take(query, wait=True) if lock else query)
    if reveal is None:
        raise NotFoundError(f"There is no reveal {reveal_id}. List them: outreach reveal list")
    return reveal


def stage_of(reveal: Reveal, at: datetime) -> Stage:
    """Where it is at a moment."""
    if reveal.refused_by:
        return Stage.REFUSED
    if reveal.until is None:
        return Stage.ASKED if at < reveal.asked_at + LAPSES else Stage.LAPSED
    return Stage.OPEN if at < reveal.until else Stage.OVER


def _opened(session: Session, workspace: Workspace, reveal: Reveal) -> str:
    key = people.keys_of(session, workspace.vault, [reveal.person_id]).get(reveal.person_id)
    if key is None:
        raise ConflictError("She is forgotten: nothing of hers can be read any more.")
    return (
        _number(session, key, reveal.person_id) if reveal.message_id is None else _text(session, key, reveal.message_id)
    )


def _number(session: Session, key: bytes, person_id: int) -> str:
    query = select(Endpoint).where(Endpoint.person_id == person_id, Endpoint.kind == Kind.SMS)
    reaches: Sequence[Endpoint] = session.scalars(query.order_by(Endpoint.id.desc())).all()
    if not reaches:
        raise ConflictError("No number of hers is known.")
    best = next((each for each in reaches if each.state == EndpointState.OK), reaches[0])
    return people.value_of(key, best)


def _text(session: Session, key: bytes, message_id: int) -> str:
    message = session.get_one(Message, message_id)
    if message.body is None:
        raise ConflictError("That text is older than texts are kept (OUTREACH_KEEP_TEXTS).")
    return unseal(key, message.body, "message", "body", message.dedupe_key)


def what_of(reveal: Reveal) -> str:
    """What is to be seen: "number" or "text"."""
    return "number" if reveal.message_id is None else "text"


def _sealed(workspace: Workspace, reveal: Reveal, column: str, text: str) -> bytes:
    return seal(key_of(workspace.vault), text, "reveal", column, reveal.id)


def _subject(reveal: Reveal) -> str:
    record = f"person:{reveal.person_id}" if reveal.message_id is None else f"message:{reveal.message_id}"
    return f"reveal:{reveal.id} {record}"


def same(one: str, other: str) -> bool:
    """Whether two are the same staff name: nobody becomes two by a capital or a space."""
    return one.strip().casefold() == other.strip().casefold()[:64]


def key_of(vault: Vault) -> bytes:
    """What reasons and answers are sealed with."""
    return vault.derive("reveal-why")
