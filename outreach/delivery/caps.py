"""How much one person gets: campaign messages a day and a week over all campaigns, counted for a batch at once.

Days are the clinic's. A text that takes the place of an unread push is the same message and is not counted again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from outreach.messages.status import CARRIED, Purpose, State
from outreach.messages.tables import Message

#: It went, or may have gone.
_WENT = CARRIED | {State.SENDING, State.UNKNOWN}

#: A message that went this week was written at most so long ago: the week, the longest expiry, and slack.
_REACH = timedelta(days=30)
_KNOWN_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that one person may get; 0: any number. `zone`: the clinic's."""

    day: int = 0
    week: int = 0
    zone: str = "UTC"

    def __bool__(self) -> bool:
        return bool(self.day or self.week)


NO_CAPS = Caps()


@dataclass(slots=True)
class Told:
    """How many campaign messages somebody got today, and in seven days with today."""

    day: int = 0
    week: int = 0

    def full(self, caps: Caps) -> bool:
        """Whether one more would be too many."""
        return (0 < caps.day <= self.day) or (0 < caps.week <= self.week)

    def one_more(self) -> None:
        """Count a message that goes now."""
        self.day, self.week = self.day + 1, self.week + 1


def told(session: Session, people: Collection[int], caps: Caps, at: datetime) -> dict[int, Told]:
    """What these people got already; who got nothing has an entry as well. Empty without a cap or without people."""
    if not caps or not people:
        return {}
    today = at.astimezone(ZoneInfo(caps.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    query = (
        select(Message.person_id, func.sum(case((Message.due_at >= today, 1), else_=0)), func.count())
        .where(Message.person_id.in_(people), Message.id > _before(session, at - _REACH, at))
        .where(Message.direction == "out", Message.purpose == Purpose.CAMPAIGN, Message.fallback_of.is_(None))
        .where(Message.state.in_(_WENT), Message.due_at >= today - timedelta(days=6))
        .group_by(Message.person_id)
    )
    return {person: Told() for person in people} | {
        person: Told(int(day), int(week)) for person, day, week in session.execute(query)
    }


_floors: dict[str, tuple[int, datetime]] = {}


def _before(session: Session, moment: datetime, at: datetime) -> int:
    """An id below which every message was written before a moment: one looks at weeks of a person, not at years.

    Ids rise with time, so it is found by halving, and kept for an hour.
    """
    database = str(session.get_bind().engine.url)
    known = _floors.get(database)
    if known is not None and timedelta() <= at - known[1] < _KNOWN_FOR:
        return known[0]
    low, high = 0, session.scalar(select(func.max(Message.id))) or 0
    while low < high:
        middle = (low + high) // 2
        nearest = select(Message.id, Message.created_at).where(Message.id > middle).order_by(Message.id).limit(1)
        row = session.execute(nearest).first()
        if row is None or row.created_at >= moment:
            high = middle
        else:
            low = row.id
    _floors[database] = (low, at)
    return low
