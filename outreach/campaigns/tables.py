"""Fires: what was planned when; proposals: what waits for a second person's yes; versions: what files said before.

Campaigns themselves are files; runs stand beside their messages.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
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


class ProposalState(StrEnum):
    """Where a proposal is."""

    PROPOSED = "proposed"  # waits for a second person
    APPROVED = "approved"  # may be launched as long as the files say the same
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAUNCHED = "launched"


#: In which a proposal still counts; of these a campaign has one at most.
LIVE = (ProposalState.PROPOSED, ProposalState.APPROVED)

_LIVE = f"state IN ({', '.join(repr(state.value) for state in LIVE)})"
_STATES = ", ".join(repr(state.value) for state in ProposalState)


class Proposal(Base):
    """A campaign that somebody wants to launch, as its files stood then. `reason`: why not, sealed."""

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index("ix_proposal_campaign", "campaign", "id"),
        Index("uq_proposal_live", "campaign", unique=True, sqlite_where=text(_LIVE), postgresql_where=text(_LIVE)),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    campaign: Mapped[str] = mapped_column(String(64))
    frozen: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[ProposalState] = mapped_column(String(12))
    proposed_by: Mapped[str] = mapped_column(String(64))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(String(64), default="")
    decided_at: Mapped[datetime | None]
    reason: Mapped[bytes | None] = mapped_column(LargeBinary)
    run_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("run.id"))


class Version(Base):
    """What a file that staff write said once. `by` is empty where it was changed by other means than ours."""

    __tablename__ = "version"
    __table_args__ = (Index("ix_version_path", "path", "id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    path: Mapped[str] = mapped_column(String(200))  # from the workspace: campaigns/…, templates/…
    text: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))  # empty: the file was taken away
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
