"""The one place where a message changes its state: locked, lawful, counted.

A move that is not lawful is not an error (receipts come in any order, sweepers overlap): it simply does not happen,
and the caller sees which did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from outreach.delivery import tally
from outreach.messages.status import ENDS, MOVES, RANK, State
from outreach.messages.tables import Message
from outreach.store import dialects


@dataclass(frozen=True, slots=True)
class Move:
    """Where one message should go. What is None stays as it is.

    `token`: only while this lease holds. `provider_id` is set once and never replaced by another.
    """

    id: int
    to: State
    reason: str = ""
    code: str = ""
    token: str | None = None
    provider: str | None = None
    provider_id: str | None = None
    due_at: datetime | None = None
    attempts: int | None = None
    parts: int | None = None
    cost: float | None = None
    fallback_at: datetime | None = None


_SEEN = (
    "id", "state", "reason", "code", "token", "run_id", "step", "day", "kind", "parts", "cost", "provider",
    "provider_id", "due_at", "attempts", "fallback_at", "looks", "updated_at", "lease_until",
)  # fmt: skip


def advance(session: Session, moves: Sequence[Move], at: datetime) -> set[int]:
    """Make what moves are lawful; gives the ids that moved.

    Rows are locked in order of id, so that two callers never embrace.
    """
    wanted: dict[int, Move] = {}
    for move in moves:
        known = wanted.get(move.id)
        if known is None or RANK.get(move.to, 99) > RANK.get(known.to, 99):
            wanted[move.id] = move
    query = select(*[getattr(Message, name) for name in _SEEN]).where(Message.id.in_(wanted)).order_by(Message.id)
    rows = session.execute(dialects.take(query, wait=True)).all()
    lawful = [(row, wanted[row.id]) for row in rows if _lawful(row, wanted[row.id])]
    dialects.write_rows(session, Message.__table__, [_written(row, move, at) for row, move in lawful])
    tally.note(session, _changes(lawful))
    return {row.id for row, _ in lawful}


def _lawful(row: Row[Any], move: Move) -> bool:
    if move.token is not None and row.token != move.token:
        return False
    if move.provider_id and row.provider_id and move.provider_id != row.provider_id:
        return False
    if move.to not in MOVES[row.state]:
        return False
    return move.to in ENDS or row.state == State.QUEUED or _is_back(row.state, move) or RANK[move.to] > RANK[row.state]


def _is_back(state: State, move: Move) -> bool:
    """Back to the queue: lawful only with proof that nothing was sent, which the caller of the move has."""
    return move.to == State.QUEUED and state in {State.SENDING, State.UNKNOWN, State.PLANNED}


def _written(row: Row[Any], move: Move, at: datetime) -> dict[str, Any]:
    leased = move.to == State.SENDING
    return {
        "id": row.id,
        "state": move.to,
        "reason": move.reason,
        "code": move.code or row.code,
        "provider": move.provider or row.provider,
        "provider_id": move.provider_id or row.provider_id,
        "due_at": move.due_at or row.due_at,
        "attempts": row.attempts if move.attempts is None else move.attempts,
        "parts": row.parts if move.parts is None else move.parts,
        "cost": row.cost if move.cost is None else move.cost,
        "fallback_at": move.fallback_at or (None if move.to == State.DELIVERED else row.fallback_at),
        "lease_until": row.lease_until if leased else None,
        "looks": 0 if move.to in {State.UNKNOWN, State.ACCEPTED} else row.looks,
        "updated_at": at,
    }


def _changes(lawful: Iterable[tuple[Row[Any], Move]]) -> Iterable[tally.Change]:
    for row, move in lawful:
        parts = row.parts if move.parts is None else move.parts
        cost = row.cost if move.cost is None else move.cost
        run = row.run_id or 0
        yield tally.Change(
            tally.Cell(run, row.step, row.day, row.kind, row.state, row.reason), -1, -row.parts, -row.cost
        )
        yield tally.Change(tally.Cell(run, row.step, row.day, row.kind, move.to, move.reason), 1, parts, cost)
