"""Why people stop, where they say so by themselves. It is never asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from outreach.consent import Consent, ConsentTally, Turn, last_leaving
from outreach.store import dialects, rollups
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
    """Write a reason down, once for each text. Reports count the first of a leaving, if it comes on the same day: what
    is printed of a week that is over must not change by one person.
    """
    left = last_leaving(session, person_id)
    counts = left is not None and not _given(session, left[0]) and _same_day(session, left[0].at, at)
    row = {"person_id": person_id, "reason": reason, "evidence": evidence[:200], "at": at}
    statement = dialects.insert(session, OptOutReason).values(row).on_conflict_do_nothing().returning(OptOutReason.id)
    if session.scalar(statement) is not None and left is not None and counts:
        _count(session, *left, reason)


def _given(session: Session, leaving: Consent) -> bool:
    """Whether a reason was given already."""
    query = select(OptOutReason.id).where(OptOutReason.person_id == leaving.person_id, OptOutReason.at >= leaving.at)
    return session.scalar(query.limit(1)) is not None


def _same_day(session: Session, before: datetime, after: datetime) -> bool:
    return dialects.day(session, before) == dialects.day(session, after)


def _count(session: Session, leaving: Consent, topics: Sequence[str], reason: Reason) -> None:
    """Move her, in the roll-up, from those who said nothing to those who gave this reason."""
    day = dialects.day(session, leaving.at)
    cells = [(topic, day, Turn.LEFT, leaving.source) for topic in topics]
    moved = [((*cell, why), (count,)) for cell in cells for why, count in (("", -1), (reason, 1))]
    rollups.note(session, ConsentTally, moved)
