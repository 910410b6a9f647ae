"""A text from somebody: one transaction from the wire to a line in the ledger or in a thread.

Whatever happens to the answer, what the person said is kept first: STOP is in the ledger before the provider is told
that the text has arrived. No broker stands in this path.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import failpoints, log, parts
from outreach.audience import people
from outreach.audience.tables import Person, PersonState
from outreach.channels.contract import Inbound, Kind, SenderSpec
from outreach.consent import Source
from outreach.delivery import carriers, tally
from outreach.errors import SettingError
from outreach.hooks import events as happened
from outreach.messages.status import CARRIED, Purpose, State
from outreach.messages.tables import Message, Run
from outreach.privacy.alerts import AlertKind
from outreach.privacy.vault import seal
from outreach.store import dialects
from outreach.threads import (
    alarms,
    answers,
    discreet,
    forgetting,
    keywords,
    leaving,
    parting,
    promises,
    questions,
    verbs,
    waits,
)
from outreach.threads.deeds import KEPT_BACK, LOSS, Done
from outreach.threads.discreet import Heard
from outreach.threads.keywords import Understood, Verb
from outreach.threads.tables import Mark, Question, Thread, ThreadState
from outreach.threads.urgent import Urgent, gravest, urgency
from outreach.workspace import Workspace

logger = log.get("threads")

#: The outcome of a text that agreed to what she was invited to.
YES = "keyword:yes"

#: An answer this long after a campaign's text still belongs to it.
ATTRIBUTED = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Context:
    """Which of our messages a text answers: run, step, topic and programme; empty when none."""

    run_id: int | None = None
    step: str = ""
    topic: str = ""
    programme: str = "clinic"


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a text. `outcome`: "keyword:stop", "thread", "needs_person", or "duplicate"."""

    outcome: str
    message_id: int | None = None
    thread_id: int | None = None


def receive(workspace: Workspace, inbound: Inbound, senders: list[SenderSpec]) -> Received:
    """Keep a text and act on it, in one transaction; the same text told twice is kept once."""
    with workspace.database.write() as session:
        if _known(session, inbound):
            return Received("duplicate")
        person, at = _person(session, workspace, inbound)
        if _known(session, inbound):  # another process was quicker while we waited for the person
            return Received("duplicate")
        received = _act(session, workspace, inbound, person, sender_of(session, inbound, senders), at)
        failpoints.reach("inbound.before_commit")
    logger.info("received", provider=inbound.provider, message=received.message_id, verb=received.outcome)
    return received


def _known(session: Session, inbound: Inbound) -> bool:
    query = select(Message.id).where(Message.provider == inbound.provider, Message.provider_id == inbound.provider_id)
    return session.scalar(query) is not None


def _person(session: Session, workspace: Workspace, inbound: Inbound) -> tuple[Person, datetime]:
    """Who wrote, locked, so that no claim for her can be under way while she says stop; and the moment since when."""
    while True:
        at = dialects.now(session)
        person_id = people.adopt(session, workspace.vault, inbound.number, workspace.settings, at)
        query = dialects.take(select(Person).where(Person.id == person_id), wait=True)
        person = session.scalars(query.execution_options(populate_existing=True)).one()
        if person.state == PersonState.ACTIVE and leaving.is_leaving(session, person_id):
            forgetting.erase(session, workspace, person_id, Source.TEXT)
        hers = people.by_number(session, workspace.vault, inbound.number) == person_id
        if person.state == PersonState.ACTIVE and hers:
            # Nobody else can hold somebody who was made just now.
            return person, at if person.created_at == at else dialects.now(session)
        # She was forgotten, or her number handed over, while we waited: look again.


def sender_of(session: Session, inbound: Inbound, senders: list[SenderSpec]) -> str:
    """Our sender that was written to: the answer leaves from there. Empty when nothing can be answered from here."""
    named = [spec.name for spec in senders if spec.number and spec.number == inbound.to]
    if named:
        return named[0]
    try:
        return carriers.senders(session, Kind.SMS)[0]
    except SettingError:  # what she said is kept all the same
        return ""


