"""FORGET: what a person told us, what we know of her and how to reach her is gone, and stays gone.

Two steps. In one transaction everything of hers is taken away or emptied; what remains counts but tells nothing: rows
of messages without their texts, the ledger without anybody's own words, and the keyed index of her number, so that no
import brings her back. Then her leaf is cut out of the keyring: what a backup of the database holds of her does not
open any more (`privacy.tree`). A process that dies between the two steps, a second machine with a keyring of its own,
or a database restored from before she was forgotten: `catch_up` does the rest, at every start and once a day.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from outreach import consent, failpoints, log
from outreach.audience import people
from outreach.audience.tables import Endpoint, Openness, Person, PersonField, PersonState, PersonTag, Suppression
from outreach.channels.contract import Kind
from outreach.consent import Consent, Source, Standing
from outreach.consent.reasons import OptOutReason
from outreach.delivery.moves import Move, advance
from outreach.errors import KeyringError
from outreach.hooks import events as hooks
from outreach.messages.status import WAITING, State, Withdrawal
from outreach.messages.tables import Message
from outreach.privacy import audit, keyring
from outreach.privacy.audit import Action
from outreach.privacy.keyring import Keyring
from outreach.privacy.tables import KeyProof, PersonKey
from outreach.store import dialects
from outreach.threads import questions, reveals, waits
from outreach.threads.tables import Outcome, Question, Thread, ThreadEvent, ThreadState
from outreach.workspace import Workspace

logger = log.get("threads")

OUTCOME = Outcome.FORGOTTEN  # of her threads
_AT_ONCE = 500

#: How long the last word to somebody who is to be forgotten may take.
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Caught:
    """What `catch_up` did. `cut`: leaves cut out of this keyring; `again`: people of a restored backup; `pending`:
    leaves that this keyring still has because it cannot be changed from here (it is a setting, or not ours to write).
    """

    cut: int = 0
    again: int = 0
    pending: int = 0


def forget(workspace: Workspace, pseudonym: str, by: str, why: str = "") -> bool:
    """Forget somebody for good. True when backups cannot be opened for her any more either.

    False: the keyring could not be changed from here; see `catch_up`. Raises NotFoundError.
    """
    with workspace.database.write() as session:
        person_id = people.by_pseudonym(session, pseudonym).id
        erase(session, workspace, person_id, Source.STAFF)
        audit.append(session, workspace.vault, by, Action.PERSON_FORGOTTEN, f"person:{person_id}", why)
        masters = session.scalars(select(KeyProof.master)).all()
    failpoints.reach("forget.committed")
    return cut_out(workspace, {master: [person_id] for master in masters})


def finish(workspace: Workspace) -> int:
    """Forget whoever has confirmed her FORGET, as soon as the last word to her is on its way; gives how many.

    The last word needs her number, so that cannot go in the same transaction. If it cannot be sent within `PATIENCE`,
    she is forgotten without it: it is a courtesy, forgetting is what was promised.
    """
    with workspace.database.read() as session:
        leaving = _leaving(session)
        masters = session.scalars(select(KeyProof.master)).all()
    for person_id in leaving:
        with workspace.database.write() as session:
            erase(session, workspace, person_id, Source.TEXT)
            audit.append(session, workspace.vault, "outreach", Action.PERSON_FORGOTTEN, f"person:{person_id}", "FORGET")
    if leaving:
        cut_out(workspace, dict.fromkeys(masters, leaving))
    with workspace.database.write() as session:
        over = Question.until < dialects.now(session) - questions.KEPT
        session.execute(delete(Question).where(over, Question.agreed_at.is_(None)))
    return len(leaving)


def _leaving(session: Session) -> list[int]:
    waits = exists().where(Message.id == Question.farewell, Message.state.in_([*WAITING, State.SENDING]))
    late = Question.agreed_at <= dialects.now(session) - PATIENCE
    query = select(Question.person_id).where(Question.agreed_at.is_not(None), or_(late, ~waits))
    return list(session.scalars(query.order_by(Question.person_id)))


def erase(session: Session, workspace: Workspace, person_id: int, source: Source) -> None:
    """Take away what is hers, in the caller's transaction; `catch_up` is due after it. Twice is harmless.

    She is held first, as by a STOP: nothing is claimed for her meanwhile, and nothing after.
    """
    person = session.scalars(dialects.take(select(Person).where(Person.id == person_id), wait=True)).one()
    session.refresh(person)
    session.execute(dialects.take(select(PersonKey.person_id).where(PersonKey.person_id == person_id), wait=True))
    at = dialects.now(session)  # after her key is held: a rotation that had it before is older than this
    _withdraw(session, person_id, at)
    _suppress(session, person_id, at)
    consent.stop(session, person_id, source, OUTCOME, at)
    session.flush()
    if person.state == PersonState.ACTIVE:  # the second time she has none that anybody knows
        hooks.forget(session, person.pseudonym, at)
    _empty(session, person_id)
    _close(session, person_id, at)
    reveals.close_all(session, person_id)
    _blur(person, workspace.settings.zone, at)


def _withdraw(session: Session, person_id: int, at: datetime) -> None:
    waiting = select(Message.id).where(Message.person_id == person_id, Message.state.in_(WAITING))
    advance(session, [Move(each, State.CANCELLED, Withdrawal.FORGOTTEN) for each in session.scalars(waiting)], at)
    hers = update(Message).where(Message.person_id == person_id)
    session.execute(hers.values(body=None, fallback_at=None), execution_options={"synchronize_session": False})


def _suppress(session: Session, person_id: int, at: datetime) -> None:
    query = select(Endpoint.lookup).where(Endpoint.person_id == person_id, Endpoint.kind == Kind.SMS)
    rows = [{"lookup": lookup, "created_at": at} for lookup in session.scalars(query)]
    if rows:
        session.execute(dialects.insert(session, Suppression).on_conflict_do_nothing(), rows)


def _empty(session: Session, person_id: int) -> None:
    """Delete what describes her. Of the ledger every line stays, as the proof that we were allowed to write; words that
    stood in her own row of a table go.
    """
    for table in (PersonKey, Endpoint, PersonTag, PersonField, Question):
        session.execute(delete(table).where(table.person_id == person_id))
    session.execute(delete(Standing).where(Standing.person_id == person_id, Standing.topic != consent.ALL))
    noted = update(ThreadEvent).where(ThreadEvent.thread_id.in_(select(Thread.id).where(Thread.person_id == person_id)))
    session.execute(noted.values(body=None), execution_options={"synchronize_session": False})
    session.execute(delete(OptOutReason).where(OptOutReason.person_id == person_id))
    told = update(Consent).where(Consent.person_id == person_id, Consent.source == Source.FILE)
    session.execute(told.values(evidence=""), execution_options={"synchronize_session": False})


def _close(session: Session, person_id: int, at: datetime) -> None:
    going = select(Thread).where(Thread.person_id == person_id, Thread.state != ThreadState.CLOSED)
    for thread in session.scalars(going):
        thread.state, thread.closed_at, thread.outcome = ThreadState.CLOSED, at, OUTCOME
        thread.hold = False
        waits.ends(session, thread)


def _blur(person: Person, zone: str, at: datetime) -> None:
    """A row that others point to, and that says nothing of her."""
    person.pseudonym = f"{PersonState.FORGOTTEN}-{person.id:x}"
    person.language, person.country, person.zone = "und", "ZZ", zone
    person.openness, person.hours_from, person.hours_to = Openness.COVERT, None, None
    person.state, person.replied_at = PersonState.FORGOTTEN, None
    person.on_request, person.safe_word, person.panic_word = False, None, None
    person.opened_until = person.silent_until = person.asked_at = None
    person.created_at = person.updated_at = at


# --- the keyring -----------------------------------------------------------------------------------------------------


def cut_out(workspace: Workspace, gone: Mapping[str, Collection[int]]) -> bool:
    """Cut people out of this machine's keyring, by master key. False when it cannot be changed from here."""
    if workspace.vault.file is None:
        return False
    try:
        keyring.change(workspace.vault.file, lambda ring: _without(ring, gone))
    except KeyringError:
        logger.warning("keyring cannot be changed")
        return False
    return True


