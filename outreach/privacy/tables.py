"""Keys of people, the proof that this database and this keyring belong together, the record of what staff did, and
what somebody must look at.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach.store.base import Base
from outreach.store.types import Serial


class PersonKey(Base):
    """A person's own key, wrapped by a master key. Deleting the row makes everything sealed for her unreadable.

    The reference to the master's proof is what keeps a process that has missed a rotation from wrapping a key with a
    master that nobody has any more.
    """

    __tablename__ = "person_key"

    #: A foreign key; see `audience.tables`.
    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    master: Mapped[str] = mapped_column(String(32), ForeignKey("key_proof.master"))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class KeyProof(Base):
    """A known word sealed by each master key: a wrong keyring is noticed at the start, before it does harm."""

    __tablename__ = "key_proof"

    master: Mapped[str] = mapped_column(String(32), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class AuditLine(Base):
    """One thing that staff did. `subject` holds ids only; `why` is sealed. `id` counts without a gap (see `audit`)."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))
    why: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditCheckpoint(Base):
    """How long the record was at a moment and how it ended, signed: whoever cuts its end off is found out."""

    __tablename__ = "audit_checkpoint"

    count: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))


class Alert(Base):
    """Something that an admin or coordinator must look at. `subject` holds ids only; `key` says what is told once."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_alert_unseen", "at", sqlite_where=text("seen_at IS NULL"), postgresql_where=text("seen_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str] = mapped_column(String(80))
    about: Mapped[str] = mapped_column(String(64))  # the staff name whose doing it is, or ""
    key: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    seen_by: Mapped[str] = mapped_column(String(64), default="")
    seen_at: Mapped[datetime | None]
