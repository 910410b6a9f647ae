"""Numbers that may have changed hands: nothing of the person's goes there until she has said that it is still her.

Where it begins: nothing was heard from a number for long and nothing arrived there; a carrier does not know it; it
could not be reached three times in two weeks; or somebody there asks who we are. One neutral question goes out. YES
lifts the quarantine, NO or silence does not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience.recipients import Reach, Recipient
from outreach.audience.tables import Endpoint, EndpointState, Person, PersonState
from outreach.channels.contract import Cause, Kind
from outreach.consent import ConsentState, Standing
from outreach.delivery import carriers, tally
from outreach.delivery.enqueue import LIFETIME
from outreach.messages.status import PRIORITY, Purpose, State
from outreach.messages.tables import Message
from outreach.store import dialects

UNREACHED = 3  # times
UNREACHED_WITHIN = timedelta(days=14)
ASK_AGAIN = timedelta(days=30)  # the same question comes no more often than this
NOTED = timedelta(days=7)  # a sign of life is written down no more often than this
_BULK = {"synchronize_session": False}


class Doubt(StrEnum):
    """Why a number may have changed hands."""

    DORMANT = "dormant"
    UNKNOWN = "unknown_number"  # the carrier does not know it, or cannot reach it at all
    UNREACHED = "unreached"
    WHO = "who_is_this"


def dormant(endpoint: Reach, person: Recipient, at: datetime, after: timedelta | None) -> bool:
    """Whether so much time has passed without any sign of life that the carrier may have given the number away."""
    if after is None or endpoint.kind != Kind.SMS:
        return False
    signs = [each for each in (endpoint.created_at, endpoint.alive_at, person.replied_at) if each is not None]
    return max(signs) < at - after


def begin(session: Session, people: Collection[int], doubt: Doubt, at: datetime) -> set[int]:
    """Put the telephones of these people into quarantine and ask, once. Gives those for whom it is new."""
    if not people:
        return set()
    doubted = (
        update(Endpoint)
        .where(Endpoint.person_id.in_(people), Endpoint.kind == Kind.SMS, Endpoint.state == EndpointState.OK)
        .values(state=EndpointState.QUARANTINED, reason=doubt, changed_at=at)
        .returning(Endpoint.person_id)
    )
    fresh = set(session.scalars(doubted, execution_options=_BULK))
    if fresh and doubt is not Doubt.WHO:  # who asks is answered with the question
        ask(session, fresh, at)
    return fresh


def ask(session: Session, people: Collection[int], at: datetime) -> int:
    """Queue the neutral question to those who agreed to something and were not asked of late. Gives how many."""
    asked = (
        update(Endpoint)
        .where(Endpoint.person_id.in_(people), Endpoint.kind == Kind.SMS, Endpoint.state == EndpointState.QUARANTINED)
        .where(or_(Endpoint.asked_at.is_(None), Endpoint.asked_at < at - ASK_AGAIN))
        .where(_agreed(Endpoint.person_id))
        .values(asked_at=at)
        .returning(Endpoint.person_id)
    )
    names = carriers.known(session, Kind.SMS)
    due = sorted(session.scalars(asked, execution_options=_BULK)) if names else []
    day = dialects.day(session, at)
    return write_bare(session, [_question(person, carriers.sender_for(names, person), at, day) for person in due])


def _agreed(person_id: Any) -> Any:
    """Who agreed to something and did not say stop: others are not written to at all."""
    said = (Standing.person_id == person_id, Standing.topic == consent.ALL, Standing.state == ConsentState.REVOKED)
    topic = (Standing.person_id == person_id, Standing.topic != consent.ALL)
    here = (Person.id == person_id, Person.state == PersonState.ACTIVE)
    going = Standing.state.in_([ConsentState.GRANTED, ConsentState.PAUSED])
    return exists().where(*here) & exists().where(*topic, going) & ~exists().where(*said)


def _question(person_id: int, sender: str, at: datetime, day: date) -> dict[str, Any]:
    return bare(person_id, Purpose.QUESTION, f"question:{person_id}:{at:%Y%m%d%H%M%S}", sender, at, day=day)


def bare(
    person_id: int, purpose: Purpose, dedupe_key: str, sender: str, at: datetime, *, day: date, **more: Any
) -> dict[str, Any]:
    """The row of a text that is written when it is sent, from the purpose alone: nothing of anybody stands in it.

    `day`: the clinic's, by which reports count it.
    """
    return {
        "direction": "out",
        "kind": Kind.SMS,
        "purpose": purpose,
        "person_id": person_id,
        "topic": "",
        "step": purpose,
        "dedupe_key": dedupe_key,
        "state": State.QUEUED,
        "priority": PRIORITY[purpose],
        "due_at": at,
        "expires_at": at + LIFETIME[purpose],
        "day": day,
        "sender": sender,
        "parts": 1,
        "created_at": at,
        "updated_at": at,
    } | more


def write_bare(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Queue such texts, each once. Gives how many are new."""
    if not rows:
        return 0
    statement = dialects.insert(session, Message).on_conflict_do_nothing().returning(Message.dedupe_key)
    made = set(session.scalars(statement, rows))
    cells = [
        tally.Cell(0, row["step"], row["day"], row["kind"], State.QUEUED, "", row["sender"])
        for row in rows
        if row["dedupe_key"] in made
    ]
    tally.note(session, [tally.Change(cell, 1, 1, 0.0) for cell in cells])
    return len(made)


