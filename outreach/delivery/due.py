"""What is due: found along the queue's index, however much waits behind it and however much was sent before it.

Until the next vacuum the index still names what was sent, and whoever looks for what is due passes over it. That is
cheap, unless somebody keeps a transaction open (a backup, an export): then nothing is forgotten, and to pass over a
million costs half a second. So where a look from the very front was long, its sender remembers where it ended, and
claims begin there for a while.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Tuple, func, literal, literal_column, select, tuple_, union_all
from sqlalchemy.orm import Session

from outreach.delivery.facts import COLUMNS, Claim
from outreach.messages.status import BULK_PRIORITY, PRIORITY, Lane, Purpose, RunState
from outreach.messages.tables import Message, Run, Sender
from outreach.store import dialects

#: Seconds: a look from the front that took no longer is made each time.
SHORT = 0.05

#: A long one is made again after so many times as long: at most a twentieth of the time goes into it.
REST = 20

#: However long it took, what has come before the mark meanwhile waits no longer than this.
LONGEST = timedelta(seconds=30)

Mark = tuple[datetime, int]

_CAMPAIGNS = Message.priority == PRIORITY[Purpose.CAMPAIGN]

#: The parts of a lane, each of which the index holds in order of its due moments: what is due later stands behind what
#: is due, and is never read. Of conversations little waits; they are one part.
_PARTS: Mapping[Lane, Sequence[ColumnElement[bool]]] = {
    Lane.CONVERSATION: (Message.priority < BULK_PRIORITY,),
    Lane.BULK: (
        *[Message.priority == each for each in range(BULK_PRIORITY, PRIORITY[Purpose.CAMPAIGN])],
        _CAMPAIGNS,
    ),
}

_QUEUED = Message.state == literal_column("'queued'")  # said, not bound: the index is for these alone


def take(session: Session, sender: Sender, lane: Lane, at: datetime, limit: int) -> list[Claim]:
    """Lock what is due, the most urgent first, and remember where a long look ended. `sender` is locked."""
    mark = mark_of(sender, at)
    found: list[Claim] = []
    for part in _PARTS[lane]:
        if len(found) == limit:
            break
        begun, campaigns = time.perf_counter(), part is _CAMPAIGNS
        more = _along(session, sender.name, part, at, limit - len(found), mark if campaigns else None)
        if campaigns:
            _remember(sender, more, at, mark, time.perf_counter() - begun)
        found += more
    return found


def _along(
    session: Session, sender: str, part: ColumnElement[bool], at: datetime, limit: int, mark: Mark | None
) -> list[Claim]:
    query = (
        select(*COLUMNS)
        .where(_QUEUED, Message.sender == sender, part, Message.due_at <= at, _free())
        .order_by(Message.priority, Message.due_at, Message.id)
        .limit(limit)
    )
    if mark is not None:
        query = query.where(_place() >= mark)
    return [Claim(*row) for row in session.execute(dialects.take(query))]


def _place() -> Tuple:
    return tuple_(Message.due_at, Message.id)


def _free() -> ColumnElement[bool]:
    paused = select(Run.id).where(Run.state != RunState.RUNNING)
    return Message.run_id.is_(None) | Message.run_id.not_in(paused)


def mark_of(sender: Sender, at: datetime) -> Mark | None:
    """Where a claim may begin; None: at the very front."""
    if sender.passed_at is None or sender.passed_id is None or sender.front_at is None:
        return None
    fresh = at < sender.front_at <= at + LONGEST  # later still: the clock has been set back
    return (sender.passed_at, sender.passed_id) if fresh else None


def _remember(sender: Sender, found: Sequence[Claim], at: datetime, mark: Mark | None, took: float) -> None:
    if mark is None and took < SHORT:
        sender.passed_at = sender.passed_id = sender.front_at = None
        return
    if mark is None:
        sender.front_at = at + min(timedelta(seconds=REST * took), LONGEST)
    if found:
        sender.passed_at, sender.passed_id = found[-1].due_at, found[-1].id
    elif mark is None:
        sender.passed_at, sender.passed_id = at, 0


def leave(sender: Sender, left: Sequence[Claim]) -> None:
    """What was found and must stay, because its people are held by others: the next claim begins there again."""
    places = [(each.due_at, each.id) for each in left if each.purpose == Purpose.CAMPAIGN]
    if places and sender.passed_at is not None:
        sender.passed_at, sender.passed_id = min(places)


def is_front_due(sender: Sender, at: datetime) -> bool:
    """Whether claims began at a mark for long enough."""
    return sender.passed_at is not None and mark_of(sender, at) is None


def lanes(session: Session, at: datetime, senders: Sequence[Sender]) -> set[tuple[str, Lane]]:
    """In which lanes something is due, by sender; a lane too in which it is time to look from the front again."""
    again = {(sender.name, Lane.BULK) for sender in senders if is_front_due(sender, at)}
    return again | set(_oldest(session, at, marks=True))


def oldest(session: Session, at: datetime) -> dict[Lane, datetime | None]:
    """Since when the oldest message of each lane is due that may go; None where nothing is due."""
    found = _oldest(session, at, marks=False)
    return {lane: min((since for (_, its), since in found.items() if its is lane), default=None) for lane in Lane}


def _oldest(session: Session, at: datetime, *, marks: bool) -> dict[tuple[str, Lane], datetime]:
    """By sender and lane; what has no sender is among it. A few steps in the index for each."""
    moment, number = Message.due_at.type, Message.id.type
    homeless = select(literal("").label("name"), literal(None, moment).label("at"), literal(None, number).label("id"))
    senders = union_all(select(Sender.name, Sender.passed_at, Sender.passed_id), homeless).subquery("senders")
    first = tuple_(func.coalesce(senders.c[1], literal(_EVER, moment)), func.coalesce(senders.c[2], literal(0, number)))
    parts = [(lane, part) for lane in Lane for part in _PARTS[lane]]
    due = [
        select(Message.due_at)
        .where(_QUEUED, Message.sender == senders.c[0], part, Message.due_at <= at, _free())
        .where(*([_place() >= first] if marks and part is _CAMPAIGNS else []))
        .order_by(Message.due_at)
        .limit(1)
        .scalar_subquery()
        for _, part in parts
    ]
    found: dict[tuple[str, Lane], datetime] = {}
    for name, *sinces in session.execute(select(senders.c[0], *due)):
        for (lane, _), since in zip(parts, sinces, strict=True):
            if since is not None:
                found[name, lane] = min(since, found.get((name, lane), since))
    return found


_EVER = datetime(1970, 1, 1, tzinfo=UTC)
