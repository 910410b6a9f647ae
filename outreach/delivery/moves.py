"""The one place where a message changes its state: locked, lawful, counted.

A move that is not lawful is not an error (receipts come in any order, sweepers overlap): it simply does not happen,
and the caller sees which did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from outreach.channels.contract import Kind
from outreach.delivery import tally
from outreach.messages.status import CARRIED, ENDS, GUESSED, MOVES, RANK, WAITING, State
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
    "provider_id", "due_at", "attempts", "fallback_at", "looks", "updated_at", "lease_until", "sender",
)  # fmt: skip


_PLACE = {name: place for place, name in enumerate(_SEEN)}
_MESSAGE = Message.__table__.c
_LOCKED = dialects.take(select(*[_MESSAGE[name] for name in _SEEN]).order_by(_MESSAGE.id), wait=True)


def advance(session: Session, moves: Sequence[Move], at: datetime) -> set[int]:
    """Make what moves are lawful; gives the ids that moved.

    Rows are locked in order of id, so that two callers never embrace. Of several moves of one message the furthest
    lawful one is made, whatever their order.
    """
    wanted: dict[int, list[Move]] = {}
    for move in sorted(moves, key=_reach, reverse=True):
        wanted.setdefault(move.id, []).append(move)
    rows = session.connection().execute(_LOCKED.where(dialects.among(session, _MESSAGE.id, wanted))).all()
    lawful = [(row, best) for row in rows if (best := _furthest(row, wanted[row.id])) is not None]
    moved = {row.id for row, _ in lawful}
    late = [(row, news) for row in rows if row.id not in moved and (news := _late(row, wanted[row.id])) is not None]
    dialects.write_rows(session, Message.__table__, _news(lawful + late, at))
    tally.note(session, _changes(lawful + late))
    return moved


def _reach(move: Move) -> float:
    """How far a move leads. Between `sent` and `undelivered`: a failure ends what was sent, never what arrived."""
    return _FAILED if move.to is State.FAILED else RANK.get(move.to, _END)


_FAILED = (RANK[State.SENT] + RANK[State.UNDELIVERED]) / 2
_END = 99.0


def _furthest(row: Row[Any], moves: Sequence[Move]) -> Move | None:
    return next((move for move in moves if _lawful(row, move)), None)


def _late(row: Row[Any], moves: Sequence[Move]) -> Move | None:
    """The answer that a receipt has overtaken: the state stays, but what the message cost is still news."""
    for move in moves:
        if move.to is State.ACCEPTED and move.cost is not None and row.state in _OVERTOOK and _is_meant(row, move):
            return replace(move, to=row.state, reason=row.reason, fallback_at=None)
    return None


_OVERTOOK = CARRIED | {State.FAILED}


def _lawful(row: Row[Any], move: Move) -> bool:
    if not _is_meant(row, move):
        return False
    if _is_called_late(row, move) or _spares_a_try(row, move):
        return True
    if _is_guess(row):
        return move.to in CARRIED or (move.to is State.FAILED and move.reason != GUESSED)
    if move.to not in MOVES[row.state]:
        return False
    return move.to in ENDS or row.state == State.QUEUED or _is_back(row.state, move) or RANK[move.to] > RANK[row.state]


def _is_guess(row: Row[Any]) -> bool:
    """Whether it failed only because no trace of it was found: late evidence is believed, whatever it says."""
    return bool(row.state == State.FAILED and row.reason == GUESSED)


def _is_called_late(row: Row[Any], move: Move) -> bool:
    """Whether a worker that was frozen before its call has called only now, and does not know what came of it.

    Whoever looked for the text before that call could not find it: the doubt begins again. A push cannot be looked for.
    """
    by_its_worker = move.to is State.UNKNOWN and move.token is not None and row.kind == Kind.SMS
    return by_its_worker and (row.state == State.UNKNOWN or _is_guess(row))


def _spares_a_try(row: Row[Any], move: Move) -> bool:
    """Whether the provider took an earlier try of what waits to be tried again, as nobody had heard of it."""
    return move.to in CARRIED and row.state in WAITING and row.attempts > 0


def _is_meant(row: Row[Any], move: Move) -> bool:
    """Whether the mover still holds the lease it names, and speaks of the same message at the provider."""
    if move.token is not None and row.token != move.token:
        return False
    return not (move.provider_id and row.provider_id and move.provider_id != row.provider_id)


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
        "fallback_at": _fallback_at(row, move),
        "token": row.token if move.cost is None else "",
        "lease_until": row.lease_until if leased else None,
        "looks": 0 if _begins_a_wait(row, move) else row.looks,
        "updated_at": at,
    }


def _begins_a_wait(row: Row[Any], move: Move) -> bool:
    """Whether from now on the provider is asked about it, from the first time on."""
    return move.to is State.UNKNOWN or (move.to is State.ACCEPTED and row.state != State.ACCEPTED)


def _news(pairs: Sequence[tuple[Row[Any], Move]], at: datetime) -> list[dict[str, Any]]:
    """What to write, without the columns in which nothing is new: of fifteen, a receipt changes two or three."""
    written = [_written(row, move, at) for row, move in pairs]
    if not written:
        return []
    fresh = list(zip(written, (row for row, _ in pairs), strict=True))
    new = [name for name in written[0] if any(each[name] != row[_PLACE[name]] for each, row in fresh)]
    return [{"id": each["id"]} | {name: each[name] for name in new} for each in written]


def _fallback_at(row: Row[Any], move: Move) -> datetime | None:
    """A push that was given up has its text by now, or will have it: late evidence does not ask for another."""
    if move.fallback_at is not None and not _is_guess(row):
        return move.fallback_at
    return None if move.to == State.DELIVERED else row.fallback_at


def _changes(lawful: Iterable[tuple[Row[Any], Move]]) -> Iterable[tally.Change]:
    for row, move in lawful:
        parts = row.parts if move.parts is None else move.parts
        cost = row.cost if move.cost is None else move.cost
        left = tally.Cell(row.run_id or 0, row.step, row.day, row.kind, row.state, row.reason, row.sender)
        yield tally.Change(left, -1, -row.parts, -row.cost)
        yield tally.Change(left._replace(state=move.to, reason=move.reason), 1, parts, cost)
