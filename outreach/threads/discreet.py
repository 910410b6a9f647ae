"""What a person's wish for discretion does: her own words, her manner, "who is this?", "it is still me", "not me".

It is looked at before the verbs, and after STOP, which nothing overrides. No answer here says what any of it is about:
each reads the same to whoever holds the telephone.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import consent, log
from outreach.audience import discretion, people
from outreach.audience.discretion import Manner, Secret
from outreach.audience.handover import hand_over
from outreach.audience.tables import Person
from outreach.consent import ALL, ConsentState, Line, Source, Standing
from outreach.delivery import knocks, quarantine
from outreach.delivery.quarantine import Doubt
from outreach.errors import ConflictError
from outreach.messages.status import Purpose, Withdrawal
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault
from outreach.store import dialects
from outreach.threads import waits
from outreach.threads.answers import Note, say
from outreach.threads.deeds import evidence, withdraw
from outreach.threads.discretion import MANNERS, OwnWord, Wish, own_word, spoken, unfit, wishes
from outreach.threads.keywords import Understood, Verb
from outreach.threads.tables import Mark, Thread, ThreadState
from outreach.threads.wishes import info as tell
from outreach.workspace import Workspace

logger = log.get("threads")

PENDING = timedelta(days=7)  # so long a bare 1, 2 or 3 answers what she was asked at joining
WRONG_NUMBER = "wrong_number"  # the outcome of threads whose number is somebody else's


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a text. `note`: whose it is now. `secret`: its words are not kept. `mark`: of the thread that
    staff must see; none where nobody need look.
    """

    outcome: str
    note: Note
    secret: bool = False
    mark: Mark | None = None


def heard(session: Session, note: Note, understood: Understood) -> Heard | None:
    """Act on a text that is about discretion; None where it is not."""
    if understood.verb is Verb.STOP:
        return None
    hers = _hers(note)
    if hers is Secret.PANIC:
        return _panic(session, note)
    if hers is Secret.SAFE:
        return _opened(session, note, secret=True)
    wished = wishes(note.inbound.text)
    if Wish.WHO in wished:
        return _who(session, note)
    if (Wish.NO in wished or understood.verb is Verb.YES) and quarantine.holds(session, note.person.id):
        return _not_her(session, note) if Wish.NO in wished else _still_her(session, note)
    if named := own_word(note.inbound.text):
        return _named(session, note, named)
    if understood.verb is Verb.INFO and note.person.safe_word is not None:
        return _told_nothing(session, note)
    return None if understood.verb else _manner(session, note, wished)


def asked(note: Note) -> None:
    """She was asked how openly she wants to be written to: a bare figure answers that for a while."""
    note.person.asked_at = note.at


def _hers(note: Note) -> Secret | None:
    """Which word of hers the whole text is. Whether it is one takes the same time whatever the text."""
    said, found = spoken(note.inbound.text), None
    kept = {Secret.PANIC: note.person.panic_word, Secret.SAFE: note.person.safe_word}
    for secret, word in kept.items():
        sealed = discretion.sealed(note.workspace.vault, note.person.id, secret, said)
        if word is not None and hmac.compare_digest(word, sealed):
            found = found or secret
    return found


def _panic(session: Session, note: Note) -> Heard:
    """Silence at once, for days, and a person is told. She who stopped stays stopped."""
    until = note.at + discretion.SILENT_FOR
    note.person.silent_until, note.person.opened_until = until, None
    if not consent.stopped(session, [note.person.id]):
        line = Line(note.person.id, ALL, ConsentState.PAUSED, Source.TEXT, evidence(note), until=until)
        consent.record(session, [line], note.at)
    withdraw(session, note, Withdrawal.SILENT)
    say(session, note, "bland", Purpose.CONFIRMATION)
    return Heard("needs_person", note, secret=True, mark=Mark.PANIC)


def _opened(session: Session, note: Note, *, secret: bool) -> Heard:
    """She asks for what there is. Her own word ends a silence as well: nobody else knows it."""
    if secret and discretion.silent(note.person, note.at):
        note.person.silent_until = None
        everything = session.get(Standing, (note.person.id, ALL))
        if everything is not None and everything.state == ConsentState.PAUSED:
            line = Line(note.person.id, ALL, ConsentState.GRANTED, Source.TEXT, evidence(note))
            consent.record(session, [line], note.at)
    waited = knocks.open_for(session, note.person, note.at)
    if not waited and not consent.stopped(session, [note.person.id]):
        say(session, note, "nothing", Purpose.AUTOMATIC)
    return Heard("keyword:read", note, secret=secret)


def _told_nothing(session: Session, note: Note) -> Heard | None:
    """What she agreed to is not for whoever else holds her telephone."""
    if discretion.is_open(note.person, note.at):
        return None
    say(session, note, "noted", Purpose.AUTOMATIC)
    return Heard("keyword:info", note)


