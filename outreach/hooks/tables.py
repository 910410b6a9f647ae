"""Whom to tell, and each telling. The row is the queue; address and secret are sealed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach.store.base import Base
from outreach.store.types import Serial

#: Why something was given up that nobody ever tried: it waited for too long.
TOO_OLD = "too_old"


class Telling(StrEnum):
    """Where a telling is."""

    WAITING = "waiting"
    DONE = "done"
    GIVEN_UP = "given_up"


class Hook(Base):
    """A program that wants to be told. `address`, `secret`: sealed (row: the name). `secret`: the newest one, and after
    a space the one before it.
    """

    __tablename__ = "hook"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    kinds: Mapped[str] = mapped_column(String(400))  # words, in the order of `events.Kind`
    address: Mapped[bytes] = mapped_column(LargeBinary)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]  # since when nothing is told; what happens meanwhile waits
    failing_since: Mapped[datetime | None]  # its first call in vain since it last heard one
    rotated_at: Mapped[datetime | None]  # when the newest secret was made, if it is not the first


class HookTelling(Base):
    """One event on its way to one program. `facts`: ids and pseudonyms, nothing else. `lease`: whose turn it is,
    while it is held.
    """

    __tablename__ = "hook_telling"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done', 'given_up')", name="state"),
        Index(
            "ix_hook_telling_due",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_hook_telling_hook", "hook_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hook_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("hook.id"))
    kind: Mapped[str] = mapped_column(String(40))
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    state: Mapped[Telling] = mapped_column(String(12))
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    lease: Mapped[str] = mapped_column(String(32), default="")
    leased_until: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(40), default="")  # of the last try: a status, or a named failure
    changed_at: Mapped[datetime] = mapped_column(index=True)
