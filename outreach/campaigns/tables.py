"""Fires: what was planned when. Campaigns themselves are files; runs stand beside their messages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from outreach.store.base import Base
from outreach.store.types import Serial


class Fire(Base):
    """One occurrence of one step, planned once for the people of one zone (and of one choice of own hours)."""

    __tablename__ = "fire"
    __table_args__ = (UniqueConstraint("run_id", "step", "occurrence", "zone"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("run.id"))
    step: Mapped[str] = mapped_column(String(64))
    occurrence: Mapped[str] = mapped_column(String(40))
    zone: Mapped[str] = mapped_column(String(420))  # zone, with own hours appended where a person has them
    due_at: Mapped[datetime]
    planned_at: Mapped[datetime]
    messages: Mapped[int]
