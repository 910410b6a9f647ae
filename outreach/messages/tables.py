"""Runs, messages, attempts, provider events, senders and roll-ups. The message row is the queue."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from outreach.messages.status import RunState, State
from outreach.store.base import Base
from outreach.store.rollups import RollUp
from outreach.store.types import Serial

#: What a run may still do. Most indexes are partial: a planned row pays for two of them, a finished one for three.
_UNDER_WAY = "run_id IS NOT NULL AND state IN ('planned', 'queued', 'sending', 'unknown')"

#: A text that was carried although no worker has recorded its answer: what it cost is not known yet.
UNPRICED = text(
    "token <> '' AND kind = 'sms' AND state IN ('accepted', 'sent', 'undelivered', 'delivered')",
)

#: What has not been claimed, and what has a text of its own: as queries must say it too, to find them by an index.
WAITS = text("state IN ('planned', 'queued')")
KEPT = text("body IS NOT NULL")

_STATES = ", ".join(f"'{state}'" for state in State)


class Run(Base):
    """One launched campaign. `frozen` is what it was launched with (`messages.frozen`), so that what was sent can
    be shown.
    """

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'paused', 'cancelled', 'finished')", name="state"),
        Index("ix_run_campaign", "campaign", "id"),
        Index(
            "uq_run_live",
            "campaign",
            unique=True,
            sqlite_where=text("state IN ('running', 'paused')"),
            postgresql_where=text("state IN ('running', 'paused')"),
        ),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    campaign: Mapped[str] = mapped_column(String(64))
    topic: Mapped[str] = mapped_column(String(64))
    frozen: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[RunState] = mapped_column(String(12))
    launched_by: Mapped[str] = mapped_column(String(64))
    launched_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Message(Base):
    """One text to or from one person.

    `body` is sealed with the person's key (row: `dedupe_key`) and set only where no template can write it again:
    answers, confirmations, and what people wrote. `parts` is an estimate until the text was rendered.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("direction IN ('out', 'in')", name="direction"),
        Index(
            "ix_message_due",
            "sender",
            "priority",
            "due_at",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index("ix_message_expires", "expires_at", sqlite_where=WAITS, postgresql_where=WAITS),
        Index(  # SQLite does not see that `state = ?` is among these: there all states are in it
            "ix_message_open",
            "state",
            "updated_at",
            postgresql_where=text("state IN ('sending', 'unknown', 'accepted', 'sent')"),
        ),
        Index("ix_message_body", "direction", "created_at", sqlite_where=KEPT, postgresql_where=KEPT),
        Index(
            "ix_message_fallback_at",
            "fallback_at",
            sqlite_where=text("fallback_at IS NOT NULL"),
            postgresql_where=text("fallback_at IS NOT NULL"),
        ),
        Index("ix_message_unpriced", "updated_at", sqlite_where=UNPRICED, postgresql_where=UNPRICED),
        Index("ix_message_person", "person_id", "id"),
        Index(
            "uq_message_provider_id",
            "provider",
            "provider_id",
            unique=True,
            sqlite_where=text("provider_id IS NOT NULL"),
            postgresql_where=text("provider_id IS NOT NULL"),
        ),
        Index(  # when a run has something to send next, and what of it is late
            "ix_message_run",
            "run_id",
            "state",
            "due_at",
            sqlite_where=text(_UNDER_WAY),
            postgresql_where=text(_UNDER_WAY),
        ),
        Index(  # the newest text of any conversation: pages that are open look for it every second
            "ix_message_talk",
            "id",
            sqlite_where=text("thread_id IS NOT NULL"),
            postgresql_where=text("thread_id IS NOT NULL"),
        ),
        Index(
            "ix_message_thread",
            "thread_id",
            "id",
            sqlite_where=text("thread_id IS NOT NULL"),
            postgresql_where=text("thread_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    direction: Mapped[str] = mapped_column(String(3), default="out")
    kind: Mapped[str] = mapped_column(String(8))
    purpose: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"))
    topic: Mapped[str] = mapped_column(String(64), default="")
    run_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("run.id"))
    step: Mapped[str] = mapped_column(String(64), default="")
    occurrence: Mapped[str] = mapped_column(String(40), default="")
    thread_id: Mapped[int | None] = mapped_column(BigInteger)  # a foreign key; see `threads.tables`
    fallback_of: Mapped[int | None] = mapped_column(BigInteger)
    dedupe_key: Mapped[str] = mapped_column(String(160))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[State] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(40), default="")
    code: Mapped[str] = mapped_column(String(40), default="")  # the provider's own
    priority: Mapped[int] = mapped_column(SmallInteger, default=9)
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    day: Mapped[date]  # of the first due moment, at the clinic: what reports count by
    sender: Mapped[str] = mapped_column(String(40), default="")
    provider: Mapped[str | None] = mapped_column(String(20))
    provider_id: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    resends: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")  # after nobody had found it
    token: Mapped[str] = mapped_column(String(32), default="")  # of the lease, until its worker has told the cost
    lease_until: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(SmallInteger, default=0)  # how often the provider was asked
    parts: Mapped[int] = mapped_column(SmallInteger, default=1)
    cost: Mapped[float] = mapped_column(Float, default=0.0)
    fallback_at: Mapped[datetime | None]  # push only: when a text goes out in its place unless the app has answered
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Attempt(Base):
    """One try to hand a message over; written and committed before the call.

    `number` comes again after a try that the provider never looked at (a 429 burns no attempt).
    """

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("message_id", "token"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    message_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("message.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    token: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[datetime]


class ProviderEvent(Base):
    """What a provider said, as it said it (allow-listed fields, nothing personal): applied, or parked with a reason."""

    __tablename__ = "provider_event"
    __table_args__ = (
        UniqueConstraint("provider", "event_key"),
        Index(
            "ix_provider_event_parked",
            "received_at",
            sqlite_where=text("parked <> ''"),
            postgresql_where=text("parked <> ''"),
        ),
        Index("ix_provider_event_provider_id", "provider", "provider_id"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    provider: Mapped[str] = mapped_column(String(20))
    event_key: Mapped[str] = mapped_column(String(80))
    provider_id: Mapped[str] = mapped_column(String(200), default="")
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(40), default="")
    carried: Mapped[str] = mapped_column(String(12), default="")
    cause: Mapped[str] = mapped_column(String(20), default="")
    code: Mapped[str] = mapped_column(String(40), default="")
    received_at: Mapped[datetime]
    parked: Mapped[str] = mapped_column(String(40), default="")


class Sender(Base):
    """One of our senders: how fast it may go, and whether it is stopped.

    `next_at` is the theoretical arrival time of GCRA: a claim moves it on by what it reserved, so that any number of
    workers keep to the pace together.
    """

    __tablename__ = "sender"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(8))
    pace: Mapped[float]
    unit: Mapped[str] = mapped_column(String(10))
    next_at: Mapped[datetime]
    halted_until: Mapped[datetime | None]
    halted_for: Mapped[str] = mapped_column(String(40), default="")
    passed_at: Mapped[datetime | None]  # this and the next two: where claims begin for a while (`delivery.due`)
    passed_id: Mapped[int | None] = mapped_column(BigInteger)
    front_at: Mapped[datetime | None]


class Tally(RollUp):
    """What became of messages, as changes (see `store.rollups`). `people`: of texts, those that were the first that
    somebody wrote to the run.
    """

    __tablename__ = "tally"
    __table_args__ = (Index("ix_tally_run", "run_id", "step", "day"), Index("ix_tally_day", "day"))
    CELL: ClassVar = ("run_id", "step", "day", "kind", "state", "reason", "sender")
    SUMS: ClassVar = ("messages", "parts", "cost", "people")

    run_id: Mapped[int] = mapped_column(BigInteger)  # 0: no run
    step: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[State] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(40))
    sender: Mapped[str] = mapped_column(String(40), default="", server_default="")
    messages: Mapped[int]
    parts: Mapped[int]
    cost: Mapped[float]
    people: Mapped[int] = mapped_column(default=0, server_default="0")


class ThreadTally(RollUp):
    """How long people waited for a helper, by the day on which that began (see `threads.waits`), as changes."""

    __tablename__ = "thread_tally"
    __table_args__ = (Index("ix_thread_tally_day", "day"),)
    CELL: ClassVar = ("programme", "day", "what", "span")
    SUMS: ClassVar = ("count",)

    programme: Mapped[str] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(12))
    span: Mapped[int] = mapped_column(SmallInteger)  # how long, as a step of a ladder (see `threads.waits`)
    count: Mapped[int]
