"""What follows when staff learn that somebody has died or moved away, or that her number is another's: nothing more is
sent to her.

Each topic ends by a line of staff's, which a later form can undo; her own STOP, if there is one, stays as it is.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.consent import ALL, ConsentState, Line, Source
from outreach.delivery import quarantine
from outreach.delivery.moves import Move, advance
from outreach.delivery.quarantine import Doubt
from outreach.messages.status import WAITING, Purpose, State, Withdrawal
from outreach.messages.tables import Message
from outreach.threads.tables import Outcome

#: Outcomes of a thread after which nothing more is meant for her.
ENDINGS = frozenset({Outcome.DIED, Outcome.MOVED})


def follow(session: Session, person_id: int, outcome: str, evidence: str, at: datetime) -> bool:
    """End every topic of a person if that is what an outcome means; a wrong number is in doubt from then on.

    The caller holds her.
    """
    if outcome == Outcome.WRONG_NUMBER:
        quarantine.begin(session, [person_id], Doubt.WHO, at)
    if outcome not in ENDINGS:
        return False
    standing = consent.standing(session, [person_id])
    lines = [
        Line(person_id, topic, ConsentState.REVOKED, Source.STAFF, evidence)
        for (_, topic), line in sorted(standing.items())
        if topic != ALL and line.state != ConsentState.REVOKED
    ]
    consent.record(session, lines, at)
    waiting = select(Message.id).where(Message.person_id == person_id, Message.state.in_(WAITING))
    ours = waiting.where(Message.purpose.in_([Purpose.CAMPAIGN, Purpose.INVITATION, Purpose.KNOCK]))
    advance(session, [Move(each, State.CANCELLED, Withdrawal.ENDED) for each in session.scalars(ours)], at)
    return True