def lift(session: Session, person_id: int, at: datetime) -> bool:
    """She has said that it is still her. False when there was no quarantine."""
    freed = (
        update(Endpoint)
        .where(Endpoint.person_id == person_id, Endpoint.kind == Kind.SMS)
        .where(Endpoint.state == EndpointState.QUARANTINED)
        .values(state=EndpointState.OK, reason="", changed_at=at, alive_at=at, asked_at=None)
        .returning(Endpoint.id)
    )
    return session.execute(freed, execution_options=_BULK).first() is not None


def holds(session: Session, person_id: int) -> bool:
    """Whether a person's telephone is in quarantine."""
    query = select(Endpoint.id).where(Endpoint.person_id == person_id, Endpoint.kind == Kind.SMS)
    return session.scalar(query.where(Endpoint.state == EndpointState.QUARANTINED).limit(1)) is not None


def arrived(session: Session, messages: Collection[int], at: datetime) -> None:
    """Texts have arrived: a sign that those numbers are in use."""
    if not messages:
        return
    reached = select(Message.person_id).where(dialects.among(session, Message.id, messages), Message.kind == Kind.SMS)
    people = set(session.scalars(reached))  # asked first: where most signs are fresh, a join reads everybody's number
    stale = or_(Endpoint.alive_at.is_(None), Endpoint.alive_at < at - NOTED)
    hers = dialects.among(session, Endpoint.person_id, people)
    query = select(Endpoint.id).where(hers, Endpoint.kind == Kind.SMS, stale)
    mine = dialects.take(query.order_by(Endpoint.id)).scalar_subquery()
    session.execute(update(Endpoint).where(Endpoint.id.in_(mine)).values(alive_at=at), execution_options=_BULK)


def unreached(session: Session, people: Collection[int], at: datetime) -> None:
    """Texts could not reach these people: the third time within two weeks their numbers are in doubt."""
    query = (
        select(Message.person_id)
        .where(Message.person_id.in_(people), Message.kind == Kind.SMS, Message.direction == "out")
        .where(Message.reason == Cause.UNREACHABLE, Message.updated_at > at - UNREACHED_WITHIN)
        .where(Message.state.in_([State.UNDELIVERED, State.FAILED]))
        .group_by(Message.person_id)
        .having(func.count() >= UNREACHED)
    )
    begin(session, set(session.scalars(query)), Doubt.UNREACHED, at)
