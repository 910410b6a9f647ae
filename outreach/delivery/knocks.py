"""A bland line in the place of a message: that there is something, and no more, until the person has asked for it.

The message itself waits in the queue. Her word, or her asking, lets it go at once; without it, it is refused when its
time is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audience import discretion
from outreach.audience.recipients import Recipient
from outreach.audience.tables import Person
from outreach.delivery.facts import Claim, Facts
from outreach.delivery.moves import Move, advance
from outreach.delivery.quarantine import bare, write_bare
from outreach.messages.status import Purpose, Refusal, State
from outreach.messages.tables import Message

#: What stands as the reason of a message that waits for her to ask.
WAITS = Refusal.NOT_ASKED_FOR


def knock(session: Session, claims: Sequence[Claim], facts: Facts, sender: str) -> int:
    """Queue one line for each person whose messages begin to wait, once a day and again after she has asked."""
    rows = {
        claim.person_id: bare(
            claim.person_id,
            Purpose.KNOCK,
            f"knock:{claim.person_id}:{claim.day}:{_opened(facts.people[claim.person_id])}",
            sender,
            facts.at,
            day=claim.day,
            expires_at=claim.expires_at,
        )
        for claim in claims
        if claim.reason != WAITS and claim.kind == "sms"
    }
    return write_bare(session, list(rows.values()))


def _opened(person: Recipient) -> int:
    return int(person.opened_until.timestamp()) if person.opened_until else 0


def open_for(session: Session, person: Person, at: datetime) -> int:
    """She has asked: what waits for her goes now, and what comes within the hour too. Gives how many waited."""
    person.opened_until = at + discretion.OPEN_FOR
    query = select(Message.id).where(
        Message.person_id == person.id, Message.state == State.QUEUED, Message.reason == WAITS
    )
    waiting = list(session.scalars(query))
    return len(advance(session, [Move(each, State.QUEUED, due_at=at) for each in waiting], at))
