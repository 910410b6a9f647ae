"""Whether a clinic's database, and what a carrier took from it, keep the invariants of the life of a message.

Raw SQL and rules of its own on purpose: it shares no code with what it checks. Numbers are those of the list of
invariants: 1 to 11. What is said of two moments (4: the provider's word; 6: ranks) is said by `Witness`, which looks
again and again.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

Call = dict[str, Any]  # one line of the carrier's log

_RANK = {
    "planned": 0,
    "queued": 10,
    "sending": 20,
    "unknown": 25,
    "accepted": 30,
    "sent": 40,
    "undelivered": 50,
    "delivered": 60,
}
_ENDS = {"refused", "failed", "cancelled", "expired", "received"}
_AT_PROVIDER = ("accepted", "sent", "undelivered", "delivered")


def broken(session: Session, log: Sequence[Call] = (), *, quiet: tuple[int, int] | None = None) -> list[str]:
    """Every invariant that does not hold, in words. `log`: what the carrier noted; `quiet`: minutes of the day."""
    checks: list[Callable[[], Iterable[str]]] = [
        lambda: _sent_once(session, log),
        lambda: counted(session),
        lambda: _attempted(session, log),
        lambda: _taken_at_their_word(session, log),
        lambda: _stopped(session),
        lambda: _leased(session),
        lambda: _heard(session),
        lambda: _events(session),
        lambda: _fired_once(session),
        lambda: _hours(session, quiet),
    ]
    return [fault for check in checks for fault in check()]


@dataclass
class Witness:
    """Looks at the same messages again and again: no rank falls (6), no message vanishes (2)."""

    seen: dict[int, tuple[str, int]] = field(default_factory=dict)

    def look(self, session: Session) -> list[str]:
        """What changed unlawfully since the last look."""
        rows = _rows(session, "SELECT id, state, reason, attempts FROM message")
        now = {row.id: (_GUESS if _is_guess(row) else row.state, row.attempts) for row in rows}
        faults = [f"2: message {gone} has vanished" for gone in self.seen.keys() - now.keys()]
        for message, (before, tries) in self.seen.items():
            after, _ = now.get(message, (before, tries))
            if before != after and not _may_follow(before, after):
                faults.append(f"6: message {message} went from {before} back to {after}")
        self.seen = now
        return faults


#: Called not found: a guess of ours. The provider's word corrects it; its own worker may doubt it, having called late.
_GUESS = "not_found"


def _is_guess(row: Row[Any]) -> bool:
    return bool(row.state == "failed" and row.reason == _GUESS)


def _may_follow(before: str, after: str) -> bool:
    if before == _GUESS:
        return after in {*_AT_PROVIDER, "failed", "unknown"}
    if after == _GUESS:
        return _RANK.get(before, 99) <= _RANK["unknown"]
    if before in _ENDS or before == "delivered":
        return False
    if after in {"queued", "planned"}:
        return _RANK[before] <= _RANK["unknown"]
    if after in {"cancelled", "expired", "refused"}:
        return _RANK[before] <= _RANK["unknown"]  # between two looks it may have come back to the queue
    return after in _ENDS or _RANK[after] > _RANK[before] or _RANK[before] <= _RANK["unknown"]


def _rows(session: Session, statement: str, **values: Any) -> Sequence[Row[Any]]:
    return session.execute(text(statement), values).all()


def _instant(value: Any) -> datetime:
    """A moment as either driver gives it."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _frozen(session: Session) -> dict[int, dict[str, Any]]:
    rows = _rows(session, "SELECT id, frozen FROM run")
    return {row.id: json.loads(row.frozen) if isinstance(row.frozen, str) else row.frozen for row in rows}


def _sent_once(session: Session, log: Sequence[Call]) -> Iterator[str]:
    taken = Counter(int(call["message"]) for call in log if call["event"] == "call" and call["sid"] and call["message"])
    runs = _frozen(session)
    for row in _rows(session, "SELECT id, run_id, step FROM message WHERE direction = 'out'"):
        step = runs[row.run_id]["steps"][row.step] if row.run_id else {}
        most = 2 if step.get("on_unknown") == "resend" else 1
        if taken[row.id] > most:
            yield f"1: message {row.id} was taken {taken[row.id]} times"
    for row in _rows(session, "SELECT dedupe_key FROM message GROUP BY dedupe_key HAVING count(*) > 1"):
        yield f"1: {row.dedupe_key} stands twice"


_CELLS = "coalesce(run_id, 0), step, day, kind, state, reason, sender"


def counted(session: Session) -> Iterator[str]:
    """The roll-ups are what one would count, and so the sum of all states is what was planned."""
    real = _cells(session, "message", "count(*)")
    kept = _cells(session, "tally", "sum(messages)")
    for cell in real.keys() | kept.keys():
        mine, theirs = real.get(cell, (0, 0, 0.0)), kept.get(cell, (0, 0, 0.0))
        if mine[:2] != theirs[:2] or abs(mine[2] - theirs[2]) > 1e-6:
            yield f"2: roll-up of {cell} says {theirs}, there are {mine}"


def _cells(session: Session, table: str, count: str) -> dict[tuple[Any, ...], tuple[int, int, float]]:
    rows = _rows(session, f"SELECT {_CELLS}, {count}, sum(parts), sum(cost) FROM {table} GROUP BY {_CELLS}")
    found = {}
    for run, step, day, kind, state, reason, sender, messages, parts, cost in map(tuple, rows):
        found[run, step, str(day), kind, state, reason, sender] = (int(messages), int(parts), float(cost))
    return found


