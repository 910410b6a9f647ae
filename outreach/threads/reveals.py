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

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from outreach.audience import people
from outreach.audience.tables import Endpoint, EndpointState, Person, PersonState
from outreach.channels.contract import Kind
from outreach.errors import ConflictError, KeyringError, NotFoundError
from outreach.messages.tables import Message
from outreach.privacy import alerts, audit
from outreach.privacy.alerts import AlertKind
from outreach.privacy.audit import Action
from outreach.privacy.redact import redact
from outreach.privacy.vault import Vault, seal, unseal
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.store.base import Base
from outreach.store.types import Serial
from outreach.threads import calls
from outreach.threads.tables import Thread, ThreadState
from outreach.workspace import Workspace

#: What nobody has granted by then is not granted any more: ask again.
LAPSES = timedelta(hours=24)
SHORTEST, LONGEST = 10, 400  # characters of a reason


class Reveal(Base):
    """One wish to see what is sealed: the number of a person, or the original of one of her texts (`message_id`).

    `why` is sealed (row: the id). `until`: when it closes again; None while nobody has granted it. `alone`: taken in a
    crisis without a second person, who is to look at it by `review_by`.
    """

    __tablename__ = "reveal"
    __table_args__ = (
        Index("ix_reveal_person", "person_id"),
        Index(
            "ix_reveal_review",
            "review_by",
            sqlite_where=text("reviewed_at IS NULL"),
            postgresql_where=text("reviewed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"))
    message_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("message.id"))
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime]
    why: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    alone: Mapped[bool] = mapped_column(default=False)
    granted_by: Mapped[str] = mapped_column(String(64), default="")
    until: Mapped[datetime | None]
    shown: Mapped[int] = mapped_column(default=0)  # how often it was read
    review_by: Mapped[datetime | None]
    reviewed_by: Mapped[str] = mapped_column(String(64), default="")
    reviewed_at: Mapped[datetime | None]
    disputed: Mapped[bool] = mapped_column(default=False)  # whoever reviewed it says it should not have been


