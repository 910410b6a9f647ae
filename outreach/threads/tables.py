"""Threads: the anonymous conversation of one person with the helpers of one programme."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from outreach.messages.tables import Message
from outreach.store.base import Base
from outreach.store.types import Serial


class ThreadState(StrEnum):
    """Where a thread is."""

    WAITING = "waiting"  # the person waits for us
    ANSWERED = "answered"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a thread ended."""

    ANSWERED = "answered"
    REFERRED = "referred"  # to a colleague, a clinic, a hospital
    UNREACHED = "unreached"  # she did not write again
    STOPPED = "stopped"  # she wants no more texts
    DIED = "died"
    MOVED = "moved"
    WRONG_NUMBER = "wrong_number"
    SPAM = "spam"
    FORGOTTEN = "forgotten"  # by FORGET: nobody chooses it


#: What a helper may choose when she closes a thread.
CHOSEN = tuple(outcome for outcome in Outcome if outcome is not Outcome.FORGOTTEN)


class Did(StrEnum):
    """What staff did with a thread."""

    ANSWERED = "answered"
    TAKEN = "taken"
    HANDED_OVER = "handed_over"
    RELEASED = "released"
    NOTED = "noted"
    STOPPED = "stopped"  # read her text as a wish to stop
    KEPT = "kept"  # read her text as no wish to stop
    CLOSED = "closed"


#: Where a thread stands in every list: urgent; perhaps a stop, or wants to be called, which no text settles; waiting,
#: answered, closed.
URGENT, HOLD, WAITS, ANSWERED, CLOSED = 0, 1, 2, 3, 9
_PLACE = (
    f"CASE WHEN state = 'closed' THEN {CLOSED} WHEN state <> 'waiting' THEN {ANSWERED} "
    f"WHEN urgent <> '' THEN {URGENT} WHEN hold OR wants_call THEN {HOLD} ELSE {WAITS} END"
)
_SINCE = "coalesce(closed_at, waiting_since, answered_at, opened_at)"


class Mark(StrEnum):
    """What staff should know of a thread besides its texts."""

    PANIC = "panic"  # she has texted her panic word: write nothing, see that she is safe
    WHO = "who"  # somebody there asked who we are
    MACHINE = "machine"  # a telephone that answers by itself


class Thread(Base):
    """One conversation. A person has at most one that is not closed per programme.

    `place` and `since` are what lists are ordered by: the database computes them, so that nobody can forget to.
    """

    __tablename__ = "thread"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'answered', 'closed')", name="state"),
        Index(
            "uq_thread_open",
            "person_id",
            "programme",
            unique=True,
            sqlite_where=text("state <> 'closed'"),
            postgresql_where=text("state <> 'closed'"),
        ),
        Index("ix_thread_place", "place", "since", "id"),
        Index("ix_thread_assignee", "assignee", "place", "since", "id"),
        Index("ix_thread_programme", "programme", "place", "since", "id"),
        Index("ix_thread_topic", "topic", "place", "since", "id"),
        Index("ix_thread_language", "language", "place", "since", "id"),
        Index("ix_thread_person", "person_id", "id"),
        Index(
            "ix_thread_alarm",
            "alarm_at",
            sqlite_where=text("alarm_at IS NOT NULL AND state = 'waiting'"),
            postgresql_where=text("alarm_at IS NOT NULL AND state = 'waiting'"),
        ),
        Index(
            "ix_thread_promised",
            "promised_at",
            sqlite_where=text("missed_at IS NULL AND state = 'waiting'"),
            postgresql_where=text("missed_at IS NULL AND state = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"))
    programme: Mapped[str] = mapped_column(String(64))
    topic: Mapped[str] = mapped_column(String(64), default="")
    sender: Mapped[str] = mapped_column(String(40), default="")  # answers leave from where she wrote to
    state: Mapped[ThreadState] = mapped_column(String(12))
    hold: Mapped[bool] = mapped_column(default=False)  # looks like a wish to stop: a person must look
    urgent: Mapped[str] = mapped_column(String(16), default="", server_default="")  # gravest danger, "loss", or ""
    wants_call: Mapped[bool] = mapped_column(default=False, server_default=false())  # she asked to be called
    mark: Mapped[str] = mapped_column(String(16), default="", server_default="")
    opened_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(40), default="")
    assignee: Mapped[str] = mapped_column(String(64), default="", server_default="")  # the staff member who has it
    answered_at: Mapped[datetime | None]  # when staff last answered
    alarm_at: Mapped[datetime | None]  # since when staff are called (`alarms`)
    promised_at: Mapped[datetime | None]  # when she was told that somebody will have read (`promises`)
    missed_at: Mapped[datetime | None]  # when we said sorry for it
    language: Mapped[str] = mapped_column(String(8), default="", server_default="")  # hers, when she last wrote
    place: Mapped[int] = mapped_column(SmallInteger, Computed(_PLACE), deferred=True)
    since: Mapped[datetime] = mapped_column(Computed(_SINCE), deferred=True)


class ThreadEvent(Base):
    """What staff did with a thread. `body`: a note, sealed with the person's key (row: the event's id); never sent."""

    __tablename__ = "thread_event"
    __table_args__ = (Index("ix_thread_event_thread", "thread_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("thread.id"))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
    did: Mapped[Did] = mapped_column(String(16))
    to: Mapped[str] = mapped_column(String(64), default="")  # to whom it was handed over
    outcome: Mapped[str] = mapped_column(String(40), default="")
    message_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("message.id"))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)


class ThreadPresence(Base):
    """Who has a thread open, and until when that is believed; the page says so again and again."""

    __tablename__ = "thread_presence"

    thread_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("thread.id"), primary_key=True, autoincrement=False)
    by: Mapped[str] = mapped_column(String(64), primary_key=True)
    open_until: Mapped[datetime]
    typing_until: Mapped[datetime | None]


class Question(Base):
    """What somebody was asked last and may still answer (`threads.questions`). `code`: the keyed index of the code that
    she must type back. `agreed_at`: she has, and is forgotten as soon as `farewell`, a message, is on its way.
    """

    __tablename__ = "question"

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False)
    verb: Mapped[str] = mapped_column(String(12))
    code: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    until: Mapped[datetime]
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    agreed_at: Mapped[datetime | None]
    farewell: Mapped[int | None] = mapped_column(BigInteger)


class Reveal(Base):
    """One wish to see what is sealed: the number of a person, or the original of one of her texts (`message_id`).

    `why` is sealed (row: the id), and so is `answer`: why it was refused or disputed. `until`: when it closes again;
    None while nobody has granted it. `alone`: taken in a crisis without a second person, who is to look at it by
    `review_by`.
    """

    __tablename__ = "reveal"
    __table_args__ = (
        Index("ix_reveal_person", "person_id"),
        Index("ix_reveal_asked", "asked_by", "id"),
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
    refused_by: Mapped[str] = mapped_column(String(64), default="")
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    shown: Mapped[int] = mapped_column(default=0)  # how often it was read
    review_by: Mapped[datetime | None]
    reviewed_by: Mapped[str] = mapped_column(String(64), default="")
    reviewed_at: Mapped[datetime | None]
    disputed: Mapped[bool] = mapped_column(default=False)  # whoever reviewed it says it should not have been


# Said here, not with the messages: a process that knows no threads could not resolve it, and would write no message.
Message.metadata.tables[Message.__tablename__].append_constraint(
    ForeignKeyConstraint([Message.thread_id.name], [Thread.id])
)
