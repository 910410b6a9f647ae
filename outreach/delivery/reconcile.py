"""Settling doubt by evidence: unknown messages are looked for in the provider's list, silent ones are asked after."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from outreach import failpoints
from outreach.channels import http
from outreach.channels.contract import Kind, Outgoing, Receipt
from outreach.channels.registry import Providers
from outreach.delivery import carriers, facts, receipts
from outreach.delivery.compose import Composed, Pen, compose, keys_of
from outreach.delivery.facts import COLUMNS, Claim, Facts
from outreach.delivery.moves import Move, advance
from outreach.errors import NotFoundError
from outreach.messages.status import Failure, State
from outreach.messages.tables import Message
from outreach.store import dialects
from outreach.workspace import Workspace

FIRST_LOOK = timedelta(seconds=60)  # after the doubt began: receipts are usually quicker
ENOUGH_LOOKS = 2  # at an unknown message, before it counts as not found
MOST_ASKED = 4  # times a silent message is asked after; then its last word stands
AT_ONCE = 50  # messages a round

#: The reason of a doubt that began with an older copy of the database: its text may have gone out as well.
RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class _Doubt:
    """An unknown message whose next look is due; `looks` counts this one."""

    claim: Claim
    sender: str
    looks: int


def settle(workspace: Workspace, providers: Providers) -> int:
    """Look for unknown messages. Found: carried. Not found, twice and long enough after: as the step says.

    Gives how many.
    """
    doubts = _doubts(workspace)
    if not doubts:
        return 0
    known, composed = write_again(workspace, [doubt.claim for doubt in doubts])
    outgoing = {written.claim.id: written.outgoing for written in composed.written}
    settled = 0
    for doubt in doubts:
        found = _find(providers, doubt, outgoing.get(doubt.claim.id))
        failpoints.reach("settle.found")
        with workspace.database.write() as session:
            settled += _decide(session, doubt, found, known)
    return settled


def write_again(workspace: Workspace, claims: Sequence[Claim]) -> tuple[Facts, Composed]:
    """The texts of messages that have been written before, and what they are written from."""
    with workspace.database.read() as session:
        known = facts.load(session, claims, dialects.now(session), lock=False)
        keys = keys_of(session, workspace.vault, [claim.person_id for claim in claims])
    return known, compose(claims, known, Pen(workspace.settings, carriers.ack_key(workspace), keys))


def _doubts(workspace: Workspace) -> list[_Doubt]:
    """What is due for a look. Looks are counted before asking, so that two sweepers do not ask the same twice."""
    settle_after = timedelta(seconds=workspace.settings.settle_after)
    with workspace.database.write() as session:
        at = dialects.now(session)
        first = (Message.looks == 0) & (Message.updated_at < at - min(FIRST_LOOK, settle_after / 2))
        later = (Message.looks >= 1) & (Message.updated_at < at - settle_after)
        query = (
            select(*COLUMNS, Message.sender, Message.looks)
            .where(Message.state == State.UNKNOWN, first | later)
            .order_by(Message.updated_at, Message.id)
            .limit(AT_ONCE)
        )
        rows = session.execute(dialects.take(query)).all()
        _count_looks(session, [row.id for row in rows], 1)
    return [_Doubt(Claim(*row[: len(COLUMNS)]), row.sender, row.looks + 1) for row in rows]


def _count_looks(session: Session, ids: Sequence[int], by: int) -> None:
    session.execute(
        update(Message).where(Message.id.in_(ids)).values(looks=Message.looks + by),
        execution_options={"synchronize_session": False},
    )


def _find(providers: Providers, doubt: _Doubt, outgoing: Outgoing | None) -> list[Receipt] | None:
    """What the provider's list shows; None when it could not be asked.

    A push cannot be listed: only its app can tell. Nor can anything of a sender that is no longer set up.
    """
    if doubt.claim.kind == Kind.PUSH or outgoing is None:
        return []
    try:
        provider = providers.by_sender(doubt.sender)
    except NotFoundError:
        return []
    since = (doubt.claim.due_at - timedelta(minutes=5)).timestamp()
    return http.run(provider.find(outgoing, since))


def _decide(session: Session, doubt: _Doubt, found: list[Receipt] | None, known: Facts) -> int:
    claim = doubt.claim
    if found is None:
        _count_looks(session, [claim.id], -1)
        return 0
    free = _unclaimed(session, found)
    if free:
        return receipts.keep(session, [replace(free[0], message_id=claim.id)])
    if doubt.looks < ENOUGH_LOOKS or _began_again(session, doubt):
        return 0
    at = dialects.now(session)
    step = known.runs[claim.run_id].frozen.steps[claim.step] if claim.run_id else None
    # A push cannot be looked for: that nothing was found is no evidence. A text may take its place, another push not.
    if step is not None and step.on_unknown == "resend" and not claim.resends and claim.kind != Kind.PUSH:
        return _send_again(session, claim.id, at)
    text_instead = (
        step is not None and claim.kind == Kind.PUSH and Kind.SMS in step.channels and claim.reason != RESTORED
    )
    move = Move(claim.id, State.FAILED, Failure.NOT_FOUND, fallback_at=at if text_instead else None)
    return len(advance(session, [move], at))


def _began_again(session: Session, doubt: _Doubt) -> bool:
    """Whether its worker called while we looked, so that what we saw is of before."""
    looks = session.scalar(dialects.take(select(Message.looks).where(Message.id == doubt.claim.id), wait=True))
    return looks is None or looks < doubt.looks


def _send_again(session: Session, message: int, at: datetime) -> int:
    """Back to the queue, once. Tries that never reached the provider do not count: they are proof, not doubt."""
    moved = advance(session, [Move(message, State.QUEUED, Failure.NOT_FOUND)], at)
    session.execute(
        update(Message).where(Message.id.in_(moved)).values(resends=Message.resends + 1),
        execution_options={"synchronize_session": False},
    )
    return len(moved)


def _unclaimed(session: Session, found: Sequence[Receipt]) -> list[Receipt]:
    """Those of the listed messages that are not known to be another message of ours."""
    ids = [receipt.provider_id for receipt in found]
    taken = set(session.scalars(select(Message.provider_id).where(Message.provider_id.in_(ids))))
    return [receipt for receipt in found if receipt.provider_id not in taken]


def ask(workspace: Workspace, providers: Providers) -> int:
    """Ask after messages whose receipts stay away. Gives how many answers told something new."""
    after = timedelta(seconds=workspace.settings.look_after)
    with workspace.database.write() as session:
        at = dialects.now(session)
        first = (Message.looks == 0) & (Message.updated_at < at - after)
        again = [(Message.looks == n) & (Message.updated_at < at - 12 * n * after) for n in range(1, MOST_ASKED)]
        query = (
            select(Message.id, Message.provider, Message.provider_id)
            .where(Message.state.in_([State.ACCEPTED, State.SENT]), Message.kind == Kind.SMS, or_(first, *again))
            .where(Message.updated_at > at - timedelta(days=3), Message.provider_id.is_not(None))
            .order_by(Message.updated_at)
            .limit(AT_ONCE)
        )
        rows = session.execute(dialects.take(query)).all()
        _count_looks(session, [row.id for row in rows], 1)
    if not rows:
        return 0
    names = {providers.by_sender(spec.name).name for spec in providers.senders}
    asked = [(row.provider, row.provider_id) for row in rows if row.provider in names]
    answers = http.run(_look(providers, asked))
    with workspace.database.write() as session:
        return receipts.keep(session, [answer for answer in answers if answer is not None])


async def _look(providers: Providers, messages: Sequence[tuple[str, str]]) -> list[Receipt | None]:
    return await asyncio.gather(*[providers.by_name(name).look(provider_id) for name, provider_id in messages])
