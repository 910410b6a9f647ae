"""What went to one person and came from her: states and moments, no texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.messages.status import Purpose, State
from outreach.messages.tables import Message, Run

MOST = 50  # lines at once


@dataclass(frozen=True, slots=True)
class Line:
    """One message, without its words. `campaign`: the title of the run's campaign, or ""."""

    id: int
    at: datetime
    direction: str
    kind: str
    purpose: Purpose
    campaign: str
    step: str
    state: State
    reason: str
    parts: int


def of_person(session: Session, person_id: int, *, before: int | None = None, most: int = MOST) -> list[Line]:
    """The newest messages of a person, newest first; or those before the message `before`."""
    query = select(Message, Run.frozen["title"].as_string()).outerjoin(Run, Run.id == Message.run_id)
    query = query.where(Message.person_id == person_id)
    if before is not None:
        query = query.where(Message.id < before)
    rows = session.execute(query.order_by(Message.id.desc()).limit(most))
    return [
        Line(
            id=message.id,
            at=message.due_at if message.direction == "out" else message.created_at,
            direction=message.direction,
            kind=message.kind,
            purpose=Purpose(message.purpose),
            campaign=title or "",
            step=message.step if title else "",
            state=State(message.state),
            reason=message.reason,
            parts=message.parts,
        )
        for message, title in rows
    ]
