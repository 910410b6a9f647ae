"""Invariants 1 to 7: what went out, how often, on whose word, and that it may."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.faults.checker.records import AT_PROVIDER, RANK, Case, Record, instant

#: Why a message may wait or be in doubt, and never why it ends.
NO_END = {"throttled", "queue_full", "not_connected", "ambiguous", "lease", "account", "sender"}


def once(case: Case) -> Iterator[str]:
    """1: at most one send per dedupe key under `hold`, two under `resend`; a push is never sent again."""
    for message, calls in case.taken.items():
        row = case.out.get(message)
        if row is None:
            yield f"1: the carrier took message {message}, which the database does not know"
        elif len(calls) > (most := _allowed(case, row)):
            yield f"1: message {message} was taken {len(calls)} times, {most} allowed"
    keys = Counter(row["dedupe_key"] for row in case.rows["message"])
    yield from (f"1: dedupe key of {count} messages is the same" for count in keys.values() if count > 1)


def _allowed(case: Case, row: Record) -> int:
    if not row["run_id"] or row["kind"] != "sms":
        return 1
    return 2 if case.frozen[row["run_id"]]["steps"][row["step"]].get("on_unknown") == "resend" else 1


def counted(case: Case) -> Iterator[str]:
    """2: planned is the sum of all states, in the roll-ups and in the fires; nothing vanishes."""
    real, kept = _cells(case.rows["message"], ones=True), _cells(case.rows["tally"], ones=False)
    for cell in real.keys() | kept.keys():
        mine, theirs = real.get(cell, (0, 0, 0.0)), kept.get(cell, (0, 0, 0.0))
        if mine[:2] != theirs[:2] or abs(mine[2] - theirs[2]) > 1e-6:
            yield f"2: roll-up of {cell} says {theirs}, there are {mine}"
    planned: Counter[tuple[Any, ...]] = Counter()
    for fire in case.rows["fire"]:
        planned[fire["run_id"], fire["step"], fire["occurrence"]] += fire["messages"]
    written = Counter(
        (row["run_id"], row["step"], row["occurrence"])
        for row in case.out.values()
        if row["run_id"] and row["purpose"] == "campaign" and not row["fallback_of"]
    )
    for which in planned.keys() | written.keys():
        if planned.keys() and planned[which] != written[which]:
            yield f"2: {which} planned {planned[which]} messages, there are {written[which]}"
    known = {row["id"] for row in case.rows["message"]}
    for table in ("attempt", "provider_event"):
        for row in case.rows[table]:
            if row["message_id"] is not None and row["message_id"] not in known and not row.get("parked"):
                yield f"2: {table} {row['id']} speaks of message {row['message_id']}, which has vanished"


def _cells(records: Any, *, ones: bool) -> dict[tuple[Any, ...], tuple[int, int, float]]:
    sums: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for row in records:
        cell = (
            row["run_id"] or 0,
            row["step"],
            str(row["day"]),
            row["kind"],
            row["state"],
            row["reason"],
            row["sender"],
        )
        total = sums[cell]
        total[0] += 1 if ones else row["messages"]
        total[1] += row["parts"]
        total[2] += row["cost"]
    return {cell: (int(n), int(parts), cost) for cell, (n, parts, cost) in sums.items() if n or parts}


def attempted(case: Case) -> Iterator[str]:
    """3: every send has an earlier attempt of its own; who stands past the queue was tried."""
    for message, calls in case.calls.items():
        starts = sorted(instant(row["started_at"]).timestamp() for row in case.attempts.get(message, ()))
        reached = sorted(call["at"] for call in calls)
        if len(reached) > len(starts):
            yield f"3: message {message} reached the carrier {len(reached)} times, with {len(starts)} attempts"
        for start, at in zip(starts, reached, strict=False):
            if start > at + case.slack:
                yield f"3: message {message} was sent {start - at:.3f} s before its attempt"
    for row in case.out.values():
        past = row["state"] in {"sending", "unknown", *AT_PROVIDER}
        if past and row["id"] not in case.attempts:
            yield f"3: message {row['id']} is {row['state']} without an attempt"


def at_their_word(case: Case) -> Iterator[str]:
    """4: no `accepted` or above without the provider's word, and no word of another message."""
    told = {row["message_id"] for row in case.rows["provider_event"] if not row["parked"]}
    for row in case.out.values():
        if row["state"] not in AT_PROVIDER:
            continue
        if not row["provider_id"] and row["id"] not in told:
            yield f"4: message {row['id']} is {row['state']} without the provider's word"
        if case.log:
            yield from _as_the_carrier_has_it(case, row)
    # Nobody can look for a message to somebody who was forgotten: her number is gone.
    forgotten = {row["id"] for row in case.rows["person"] if row["state"] == "forgotten"}
    for row in case.out.values():
        guess = row["state"] == "failed" and row["reason"] == "not_found" and row["kind"] == "sms"
        if guess and row["id"] in case.taken and row["person_id"] not in forgotten:
            yield f"4: message {row['id']} is called not found, and the carrier took it"
        if row["state"] == "failed" and row["reason"] in NO_END:
            yield f"4: message {row['id']} was given up for {row['reason']}, which is no refusal"


