"""When two machines talk to each other: a telephone that answers by itself is answered a few times, then no more.

What a text asks for is done all the same (STOP above all); only our answer to it is left out, and staff see why.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from difflib import SequenceMatcher

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.errors import KeyringError
from outreach.messages.status import Purpose
from outreach.messages.tables import Message
from outreach.privacy.vault import unseal
from outreach.store import dialects
from outreach.threads import waits
from outreach.threads.tables import Mark, Thread, ThreadState
from outreach.threads.words.fold import words

RAPID, RAPID_WITHIN = 5, timedelta(minutes=10)  # answers of ours: nobody reads so fast
ALIKE, ALIKE_WITHIN = 4, timedelta(hours=1)  # texts that say the same, with the one to be answered
LIKENESS = 0.9
COMPARED = 160  # characters of each

_BY_ITSELF = (Purpose.AUTOMATIC, Purpose.CONFIRMATION, Purpose.QUESTION)


def running(session: Session, person_id: int, key: bytes, text: str, at: datetime) -> bool:
    """Whether an answer to this text would keep a machine talking. The text itself is not written down yet."""
    answers = _latest(session, person_id, "out", at - ALIKE_WITHIN)
    rapid = [each for each in answers if each.created_at > at - RAPID_WITHIN]
    if len(rapid) >= RAPID:
        return True
    if len(answers) < ALIKE - 1:
        return False
    before = [_opened(each, key) for each in _latest(session, person_id, "in", at - ALIKE_WITHIN)]
    return sum(alike(text, each) for each in before) >= ALIKE - 1


def alike(one: str, other: str) -> bool:
    """Whether two texts say nearly the same."""
    left, right = (" ".join(words(text))[:COMPARED] for text in (one, other))
    return left == right or SequenceMatcher(None, left, right, autojunk=False).ratio() >= LIKENESS


def flag(session: Session, person_id: int, sender: str, at: datetime) -> None:
    """Mark her conversation, so that a person looks; where there is none, begin one."""
    query = select(Thread).where(Thread.person_id == person_id, Thread.state != ThreadState.CLOSED)
    thread = session.scalar(query.order_by(Thread.id.desc()).limit(1))
    if thread is None:
        thread = Thread(
            person_id=person_id, programme="clinic", topic="", state=ThreadState.WAITING, sender=sender, opened_at=at
        )
        session.add(thread)
        waits.begins(session, thread, at, fresh=True)
    thread.mark = thread.mark or Mark.MACHINE
    session.flush()


def talkative(session: Session, persons: Collection[int], at: datetime) -> set[int]:
    """Who of these has had so many answers of late that `running` must look at her texts."""
    query = select(Message.person_id).where(
        dialects.among(session, Message.person_id, persons),
        Message.direction == "out",
        Message.purpose.in_(_BY_ITSELF),
        Message.created_at > at - ALIKE_WITHIN,
    )
    return set(session.scalars(query.group_by(Message.person_id).having(func.count() >= min(ALIKE - 1, RAPID))))


def _latest(session: Session, person_id: int, direction: str, since: datetime) -> list[Message]:
    query = select(Message).where(
        Message.person_id == person_id, Message.direction == direction, Message.created_at > since
    )
    if direction == "out":
        query = query.where(Message.purpose.in_(_BY_ITSELF))
    return list(session.scalars(query.order_by(Message.id.desc()).limit(RAPID)))


def _opened(message: Message, key: bytes) -> str:
    """A text of hers; one that does not open any more is like no other."""
    try:
        return unseal(key, message.body or b"", "message", "body", message.dedupe_key)
    except (KeyringError, ValueError):
        return f"message {message.id}"
