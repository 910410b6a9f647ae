"""The words that people agreed to, word for word, by version: what somebody said yes to can be shown years later.

A version of our own texts names the text, its language, and a digest of the words; a form on paper is known by the
name that the clinic gave it (`outreach people wording`). What stands under a version never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from outreach.errors import ConflictError
from outreach.store import dialects
from outreach.store.base import Base

MOST = 20_000  # characters of a form
_SHOWN = 12  # hex digits of a digest in a version's name


class Wording(Base):
    """One version. Nothing of any person stands in it."""

    __tablename__ = "wording"
    __table_args__ = (Index("ix_wording_digest", "digest"),)

    version: Mapped[str] = mapped_column(String(80), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    language: Mapped[str] = mapped_column(String(8), default="")
    text: Mapped[str] = mapped_column(Text)
    first_at: Mapped[datetime]


def keep(session: Session, name: str, language: str, text: str, at: datetime) -> str:
    """Keep one of our own texts as it was sent. Gives its version."""
    digest = hashlib.sha256(text.encode()).digest()
    version = f"{name}.{language}.{digest.hex()[:_SHOWN]}"
    _write(session, version, digest, language, text, at)
    return version


def enter(session: Session, version: str, text: str, at: datetime) -> None:
    """Keep the words of a form under the clinic's own name for it. Raises ConflictError when it has other words."""
    words = text.strip()
    if not 0 < len(version) <= 80 or not 0 < len(words) <= MOST:
        raise ConflictError(f"A version has a name of 1 to 80 characters and 1 to {MOST:,} characters of words.")
    _write(session, version, hashlib.sha256(words.encode()).digest(), "", words, at)
    if texts(session, [version])[version] != words:
        raise ConflictError("Other words stand under that name, and people agreed to them. Choose a new name.")


def _write(session: Session, version: str, digest: bytes, language: str, text: str, at: datetime) -> None:
    row = {"version": version, "digest": digest, "language": language, "text": text, "first_at": at}
    session.execute(dialects.insert(session, Wording).values(row).on_conflict_do_nothing())


def version_of(session: Session, text: str) -> str:
    """The version of words as they were sent; empty where they were not kept."""
    digest = hashlib.sha256(text.encode()).digest()
    return session.scalar(select(Wording.version).where(Wording.digest == digest).limit(1)) or ""


def texts(session: Session, versions: Collection[str]) -> dict[str, str]:
    """The words of those versions that are known."""
    query = select(Wording).where(Wording.version.in_(versions))
    return {kept.version: kept.text for kept in session.scalars(query)}
