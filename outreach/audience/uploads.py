"""Tables that came through a page and wait for a yes: sealed in the database, so that any web process can go on with
one, and gone after an hour. In clear one lies on the disk only while it is read, where nobody else may look.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from outreach.audience.tables import Upload
from outreach.errors import NotFoundError
from outreach.privacy.vault import Vault, seal, unseal
from outreach.store import dialects

MOST = 20 * 1024 * 1024  # bytes; larger tables go in by the command line
KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A table that waits, and what was chosen for it so far."""

    token: str
    chosen: dict[str, Any]


def keep(session: Session, vault: Vault, by: str, body: bytes, chosen: dict[str, Any]) -> str:
    """Keep a table for whoever sent it. Gives the token by which it is found. What is too old goes."""
    now, token = dialects.now(session), secrets.token_urlsafe(18)
    session.execute(delete(Upload).where(Upload.made_at < now - KEPT))
    sealed = seal(vault.derive("upload"), body.decode("latin-1"), "upload", "body", token)
    session.add(Upload(token=token, by=by, made_at=now, chosen=chosen, body=sealed))
    session.flush()
    return token


def find(session: Session, by: str, token: str) -> Waiting:
    """What somebody sent. Raises NotFoundError when it is somebody else's, was taken in, or is too old."""
    row = _row(session, by, token)
    return Waiting(row.token, dict(row.chosen))


def choose(session: Session, by: str, token: str, chosen: dict[str, Any]) -> None:
    """Change what was chosen. Raises NotFoundError."""
    _row(session, by, token).chosen = chosen


def drop(session: Session, by: str, token: str) -> bool:
    """Let go of a table. False when it is gone already: of two who say yes at once, one takes it in."""
    gone = delete(Upload).where(Upload.token == token, Upload.by == by).returning(Upload.token)
    return session.scalar(gone) is not None


@contextmanager
def opened(session: Session, vault: Vault, by: str, token: str) -> Iterator[Path]:
    """The table as a file for as long as the block runs. Raises NotFoundError."""
    row = _row(session, by, token)
    body = unseal(vault.derive("upload"), row.body, "upload", "body", token).encode("latin-1")
    with tempfile.TemporaryDirectory() as folder:  # only its owner may look into it
        path = Path(folder) / "table.csv"  # which kind of table it is, its content says
        path.write_bytes(body)
        yield path


def _row(session: Session, by: str, token: str) -> Upload:
    fresh = dialects.now(session) - KEPT
    row = session.scalar(select(Upload).where(Upload.token == token, Upload.by == by, Upload.made_at >= fresh))
    if row is None:
        raise NotFoundError("There is no such table any more: it was taken in, or an hour has gone by. Send it again.")
    return row
