"""Whoever is in danger must not wait unseen: the one on duty is called, then the next, at last every coordinator.

An alarm begins when a thread becomes urgent, or when somebody who was answered names a danger again; a panic word is
one too. After a panic word or a loss coordinators are called first, and the one on duty if they do not take it, or at
once where there are words of danger as well. It is taken by taking the thread, having it handed over, answering or
closing it. `watch` does what is due; it may run anywhere, as often as one likes, and twice at once: each of staff is
called once an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, String, UniqueConstraint, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from outreach import log
from outreach.messages.status import State
from outreach.messages.tables import Message
from outreach.privacy import alerts
from outreach.privacy.alerts import AlertKind
from outreach.staff import accounts
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.store.base import Base
from outreach.store.types import Serial
from outreach.threads import calls, duty
from outreach.threads.danger import Danger
from outreach.threads.keywords import Verb
from outreach.threads.tables import Did, Mark, Thread, ThreadEvent, ThreadState
from outreach.workspace import Workspace

logger = log.get("threads")

WORDS = "needed"
_TAKES = (Did.TAKEN, Did.HANDED_OVER, Did.ANSWERED)
_MOST = 200  # alarms looked at in one go


class Call(Base):
    """One of staff who was called because of an alarm. `message_id`: None when she could not be reached."""

    __tablename__ = "staff_call"
    __table_args__ = (UniqueConstraint("thread_id", "alarm_at", "staff"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("thread.id"))
    alarm_at: Mapped[datetime]
    staff: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    message_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("message.id"))


@dataclass(frozen=True, slots=True)
class Called:
    """Who was called because of an alarm, by staff name. `missed`: no text could be written to her, or it did not
    arrive.
    """

    reached: tuple[str, ...]
    missed: tuple[str, ...]


#: A call that did not get there, as far as is known.
_MISSED = frozenset({State.UNDELIVERED, State.REFUSED, State.FAILED, State.CANCELLED, State.EXPIRED})


def called(session: Session, thread_id: int) -> Called:
    """Who was called because of a thread's last alarm; nobody, where there was none or the watch has not come by."""
    query = select(Call.staff, Message.state).outerjoin(Message, Message.id == Call.message_id)
    query = query.join(Thread, Thread.id == Call.thread_id).where(Thread.id == thread_id)
    query = query.where(Call.alarm_at == Thread.alarm_at, Call.staff != _EVERYBODY).order_by(Call.id)
    rows = session.execute(query).all()
    missed = tuple(row.staff for row in rows if row.state is None or State(row.state) in _MISSED)
    return Called(tuple(row.staff for row in rows if row.staff not in missed), missed)


def begin(thread: Thread, at: datetime, *, was_waiting: bool) -> None:
    """A danger or a loss is told in a thread, or a panic word: sound the alarm, unless one is sounding and nobody has
    answered yet.
    """
    if thread.alarm_at is None or not was_waiting:
        thread.alarm_at = at
    thread.promised_at = None  # somebody is called instead


def tell(session: Session, kind: AlertKind, thread: Thread, at: datetime) -> None:
    """Write down for coordinators what an alarm is about, once an alarm."""
    alerts.raise_(session, kind, f"thread:{thread.id}", at, key=f"{thread.id}:{(thread.alarm_at or at).isoformat()}")


def watch(workspace: Workspace) -> int:
    """Call whoever must be called now; gives how many calls were made."""
    with workspace.database.read() as session:
        found = list(session.scalars(select(Thread.id).where(*_sounding()).order_by(Thread.alarm_at).limit(_MOST)))
    return sum(_next(workspace, thread_id) for thread_id in found)