def _who(session: Session, note: Note) -> Heard:
    """Whoever asks is told nothing, and may not be her: until she has said so, nothing of hers goes there."""
    quarantine.begin(session, [note.person.id], Doubt.WHO, note.at)
    if not consent.stopped(session, [note.person.id]):
        say(session, note, "who", Purpose.QUESTION)
    return Heard("needs_person", note, mark=Mark.WHO)


def _still_her(session: Session, note: Note) -> Heard:
    quarantine.lift(session, note.person.id, note.at)
    if not consent.stopped(session, [note.person.id]):
        say(session, note, "noted", Purpose.AUTOMATIC)
    return Heard("keyword:yes", note)


def _not_her(session: Session, note: Note) -> Heard:
    """The number is another's: a new person has it now, who is asked for nothing and sees nothing of the old one."""
    withdraw(session, note, Withdrawal.HANDED_OVER)
    going = select(Thread).where(Thread.person_id == note.person.id, Thread.state != ThreadState.CLOSED)
    for thread in session.scalars(going):
        waits.ends(session, thread)
        thread.state, thread.closed_at, thread.outcome, thread.hold = ThreadState.CLOSED, note.at, WRONG_NUMBER, False
    workspace = note.workspace
    new = hand_over(session, workspace.vault, note.inbound.number, workspace.settings, note.at)
    consent.stop(session, new, Source.TEXT, evidence(note), note.at)
    person = session.scalars(select(Person).where(Person.id == new)).one()
    person.language, person.replied_at = note.person.language, note.at
    key = people.keys_of(session, workspace.vault, [new])[new]
    other = replace(note, person=person, key=key)
    say(session, other, "stop", Purpose.CONFIRMATION)
    return Heard("keyword:wrong", other)


def _named(session: Session, note: Note, named: OwnWord) -> Heard:
    """Set or take back a word of hers. To change one takes the safe word first: whoever else holds the telephone gets
    the same answer, and nothing changes.
    """
    person, safe = note.person, named.secret is Secret.SAFE
    kept = person.safe_word if safe else person.panic_word
    free = kept is None or discretion.is_open(person, note.at)
    wrong = free and bool(named.word) and bool(unfit(named.word))
    if free and not wrong:
        set_word(note.workspace.vault, person, named.secret, named.word)
    if not consent.stopped(session, [person.id]):
        told = "word" if safe and named.word else "noted"
        say(session, note, "unfit" if wrong else told, Purpose.AUTOMATIC)
    return Heard("keyword:word", note, secret=True)


def set_word(vault: Vault, person: Person, secret: Secret, word: str) -> None:
    """Keep a word of hers; an empty one takes it back."""
    kept = discretion.sealed(vault, person.id, secret, spoken(word)) if word else None
    if secret is Secret.SAFE:
        person.safe_word = kept
    else:
        person.panic_word = kept


def at_the_clinic(
    workspace: Workspace, pseudonym: str, by: str, chosen: Manner | None, words: Mapping[Secret, str]
) -> Manner:
    """What she asks of staff in person: a manner, words of her own (an empty one takes it back). Gives her manner.

    Raises NotFoundError, ConflictError when a word will not do.
    """
    for word in words.values():
        if word and (why := unfit(word)):
            raise ConflictError(f"That word will not do. {why} Choose another.")
    with workspace.database.write() as session:
        person_id = people.by_pseudonym(session, pseudonym).id
        held = dialects.take(select(Person).where(Person.id == person_id), wait=True)
        person = session.scalars(held.execution_options(populate_existing=True)).one()
        if chosen is not None:
            discretion.choose(person, chosen)
        for secret, word in words.items():
            set_word(workspace.vault, person, secret, word)
        audit.append(session, workspace.vault, by, Action.DISCRETION_SET, f"person:{person_id}")
        return discretion.manner(person)


def _manner(session: Session, note: Note, wished: set[Wish]) -> Heard | None:
    """What she is asked at joining, and her asking for what there is where that is what she chose."""
    person = note.person
    if Wish.ASK in wished and person.on_request and person.safe_word is None:
        return _opened(session, note, secret=False)
    chosen: set[Manner] = {MANNERS[wish] for wish in wished if wish in MANNERS}
    if len(chosen) != 1 or person.asked_at is None or note.at - person.asked_at > PENDING:
        return None
    discretion.choose(person, chosen.pop())
    person.asked_at = None
    if discretion.manner(person) is Manner.OPEN:  # now it may be named what she agreed to
        tell(session, note, "")
    elif not consent.stopped(session, [person.id]):
        say(session, note, "noted", Purpose.AUTOMATIC)
    return Heard("keyword:manner", note)


def _evidence(note: Note) -> str:
    return f"text {note.inbound.provider_id}"