def _act(
    session: Session, workspace: Workspace, inbound: Inbound, person: Person, sender: str, at: datetime
) -> Received:
    asked = session.get(Question, person.id)
    understood = questions.read(asked, inbound.text, _understand(inbound, person.language), at)
    understood = parting.with_a_reason(inbound.text, person.language, understood)
    context = _context(session, person.id, at)
    key = people.keys_of(session, workspace.vault, [person.id])[person.id]
    note = answers.Note(workspace, person, key, sender, inbound, at)
    person.replied_at = at
    if (heard := discreet.heard(session, note, understood)) is not None:
        return _discreetly(session, heard, context)
    done = verbs.act(session, note, understood)
    if done.outcome == YES:
        discreet.asked(note)
    parting.listen(session, note, done.outcome)
    urgent = urgency(inbound.text, person.language, workspace.folder)
    if done.outcome and not done.thread and urgent is None:
        return Received(done.outcome, _keep(session, note, context, done.outcome, None))
    done = replace(done, hold=done.hold or understood.hold)
    thread, fresh = _thread(session, note, context, done, urgent)
    outcome = done.outcome or ("needs_person" if understood.hold or urgent else "thread")
    if done.urgent == LOSS:
        alarms.tell(session, AlertKind.LOSS, thread, note.at)
    message = _keep(session, note, context, outcome, thread.id)
    if done.says:
        answers.say(session, note, done.says, Purpose.AUTOMATIC, thread_id=thread.id)
    if urgent and done.says != LOSS:  # that says whom to call as well
        answers.urgent_answer(session, note, thread.id)
    elif fresh and not done.outcome:
        answers.first_answer(session, note, thread)
    return Received(outcome, message, thread.id)


def _discreetly(session: Session, heard: Heard, context: Context) -> Received:
    """Keep a text about discretion: a word of hers is not kept, and whose number has changed hands is somebody new."""
    note = heard.note
    words = KEPT_BACK if heard.secret else _words(note.inbound)
    if note.person.created_at == note.at:
        context = Context()
    if heard.mark is None:
        return Received(heard.outcome, _keep(session, note, context, heard.outcome, None, words))
    panics = heard.mark is Mark.PANIC
    thread, _ = _thread(session, note, context, Done(hold=True, alarm=panics), None)
    if panics:
        alarms.tell(session, AlertKind.PANIC, thread, note.at)
    thread.mark = thread.mark if thread.mark == Mark.PANIC else heard.mark  # nothing outweighs that
    return Received(heard.outcome, _keep(session, note, context, heard.outcome, thread.id, words), thread.id)


def _understand(inbound: Inbound, language: str) -> Understood:
    """What she asks for. A STOP that the provider has read counts, whatever we read: it sends her nothing more either.

    Its START and HELP count only where we find nothing: it reads YES as START, and only START lifts a STOP.
    """
    ours = keywords.understand(inbound.text, language)
    if inbound.opt_out == "STOP" or (inbound.opt_out and ours == keywords.NOTHING):
        return Understood(Verb(inbound.opt_out.lower()), "the provider says so")
    return ours


def _words(inbound: Inbound) -> str:
    """Her text as it is kept; pictures are not fetched, but a helper must know that there were some."""
    return inbound.text if not inbound.media else f"{inbound.text} [picture]".strip()


