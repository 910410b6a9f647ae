"""What each verb does. Gives the outcome, or "" when the text is nothing but talk and belongs in a thread."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.consent import ConsentState, Line, Source, Standing
from outreach.delivery.moves import Move, advance
from outreach.messages.status import WAITING, Purpose, State, Withdrawal
from outreach.messages.tables import Message
from outreach.threads.answers import Note, say
from outreach.threads.keywords import Verb


def act(session: Session, note: Note, verb: Verb) -> str:
    """Do what the person asked for."""
    return ACTS[verb](session, note)


def _stop(session: Session, note: Note) -> str:
    """Ledger first, then everything that waits for her is withdrawn, then one confirmation, and nothing else ever."""
    if not consent.stop(session, note.person.id, Source.TEXT, _evidence(note), note.at):
        return "keyword:stop"
    withdraw(session, note.person.id, Withdrawal.STOPPED, note)
    if note.inbound.opt_out != "STOP":  # else the provider has confirmed it already
        say(session, note, "stop", Purpose.CONFIRMATION)
    return "keyword:stop"


def withdraw(session: Session, person_id: int, why: Withdrawal, note: Note) -> None:
    """Cancel what waits for one person. The claim locks her, so nothing is claimed meanwhile."""
    waiting = select(Message.id).where(Message.person_id == person_id, Message.state.in_(WAITING))
    advance(session, [Move(each, State.CANCELLED, why) for each in session.scalars(waiting)], note.at)


def _start(session: Session, note: Note) -> str:
    if consent.start(session, note.person.id, _evidence(note), note.at) and note.inbound.opt_out != "START":
        say(session, note, "start", Purpose.AUTOMATIC)
    return "keyword:start"


def _yes(session: Session, note: Note) -> str:
    """Agree to what she was invited to; without an invitation it is talk."""
    query = select(Standing).where(Standing.person_id == note.person.id, Standing.state == ConsentState.INVITED)
    invited = list(session.scalars(query))
    if not invited or consent.stopped(session, [note.person.id]):
        return ""
    lines = [
        Line(note.person.id, line.topic, ConsentState.GRANTED, Source.TEXT, _evidence(note), line.wording)
        for line in invited
    ]
    consent.record(session, lines, note.at)
    if note.inbound.opt_out != "START":  # Twilio reads YES as START, and has answered it then
        say(session, note, "joined", Purpose.AUTOMATIC)
    return "keyword:yes"


def _help(session: Session, note: Note) -> str:
    if note.inbound.opt_out != "HELP" and not consent.stopped(session, [note.person.id]):
        say(session, note, "help", Purpose.AUTOMATIC)
    return "keyword:help"


def _evidence(note: Note) -> str:
    """Which text of hers it was: the provider's id, nothing personal."""
    return f"text {note.inbound.provider_id}"


ACTS: dict[Verb, Callable[[Session, Note], str]] = {
    Verb.STOP: _stop,
    Verb.START: _start,
    Verb.YES: _yes,
    Verb.HELP: _help,
}
