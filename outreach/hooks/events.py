"""What can be told. It is written in the transaction in which it happens: told if and only if it happened."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
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


def tell(session: Session, kind: Kind, at: datetime, **ids: int) -> None:
    """Let every program know that wants to, by ids: `thread=7`."""
    hooks = session.execute(select(Hook.id, Hook.kinds).where(Hook.ended_at.is_(None))).all()
    rows = [
        {
            "id": new_id(),
            "hook_id": hook.id,
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
        for hook in hooks
        if kind in hook.kinds.split()
    ]
    if rows:
        session.execute(insert(HookTelling), rows)
