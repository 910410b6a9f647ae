"""Bugs that the bench must find: one guard of the product removed each, in the child alone.

A bug is a function that patches the product's modules after the fork; nothing of the product knows of it, and nothing
can switch it on outside these tests. `by` is the invariant that is broken, as a violation begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import String, cast, delete, func, insert, select, update

from outreach import failpoints
from outreach.audience import people
from outreach.audience.tables import Person
from outreach.campaigns import planning, runs
from outreach.campaigns.tables import Fire
from outreach.channels import http
from outreach.channels.contract import Cause, Rejected
from outreach.delivery import (
    compose,
    consequences,
    due,
    gate,
    moves,
    queue,
    receipts,
    reconcile,
    results,
    send,
    sweep,
    tally,
)
from outreach.delivery.consequences import Consequence
from outreach.delivery.moves import Move
from outreach.messages.status import MOVES, RunState, State
from outreach.messages.tables import Attempt, Message, Run, Tally
from outreach.store import dialects
from outreach.threads import answers, forgetting, gathered, inbound, verbs


@dataclass(frozen=True)
class Bug:
    """What is wrong, and which invariant it breaks. `only`: a database that shows it, where the other forgives it."""

    what: str
    by: str
    patch: Callable[[], object]
    only: str = ""


def _patch(module: Any, name: str, made: Callable[[Any], Any]) -> Callable[[], None]:
    return lambda: setattr(module, name, made(getattr(module, name)))


def _claims_by_reading() -> None:
    """Read, then write: two workers read the same."""
    dialects.take = lambda query, **_: query
    take = due.take

    def slow(*given: Any, **more: Any) -> Any:
        found = take(*given, **more)
        time.sleep(0.02)
        return found

    due.take = slow


def _sent_before_committed() -> None:
    """Claim, hand over and record in one transaction: a crash in it forgets that anything was sent."""

    def claim(workspace: Any, sender: Any, lane: Any, limit: Any) -> Any:
        settings = workspace.settings
        with workspace.database.write() as session:
            batch = queue.claim(session, sender, lane, limit, settings.lease, None)
            composed = send.write(workspace, batch) if batch.claims else compose.Composed()
            if composed.written and batch.facts is not None:
                provider = _providers[0].by_sender(sender)
                answers = http.run(provider.send(sender, [each.outgoing for each in composed.written]))
                pairs = list(zip(composed.written, answers, strict=True))
                results.record(session, provider.senders[0], provider.name, pairs, batch.facts.runs, batch.token)
            failpoints.reach("claim.before_commit")
        return replace(batch, claims=[])

    def drain(workspace: Any, providers: Any, *given: Any, **more: Any) -> Any:
        _providers[:] = [providers]
        return original(workspace, providers, *given, **more)

    original = send.drain
    send._claim, send.drain = claim, drain


_providers: list[Any] = []


def _unguarded_ranks() -> None:
    """Whatever a receipt says is written, in whatever order it comes."""
    everything = frozenset({State.ACCEPTED, State.SENT, State.UNDELIVERED, State.DELIVERED, State.FAILED})
    for state in (State.SENT, State.UNDELIVERED, State.DELIVERED):
        MOVES[state] = everything
    moves._lawful = lambda row, move: moves._is_meant(row, move) and move.to in MOVES[row.state]
    moves._reach = lambda move: 0.0


def _dropped_when_over(session: Any) -> int:
    rows = list(session.scalars(select(Message.id).where(Message.state == State.QUEUED).limit(1)))
    session.execute(delete(Message).where(Message.id.in_(rows)))
    return 0


def _lease_without_attempt(original: Any) -> Any:
    def lease(session: Any, claims: Any, sender: str, token: str, at: Any, length: float) -> None:
        original(session, claims, sender, token, at, length)
        session.execute(delete(Attempt).where(Attempt.token == token))

    return lease


def _told_it_is_kept(session: Any, given: Sequence[Any]) -> int:
    receipts.apply(session, given, dialects.now(session))
    return len(given)


def _optimist(original: Any) -> Any:
    def move(written: Any, answer: Any, *given: Any) -> Move:
        made: Move = original(written, answer, *given)
        doubt = isinstance(answer, Rejected) and answer.cause is Cause.AMBIGUOUS
        return replace(made, to=State.ACCEPTED, reason="") if doubt else made

    return move


def _resends_all(original: Any) -> Any:
    def decide(session: Any, doubt: Any, found: Any, known: Any) -> int:
        back = Move(doubt.claim.id, State.QUEUED, "not_found")
        return len(moves.advance(session, [back], dialects.now(session)))

    return decide


def _keeps_lease(original: Any) -> Any:
    return lambda row, move, at: {**original(row, move, at), "lease_until": row.lease_until}


def _acts_apart(original: Any) -> Any:
    """The text is kept first and acted on in a second transaction: a crash between loses what she asked for."""

    def receive(workspace: Any, told: Any, senders: Any) -> Any:
        with workspace.database.write() as session:
            if inbound._known(session, told):
                return None
            person, at = inbound._person(session, workspace, told)
            key = people.keys_of(session, workspace.vault, [person.id])[person.id]
            note = answers.Note(workspace, person, key, "twilio", told, at)
            inbound._keep(session, note, inbound.Context(), "", None)
        failpoints.reach("inbound.before_commit")
        return None

    return receive


def _text_apart() -> None:
    """None of those that come together is acted on at once either."""
    gathered._together = lambda workspace, turn, senders: list(turn)
    _patch(inbound, "receive", _acts_apart)()


def _counts_twice(original: Any) -> Any:
    def note(session: Any, changes: Any) -> None:
        kept = list(changes)
        original(session, kept)
        if kept:
            cell = kept[-1].cell._asdict()
            session.execute(insert(Tally), [{**cell, "messages": 1, "parts": 1, "cost": 0.0}])

    return note


def _says_numbers(original: Any) -> Any:
    def compose_all(claims: Any, facts: Any, pen: Any) -> Any:
        made = original(claims, facts, pen)
        for each in made.written:
            send.logger.info("sending", path=each.outgoing.to)  # `path` is on the list of what may be logged
        return made

    return compose_all


def _to(cause: Cause, state: State) -> Callable[[], None]:
    return lambda: consequences.AT_SENDING.__setitem__(cause, Consequence(state))


def _ignores_the_run() -> None:
    verdict = queue._verdict
    running = RunState.RUNNING

    def lenient(claim: Any, facts: Any, quiet: Any) -> Any:
        runs = {name: replace(run, state=running) for name, run in facts.runs.items()}
        return verdict(claim, replace(facts, runs=runs), quiet)

    queue._verdict = lenient
    runs._move_chunk = lambda *given: 0  # what is queued stays queued
    take = due.take

    def all_due(session: Any, *given: Any, **more: Any) -> Any:
        session.execute(update(Run).values(state=running))  # as if nobody had asked for the paused ones
        return take(session, *given, **more)

    due.take = all_due


def _plans_again() -> None:
    """Neither the fire nor the dedupe key tells what was planned before."""
    planning._first = lambda *given: True
    planning._fires = lambda run_id: select(Fire).where(Fire.id < 0)
    values = planning._values
    planning._values = lambda *given: {
        **values(*given),
        "dedupe_key": cast(func.random(), String) + cast(Person.id, String),
    }


def _goes_back(made: Any) -> Any:
    def move(each: int, to: State, *why: Any, **more: Any) -> Any:
        return made(each, State.QUEUED if to is State.UNKNOWN else to, *why, **more)

    return move


def _takes_any(find: Any) -> Any:
    def found(providers: Any, doubt: Any, outgoing: Any) -> Any:
        return [replace(each, provider_id="SM-of-somebody-else") for each in find(providers, doubt, outgoing) or []]

    return found


def _stop_is_not_asked() -> None:
    gate._agreed = lambda *given: None
    verbs.withdraw = lambda *given: None


def _never(*given: Any) -> None:
    """Whatever was done here is done no longer."""


def _gives(value: Any) -> Callable[[Any], Any]:
    return lambda original: lambda *given: value


BUGS: dict[str, Bug] = {
    "claims by reading": Bug("a claim reads without a lock, then writes", "1", _claims_by_reading, only="postgresql"),
    "sent before committed": Bug("the claim is committed with the answer", "3", _sent_before_committed),
    "doubt goes back": Bug("an unclear answer goes back to the queue", "1", _to(Cause.AMBIGUOUS, State.QUEUED)),
    "lease goes back": Bug("what a dead worker held is sent again", "1", _patch(sweep, "Move", _goes_back)),
    "resends under hold": Bug("the policy of the step is not asked", "1", _patch(reconcile, "_decide", _resends_all)),
    "does not look": Bug(
        "the provider's list is not read before giving up", "4", _patch(reconcile, "_find", _gives([]))
    ),
    "takes any": Bug("another message's id is taken from the list", "4", _patch(reconcile, "_find", _takes_any)),
    "optimist": Bug("an unclear answer counts as taken", "4", _patch(results, "_move", _optimist)),
    "gives up when throttled": Bug("a 429 fails the message", "4", _to(Cause.THROTTLED, State.FAILED)),
    "ranks": Bug("receipts move a message whatever its rank", "6", _unguarded_ranks),
    "lease stays": Bug("a lease outlives its sending", "7", _patch(moves, "_written", _keeps_lease)),
    "no attempt": Bug("a claim writes no attempt", "3", _patch(queue, "_lease", _lease_without_attempt)),
    "stop is not asked": Bug("neither the gate nor the STOP itself holds anything back", "5", _stop_is_not_asked),
    "pause is not asked": Bug("a claim does not look at its run", "5", _ignores_the_run),
    "hours are not asked": Bug("the gate does not look at her clock", "11", _patch(gate, "_in_hours", _gives(None))),
    "roll-up forgets": Bug("a move is not counted", "2", _patch(tally, "note", _gives(None))),
    "roll-up counts twice": Bug("a move is counted twice", "2", _patch(tally, "note", _counts_twice)),
    "sweeper drops": Bug("what is swept is deleted", "2", _patch(sweep, "_expire", lambda _: _dropped_when_over)),
    "plans twice": Bug("planning does not know what it has written", "10", _plans_again),
    "receipt is not kept": Bug(
        "a receipt is not written down", "9", _patch(receipts, "keep", lambda _: _told_it_is_kept)
    ),
    "text is not acted on": Bug("a text is kept and acted on later", "8", _text_apart),
    "forgotten in part": Bug("FORGET leaves keys and endpoints", "14", _patch(forgetting, "_empty", lambda _: _never)),
    "says numbers": Bug("a log line holds a number", "12", _patch(compose, "compose", _says_numbers)),
}