class Stage(StrEnum):
    """Where a reveal is."""

    ASKED = "asked"  # a second person is needed
    OPEN = "open"  # it can be read
    OVER = "over"  # it was open
    LAPSED = "lapsed"  # nobody granted it in time


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be seen: the number of somebody (`pseudonym`), or the original of one text (`message`)."""

    pseudonym: str = ""
    message: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A reveal as a list shows it. `what`: "number" or "text"; `message`: the text's id."""

    id: int
    what: str
    pseudonym: str
    message: int | None
    stage: Stage
    alone: bool
    asked_by: str
    asked_at: datetime
    why: str = field(repr=False)
    granted_by: str
    until: datetime | None
    shown: int
    review_by: datetime | None
    reviewed_by: str
    disputed: bool
    overdue: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What was sealed, and until when it can be read."""

    what: str
    value: str = field(repr=False)
    until: datetime


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
        made.why = seal(_key(workspace.vault), reason, "reveal", "why", made.id)
        if alone:
            _alert(session, workspace, AlertKind.REVEAL_ALONE, made, at, by)
        session.flush()
        action = Action.REVEAL_TAKEN_ALONE if alone else Action.REVEAL_ASKED
        audit.append(session, workspace.vault, by, action, _subject(made), reason)
        return made.id


def grant(workspace: Workspace, reveal_id: int, by: str) -> datetime:
    """Let it be read, from now on; gives until when.

    Raises NotFoundError; ConflictError when it is one's own wish, when it lapsed, or when somebody has granted it.
    """
    with workspace.database.write() as session:
        at = dialects.now(session)
        reveal = _get(session, reveal_id)
        if _same(reveal.asked_by, by):
            raise ConflictError("Nobody grants her own wish. Ask a colleague.")
        if (stage := _stage(reveal, at)) is not Stage.ASKED:
            raise ConflictError(f"Reveal {reveal_id} is {stage} already. Only what is asked can be granted.")
        reveal.granted_by, reveal.until = by[:64], at + workspace.settings.reveal_for
        _alert(session, workspace, AlertKind.REVEAL_GRANTED, reveal, at, by)
        session.flush()
        audit.append(session, workspace.vault, by, Action.REVEAL_GRANTED, _subject(reveal))
        return reveal.until


def show(workspace: Workspace, reveal_id: int, by: str) -> Shown:
    """What was sealed. That it is read is in the record, committed, before it is given out.

    Raises NotFoundError; ConflictError when somebody else asked for it, when it is not open, or when it is gone.
    """
    with workspace.database.write() as session:
        at = dialects.now(session)
        reveal = _get(session, reveal_id)
        if not _same(reveal.asked_by, by):
            raise ConflictError("Only whoever asked for it may read it. Ask for yourself.")
        if (stage := _stage(reveal, at)) is not Stage.OPEN or reveal.until is None:
            raise ConflictError(f"Reveal {reveal_id} is {stage}. {_NEXT[stage]}")
        shown = Shown(_what(reveal), _opened(session, workspace, reveal), reveal.until)
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
        if _same(reveal.asked_by, by):
            raise ConflictError("Nobody approves what she did herself. Ask a colleague.")
        if reveal.reviewed_at is not None:
            raise ConflictError(f"Reveal {reveal_id} was looked at already.")
        reveal.reviewed_by, reveal.reviewed_at = by[:64], dialects.now(session)
        reveal.disputed = bool(dispute)
        session.flush()
        action = Action.REVEAL_DISPUTED if dispute else Action.REVEAL_APPROVED
        audit.append(session, workspace.vault, by, action, _subject(reveal), redact(dispute).text)


def listed(workspace: Workspace, *, pending: bool = False, limit: int = 100) -> list[Asked]:
    """Reveals, the newest first. `pending`: only what waits for a second person, overdue ones first."""
    with workspace.database.read() as session:
        at = dialects.now(session)
        query = select(Reveal, Person.pseudonym).join(Person, Person.id == Reveal.person_id)
        if pending:
            asked = Reveal.until.is_(None) & (Reveal.asked_at > at - LAPSES)
            taken = Reveal.alone & Reveal.reviewed_at.is_(None)
            query = query.where(asked | taken)
        rows = session.execute(query.order_by(Reveal.id.desc()).limit(limit)).all()
    key = _key(workspace.vault)
    found = [_asked(reveal, pseudonym, key, at) for reveal, pseudonym in rows]
    return sorted(found, key=lambda each: not each.overdue) if pending else found


def get(workspace: Workspace, reveal_id: int) -> Asked:
    """One reveal. Raises NotFoundError."""
    with workspace.database.read() as session:
        reveal = _get(session, reveal_id, lock=False)
        pseudonym = session.scalars(select(Person.pseudonym).where(Person.id == reveal.person_id)).one()
        return _asked(reveal, pseudonym, _key(workspace.vault), dialects.now(session))


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
        reveal.why = b""
        reveal.until = min(reveal.until or at, at)


_NEXT = {
    Stage.ASKED: "Somebody else has to grant it first: outreach reveal grant",
    Stage.OVER: "Ask again if it is still needed.",
    Stage.LAPSED: "Nobody granted it in time. Ask again if it is still needed.",
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


def _stage(reveal: Reveal, at: datetime) -> Stage:
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


def _asked(reveal: Reveal, pseudonym: str, key: bytes, at: datetime) -> Asked:
    waits = reveal.alone and reveal.reviewed_at is None
    return Asked(
        id=reveal.id,
        what=_what(reveal),
        pseudonym=pseudonym,
        message=reveal.message_id,
        stage=_stage(reveal, at),
        alone=reveal.alone,
        asked_by=reveal.asked_by,
        asked_at=reveal.asked_at,
        why=_why(reveal, key),
        granted_by=reveal.granted_by,
        until=reveal.until,
        shown=reveal.shown,
        review_by=reveal.review_by,
        reviewed_by=reveal.reviewed_by,
        disputed=reveal.disputed,
        overdue=waits and reveal.review_by is not None and reveal.review_by <= at,
    )


def _why(reveal: Reveal, key: bytes) -> str:
    try:
        return unseal(key, reveal.why, "reveal", "why", reveal.id) if reveal.why else ""
    except KeyringError:
        return "(not readable)"


def _what(reveal: Reveal) -> str:
    return "number" if reveal.message_id is None else "text"


def _subject(reveal: Reveal) -> str:
    record = f"person:{reveal.person_id}" if reveal.message_id is None else f"message:{reveal.message_id}"
    return f"reveal:{reveal.id} {record}"


def _same(one: str, other: str) -> bool:
    """The same staff name: nobody becomes two by a capital or a space."""
    return one.strip().casefold() == other.strip().casefold()[:64]


def _key(vault: Vault) -> bytes:
    return vault.derive("reveal-why")