def _as_the_carrier_has_it(case: Case, row: Record) -> Iterator[str]:
    sids = {call["sid"] for call in case.taken.get(row["id"], ())}
    if not sids:
        yield f"4: message {row['id']} is {row['state']} and the carrier never had it"
    elif row["provider_id"] and _own(row["provider_id"]) not in {*sids, *(sid[2:] for sid in sids)}:
        yield f"4: message {row['id']} carries the provider's id of another message"
    if row["state"] == "delivered" and not any("delivered" in case.words[sid] for sid in sids):
        yield f"4: message {row['id']} is delivered, and the carrier did not deliver it"


def _own(provider_id: str) -> str:
    """The carrier's own id in what it calls a message: Firebase's names hold more than that."""
    return provider_id.rpartition("/")[2].removeprefix("0:")


def stopped(case: Case) -> Iterator[str]:
    """5: no claim begins after a STOP, a FORGET, a pause or a cancellation was committed."""
    stops: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
    for row in sorted(case.rows["consent"], key=lambda row: row["id"]):
        if row["topic"] == "*":
            stops[row["person_id"]].append((instant(row["at"]), row["state"]))
    gone = {row["id"]: instant(row["updated_at"]) for row in case.rows["person"] if row["state"] == "forgotten"}
    turns = _turns(case)
    for message, tries in case.attempts.items():
        if message not in case.out:
            continue
        row = case.out[message]
        for at in [instant(each["started_at"]) for each in tries]:
            said = [state for when, state in stops[row["person_id"]] if when < at]
            if said and said[-1] == "revoked" and row["purpose"] != "confirmation":
                yield f"5: message {message} was claimed after a STOP"
            if row["person_id"] in gone and gone[row["person_id"]] < at:
                yield f"5: message {message} was claimed after its person was forgotten"
            turned = [word for when, word in turns[row["run_id"]] if when < at] if row["run_id"] else []
            if turned and turned[-1] in {"campaign_paused", "campaign_cancelled"}:
                yield f"5: message {message} was claimed after {turned[-1]}"


def _turns(case: Case) -> dict[int, list[tuple[datetime, str]]]:
    """When staff turned runs, as the record of what staff did has it."""
    turns: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
    for row in sorted(case.rows["audit"], key=lambda row: row["id"]):
        if row["subject"].startswith("run:") and row["action"].startswith("campaign_"):
            turns[int(row["subject"].removeprefix("run:"))].append((instant(row["at"]), row["action"]))
    return turns


def ranked(case: Case) -> Iterator[str]:
    """6: no rank below the highest word that was applied, or that was put aside as known already."""
    for event in case.rows["provider_event"]:
        if event["parked"] not in {"", "overtaken"} or event["carried"] not in RANK:
            continue
        row = _meant(case, event)
        if row is not None and row["state"] in RANK and RANK[row["state"]] < RANK[event["carried"]]:
            yield f"6: message {row['id']} is {row['state']}, and event {event['id']} said {event['carried']}"
        if row is not None and row["state"] == "failed" and row["reason"] == "not_found":
            yield f"6: message {row['id']} is called not found, and event {event['id']} said {event['carried']}"


def _meant(case: Case, event: Record) -> Record | None:
    if event["message_id"] is not None:
        row = case.out.get(event["message_id"])
        other = row is not None and row["provider_id"] not in {None, "", event["provider_id"]}
        return None if other and event["provider_id"] else row
    return case.by_provider_id.get(event["provider_id"])


def leased(case: Case) -> Iterator[str]:
    """7: a lease belongs to `sending` alone, and no `sending` is older than its lease plus two sweeps."""
    for row in case.rows["message"]:
        if (row["state"] == "sending") != (row["lease_until"] is not None):
            yield f"7: message {row['id']} is {row['state']} with a lease until {row['lease_until']}"
        elif row["state"] == "sending" and case.now is not None:
            over = (case.now - instant(row["lease_until"])).total_seconds()
            if over > 2 * case.sweep:
                yield f"7: message {row['id']} is still held {over:.1f} s after its lease"
