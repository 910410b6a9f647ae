"""What can be told. It is written in the transaction in which it happens: told if and only if it happened.

Of people nothing is told but that something changed, under their pseudonym: not to what they agree, since the name of a
topic gives somebody away; not by whom, nor why. Who may know more asks the API, with a token that may.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from outreach.hooks.tables import Hook, HookTelling, Telling
from outreach.store.types import new_id


class Kind(StrEnum):
    """What happened."""

    THREAD_WAITING = "thread.waiting"  # somebody wrote, and waits for an answer
    THREAD_ANSWERED = "thread.answered"
    THREAD_CLOSED = "thread.closed"
    RUN_LAUNCHED = "run.launched"
    RUN_PAUSED = "run.paused"
    RUN_RESUMED = "run.resumed"
    RUN_CANCELLED = "run.cancelled"
    RUN_FINISHED = "run.finished"
    CONSENT_CHANGED = "consent.changed"  # by a person herself, staff or the carrier; not by a table of many
    PERSON_FORGOTTEN = "person.forgotten"  # whoever knows her by this pseudonym should forget her, too
    PING = "ping"  # somebody tries whether the address works


#: What a program can choose to be told of; a ping comes when somebody asks for it.
CHOSEN = tuple(kind for kind in Kind if kind is not Kind.PING)


def is_wanted(session: Session, kind: Kind) -> bool:
    """Whether any program wants to be told of it."""
    return any(kind in kinds.split() for kinds in session.scalars(select(Hook.kinds).where(Hook.ended_at.is_(None))))


def tell(session: Session, kind: Kind, at: datetime, **ids: int | str) -> None:
    """Let every program know that wants to, by ids and pseudonyms: `thread=7`, `person="calm-heron-42"`."""
    hooks = session.execute(select(Hook.id, Hook.kinds).where(Hook.ended_at.is_(None))).all()
    rows = [telling(hook.id, kind, at, ids) for hook in hooks if kind in hook.kinds.split()]
    if rows:
        session.execute(insert(HookTelling), rows)


def telling(hook_id: int, kind: Kind, at: datetime, ids: dict[str, int | str]) -> dict[str, object]:
    """The row of something that is to be told now."""
    return {
        "id": new_id(),
        "hook_id": hook_id,
        "kind": kind,
        "facts": ids,
        "at": at,
        "state": Telling.WAITING,
        "due_at": at,
        "tries": 0,
        "lease": "",
        "outcome": "",
        "changed_at": at,
    }


def forget(session: Session, pseudonym: str, at: datetime) -> None:
    """Somebody is forgotten: nothing that was told or waits keeps her pseudonym, but for the word that she is.

    Looks through what was told of consent in thirty days, without an index: forgetting is rare, and an index of
    pseudonyms would be one more place where they stand.
    """
    hers = HookTelling.facts["person"].as_string() == pseudonym
    session.execute(delete(HookTelling).where(HookTelling.kind == Kind.CONSENT_CHANGED, hers))
    tell(session, Kind.PERSON_FORGOTTEN, at, person=pseudonym)