def _context(session: Session, person_id: int, at: datetime) -> Context:
    """The last campaign message that reached her, if it is not long ago."""
    query = (
        select(Message.run_id, Message.step, Message.topic, Run.frozen)
        .join(Run, Run.id == Message.run_id)
        .where(Message.person_id == person_id, Message.direction == "out", Message.state.in_(CARRIED))
        .where(Message.updated_at > at - ATTRIBUTED)
        .order_by(Message.id.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return Context() if row is None else Context(row.run_id, row.step, row.topic, row.frozen["thread"])


def _thread(
    session: Session, note: answers.Note, context: Context, done: Done, urgent: Urgent | None
) -> tuple[Thread, bool]:
    """Her open thread in this programme, or a new one, and whether it is new."""
    query = select(Thread).where(
        Thread.person_id == note.person.id, Thread.programme == context.programme, Thread.state != ThreadState.CLOSED
    )
    thread = session.scalar(query)
    fresh = thread is None
    if thread is None:
        thread = opened(note, context)
        session.add(thread)
    begins = thread.waiting_since is None or thread.state == ThreadState.ANSWERED
    if begins:
        waits.begins(session, thread, note.at, fresh=fresh)
        promises.make(session, note.workspace, thread, note.at)
    if urgent or done.urgent or done.alarm:
        alarms.begin(thread, note.at, was_waiting=not begins)
    thread.state, thread.sender, thread.language = ThreadState.WAITING, note.sender, note.person.language
    thread.hold = bool(thread.hold) or done.hold
    thread.wants_call = bool(thread.wants_call) or done.call
    thread.urgent = gravest(thread.urgent or done.urgent, urgent)
    session.flush()
    if begins:
        happened.tell(session, happened.Kind.THREAD_WAITING, note.at, thread=thread.id)
    return thread, fresh


def opened(note: answers.Note, context: Context) -> Thread:
    """A conversation that begins, not written down yet."""
    return Thread(
        person_id=note.person.id,
        programme=context.programme,
        topic=context.topic,
        state=ThreadState.WAITING,
        opened_at=note.at,
    )


def _keep(
    session: Session,
    note: answers.Note,
    context: Context,
    outcome: str,
    thread_id: int | None,
    words: str | None = None,
) -> int:
    """Write the text down, sealed, with what became of it."""
    message = Message(**row_of(note, context, outcome, thread_id, words))
    first = not _has_written(session, note.person.id, context.run_id)
    session.add(message)
    session.flush()
    tally.note(session, [counted(note, context, outcome, message.day, message.parts, first=first)])
    return message.id


def row_of(
    note: answers.Note, context: Context, outcome: str, thread_id: int | None, words: str | None = None
) -> dict[str, Any]:
    """The row of a text, sealed. `words`: what is kept in place of what she wrote."""
    dedupe_key = f"in:{note.inbound.provider}:{note.inbound.provider_id}"
    return {
        "direction": "in",
        "kind": Kind.SMS,
        "purpose": Purpose.REPLY,
        "person_id": note.person.id,
        "topic": context.topic,
        "run_id": context.run_id,
        "step": context.step,
        "thread_id": thread_id,
        "dedupe_key": dedupe_key,
        "body": seal(note.key, _words(note.inbound) if words is None else words, "message", "body", dedupe_key),
        "state": State.RECEIVED,
        "reason": outcome,
        "due_at": note.at,
        "expires_at": note.at,
        "day": note.at.astimezone(ZoneInfo(note.workspace.settings.zone)).date(),
        "sender": note.sender,
        "provider": note.inbound.provider,
        "provider_id": note.inbound.provider_id,
        "parts": parts.count(note.inbound.text).parts,
        "created_at": note.at,
        "updated_at": note.at,
    }


def counted(note: answers.Note, context: Context, outcome: str, day: date, length: int, *, first: bool) -> tally.Change:
    """What a text of so many parts adds to the roll-up. `first`: she has not answered this run before."""
    cell = tally.Cell(context.run_id or 0, context.step, day, Kind.SMS, State.RECEIVED, outcome, note.sender)
    return tally.Change(cell, 1, length, 0.0, people=int(first))


def _has_written(session: Session, person_id: int, run_id: int | None) -> bool:
    """Whether she has answered this run before; texts outside runs are not counted by people."""
    query = select(Message.id).where(
        Message.person_id == person_id, Message.run_id == run_id, Message.direction == "in"
    )
    return run_id is None or session.scalar(query.limit(1)) is not None
