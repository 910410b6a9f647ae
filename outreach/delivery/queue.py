"""Claiming work: pace, lock, gate, lease and attempt, in one transaction that commits before any provider is called."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach.audience.hours import Hours
from outreach.channels.contract import Kind
from outreach.delivery import due, knocks, quarantine, tally
from outreach.delivery import facts as facts_of
from outreach.delivery.caps import NO_CAPS, Caps
from outreach.delivery.facts import Claim, Facts
from outreach.delivery.gate import Knock, Later, why_not
from outreach.delivery.moves import Move, advance
from outreach.delivery.quarantine import Doubt
from outreach.messages.status import Lane, Purpose, Refusal, RunState, State
from outreach.messages.tables import Attempt, Message, Sender
from outreach.store import dialects

#: How far ahead of its pace a sender may reserve. Conversations may go further, so that bulk never starves them.
BURST = {Lane.BULK: 2.0, Lane.CONVERSATION: 6.0}  # seconds

#: Seconds: no sender reserves farther ahead than this, even with a batch of the longest texts at the slowest pace.
FARTHEST = 900.0

Verdict = Refusal | Later | State | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one claim found. `claims` are leased under `token` until `until`; the rest of `decided` needs no sending.

    `asked`: how many could have been claimed.
    """

    claims: list[Claim] = field(default_factory=list)
    facts: Facts | None = None
    token: str = ""
    until: datetime | None = None
    decided: int = 0
    asked: int = 0

    @property
    def full(self) -> bool:
        """Whether more may be waiting; otherwise this was all there was, or all that the pace allows."""
        return 0 < self.asked == len(self.claims)


def claim(
    session: Session,
    sender: str,
    lane: Lane,
    limit: int,
    lease: float,
    quiet: Hours | None,
    caps: Caps = NO_CAPS,
    dormant_after: timedelta | None = None,
) -> Batch:
    """Lease due messages of one sender. `limit`: messages at most; `lease`: seconds; `caps`: the most for one person.

    Everything a STOP, FORGET or pause could change is read under lock in the same transaction, so no claim is ever
    committed after one of these was.
    """
    row = session.scalar(dialects.take(select(Sender).where(Sender.name == sender), wait=True))
    if row is None:
        return Batch()
    at = dialects.now(session)
    if (row.next_at - at).total_seconds() > FARTHEST:
        row.next_at = at  # the database's clock was ahead when this was reserved, and has been set back
    allowed = min(limit, allowance(row, lane, at))
    rows = due.take(session, row, lane, at, allowed) if allowed else []
    if not rows:
        return Batch()
    facts = facts_of.load(session, rows, lock=True, caps=caps, dormant_after=dormant_after)
    due.leave(row, [each for each in rows if each.person_id not in facts.people])
    verdicts = [(each, _verdict(each, facts, quiet)) for each in rows if each.person_id in facts.people]
    going = [each for each, verdict in verdicts if verdict is None]
    token = secrets.token_hex(16)
    _lease(session, going, row.name, token, facts.at, lease)
    advance(session, [_aside(each, verdict) for each, verdict in verdicts if verdict is not None], facts.at)
    _tell(session, sender, verdicts, facts)
    spend(row, len(going), facts.at)
    return Batch(going, facts, token, facts.at + timedelta(seconds=lease), len(verdicts), limit)


def allowance(sender: Sender, lane: Lane, at: datetime) -> int:
    """How many messages the sender's pace allows now (GCRA with the lane's burst)."""
    if sender.halted_until is not None and sender.halted_until > at:
        return 0
    burst = max(BURST[lane], (2 if lane is Lane.CONVERSATION else 1) / sender.pace)
    ahead = max(0.0, (sender.next_at - at).total_seconds())
    return max(0, math.floor((burst - ahead) * sender.pace + 1e-9))


def spend(sender: Sender, units: int, at: datetime) -> None:
    """Move the sender's clock on by what was reserved. `units`: messages or parts, as its pace counts."""
    sender.next_at = max(sender.next_at, at) + timedelta(seconds=units / sender.pace)


def _verdict(claim: Claim, facts: Facts, quiet: Hours | None) -> Verdict:
    if claim.run_id is not None and facts.runs[claim.run_id].state != RunState.RUNNING:
        return State.PLANNED
    if claim.expires_at <= facts.at:
        return State.EXPIRED
    verdict = why_not(claim, facts, quiet)
    if verdict is None and claim.purpose == Purpose.CAMPAIGN and claim.fallback_of is None:
        _count(claim, facts)
    return verdict


def _count(claim: Claim, facts: Facts) -> None:
    """Of two that are due now the second may be one too many."""
    if claim.person_id in facts.told:
        facts.told[claim.person_id].one_more()


def _aside(claim: Claim, verdict: Refusal | Later | State) -> Move:
    if isinstance(verdict, Knock):
        return Move(claim.id, State.QUEUED, knocks.WAITS, due_at=verdict.at)
    if isinstance(verdict, Later):
        return Move(claim.id, State.QUEUED, due_at=verdict.at)
    if isinstance(verdict, State):
        return Move(claim.id, verdict)
    return Move(claim.id, State.REFUSED, verdict)


def _tell(session: Session, sender: str, verdicts: Sequence[tuple[Claim, Verdict]], facts: Facts) -> None:
    """Who is only told that there is something, and who must be asked first whether it is still her."""
    if waiting := [each for each, verdict in verdicts if isinstance(verdict, Knock)]:
        knocks.knock(session, waiting, facts, sender)
    doubted = {each.person_id for each, verdict in verdicts if verdict is Refusal.QUARANTINED}
    quarantine.begin(session, doubted, Doubt.DORMANT, facts.at)


def _lease(session: Session, claims: Sequence[Claim], sender: str, token: str, at: datetime, lease: float) -> None:
    if not claims:
        return
    session.execute(
        update(Message)
        .where(dialects.among(session, Message.id, [claim.id for claim in claims]))
        .values(
            state=State.SENDING,
            reason="",
            token=token,
            lease_until=at + timedelta(seconds=lease),
            attempts=Message.attempts + 1,
            updated_at=at,
        )
        .execution_options(synchronize_session=False)
    )
    attempts = [
        {"message_id": claim.id, "number": claim.attempts + 1, "token": token, "started_at": at} for claim in claims
    ]
    dialects.add_rows(session, Attempt, attempts)
    tally.note(session, (change for claim in claims for change in _leased(claim, sender)))


def _leased(claim: Claim, sender: str) -> tuple[tally.Change, tally.Change]:
    cell = tally.Cell(claim.run_id or 0, claim.step, claim.day, claim.kind, State.QUEUED, claim.reason, sender)
    return (
        tally.Change(cell, -1, -claim.parts, 0.0),
        tally.Change(cell._replace(state=State.SENDING, reason=""), 1, claim.parts, 0.0),
    )


def due_lanes(session: Session) -> list[tuple[str, Kind, Lane]]:
    """Which senders have something due that they may send now, by lane."""
    at = dialects.now(session)
    senders = session.scalars(select(Sender).order_by(Sender.name)).all()
    found = due.lanes(session, at, senders)
    return [
        (sender.name, Kind(sender.kind), lane)
        for sender in senders
        for lane in Lane
        if (sender.name, lane) in found and allowance(sender, lane, at)
    ]
