"""How much a STOP ends: everything; or, before a date that a clinic has set, the topic of the message that it answers.

Everything is the default, and lawful everywhere. The US rule that a revocation counts for all messages of a sender is
waived until 2027-01-31 (47 CFR 64.1200(a)(10)): a clinic that wants to use that time names the day on which it ends.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.consent import ALL, ConsentState, Line, Source
from outreach.delivery.moves import Move, advance
from outreach.messages.status import CARRIED, WAITING, Purpose, State, Withdrawal
from outreach.messages.tables import Message
from outreach.threads.answers import Note, say
from outreach.threads.deeds import evidence

ANSWERED = timedelta(days=7)  # a STOP so long after a message may still be about its topic


def topic_of(session: Session, note: Note) -> str:
    """The one topic that a STOP ends; empty: all of them.

    All, where the provider holds the STOP as well (it sends her nothing any more), where she has but one topic, where
    it answers no message of ours, and when she says it again.
    """
    settings = note.workspace.settings
    if settings.stop_means_all_from is None or note.inbound.opt_out == "STOP":
        return ""
    if note.at.astimezone(ZoneInfo(settings.zone)).date() >= settings.stop_means_all_from:
        return ""
    lines = consent.standing(session, [note.person.id])
    going = {topic for (_, topic), line in lines.items() if topic != ALL and line.state != ConsentState.REVOKED}
    last = _last(session, note)
    return last if len(going) > 1 and last in going else ""


def _last(session: Session, note: Note) -> str:
    query = (
        select(Message.topic)
        .where(Message.person_id == note.person.id, Message.purpose == Purpose.CAMPAIGN)
        .where(Message.state.in_(CARRIED), Message.updated_at > note.at - ANSWERED)
        .order_by(Message.id.desc())
        .limit(1)
    )
    return session.scalar(query) or ""


def stop_topic(session: Session, note: Note, topic: str) -> None:
    """End one topic: ledger, what waits, and the one confirmation, which says how to end them all."""
    consent.record(session, [Line(note.person.id, topic, ConsentState.REVOKED, Source.TEXT, evidence(note))], note.at)
    waiting = select(Message.id).where(Message.person_id == note.person.id, Message.topic == topic)
    ids = session.scalars(waiting.where(Message.state.in_(WAITING), Message.purpose != Purpose.REPLY))
    advance(session, [Move(each, State.CANCELLED, Withdrawal.STOPPED) for each in ids], note.at)
    say(session, note, "stop-topic", Purpose.CONFIRMATION)