def _without(ring: Keyring, gone: Mapping[str, Collection[int]]) -> Keyring:
    master = {name: tree.without(gone[name]) if name in gone else tree for name, tree in ring.master.items()}
    return replace(ring, master=master)


def catch_up(workspace: Workspace) -> Caught:
    """Bring database and keyring together: forget again whom a restored backup brought back, and cut out of this
    machine's keyring whoever was forgotten. Safe to do at any time, anywhere.
    """
    again = _forget_again(workspace)
    due = _due(workspace)
    count = len({person for some in due.values() for person in some})
    if due and not cut_out(workspace, due):
        return Caught(again=again, pending=count)
    return Caught(count, again)


def _due(workspace: Workspace) -> dict[str, list[int]]:
    """Whom a master key still reaches although she was forgotten; only since it came into use was any key wrapped by
    it.
    """
    trees, due = workspace.vault.keyring.master, {}
    with workspace.database.read() as session:
        for proof in session.scalars(select(KeyProof)):
            query = select(Person.id).where(
                Person.state == PersonState.FORGOTTEN, Person.updated_at >= proof.created_at
            )
            due[proof.master] = [each for each in session.scalars(query) if trees[proof.master].holds(each)]
    return {master: some for master, some in due.items() if some}


def _forget_again(workspace: Workspace) -> int:
    """People whom a restored backup brought back: their keys are destroyed, and so must be what stands in clear."""
    cut = {each for tree in workspace.vault.keyring.master.values() for each in tree.cut()}
    back = [each for chunk in _chunks(sorted(cut)) for each in _active(workspace, chunk)]
    for person_id in back:
        with workspace.database.write() as session:
            erase(session, workspace, person_id, Source.STAFF)
            audit.append(session, workspace.vault, "outreach", Action.PERSON_FORGOTTEN, f"person:{person_id}", "again")
    return len(back)


def _chunks(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]


def _active(workspace: Workspace, ids: Collection[int]) -> list[int]:
    with workspace.database.read() as session:
        query = select(Person.id).where(Person.id.in_(ids), Person.state == PersonState.ACTIVE)
        return list(session.scalars(query.order_by(Person.id)))
