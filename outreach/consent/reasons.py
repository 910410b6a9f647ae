"""Why people stop, where they say so by themselves. It is never asked."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from outreach.store import dialects
from outreach.store.base import Base
from outreach.store.types import Serial


class Reason(StrEnum):
    """What a text gives as the reason; the values are the keys in the files of words."""

    TOO_MANY = "too_many"
    SEEN = "seen"  # others read the telephone
    NOT_ME = "not_me"
    DONE = "done"  # treatment over, no more use for it
    USELESS = "useless"  # known already, not understood, wrong time
    ELSEWHERE = "elsewhere"  # cared for at another clinic


class OptOutReason(Base):
    """One reason that somebody gave: the code alone. Her words are her text, sealed like any other."""

    __tablename__ = "opt_out_reason"
    __table_args__ = (Index("ix_opt_out_reason_at", "at"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"))
    evidence: Mapped[str] = mapped_column(String(200), unique=True)  # which text said so
    reason: Mapped[Reason] = mapped_column(String(16))
    at: Mapped[datetime]


def note(session: Session, person_id: int, reason: Reason, evidence: str, at: datetime) -> None:
    """Write a reason down, once for each text."""
    row = {"person_id": person_id, "reason": reason, "evidence": evidence[:200], "at": at}
    session.execute(dialects.insert(session, OptOutReason).values(row).on_conflict_do_nothing())
