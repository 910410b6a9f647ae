"""Threads: the anonymous conversation of one person with the helpers of one programme."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach.messages.tables import Message
from outreach.store.base import Base
from outreach.store.types import Serial


class ThreadState(StrEnum):
    """Where a thread is."""

    WAITING = "waiting"  # the person waits for us
    ANSWERED = "answered"
    CLOSED = "closed"


class Thread(Base):
    """One conversation. A person has at most one that is not closed per programme."""

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
        Index("ix_thread_state", "state", "waiting_since"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"))
    programme: Mapped[str] = mapped_column(String(64))
    topic: Mapped[str] = mapped_column(String(64), default="")
    sender: Mapped[str] = mapped_column(String(40), default="")  # answers leave from where she wrote to
    state: Mapped[ThreadState] = mapped_column(String(12))
    hold: Mapped[bool] = mapped_column(default=False)  # looks like a wish to stop: a person must look
    urgent: Mapped[str] = mapped_column(String(16), default="", server_default="")  # the gravest danger named, or ""
    opened_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(40), default="")


# Said here, not with the messages: a process that knows no threads could not resolve it, and would write no message.
Message.metadata.tables[Message.__tablename__].append_constraint(
    ForeignKeyConstraint([Message.thread_id.name], [Thread.id])
)
