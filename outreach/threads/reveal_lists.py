"""Reveals as lists and pages show them: who asked to see what, why, who agreed. What was sealed is never in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from outreach.audience.tables import Person
from outreach.errors import KeyringError, NotFoundError, worded
from outreach.privacy.vault import unseal
from outreach.store import dialects
from outreach.threads.reveals import LAPSES, Stage, key_of, stage_of, what_of
from outreach.threads.tables import Reveal
from outreach.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asked:
    """A reveal as a list shows it. `what`: "number" or "text"; `message`: the text's id. `answer`: why it was refused
    or disputed.
    """

    id: int
    what: str
    pseudonym: str
    message: int | None
    stage: Stage
    alone: bool
    asked_by: str
    asked_at: datetime
    why: str = field(repr=False)
    granted_by: str
    refused_by: str
    answer: str = field(repr=False)
    until: datetime | None
    shown: int
    review_by: datetime | None
    reviewed_by: str
    disputed: bool
    overdue: bool


@dataclass(frozen=True, slots=True)
class Mine:
    """One's own wish that is asked, or open."""

    id: int
    stage: Stage


def listed(
    workspace: Workspace,
    *,
    pending: bool = False,
    by: str = "",
    but: str = "",
    before: int | None = None,
    limit: int = 100,
) -> list[Asked]:
    """Reveals, the newest first. `pending`: only what waits for a second person, overdue ones first. `by`: only what
    somebody asked for; `but`: only what others did. `before`: only older ones than this id.
    """
    with workspace.database.read() as session:
        at = dialects.now(session)
        query = select(Reveal, Person.pseudonym).join(Person, Person.id == Reveal.person_id)
        if pending:
            query = query.where(_pending(at)).order_by(case((_overdue(at), 0), else_=1))
        if but:
            query = query.where(func.lower(Reveal.asked_by) != but.strip().lower()[:64])
        if by:
            query = query.where(Reveal.asked_by == by)
        if before is not None:
            query = query.where(Reveal.id < before)
        rows = session.execute(query.order_by(Reveal.id.desc()).limit(limit)).all()
        return [_asked(workspace, reveal, pseudonym, at) for reveal, pseudonym in rows]


def get(workspace: Workspace, reveal_id: int) -> Asked:
    """One reveal. Raises NotFoundError."""
    with workspace.database.read() as session:
        query = select(Reveal, Person.pseudonym).join(Person, Person.id == Reveal.person_id)
        row = session.execute(query.where(Reveal.id == reveal_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no reveal {reveal_id}. List them: outreach reveal list")
        return _asked(workspace, *row, dialects.now(session))


def mine(session: Session, by: str) -> dict[str | int, Mine]:
    """What somebody asked for and waits for, or may look at: by pseudonym where it is a number, else by the text's id.
    Of several the newest.
    """
    at = dialects.now(session)
    query = select(Reveal, Person.pseudonym).join(Person, Person.id == Reveal.person_id)
    rows = session.execute(query.where(Reveal.asked_by == by, or_(_waits(at), Reveal.until > at)).order_by(Reveal.id))
    return {reveal.message_id or pseudonym: Mine(reveal.id, stage_of(reveal, at)) for reveal, pseudonym in rows}


def _waits(at: datetime) -> ColumnElement[bool]:
    return Reveal.until.is_(None) & (Reveal.asked_at > at - LAPSES) & (Reveal.refused_by == "")


def _pending(at: datetime) -> ColumnElement[bool]:
    return or_(_waits(at), Reveal.alone & Reveal.reviewed_at.is_(None))


def _overdue(at: datetime) -> ColumnElement[bool]:
    return Reveal.alone & Reveal.reviewed_at.is_(None) & Reveal.review_by.is_not(None) & (Reveal.review_by <= at)


def _asked(workspace: Workspace, reveal: Reveal, pseudonym: str, at: datetime) -> Asked:
    key = key_of(workspace.vault)
    waits = reveal.alone and reveal.reviewed_at is None
    return Asked(
        id=reveal.id,
        what=what_of(reveal),
        pseudonym=pseudonym,
        message=reveal.message_id,
        stage=stage_of(reveal, at),
        alone=reveal.alone,
        asked_by=reveal.asked_by,
        asked_at=reveal.asked_at,
        why=_opened(key, reveal, "why", reveal.why),
        granted_by=reveal.granted_by,
        refused_by=reveal.refused_by,
        answer=_opened(key, reveal, "answer", reveal.answer),
        until=reveal.until,
        shown=reveal.shown,
        review_by=reveal.review_by,
        reviewed_by=reveal.reviewed_by,
        disputed=reveal.disputed,
        overdue=waits and reveal.review_by is not None and reveal.review_by <= at,
    )


def _opened(key: bytes, reveal: Reveal, column: str, sealed: bytes | None) -> str:
    try:
        return unseal(key, sealed, "reveal", column, reveal.id) if sealed else ""
    except KeyringError:
        return worded("(not readable)")
