"""Tables that came through a page: sealed piece by piece as they come in, read piece by piece as they are needed.

No disk ever holds one in clear, and no process the whole of one. Whoever sent it may go on with it for an hour; once
somebody has said yes it is a worker's (`audience.intakes`).
"""

from __future__ import annotations

import io
import secrets
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from outreach.audience.tables import Intake, IntakePiece, IntakeRefused, IntakeState
from outreach.audience.workbooks import Source
from outreach.errors import NotFoundError, worded
from outreach.privacy.vault import Vault, seal_bytes, unseal_bytes
from outreach.store import dialects
from outreach.store.database import Database

MOST = 20 * 1024 * 1024  # bytes; larger tables go in by the command line
PIECE = 256 * 1024  # bytes
KEPT = timedelta(hours=1)  # until somebody says yes


class Arrival:
    """A table on its way in: what keeps a form's file (`console.forms.Keeper`). Each method is one transaction."""

    def __init__(self, database: Database, vault: Vault, by: str) -> None:
        self._database, self._key, self._by = database, vault.derive("upload"), by
        self.token = secrets.token_urlsafe(18)
        self.size = 0
        self._id, self._pieces, self._rest = 0, 0, bytearray()

    def write(self, data: bytes) -> None:
        """Keep some more of it."""
        self._rest += data
        self.size += len(data)
        while len(self._rest) >= PIECE:
            self._keep(bytes(self._rest[:PIECE]))
            del self._rest[:PIECE]

    def close(self) -> None:
        """That was all of it."""
        if self._rest:
            self._keep(bytes(self._rest))

    def offer(self, chosen: dict[str, Any]) -> str:
        """Leave it to whoever sent it, with what is chosen for it so far. Gives the token by which it is found."""
        with self._database.write() as session:
            row = session.get_one(Intake, self._id)
            row.state, row.chosen, row.size, row.changed_at = (
                IntakeState.OFFERED,
                chosen,
                self.size,
                dialects.now(session),
            )
        return self.token

    def drop(self) -> None:
        """Let go of it."""
        if self._id:
            with self._database.write() as session:
                forget(session, [self._id])

    def _keep(self, piece: bytes) -> None:
        with self._database.write() as session:
            self._id = self._id or self._begin(session)
            arriving = update(Intake).where(Intake.id == self._id)
            session.execute(
                arriving.values(changed_at=dialects.now(session))
            )  # a slow line has its hour for each piece
            body = seal_bytes(self._key, piece, "intake_piece", "body", f"{self.token}/{self._pieces}")
            session.add(IntakePiece(intake_id=self._id, number=self._pieces, body=body))
        self._pieces += 1

    def _begin(self, session: Session) -> int:
        sweep(session)
        now = dialects.now(session)
        row = Intake(token=self.token, by=self._by, state=IntakeState.ARRIVING, made_at=now, changed_at=now, chosen={})
        session.add(row)
        session.flush()
        return row.id


def find(session: Session, by: str, token: str) -> Intake:
    """A table by its token: what waits for a yes only whoever sent it finds, what is being taken in all who may.

    Raises NotFoundError.
    """
    row = session.scalar(select(Intake).where(Intake.token == token, Intake.state != IntakeState.ARRIVING))
    waits = row is not None and row.state == IntakeState.OFFERED
    if row is None or (waits and (row.by != by or row.changed_at < dialects.now(session) - KEPT)):
        raise NotFoundError("There is no such table any more: an hour has gone by. Send it again.")
    return row


def source(database: Database, vault: Vault, row: Intake) -> Source:
    """The table as what `open_sheet` reads."""
    intake_id, token, size, key = row.id, row.token, row.size, vault.derive("upload")

    def piece(number: int) -> bytes:
        place = (IntakePiece.intake_id == intake_id, IntakePiece.number == number)
        with database.read() as session:
            body = session.scalar(select(IntakePiece.body).where(*place))
        if body is None:
            raise NotFoundError("This table was let go of.")
        return unseal_bytes(key, body, "intake_piece", "body", f"{token}/{number}")

    return Source(worded("The table"), lambda: io.BufferedReader(_Pieces(piece, size)))


class _Pieces(io.RawIOBase):
    """The pieces of a table as one file; two of them are held."""

    def __init__(self, piece: Any, size: int) -> None:
        self._piece, self._size, self._at = lru_cache(maxsize=2)(piece), size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        number, start = divmod(self._at, PIECE)
        some = self._piece(number)[start : start + len(buffer)] if self._at < self._size else b""
        buffer[: len(some)] = some
        self._at += len(some)
        return len(some)


def let_go(session: Session, row: Intake) -> None:
    """Throw the table itself away, and keep what became of it."""
    session.execute(delete(IntakePiece).where(IntakePiece.intake_id == row.id))


def sweep(session: Session) -> int:
    """Let go of what nobody said yes to in time. Gives how many."""
    ids = list(session.scalars(dialects.take(stale(session))))
    forget(session, ids)
    return len(ids)


def stale(session: Session) -> Select[int]:
    """The ids of tables that nobody said yes to in time."""
    waits = Intake.state.in_((IntakeState.ARRIVING, IntakeState.OFFERED))
    return select(Intake.id).where(waits, Intake.changed_at < dialects.now(session) - KEPT)


def forget(session: Session, ids: list[int]) -> None:
    """Let go of tables, with what was said of their rows."""
    if ids:
        for table in (IntakePiece, IntakeRefused):
            session.execute(delete(table).where(table.intake_id.in_(ids)))
        session.execute(delete(Intake).where(Intake.id.in_(ids)))
