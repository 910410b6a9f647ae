"""The sweeper: nothing stays in doubt unseen, nothing waits past its time. Any number of sweepers may run at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, or_, select, update
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from outreach import failpoints, log
from outreach.channels.contract import Kind
from outreach.channels.registry import Providers
from outreach.consent import ConsentTally
from outreach.delivery import carriers, pricing, receipts, reconcile, tally
from outreach.delivery.moves import Move, advance
from outreach.messages.status import PRIORITY, Failure, Purpose, RunState, State, Withdrawal
from outreach.messages.tables import WAITS, Message, Run, Tally, ThreadTally
from outreach.store import dialects, rollups
from outreach.workspace import Workspace

logger = log.get("delivery")

CHUNK = 500

#: What the sweeper folds.
ROLLUPS: tuple[type[rollups.RollUp], ...] = (Tally, ThreadTally, ConsentTally)


def sweep(workspace: Workspace, providers: Providers) -> dict[str, int]:
    """One round. Gives what was done, by name."""
    done = {
        "leases": _repeat(workspace, _leases_over),
        "expired": _repeat(workspace, _expire),
        "cancelled": _repeat(workspace, _withdraw),
        "resumed": _repeat(workspace, _resume),
        "unread": fall_back(workspace),
        "parked": _repeat(workspace, receipts.retry_parked, once=True),
        "settled": reconcile.settle(workspace, providers),
        "asked": reconcile.ask(workspace, providers),
        "priced": pricing.price(workspace),
        "folded": sum(_repeat(workspace, partial(_fold, table), once=True) for table in ROLLUPS),
    }
    for name, count in done.items():
        if count:
            logger.info("swept", job=name, count=count)
    return done


def fall_back(workspace: Workspace) -> int:
    """Write the texts that take the place of pushes by now. Gives how many pushes were given up."""
    return _repeat(workspace, lambda session: _fall_back(session, workspace.settings.zone))


def _fold(table: type[rollups.RollUp], session: Session) -> int:
    return rollups.fold(session, table)


def _repeat(workspace: Workspace, step: Callable[[Session], int], *, once: bool = False) -> int:
    """Run a step in transactions of its own until it finds no full chunk."""
    total = 0
    while True:
        with workspace.database.write() as session:
            count = step(session)
        failpoints.reach("sweep.committed")
        total += count
        if once or count < CHUNK:
            return total


def _leases_over(session: Session) -> int:
    """A worker died or froze after its claim: whether it sent is not known, so that is what is shown."""
    at = dialects.now(session)
    query = select(Message.id).where(Message.state == State.SENDING, Message.lease_until < at)
    ids = list(session.scalars(dialects.take(query.order_by(Message.updated_at).limit(CHUNK))))
    return len(advance(session, [Move(each, State.UNKNOWN, "lease") for each in ids], at))


def _expire(session: Session) -> int:
    at = dialects.now(session)
    query = select(Message.id).where(WAITS, Message.expires_at <= at)
    ids = list(session.scalars(dialects.take(query.order_by(Message.expires_at).limit(CHUNK))))
    return len(advance(session, [Move(each, State.EXPIRED) for each in ids], at))


def _withdraw(session: Session) -> int:
    """What a planner wrote into a run while it was being cancelled."""
    ids = _of_runs(session, RunState.CANCELLED, State.QUEUED, State.PLANNED)
    moves = [Move(each, State.CANCELLED, Withdrawal.RUN_CANCELLED) for each in ids]
    return len(advance(session, moves, dialects.now(session)))


def _resume(session: Session) -> int:
    """What still stands as planned in a run that goes on: whoever resumed it was cut off, or somebody was pausing."""
    ids = _of_runs(session, RunState.RUNNING, State.PLANNED)
    return len(advance(session, [Move(each, State.QUEUED) for each in ids], dialects.now(session)))


def _of_runs(session: Session, state: RunState, *waiting: State) -> list[int]:
    """Messages that wait so in runs of a state, locked. Almost always there are none.

    So each run is asked for its first by a step in the index: a plain join would read whatever waits in other runs.
    """
    firsts = [
        select(Message.due_at)
        .where(Message.run_id == Run.id, Message.state == each)
        .order_by(Message.due_at)
        .limit(1)
        .scalar_subquery()
        for each in waiting
    ]
    some = select(Run.id).where(Run.state == state, or_(*[each.is_not(None) for each in firsts]))
    runs = list(session.scalars(some))
    if not runs:
        return []
    query = select(Message.id).where(Message.state.in_(waiting), Message.run_id.in_(runs)).order_by(Message.id)
    return list(session.scalars(dialects.take(query.limit(CHUNK))))


_COPIED = ("person_id", "topic", "run_id", "step", "occurrence")


def _fall_back(session: Session, zone: str) -> int:
    """Pushes that nobody read in time, or that could not be sent: a text goes out in their place, once."""
    at = dialects.now(session)
    columns = [getattr(Message, name) for name in (*_COPIED, "id", "state", "dedupe_key", "expires_at")]
    query = select(*columns).where(Message.fallback_at <= at).order_by(Message.fallback_at).limit(CHUNK)
    rows = session.execute(dialects.take(query)).all()
    if not rows:
        return 0
    unread = [row for row in rows if row.state in {State.ACCEPTED, State.SENT}]
    advance(session, [Move(row.id, State.UNDELIVERED, Failure.UNREAD) for row in unread], at)
    session.execute(
        update(Message).where(Message.id.in_([row.id for row in rows])).values(fallback_at=None),
        execution_options={"synchronize_session": False},
    )
    if texts := carriers.known(session, Kind.SMS):
        useful = [row for row in rows if row.expires_at > at and row.state != State.DELIVERED]
        _write_texts(session, [_text_for(row, carriers.sender_for(texts, row.person_id), at, zone) for row in useful])
    return len(rows)


def _text_for(row: Row[Any], sender: str, at: datetime, zone: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _COPIED} | {
        "direction": "out",
        "kind": Kind.SMS,
        "purpose": Purpose.CAMPAIGN,
        "fallback_of": row.id,
        "dedupe_key": f"{row.dedupe_key}:sms",
        "state": State.QUEUED,
        "priority": PRIORITY[Purpose.CAMPAIGN],
        "due_at": at,
        "expires_at": row.expires_at,
        "day": at.astimezone(ZoneInfo(zone)).date(),
        "sender": sender,
        "created_at": at,
        "updated_at": at,
    }


def _write_texts(session: Session, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    session.execute(insert(Message), rows)
    tally.note(session, (tally.Change(_cell(row), 1, 1, 0.0) for row in rows))


def _cell(row: dict[str, Any]) -> tally.Cell:
    return tally.Cell(row["run_id"], row["step"], row["day"], Kind.SMS, State.QUEUED, "", row["sender"])
