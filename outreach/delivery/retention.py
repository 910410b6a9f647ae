"""How long each kind of data is kept: what is older goes, a chunk in each transaction, and reports keep their figures.

Texts are emptied and their rows stay, because they are counted; events of providers and attempts are deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from outreach import log
from outreach.audience import intakes, uploads
from outreach.audience.tables import Intake
from outreach.messages.status import State
from outreach.messages.tables import Attempt, Message, ProviderEvent
from outreach.settings import Settings
from outreach.workspace import Workspace

logger = log.get("delivery")

CHUNK = 1000
_BULK = {"synchronize_session": False}

#: Whoever sends such a message still needs its text.
_NEEDED = (State.PLANNED, State.QUEUED, State.SENDING, State.UNKNOWN)


class Kept(StrEnum):
    """Kinds of data with a time of their own."""

    TEXTS = "texts"  # what people wrote
    ANSWERS = "answers"  # what we wrote that no template can write again
    EVENTS = "events"  # what providers reported
    ATTEMPTS = "attempts"  # tries to hand a message over
    IMPORTS = "imports"  # which rows of imported tables were left out


def retain(workspace: Workspace) -> dict[Kept, int]:
    """Let go of what is too old. Gives how many of each kind; safe to break off and to do at any time."""
    now, done = workspace.database.now(), {}
    for kind, age in ages(workspace.settings).items():
        done[kind] = sum(_chunks(workspace, kind, now - age))
        if done[kind]:
            logger.info("let go", kind=kind, count=done[kind])
    return done


def ages(settings: Settings) -> dict[Kept, timedelta]:
    """How long each kind is kept."""
    return {
        Kept.TEXTS: settings.keep_texts,
        Kept.ANSWERS: settings.keep_answers,
        Kept.EVENTS: settings.keep_events,
        Kept.ATTEMPTS: settings.keep_attempts,
        Kept.IMPORTS: settings.keep_imports,
    }


def oldest(session: Session) -> dict[Kept, datetime | None]:
    """When the oldest row of each kind was written; None where there is none."""
    written = select(func.min(Message.created_at)).where(Message.body.is_not(None))
    return {
        Kept.TEXTS: session.scalar(written.where(Message.direction == "in")),
        Kept.ANSWERS: session.scalar(written.where(Message.direction == "out")),
        # Their keys grow with time, and are all that is sorted: no index by time, which every row would pay for.
        Kept.EVENTS: session.scalar(select(ProviderEvent.received_at).order_by(ProviderEvent.id).limit(1)),
        Kept.ATTEMPTS: session.scalar(select(Attempt.started_at).order_by(Attempt.id).limit(1)),
        Kept.IMPORTS: session.scalar(select(func.min(Intake.changed_at)).where(Intake.state.in_(intakes.OVER))),
    }


_Find = Callable[[Session, datetime, int], list[int]]
_LetGo = Callable[[Session, list[int]], None]


def _chunks(workspace: Workspace, kind: Kept, before: datetime) -> Iterator[int]:
    """How many each chunk let go. Looking for them holds up nobody who writes."""
    find, let_go = _STEPS[kind]
    after = 0
    while True:
        with workspace.database.read() as session:
            found = find(session, before, after)
        if not found:
            return
        with workspace.database.write() as session:
            let_go(session, found)
        yield len(found)
        after = found[-1]


def _texts(direction: str, session: Session, before: datetime, after: int) -> list[int]:
    """Of conversations that have been silent since."""
    later = aliased(Message)
    goes_on = exists().where(later.thread_id == Message.thread_id, later.created_at >= before)
    held = Message.body.is_not(None) & (Message.direction == direction) & Message.state.not_in(_NEEDED)
    return _ids(session, Message.id, after, held, Message.created_at < before, ~goes_on)


def _events(session: Session, before: datetime, after: int) -> list[int]:
    return _ids(session, ProviderEvent.id, after, ProviderEvent.received_at < before)


def _attempts(session: Session, before: datetime, after: int) -> list[int]:
    return _ids(session, Attempt.id, after, Attempt.started_at < before)


def _imports(session: Session, before: datetime, after: int) -> list[int]:
    return _ids(session, Intake.id, after, Intake.state.in_(intakes.OVER), Intake.changed_at < before)


def _ids(
    session: Session, column: InstrumentedAttribute[int], after: int, *conditions: ColumnElement[bool]
) -> list[int]:
    """The next ids in their own order, which is that of time: the primary key is walked through once."""
    return list(session.scalars(select(column).where(column > after, *conditions).order_by(column).limit(CHUNK)))


def _empty(session: Session, ids: list[int]) -> None:
    session.execute(update(Message).where(Message.id.in_(ids)).values(body=None), execution_options=_BULK)


def _delete(table: type[Attempt | ProviderEvent], session: Session, ids: list[int]) -> None:
    session.execute(delete(table).where(table.id.in_(ids)), execution_options=_BULK)


_STEPS: dict[Kept, tuple[_Find, _LetGo]] = {
    Kept.TEXTS: (partial(_texts, "in"), _empty),
    Kept.ANSWERS: (partial(_texts, "out"), _empty),
    Kept.EVENTS: (_events, partial(_delete, ProviderEvent)),
    Kept.ATTEMPTS: (_attempts, partial(_delete, Attempt)),
    Kept.IMPORTS: (_imports, uploads.forget),
}
