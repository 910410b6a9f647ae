"""How often somebody may try to come in. Counted in the database before the try, so that it holds over processes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import case, delete
from sqlalchemy.orm import Session

from outreach.privacy.vault import Vault
from outreach.staff.tables import StaffTries
from outreach.store import dialects

STRETCH = timedelta(minutes=15)

#: Tries in a stretch, by what they are counted for. A name alone has room for its owner while somebody else guesses.
MOST: Mapping[str, int] = {"name and place": 10, "place": 60, "name": 100, "token": 60}


def count(session: Session, vault: Vault, what: Mapping[str, str], at: datetime) -> bool:
    """Count a try for each (`MOST`'s key, value); whether all of them are within bounds."""
    within = True
    for kind, value in sorted(what.items()):
        within &= _count(session, vault.lookup(f"tries {kind}", value), at) <= MOST[kind]
    return within


def _count(session: Session, key: bytes, at: datetime) -> int:
    over = StaffTries.since < at - STRETCH
    statement = (
        dialects.insert(session, StaffTries)
        .values(key=key, since=at, count=1)
        .on_conflict_do_update(
            index_elements=[StaffTries.key],
            set_={
                "count": case((over, 1), else_=StaffTries.count + 1),
                "since": case((over, at), else_=StaffTries.since),
            },
        )
        .returning(StaffTries.count)
    )
    return int(session.scalar(statement))


def forgive(session: Session, vault: Vault, what: Mapping[str, str]) -> None:
    """Forget the tries of whoever came in."""
    keys = [vault.lookup(f"tries {kind}", value) for kind, value in what.items()]
    session.execute(delete(StaffTries).where(StaffTries.key.in_(keys)))


def sweep(session: Session, at: datetime) -> None:
    """Delete what no longer counts."""
    session.execute(delete(StaffTries).where(StaffTries.since < at - STRETCH))
