"""Recording what providers answered: one transaction for a batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import consent, log
from outreach.audience.tables import Endpoint, EndpointState, Person
from outreach.channels.contract import Accepted, Answer, Cause, Kind, Rejected, SenderSpec, Unit
from outreach.delivery.compose import Written
from outreach.delivery.consequences import AT_SENDING, HALT_FOR, NEVER_LOOKED_AT, REST, Sequel, backoff
from outreach.delivery.facts import Claim, RunFacts
from outreach.delivery.moves import Move, advance
from outreach.delivery.queue import spend
from outreach.messages.status import Failure, State
from outreach.messages.tables import Sender
from outreach.store import dialects

logger = log.get("delivery")


def record(
    session: Session,
    spec: SenderSpec,
    provider: str,
    results: Sequence[tuple[Written, Answer]],
    runs: Mapping[int, RunFacts],
    token: str,
) -> set[int]:
    """Write a batch's answers: moves, sequels, and the parts beyond one that the pace still owes.

    Gives the ids that moved.
    """
    hold(session, _opted_out(results))
    at = dialects.now(session)
    moves = [_move(written, answer, runs, provider, token, at) for written, answer in results]
    moved = advance(session, moves, at)
    sender = session.scalars(dialects.take(select(Sender).where(Sender.name == spec.name), wait=True)).one()
    _sequels(session, sender, results, at)
    extra = sum(written.parts - 1 for written, answer in results if isinstance(answer, Accepted))
    if spec.unit is Unit.PARTS and extra:
        spend(sender, extra, at)
    return moved


def fail_unwritten(session: Session, claims: Sequence[Claim], token: str) -> None:
    """Messages that could not be written for their person: failed with a reason, the batch goes on."""
    at = dialects.now(session)
    moves = [Move(claim.id, State.FAILED, Failure.TEMPLATE, token=token) for claim in claims]
    advance(session, moves, at)


def _move(
    written: Written, answer: Answer, runs: Mapping[int, RunFacts], provider: str, token: str, at: datetime
) -> Move:
    claim = written.claim
    if isinstance(answer, Accepted):
        return Move(
            claim.id,
            State.ACCEPTED,
            token=token,
            provider=provider,
            provider_id=answer.provider_id,
            parts=written.parts,
            cost=written.cost,
            fallback_at=_fallback_at(claim, runs, at),
        )
    to = AT_SENDING[answer.cause].to
    return Move(
        claim.id,
        to,
        answer.cause,
        answer.code,
        token=token,
        provider=provider,
        due_at=at + timedelta(seconds=_wait(answer, claim)) if to is State.QUEUED else None,
        attempts=claim.attempts if answer.cause in NEVER_LOOKED_AT else None,
        fallback_at=at if to is State.FAILED and _fallback_at(claim, runs, at) else None,
    )


def _wait(answer: Rejected, claim: Claim) -> float:
    wait = backoff(claim.attempts + 1)
    return max(wait, answer.retry_after or 0.0) if answer.cause is not Cause.THROTTLED else answer.retry_after or REST


def _fallback_at(claim: Claim, runs: Mapping[int, RunFacts], at: datetime) -> datetime | None:
    """When a text should take a push's place; None where the step has no SMS to fall back to."""
    if claim.kind != Kind.PUSH or claim.run_id is None:
        return None
    frozen = runs[claim.run_id].frozen
    if Kind.SMS not in frozen.steps[claim.step].channels:
        return None
    return at + timedelta(seconds=frozen.unread_after)


def _sequels(session: Session, sender: Sender, results: Sequence[tuple[Written, Answer]], at: datetime) -> None:
    for written, answer in results:
        if not isinstance(answer, Rejected):
            continue
        sequel = AT_SENDING[answer.cause].sequel
        if sequel is Sequel.OPT_OUT:
            consent.stop(session, written.claim.person_id, consent.Source.PROVIDER, f"message {written.claim.id}", at)
        elif sequel is Sequel.DROP_ENDPOINT:
            drop_endpoint(session, written.claim.person_id, written.claim.kind, answer.cause)
        elif sequel is Sequel.SLOW_DOWN:
            rest(sender, at, answer.retry_after or REST, answer.cause)
        elif sequel is Sequel.HALT:
            rest(sender, at, HALT_FOR, answer.cause)
            logger.error("sender halted", sender=sender.name, cause=answer.cause, code=answer.code)


def _opted_out(results: Sequence[tuple[Written, Answer]]) -> set[int]:
    return {
        written.claim.person_id
        for written, answer in results
        if isinstance(answer, Rejected) and AT_SENDING[answer.cause].sequel is Sequel.OPT_OUT
    }


def hold(session: Session, people: Collection[int]) -> None:
    """Lock people whose STOP is about to be written, before anything else: a claim for them comes first or sees it."""
    if people:
        session.execute(dialects.take(select(Person.id).where(Person.id.in_(people)).order_by(Person.id), wait=True))


def drop_endpoint(session: Session, person_id: int, kind: str, cause: Cause) -> None:
    """Nothing will ever arrive there: the gate refuses it from now on."""
    session.execute(
        update(Endpoint)
        .where(Endpoint.person_id == person_id, Endpoint.kind == kind, Endpoint.state == EndpointState.OK)
        .values(state=EndpointState.GONE, reason=cause, changed_at=dialects.now(session))
    )


def rest(sender: Sender, at: datetime, seconds: float, cause: Cause) -> None:
    """Let a sender rest; a longer rest is never cut short."""
    until = at + timedelta(seconds=seconds)
    if sender.halted_until is None or sender.halted_until < until:
        sender.halted_until, sender.halted_for = until, cause
