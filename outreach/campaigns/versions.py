"""Saving a file that staff write: never over somebody else's work, and never without keeping what it said before."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.campaigns import shelf
from outreach.campaigns.shelf import Place, Said
from outreach.campaigns.source import MAX_BYTES
from outreach.campaigns.tables import Version
from outreach.errors import ConflictError, NotFoundError, worded
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.store import dialects
from outreach.workspace import Workspace

_TURN = 0x0A0D18  # the lock of whoever writes a file
ELSEWHERE = ""  # by: changed with an editor, a copy, a checkout


class OvertakenError(ConflictError):
    """Somebody else saved the file meanwhile. `theirs` is what it says now; nothing of it was touched."""

    def __init__(self, path: str, theirs: Said, by: str, at: datetime | None) -> None:
        self.theirs, self.by, self.at = theirs, by, at
        super().__init__(f"{path} was changed by {by or 'somebody'} while you worked on it. Bring the two together.")


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of a file. `digest` is empty where the file was taken away."""

    id: int
    path: str
    by: str
    at: datetime
    digest: str
    text: str = field(repr=False)


def save(workspace: Workspace, place: Place, text: str, *, expected: str, by: str) -> Kept:
    """Write a file. `expected`: the digest of what its editor had seen; empty when there was no file.

    Raises OvertakenError when the file says something else by now, ConflictError when it cannot be written.
    """
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise ConflictError(worded("The text is larger than 256 kB. Make it shorter."))
    _keep_what_is_there(workspace, place)
    with ExitStack() as until_committed, workspace.database.write() as session:
        dialects.alone(session, _TURN)
        now = shelf.look(place)
        if now.digest != expected:
            raise _overtaken(session, place.path, now)
        whole = _lines_like(now.text, text)
        until_committed.enter_context(shelf.written(place, whole))
        kept = _keep(session, place.path, whole, by)
        edited = Action.CAMPAIGN_EDITED if place.path.startswith("campaigns/") else Action.TEMPLATE_EDITED
        audit.append(session, workspace.vault, by, edited, f"version:{kept.id}")
    return kept


def _overtaken(session: Session, path: str, now: Said) -> OvertakenError:
    last = _latest(session, path)
    if last is None or last.digest != now.digest:
        return OvertakenError(path, now, ELSEWHERE, None)
    return OvertakenError(path, now, last.by, last.at)


def _lines_like(before: str, text: str) -> str:
    """A text with the ends of lines that the file has; browsers send others."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain.replace("\n", "\r\n") if "\r\n" in before else plain


def history(session: Session, path: str, limit: int = 50) -> list[Kept]:
    """What a file said before, the newest first."""
    query = select(Version).where(Version.path == path).order_by(Version.id.desc()).limit(limit)
    return [_read(each) for each in session.scalars(query)]


def get(session: Session, path: str, number: int) -> Kept:
    """One version of a file. Raises NotFoundError."""
    found = session.scalar(select(Version).where(Version.path == path, Version.id == number))
    if found is None:
        raise NotFoundError(f"{path} has no version {number}.")
    return _read(found)


def _keep_what_is_there(workspace: Workspace, place: Place) -> None:
    """What the file says now is kept and committed before it is written over: by whatever means it came there."""
    with workspace.database.write() as session:
        dialects.alone(session, _TURN)
        now, last = shelf.look(place), _latest(session, place.path)
        if now.digest and (last is None or last.digest != now.digest):
            _keep(session, place.path, now.text, ELSEWHERE)


def _keep(session: Session, path: str, text: str, by: str) -> Kept:
    at = dialects.now(session)
    made = Version(path=path, text=text, digest=shelf.digest(text), by=by, at=at)
    session.add(made)
    session.flush()
    return _read(made)


def _latest(session: Session, path: str) -> Version | None:
    return session.scalar(select(Version).where(Version.path == path).order_by(Version.id.desc()).limit(1))


def _read(found: Version) -> Kept:
    return Kept(found.id, found.path, found.by, found.at, found.digest, found.text)
