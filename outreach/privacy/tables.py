"""Keys of people, and the proof that this database and this keyring belong together."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from outreach.store.base import Base


class PersonKey(Base):
    """A person's own key, wrapped by a master key. Deleting the row makes everything sealed for her unreadable."""

    __tablename__ = "person_key"

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False)
    master: Mapped[str] = mapped_column(String(32))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class KeyProof(Base):
    """A known word sealed by each master key: a wrong keyring is noticed at the start, before it does harm."""

    __tablename__ = "key_proof"

    master: Mapped[str] = mapped_column(String(32), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
