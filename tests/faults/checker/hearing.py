"""Invariants 8 to 11: what came in, what providers told, when a step fires, at which hour it arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from tests.faults.checker.records import Case, Record, instant

JUST_WROTE = timedelta(hours=12)


def heard(case: Case) -> Iterator[str]:
    """8: each inbound id exists once and has an outcome; what the carrier saw taken is there."""
    for row in case.texts:
        outcome = row["reason"]
        if not (outcome.startswith("keyword:") or (outcome in {"thread", "needs_person"} and row["thread_id"])):
            yield f"8: text {row['id']} has no outcome"
    ids = Counter(row["provider_id"] for row in case.texts)
    yield from (f"8: text {sid} is kept {count} times" for sid, count in ids.items() if count > 1)
    for line in case.log:
        if line["event"] == "inbound" and _well_received(line) and line["sid"] not in ids:
            yield f"8: text {line['sid']} was answered {line['code']}, and is not there"


def events(case: Case) -> Iterator[str]:
    """9: each provider event is applied, or parked with a reason; what was answered well was kept."""
    ours = {row["id"] for row in case.rows["message"]}
    theirs = {row["provider_id"] for row in case.rows["message"] if row["provider_id"]}
    told: Counter[tuple[str, str]] = Counter()
    for row in case.rows["provider_event"]:
        told[row["provider_id"], row["status"]] += 1
        if not row["parked"] and row["message_id"] not in ours and row["provider_id"] not in theirs:
            yield f"9: event {row['id']} was neither applied nor parked"
    keys = Counter((row["provider"], row["event_key"]) for row in case.rows["provider_event"])
    yield from (f"9: event {key} is kept {count} times" for key, count in keys.items() if count > 1)
    for line in case.log:
        if line["event"] == "receipt" and _well_received(line) and not told[line["sid"], line["outcome"]]:
            yield f"9: receipt {line['outcome']} of {line['sid']} was answered {line['code']}, and is not there"


def _well_received(line: Record) -> bool:
    return bool(line["code"]) and 200 <= line["code"] < 300


def fired_once(case: Case) -> Iterator[str]:
    """10: one fire per (step, occurrence) and place, one message per person of it."""
    fires = Counter((row["run_id"], row["step"], row["occurrence"], row["zone"]) for row in case.rows["fire"])
    yield from (f"10: {which} fired {count} times" for which, count in fires.items() if count > 1)
    written = Counter(
        (row["run_id"], row["step"], row["occurrence"], row["person_id"])
        for row in case.out.values()
        if row["run_id"] and not row["fallback_of"]
    )
    yield from (f"10: {which} was written {count} times" for which, count in written.items() if count > 1)


def in_hours(case: Case) -> Iterator[str]:
    """11: hours are kept at the person's place, in each place that may be hers; answers to who just wrote aside."""
    people = {row["id"]: row for row in case.rows["person"]}
    for message, tries in case.attempts.items():
        row = case.out.get(message)
        if row is None or row["purpose"] not in {"campaign", "reply", "invitation"}:
            continue
        person = people[row["person_id"]]
        if row["purpose"] == "reply" and person["replied_at"] is not None:
            continue  # whether she had just written then, the present row does not tell
        for each in tries:
            yield from _lawful(case, row, person, each)


def _lawful(case: Case, row: Record, person: Record, attempt: Record) -> Iterator[str]:
    own = (person["hours_from"], person["hours_to"]) if person["hours_from"] is not None else None
    hours = own or (case.frozen[row["run_id"]]["hours"] if row["run_id"] else (0, 24 * 60))
    for zone in person["zone"].split("|"):
        local = instant(attempt["started_at"]).astimezone(ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        if not _within(minute, *hours) or (case.quiet and _within(minute, *case.quiet)):
            yield f"11: message {row['id']} was sent at {local:%H:%M} in {zone}"


def _within(minute: int, start: int, end: int) -> bool:
    return start <= minute < end if start < end else minute >= start or minute < end
