"""Signs of life: when each kind of upkeep was last done, by whichever process. What is never done is broken."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from outreach.store import dialects
from outreach.store.base import Base


class Pulse(Base):
    """One kind of upkeep."""

    __tablename__ = "pulse"

    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]


def feel(session: Session, job: str) -> None:
    """Write that a job was done now, on the database's clock."""
    write = dialects.insert(session, Pulse).values(job=job, at=dialects.now(session))
    session.execute(write.on_conflict_do_update(index_elements=["job"], set_={"at": write.excluded.at}))


def ages(session: Session) -> dict[str, timedelta]:
    """How long ago each job was last done; a job that was never done is not there."""
    now = dialects.now(session)
    return {row.job: now - row.at for row in session.scalars(select(Pulse))}
