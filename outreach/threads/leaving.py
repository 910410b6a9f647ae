"""WRONG, LOSS and FORGET: the number is somebody else's, what we wrote about is over, or she wants to be unknown."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import people
from outreach.audience.tables import Endpoint, EndpointState
from outreach.channels.contract import Kind
from outreach.consent import Source
from outreach.messages.status import Purpose, Withdrawal
from outreach.threads import questions
from outreach.threads.answers import Note, asker_of, say, told
from outreach.threads.deeds import LOSS, Done, evidence, withdraw
from outreach.threads.keywords import Verb
from outreach.threads.tables import Question

#: Why an endpoint is in quarantine: whoever has the number says that she is not whom we mean.
WRONG_PERSON = "wrong_person"


def wrong(session: Session, note: Note, _: str) -> Done:
    """Nothing more to this number, not even a confirmation: stopped in the ledger, and in quarantine until a person has
    looked.
    """
    consent.stop(session, note.person.id, Source.TEXT, evidence(note), note.at)
    withdraw(session, note, Withdrawal.STOPPED)
    index = people.lookup(note.workspace.vault, Kind.SMS, note.inbound.number)
    session.execute(
        update(Endpoint)
        .where(Endpoint.person_id == note.person.id, Endpoint.lookup == index, Endpoint.state == EndpointState.OK)
        .values(state=EndpointState.QUARANTINED, reason=WRONG_PERSON)
    )
    return Done("keyword:wrong", thread=True, hold=True)


def loss(session: Session, note: Note, _: str) -> Done:
    """The messages about it end at once. One gentle text, then people: the thread comes before all others."""
    settings = note.workspace.settings
    consent.end(session, note.person.id, settings.loss_topics, evidence(note), note.at)
    withdraw(session, note, Withdrawal.LOSS, topics=settings.loss_topics)
    says = "" if told(session, note, LOSS) or consent.stopped(session, [note.person.id]) else LOSS
    return Done("keyword:loss", thread=True, urgent=LOSS, says=says)


def forget(session: Session, note: Note, code: str) -> Done:
    """Ask for a code, or, when she has typed the right one back in time, begin to forget (`forgetting.finish`)."""
    asked = session.get(Question, note.person.id)
    if not code:
        _ask(session, note)
    elif asked is not None and questions.confirms(asked, asker_of(note), code):
        _agree(session, note, asked)
    else:
        say(session, note, "forget-again", Purpose.CONFIRMATION)
    return Done("keyword:forget")


def _ask(session: Session, note: Note) -> None:
    code = questions.ask(session, asker_of(note), Verb.FORGET, secret=True)
    say(session, note, "forget", Purpose.CONFIRMATION, more={"code": code})


def _agree(session: Session, note: Note, asked: Question) -> None:
    """From now on nothing goes out but one last word. Her number goes as soon as that is on its way."""
    consent.stop(session, note.person.id, Source.TEXT, evidence(note), note.at)
    withdraw(session, note, Withdrawal.FORGOTTEN)
    asked.code, asked.agreed_at = None, note.at
    asked.farewell = say(session, note, "forgotten", Purpose.CONFIRMATION)
    session.flush()


def is_leaving(session: Session, person_id: int) -> bool:
    """Whether she has confirmed FORGET, and her number is not gone yet."""
    query = select(Question.person_id).where(Question.person_id == person_id, Question.agreed_at.is_not(None))
    return session.scalar(query) is not None