def _attempted(session: Session, log: Sequence[Call]) -> Iterator[str]:
    first = {
        row.message_id: _instant(row.first)
        for row in _rows(session, "SELECT message_id, min(started_at) AS first FROM attempt GROUP BY message_id")
    }
    for call in log:
        if call["event"] == "call" and call["message"]:
            started = first.get(int(call["message"]))
            if started is None or started.timestamp() > call["at"] + 0.05:
                yield f"3: message {call['message']} was sent without an earlier attempt"
    beyond = "SELECT id FROM message WHERE direction = 'out' AND state IN ('sending', 'unknown', 'failed') OR state IN "
    for row in _rows(session, beyond + str(_AT_PROVIDER)):
        if row.id not in first:
            yield f"3: message {row.id} stands past the queue without an attempt"


def _taken_at_their_word(session: Session, log: Sequence[Call]) -> Iterator[str]:
    told = {
        *(row.message_id for row in _rows(session, "SELECT message_id FROM provider_event WHERE parked = ''")),
        *(int(call["message"]) for call in log if call["sid"] and call["message"]),
    }
    for row in _rows(session, f"SELECT id, provider_id FROM message WHERE state IN {_AT_PROVIDER}"):
        if not row.provider_id and row.id not in told:
            yield f"4: message {row.id} stands as taken without the provider's word"
        if log and row.id not in told:
            yield f"4: message {row.id} stands as taken and the carrier never had it"


def _stopped(session: Session) -> Iterator[str]:
    """No attempt begins while a STOP or a pause holds."""
    stops: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
    for row in _rows(session, "SELECT person_id, at, state FROM consent WHERE topic = '*' ORDER BY id"):
        stops[row.person_id].append((_instant(row.at), row.state))
    attempts = """SELECT a.message_id, a.started_at, m.person_id, m.purpose, r.state, r.changed_at
        FROM attempt a JOIN message m ON m.id = a.message_id LEFT JOIN run r ON r.id = m.run_id"""
    for row in _rows(session, attempts):
        at = _instant(row.started_at)
        said = [state for when, state in stops[row.person_id] if when < at]
        if said and said[-1] == "revoked" and row.purpose != "confirmation":
            yield f"5: message {row.message_id} was claimed after a STOP"
        if row.state in {"paused", "cancelled"} and at > _instant(row.changed_at):
            yield f"5: message {row.message_id} was claimed after its run was {row.state}"


def _leased(session: Session) -> Iterator[str]:
    for row in _rows(session, "SELECT id, state, lease_until FROM message"):
        if (row.state == "sending") != (row.lease_until is not None):
            yield f"7: message {row.id} is {row.state} and its lease ends at {row.lease_until}"


def overdue(session: Session, now: datetime, slack: timedelta) -> list[str]:
    """7: what is still being sent although its lease was over so long ago."""
    rows = _rows(session, "SELECT id, lease_until FROM message WHERE state = 'sending'")
    return [f"7: message {row.id} is held" for row in rows if _instant(row.lease_until) + slack < now]


def _heard(session: Session) -> Iterator[str]:
    said = "SELECT id, reason, provider_id, thread_id FROM message WHERE direction = 'in'"
    rows = _rows(session, said)
    for row in rows:
        if not (row.reason.startswith("keyword:") or (row.reason in {"thread", "needs_person"} and row.thread_id)):
            yield f"8: text {row.id} has no outcome"
    for provider_id, count in Counter(row.provider_id for row in rows).items():
        if count > 1:
            yield f"8: text {provider_id} is kept {count} times"


def _events(session: Session) -> Iterator[str]:
    known = {row.id for row in _rows(session, "SELECT id FROM message")}
    theirs = {row.provider_id for row in _rows(session, "SELECT provider_id FROM message WHERE provider_id <> ''")}
    for row in _rows(session, "SELECT id, message_id, provider_id, parked FROM provider_event"):
        if not row.parked and row.message_id not in known and row.provider_id not in theirs:
            yield f"9: event {row.id} was neither applied nor parked"


def _fired_once(session: Session) -> Iterator[str]:
    once = "SELECT run_id, step, occurrence, zone FROM fire GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"
    for row in _rows(session, once):
        yield f"10: {tuple(row)} fired more than once"
    single = """SELECT run_id, step, occurrence, person_id FROM message
        WHERE run_id IS NOT NULL AND fallback_of IS NULL AND direction = 'out'
        GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"""
    for row in _rows(session, single):
        yield f"10: {tuple(row)} was written more than once"


def _hours(session: Session, quiet: tuple[int, int] | None) -> Iterator[str]:
    runs = _frozen(session)
    rows = _rows(
        session,
        """SELECT a.message_id, a.started_at, m.run_id, p.zone, p.hours_from, p.hours_to
        FROM attempt a JOIN message m ON m.id = a.message_id JOIN person p ON p.id = m.person_id
        WHERE m.purpose = 'campaign'""",
    )
    for row in rows:
        own = None if row.hours_from is None else (row.hours_from, row.hours_to)
        start, end = own or runs[row.run_id]["hours"]
        for zone in row.zone.split("|"):
            local = _instant(row.started_at).astimezone(ZoneInfo(zone))
            minute = local.hour * 60 + local.minute
            if not _within(minute, start, end) or (quiet and _within(minute, *quiet)):
                yield f"11: message {row.message_id} was sent at {local:%H:%M} in {zone}"


def _within(minute: int, start: int, end: int) -> bool:
    return start <= minute < end if start < end else minute >= start or minute < end
