"""The checker: it knows nothing of the product, finds nothing wrong with a sound clinic, and finds each thing wrong."""

from __future__ import annotations

import ast
import copy
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import judge
from tests.faults.checker.records import TABLES, Case
from tests.faults.checker.watch import Watch

HERE = Path(__file__).parent / "checker"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # noon in Nairobi
RUN = {"steps": {"welcome": {"on_unknown": "hold"}}, "hours": [480, 1200]}

Rows = dict[str, list[dict[str, Any]]]


def test_it_imports_nothing_of_the_product_nor_of_its_tests() -> None:
    for path in HERE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                root = name.split(".")[0]
                assert root in {*sys.stdlib_module_names, "psycopg"} or name.startswith("tests.faults.checker")


def test_it_loads_nothing_of_the_product_behind_our_back() -> None:
    code = "import sys, tests.faults.checker as c; print([n for n in sys.modules if n.split('.')[0] in sys.argv[1:]])"
    command = [sys.executable, "-c", code, "outreach", "scheduler", "sqlalchemy"]
    done = subprocess.run(command, cwd=HERE.parents[2], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def message(**more: Any) -> dict[str, Any]:
    """A text that was delivered."""
    row = {"id": 1, "direction": "out", "kind": "sms", "purpose": "campaign", "person_id": 5, "run_id": 9, "body": None}
    row |= {"step": "welcome", "occurrence": "1", "fallback_of": None, "thread_id": None, "dedupe_key": "9:1:5"}
    row |= {"state": "delivered", "reason": "", "day": "2026-03-02", "parts": 1, "cost": 0.04, "provider_id": "SM1"}
    return {**row, "sender": "twilio", "lease_until": None, "updated_at": NOW, "due_at": NOW, "attempts": 1, **more}


def sound() -> tuple[Rows, list[dict[str, Any]]]:
    """One person, one text sent and delivered, one text of hers; everything in order."""
    rows: Rows = {table: [] for table in TABLES}
    said = message(id=2, direction="in", purpose="reply", state="received", reason="thread", thread_id=3)
    said |= {"dedupe_key": "in:1", "provider_id": "IN1", "run_id": None, "step": "", "cost": 0.0}
    rows["message"] = [message(), said]
    cell = ("run_id", "step", "day", "kind", "state", "reason", "sender", "parts", "cost")
    rows["tally"] = [{**{name: row[name] or 0 for name in cell}, "messages": 1} for row in rows["message"]]
    rows["tally"] = [{**row, "step": row["step"] or "", "reason": row["reason"] or ""} for row in rows["tally"]]
    rows["attempt"] = [{"id": 1, "message_id": 1, "started_at": NOW}]
    rows["run"] = [{"id": 9, "frozen": RUN}]
    rows["fire"] = [{"run_id": 9, "step": "welcome", "occurrence": "1", "zone": "Africa/Nairobi", "messages": 1}]
    event = {"id": 1, "provider": "twilio", "event_key": "k", "provider_id": "SM1", "message_id": 1}
    rows["provider_event"] = [{**event, "status": "delivered", "carried": "delivered", "parked": ""}]
    person = {"id": 5, "state": "active", "zone": "Africa/Nairobi", "hours_from": None, "hours_to": None}
    rows["person"] = [{**person, "updated_at": NOW, "replied_at": NOW}]
    rows["person_key"] = [{"person_id": 5, "wrapped": b"k"}]
    rows["endpoint"] = [{"person_id": 5}]
    rows["audit"] = [{"id": 1, "at": NOW, "action": "campaign_launched", "subject": "run:9", "previous": bytes(32)}]
    rows["audit"][0]["hash"] = b"h"
    at = NOW.timestamp() + 1
    base = {"kind": "sms", "sid": "SM1", "message": "1", "code": None}
    log = [
        {**base, "at": at, "event": "call", "outcome": "taken"},
        {**base, "at": at, "event": "status", "outcome": "delivered"},
        {**base, "at": at, "event": "receipt", "outcome": "delivered", "code": 204},
        {**base, "at": at, "event": "inbound", "outcome": "received", "sid": "IN1", "message": None, "code": 204},
    ]
    return rows, log


def test_nothing_is_wrong_with_a_sound_clinic() -> None:
    rows, log = sound()
    assert judge(Case(rows, log, now=NOW)) == []


def _one(rows: Rows, table: str = "message") -> dict[str, Any]:
    return rows[table][0]


LATER = NOW + timedelta(minutes=5)
STOP = {"id": 1, "person_id": 5, "topic": "*", "at": NOW - timedelta(minutes=1), "state": "revoked"}
PAUSE = {"id": 2, "at": NOW - timedelta(minutes=1), "action": "campaign_paused", "subject": "run:9", "previous": b"h"}

Spoil = Callable[[Rows, list[dict[str, Any]]], object]

WRONG: dict[str, tuple[str, Spoil]] = {
    "sent twice": ("1", lambda rows, log: log.append({**log[0], "sid": "SM2"})),
    "sent to nobody we know": ("1", lambda rows, log: log.append({**log[0], "message": "77"})),
    "one key twice": ("1", lambda rows, log: rows["message"].append(message(id=7))),
    "not counted": ("2", lambda rows, log: rows["tally"].pop()),
    "counted at another price": ("2", lambda rows, log: _one(rows).update(cost=0.08)),
    "a planned message has vanished": ("2", lambda rows, log: _one(rows, "fire").update(messages=2)),
    "a tried message has vanished": ("2", lambda rows, log: _one(rows, "attempt").update(message_id=8)),
    "sent without an attempt": ("3", lambda rows, log: rows["attempt"].clear()),
    "sent before its attempt": ("3", lambda rows, log: _one(rows, "attempt").update(started_at=LATER)),
    "called twice on one attempt": ("3", lambda rows, log: log.append({**log[0], "sid": None, "outcome": "reset"})),
    "the carrier never had it": ("4", lambda rows, log: log.pop(0)),
    "another message's id": ("4", lambda rows, log: _one(rows).update(provider_id="SM9")),
    "delivered on nobody's word": ("4", lambda rows, log: log.pop(1) and log.pop(1)),
    "not found, and taken": ("4", lambda rows, log: _one(rows).update(state="failed", reason="not_found")),
    "given up when throttled": ("4", lambda rows, log: _one(rows).update(state="failed", reason="throttled")),
    "claimed after a STOP": ("5", lambda rows, log: rows["consent"].append(STOP)),
    "claimed though forgotten": (
        "5",
        lambda rows, log: _one(rows, "person").update(state="forgotten", updated_at=NOW - timedelta(minutes=1)),
    ),
    "claimed while paused": ("5", lambda rows, log: rows["audit"].append({**PAUSE, "hash": b"i"})),
    "a rank fell": ("6", lambda rows, log: _one(rows).update(state="sent")),
    "evidence was not believed": ("6", lambda rows, log: _one(rows).update(state="failed", reason="not_found")),
    "a lease without a sender": ("7", lambda rows, log: _one(rows).update(lease_until=NOW)),
    "held for ever": (
        "7",
        lambda rows, log: _one(rows).update(state="sending", lease_until=NOW - timedelta(minutes=1)),
    ),
    "a text without an outcome": ("8", lambda rows, log: rows["message"][1].update(reason="")),
    "a text was lost": ("8", lambda rows, log: rows["message"].pop()),
    "an event of nobody": (
        "9",
        lambda rows, log: _one(rows, "provider_event").update(provider_id="SM8", message_id=8),
    ),
    "a receipt was lost": ("9", lambda rows, log: rows["provider_event"].clear()),
    "fired twice": ("10", lambda rows, log: rows["fire"].append(_one(rows, "fire"))),
    "written twice": ("10", lambda rows, log: rows["message"].append(message(id=7, dedupe_key="other"))),
    "sent at night": (
        "11",
        lambda rows, log: _one(rows, "attempt").update(started_at=NOW - timedelta(hours=9)),
    ),
    "sent outside her own hours": ("11", lambda rows, log: _one(rows, "person").update(hours_from=0, hours_to=60)),
    "a line is missing": ("13", lambda rows, log: _one(rows, "audit").update(id=2)),
    "a line does not follow": ("13", lambda rows, log: _one(rows, "audit").update(previous=b"x")),
    "forgotten, and her key is there": (
        "14",
        lambda rows, log: _one(rows, "person").update(state="forgotten", updated_at=LATER),
    ),
}


@pytest.mark.parametrize("label", WRONG)
def test_each_thing_that_is_wrong_is_found(label: str) -> None:
    number, spoil = WRONG[label]
    rows, log = copy.deepcopy(sound())
    spoil(rows, log)
    assert [found for found in judge(Case(rows, log, now=NOW)) if found.startswith(f"{number}:")]


def test_nobody_can_look_for_a_message_to_somebody_who_was_forgotten() -> None:
    for state, found in {"active": 1, "forgotten": 0}.items():
        rows, log = sound()
        _one(rows).update(state="failed", reason="not_found")
        _one(rows, "person").update(state=state)
        assert len([each for each in judge(Case(rows, log, now=NOW)) if each.startswith("4:")]) == found


def test_a_canary_is_found_wherever_it_is() -> None:
    rows, log = sound()
    case = Case(
        rows, log, now=NOW, artefacts=[("a log", b"to +254712000001"), ("a page", b"x")], canaries=["712000001"]
    )
    assert judge(case) == ["12: canary 0 stands in a log"]


def test_every_invariant_has_something_that_breaks_it() -> None:
    assert {number for number, _ in WRONG.values()} | {"12"} == {str(number) for number in range(1, 15)}


LOOKS: dict[str, tuple[dict[str, Any] | None, int]] = {
    "further": ({"state": "delivered", "reason": ""}, 0),
    "back": ({"state": "accepted", "reason": ""}, 1),
    "gone": (None, 1),
}


@pytest.mark.parametrize("label", LOOKS)
def test_two_looks_tell_what_one_cannot(label: str) -> None:
    after, count = LOOKS[label]
    watch = Watch()
    watch.look([message(state="sent")])
    watch.look([message(**after)] if after else [])
    assert len(watch.violations) == count


def test_only_evidence_or_a_new_doubt_brings_back_what_was_not_found() -> None:
    cases = {"accepted": True, "delivered": True, "unknown": True, "queued": False, "sending": False, "expired": False}
    for state, lawful in cases.items():
        watch = Watch()
        watch.look([message(state="failed", reason="not_found")])
        watch.look([message(state=state)])
        assert (not watch.violations) == lawful
