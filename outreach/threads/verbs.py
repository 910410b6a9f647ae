"""What each verb does. STOP, START, YES, HELP and CALL stand here; `wishes` and `leaving` hold the others."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import consent
from outreach.consent import ConsentState, Line, Source, Standing
from outreach.messages.status import Purpose, Withdrawal
from outreach.threads import leaving, proof, scope, wishes
from outreach.threads.answers import Note, say
from outreach.threads.deeds import TALK, Done, evidence, withdraw
from outreach.threads.keywords import Understood, Verb
from outreach.threads.tables import Thread, ThreadState

__all__ = ["ACTS", "act", "withdraw"]


def act(session: Session, note: Note, understood: Understood) -> Done:
    """Do what the person asked for."""
    return ACTS[understood.verb](session, note, understood.value) if understood.verb else TALK


def _stop(session: Session, note: Note, _: str) -> Done:
    """Ledger first, then everything that waits for her is withdrawn, then one confirmation, and nothing else ever."""
    if topic := scope.topic_of(session, note):
        scope.stop_topic(session, note, topic)
        return Done("keyword:stop")
    if not consent.stop(session, note.person.id, Source.TEXT, evidence(note), note.at):
        return Done("keyword:stop")
    withdraw(session, note, Withdrawal.STOPPED)
    if note.inbound.opt_out != "STOP":  # else the provider has confirmed it already
        say(session, note, "stop", Purpose.CONFIRMATION)
    return Done("keyword:stop")


def _start(session: Session, note: Note, _: str) -> Done:
    wants = update(Thread).where(Thread.person_id == note.person.id, Thread.state != ThreadState.CLOSED, Thread.hold)
    session.execute(wants.values(hold=False))  # she says herself that she wants the messages
    if consent.start(session, note.person.id, evidence(note), note.at) and note.inbound.opt_out != "START":
        say(session, note, "start", Purpose.AUTOMATIC)
    return Done("keyword:start")


def _yes(session: Session, note: Note, _: str) -> Done:
    """Agree to what she was invited to; without an invitation it is talk."""
    query = select(Standing).where(Standing.person_id == note.person.id, Standing.state == ConsentState.INVITED)
    invited = list(session.scalars(query))
    if not invited or consent.stopped(session, [note.person.id]):
        return TALK
    agreed = proof.agreed(session, note.person.id, note.key, [line.topic for line in invited])
    lines = [
        Line(
            note.person.id,
            line.topic,
            ConsentState.GRANTED,
            Source.TEXT,
            evidence(note),
            agreed.get(line.topic, line.wording),
        )
        for line in invited
    ]
    consent.record(session, lines, note.at)
    if note.inbound.opt_out != "START":  # Twilio reads YES as START, and has answered it then
        say(session, note, "joined", Purpose.AUTOMATIC)
    return Done("keyword:yes")


def _help(session: Session, note: Note, _: str) -> Done:
    if note.inbound.opt_out != "HELP" and not consent.stopped(session, [note.person.id]):
        say(session, note, "help", Purpose.AUTOMATIC)
    return Done("keyword:help")


def _call(_: Session, __: Note, ___: str) -> Done:
    """A helper sees that she wants to be called, and nobody her number."""
    return Done("keyword:call", thread=True, call=True, says="call")


Act = Callable[[Session, Note, str], Done]

ACTS: dict[Verb, Act] = {
    Verb.STOP: _stop,
    Verb.WRONG: leaving.wrong,
    Verb.LOSS: leaving.loss,
    Verb.FORGET: leaving.forget,
    Verb.PAUSE: wishes.pause,
    Verb.START: _start,
    Verb.YES: _yes,
    Verb.HELP: _help,
    Verb.INFO: wishes.info,
    Verb.TIME: wishes.time,
    Verb.LANG: wishes.lang,
    Verb.CALL: _call,
}
