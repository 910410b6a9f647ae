"""Who has a thread open, and who is writing: so that two helpers never answer one person unseen.

The page says again and again that it is there; whoever has not said so for a while is gone. It stands in the database,
by the database's clock, because helpers may be served by different processes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from outreach.store import dialects
from outreach.threads.tables import ThreadPresence

OPEN_FOR = timedelta(seconds=45)
TYPING_FOR = timedelta(seconds=12)


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who has a thread open."""

    by: str
    typing: bool


def here(session: Session, thread_id: int, by: str, *, typing: bool = False) -> None:
    """Say that somebody has a thread open, or is writing in it. The thread must be there."""
    now = dialects.now(session)
    _drop_gone(session, thread_id, now)
    row: dict[str, object] = {"thread_id": thread_id, "by": by[:64], "open_until": now + OPEN_FOR}
    if typing:
        row["typing_until"] = now + TYPING_FOR
    statement = dialects.insert(session, ThreadPresence).values(row)
    renewed = {name: statement.excluded[name] for name in row if name.endswith("_until")}
    session.execute(statement.on_conflict_do_update(index_elements=["thread_id", "by"], set_=renewed))


def leave(session: Session, thread_id: int, by: str) -> None:
    """Say that somebody has gone from a thread."""
    session.execute(delete(ThreadPresence).where(ThreadPresence.thread_id == thread_id, ThreadPresence.by == by[:64]))


def others(session: Session, thread_ids: Collection[int], me: str) -> dict[int, list[Present]]:
    """Who else has these threads open, by thread; those who write come first."""
    now = dialects.now(session)
    query = select(ThreadPresence).where(
        ThreadPresence.thread_id.in_(thread_ids), ThreadPresence.by != me[:64], ThreadPresence.open_until > now
    )
    found: dict[int, list[Present]] = {}
    for row in session.scalars(query.order_by(ThreadPresence.by)):
        typing = row.typing_until is not None and row.typing_until > now
        found.setdefault(row.thread_id, []).append(Present(row.by, typing))
    return {thread_id: sorted(some, key=lambda each: not each.typing) for thread_id, some in found.items()}


def _drop_gone(session: Session, thread_id: int, now: datetime) -> None:
    gone = delete(ThreadPresence).where(ThreadPresence.thread_id == thread_id, ThreadPresence.open_until < now)
    session.execute(gone, execution_options={"synchronize_session": False})
