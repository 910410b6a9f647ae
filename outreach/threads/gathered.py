"""Texts that came together: what is plain talk shares a transaction, everything else has one of its own (`inbound`).

Most texts are for a helper, or ask for HELP or INFO, and come from somebody known who is in no danger. Those are asked
about and written together, a statement for all of them. Whatever changes what may be sent (STOP above all), is about
danger or discretion, or answers a question of ours goes through `inbound.receive`, after the group's commit. The rules
are the same: this module only says which texts cannot touch any but a few of them.

The texts of one person are taken in turn: her second is looked at when her first is committed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from outreach import consent, failpoints, log
from outreach.audience import people
from outreach.audience.tables import Endpoint, Person, PersonState
from outreach.channels.contract import Inbound, Kind, SenderSpec
from outreach.consent import ALL, ConsentState, Standing
from outreach.delivery import tally
from outreach.delivery.enqueue import Draft, enqueue_all
from outreach.errors import ConflictError
from outreach.hooks import events as happened
from outreach.messages.status import CARRIED, Purpose
from outreach.messages.tables import Message, Run
from outreach.store import dialects
from outreach.threads import answers, inbound, keywords, loops, parting, promises, waits, wishes
from outreach.threads.answers import Note
from outreach.threads.discretion import own_word
from outreach.threads.discretion import wishes as of_discretion
from outreach.threads.inbound import ATTRIBUTED, Context
from outreach.threads.keywords import Verb
from outreach.threads.tables import Question, Thread, ThreadState
from outreach.threads.urgent import urgency
from outreach.workspace import Workspace

logger = log.get("threads")

#: What may be answered in a group: it changes nothing but that it is answered.
_ANSWERED = {Verb.HELP: "help", Verb.INFO: "info"}

#: Of a conversation that begins: what is said of each, and what of all alike.
_OF_NEW = (
    *("person_id", "programme", "topic", "sender", "state", "language"),
    *("opened_at", "waiting_since", "promised_at"),
)
_OF_ALL_NEW = {"hold": False, "outcome": ""}


@dataclass(slots=True)
class Plain:
    """A text that is no more than talk, or asks for HELP or INFO. `verb`: None for talk."""

    note: Note
    verb: Verb | None
    standing: Sequence[Standing]
    context: Context = field(default_factory=Context)
    thread: Thread | None = None
    fresh: bool = False  # with it the thread begins

    @property
    def outcome(self) -> str:
        """What became of it."""
        return f"keyword:{self.verb}" if self.verb else "thread"


def receive(workspace: Workspace, batch: Sequence[Inbound], senders: list[SenderSpec]) -> None:
    """Keep texts and act on them; when it returns, all are committed. What was told before is kept once.

    Raises what the first of them raised that could not be kept; some others may be committed by then, and come to
    nothing when they are told again.
    """
    for turn in _turns(batch):
        for each in _alone(workspace, turn, senders):
            inbound.receive(workspace, each, senders)


def _alone(workspace: Workspace, turn: Sequence[Inbound], senders: list[SenderSpec]) -> Sequence[Inbound]:
    """Those of a turn that are still to be kept, when the others are."""
    if len(turn) == 1:
        return turn
    try:
        return _together(workspace, turn, senders)
    except OperationalError as error:
        if not dialects.is_crossed(error):
            raise
        return turn  # a helper held one's conversation and waited for her: nobody else must come again for that


def _turns(batch: Sequence[Inbound]) -> list[list[Inbound]]:
    """The first text of each number, then the second of each, and so on."""
    turns: list[list[Inbound]] = []
    written: dict[str, int] = defaultdict(int)
    for each in batch:
        place = written[each.number]
        written[each.number] += 1
        if place == len(turns):
            turns.append([])
        turns[place].append(each)
    return turns


def _together(workspace: Workspace, turn: Sequence[Inbound], senders: list[SenderSpec]) -> list[Inbound]:
    """Keep those that are plain, in one transaction; gives the others. No number stands in it twice."""
    with workspace.database.write() as session:
        at = dialects.now(session)
        persons = _persons(session, workspace, turn)
        told = _told(session, turn)
        new = [each for each in turn if (each.provider, each.provider_id) not in told]
        plain = _plain(session, workspace, [(each, persons[each.number]) for each in new if each.number in persons], at)
        if plain:
            froms = {to: inbound.sender_of(session, each, senders) for to, each in {e.to: e for e in new}.items()}
            for each in plain:
                each.note = replace(each.note, sender=froms[each.note.inbound.to])
            _write(session, workspace, plain, at)
        failpoints.reach("gathered.before_commit")
    for each in plain:
        logger.info("received", provider=each.note.inbound.provider, verb=each.outcome)
    done = {(each.note.inbound.provider, each.note.inbound.provider_id) for each in plain}
    return [each for each in new if (each.provider, each.provider_id) not in done]


def _persons(session: Session, workspace: Workspace, turn: Sequence[Inbound]) -> dict[str, Person]:
    """Who wrote, by number, each locked. Not those who are new or lost their number just now, nor those whom somebody
    else holds: a group waits for nobody.
    """
    index = {people.lookup(workspace.vault, Kind.SMS, each.number): each.number for each in turn}
    query = select(Endpoint.lookup, Endpoint.person_id).where(
        Endpoint.kind == Kind.SMS, dialects.among(session, Endpoint.lookup, index)
    )
    before = {row.lookup: row.person_id for row in session.execute(query)}
    locked = select(Person).where(dialects.among(session, Person.id, set(before.values()))).order_by(Person.id)
    found = session.scalars(dialects.take(locked).execution_options(populate_existing=True))
    active = {person.id: person for person in found if person.state == PersonState.ACTIVE}
    now = {row.lookup: row.person_id for row in session.execute(query)}
    return {
        index[each]: active[person] for each, person in now.items() if before.get(each) == person and person in active
    }


def _told(session: Session, turn: Sequence[Inbound]) -> set[tuple[str | None, str | None]]:
    """Which of these we have. Asked when their people are locked: nobody writes one of theirs meanwhile."""
    query = select(Message.provider, Message.provider_id).where(
        dialects.among(session, Message.provider, {each.provider for each in turn}),
        dialects.among(session, Message.provider_id, {each.provider_id for each in turn}),
    )
    return {(row.provider, row.provider_id) for row in session.execute(query)}


def _plain(
    session: Session, workspace: Workspace, heard: Sequence[tuple[Inbound, Person]], at: datetime
) -> list[Plain]:
    """Those texts that are plain, by person."""
    ids = [person.id for _, person in heard]
    asked = set(session.scalars(select(Question.person_id).where(dialects.among(session, Question.person_id, ids))))
    watched = asked | loops.talkative(session, ids, at)
    standing: dict[int, list[Standing]] = defaultdict(list)
    for (person_id, _), line in consent.standing(session, ids).items():
        standing[person_id].append(line)
    keys = people.keys_of(session, workspace.vault, ids)
    found = []
    for each, person in sorted(heard, key=lambda pair: pair[1].id):
        lines = standing[person.id]
        if person.id in watched or person.id not in keys or not _ordinary(person, lines):
            continue
        verb = _verb(workspace, each, person)
        if verb is None or verb in _ANSWERED:
            found.append(Plain(Note(workspace, person, keys[person.id], "", each, at), verb, lines))
    contexts = _contexts(session, [each.note.person.id for each in found], at)
    for one in found:
        one.context = contexts.get(one.note.person.id, Context())
    return found


def _ordinary(person: Person, standing: Collection[Standing]) -> bool:
    """Whether no rule of hers hangs on what she writes: she has not stopped, and asked for no discretion."""
    stopped = any(line.topic == ALL and line.state == ConsentState.REVOKED for line in standing)
    special = person.safe_word, person.panic_word, person.asked_at, person.silent_until
    return not stopped and not person.on_request and all(each is None for each in special)


def _verb(workspace: Workspace, told: Inbound, person: Person) -> Verb | None:
    """What she asks for: None for talk. STOP stands for all that must be looked at closely as well."""
    understood = keywords.understand(told.text, person.language)
    understood = parting.with_a_reason(told.text, person.language, understood)
    if told.opt_out or understood.hold or understood.who or of_discretion(told.text) or own_word(told.text):
        return Verb.STOP
    return Verb.STOP if urgency(told.text, person.language, workspace.folder) else understood.verb


def _contexts(session: Session, ids: Collection[int], at: datetime) -> dict[int, Context]:
    """The last campaign message that reached each of them, if it is not long ago; by person."""
    newest = select(func.max(Message.id)).where(
        dialects.among(session, Message.person_id, ids),
        Message.direction == "out",
        Message.run_id.is_not(None),
        Message.state.in_(CARRIED),
        Message.updated_at > at - ATTRIBUTED,
    )
    columns = (Message.person_id, Message.run_id, Message.step, Message.topic)
    rows = session.execute(select(*columns).where(Message.id.in_(newest.group_by(Message.person_id)))).all()
    runs = {row.run_id for row in rows}
    frozen = {run.id: run.frozen for run in session.execute(select(Run.id, Run.frozen).where(Run.id.in_(runs)))}
    return {row.person_id: Context(row.run_id, row.step, row.topic, frozen[row.run_id]["thread"]) for row in rows}


def _write(session: Session, workspace: Workspace, plain: Sequence[Plain], at: datetime) -> None:
    """Everything that follows from these texts, a statement for all."""
    ids = [each.note.person.id for each in plain]
    replied = update(Person).where(dialects.among(session, Person.id, ids)).values(replied_at=at)
    session.execute(replied.execution_options(synchronize_session=False))
    _threads(session, workspace, [each for each in plain if each.verb is None], at)
    _keep(session, plain)
    drafts = [draft for each in plain if (draft := _answer(each)) is not None]
    enqueue_all(session, drafts, workspace.settings, at)


def _threads(session: Session, workspace: Workspace, talk: Sequence[Plain], at: datetime) -> None:
    """The open conversation of each, or a new one; she waits in it."""
    ids = [each.note.person.id for each in talk]
    query = select(Thread).where(dialects.among(session, Thread.person_id, ids), Thread.state != ThreadState.CLOSED)
    open_now = {(thread.person_id, thread.programme): thread for thread in session.scalars(query)} if ids else {}
    begun: list[tuple[Thread, bool]] = []
    for each in talk:
        thread = open_now.get((each.note.person.id, each.context.programme))
        each.fresh = thread is None
        if thread is None:
            thread = inbound.opened(each.note, each.context)
        if thread.waiting_since is None or thread.state == ThreadState.ANSWERED:
            begun.append((thread, each.fresh))
        thread.state, thread.sender, thread.language = (
            ThreadState.WAITING,
            each.note.sender,
            each.note.person.language,
        )
        each.thread = thread
    if begun:
        by = promises.moment(session, workspace, at, len(begun))
        waits.all_begin(session, begun, at)
        for thread, _ in begun:
            thread.promised_at, thread.missed_at = by, None
    _open(session, [each.thread for each in talk if each.fresh and each.thread])
    if begun and happened.is_wanted(session, happened.Kind.THREAD_WAITING):
        for thread, _ in begun:
            happened.tell(session, happened.Kind.THREAD_WAITING, at, thread=thread.id)


def _open(session: Session, fresh: Sequence[Thread]) -> None:
    """Write conversations down that begin, in one statement; each knows its id then.

    Raises ConflictError when one is there already: the texts are tried alone then.
    """
    session.flush()
    rows = [{name: getattr(thread, name) for name in _OF_NEW} | _OF_ALL_NEW for thread in fresh]
    made = dialects.add_rows(session, Thread, rows, [Thread.id, Thread.person_id, Thread.programme])
    ids = {(row.person_id, row.programme): row.id for row in made}
    if len(ids) != len(fresh):
        raise ConflictError("One of these conversations was begun by somebody else meanwhile.")
    for thread in fresh:
        thread.id = ids[thread.person_id, thread.programme]


def _keep(session: Session, plain: Sequence[Plain]) -> None:
    """Write the texts down, sealed. Raises ConflictError when one is there already: they are tried alone then."""
    runs = {each.context.run_id for each in plain if each.context.run_id is not None}
    before = select(Message.person_id, Message.run_id).where(
        dialects.among(session, Message.person_id, [each.note.person.id for each in plain]),
        Message.run_id.in_(runs),
        Message.direction == "in",
    )
    written = {(row.person_id, row.run_id) for row in session.execute(before.distinct())} if runs else set()
    rows, changes = [], []
    for each in plain:
        row = inbound.row_of(each.note, each.context, each.outcome, each.thread.id if each.thread else None)
        run_id = each.context.run_id
        first = run_id is not None and (each.note.person.id, run_id) not in written
        changes.append(inbound.counted(each.note, each.context, each.outcome, row["day"], row["parts"], first=first))
        rows.append(row)
    if len(dialects.add_rows(session, Message, rows, [Message.id])) != len(rows):
        raise ConflictError("One of these texts was kept by somebody else meanwhile.")
    tally.note(session, changes)


def _answer(each: Plain) -> Draft | None:
    """What she is told at once; nothing to who is in a conversation already."""
    note = each.note
    if each.verb is None and not each.fresh:
        return None
    name = _ANSWERED[each.verb] if each.verb else "answer"
    if not note.sender:
        logger.error("no sender for texts", job=name)
        return None
    more: dict[str, object] = {}
    if each.verb is Verb.INFO:
        more = {"topics": wishes.topics(note, each.standing)}
    elif each.thread is not None:
        more = answers.promise(note, each.thread)
    thread_id = each.thread.id if each.thread else None
    return answers.drafted(note, name, Purpose.AUTOMATIC, thread_id=thread_id, more=more)