def _sounding() -> tuple[ColumnElement[bool], ...]:
    """Alarms that nobody has taken and somebody is still to be called for."""
    took = exists().where(
        ThreadEvent.thread_id == Thread.id, ThreadEvent.at >= Thread.alarm_at, ThreadEvent.did.in_(_TAKES)
    )
    return (
        Thread.alarm_at.is_not(None),
        Thread.state == ThreadState.WAITING,
        ~took,
        ~exists().where(Call.thread_id == Thread.id, Call.alarm_at == Thread.alarm_at, Call.staff == _EVERYBODY),
    )


_EVERYBODY = "*"  # in place of a name: the coordinators were called, nobody is left


def _next(workspace: Workspace, thread_id: int) -> int:
    """The next call of one alarm, if it is due. Whoever holds the thread does it; a second one passes by."""
    with workspace.database.write() as session:
        query = dialects.take(select(Thread).where(Thread.id == thread_id, *_sounding()))
        thread = session.scalar(query)
        if thread is None or thread.alarm_at is None:
            return 0
        at = dialects.now(session)
        made = _made(session, thread)
        reached = [each.at for each in made if each.message_id is not None]
        if reached and at < max(reached) + workspace.settings.call_next_after:
            return 0
        count = _coordinators(session, workspace, thread, at) if not made and _is_theirs(session, thread) else 0
        if count and thread.urgent not in set(Danger):
            return count
        called = {each.staff for each in made}
        first = [thread.assignee] if thread.assignee else []
        for name in [*first, *duty.read(workspace.settings).on_duty(at)]:
            if name not in called and _call(session, workspace, thread, name, at):
                return count + 1
        return count + _everybody(session, workspace, thread, at)


def _made(session: Session, thread: Thread) -> list[Call]:
    return list(session.scalars(select(Call).where(Call.thread_id == thread.id, Call.alarm_at == thread.alarm_at)))


def _call(session: Session, workspace: Workspace, thread: Thread, name: str, at: datetime) -> bool:
    """Call one of staff, once an alarm. False when she cannot be reached, which an admin is told of."""
    alarm = thread.alarm_at or at
    row = {"thread_id": thread.id, "alarm_at": alarm, "staff": name, "at": at}
    statement = dialects.insert(session, Call).values(row).on_conflict_do_nothing().returning(Call.id)
    made = session.scalar(statement)
    if made is None:
        return False
    message = calls.call(session, workspace, name, WORDS, f"{made}", at)
    session.get_one(Call, made).message_id = message
    if message is None:
        key = f"{thread.id}:{alarm.isoformat()}:{name}"
        alerts.raise_(session, AlertKind.UNREACHED, f"thread:{thread.id}", at, about=name, key=key)
        logger.warning("nobody could be called", thread=thread.id)
    session.flush()
    return message is not None


def _is_theirs(session: Session, thread: Thread) -> bool:
    """Whether coordinators are called first: a panic word, or a loss, even if a danger outweighs it."""
    loss = select(Message.id).where(Message.thread_id == thread.id, Message.direction == "in")
    loss = loss.where(Message.reason == f"keyword:{Verb.LOSS}", Message.created_at >= thread.alarm_at)
    return thread.mark == Mark.PANIC or session.scalar(loss.limit(1)) is not None


def _coordinators(session: Session, workspace: Workspace, thread: Thread, at: datetime) -> int:
    """Call every coordinator that was not called; gives how many could be."""
    called = {each.staff for each in _made(session, thread)}
    names = [each.name for each in accounts.everybody(session, Role.COORDINATOR, active=True)]
    return sum(_call(session, workspace, thread, name, at) for name in names if name not in called)


def _everybody(session: Session, workspace: Workspace, thread: Thread, at: datetime) -> int:
    """Nobody on duty has taken it: call every coordinator that was not called, and let it be seen by all."""
    count = _coordinators(session, workspace, thread, at)
    session.add(Call(thread_id=thread.id, alarm_at=thread.alarm_at or at, staff=_EVERYBODY, at=at))
    tell(session, AlertKind.NOT_TAKEN, thread, at)
    session.flush()
    return count
