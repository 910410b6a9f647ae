"""Every state to every state, by a table that was written down beside the one in the product."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from outreach.delivery.moves import Move, advance
from outreach.messages.status import State
from outreach.messages.tables import Message
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import cast
from tests.delivery.desk import message, row
from tests.invariants import counted

#: From → to, as the life of a message says it. Everything else is refused.
LAWFUL: dict[State, str] = {
    State.PLANNED: "queued cancelled expired",
    State.QUEUED: "queued planned sending refused cancelled expired",
    State.SENDING: "queued unknown accepted sent undelivered delivered failed",
    State.UNKNOWN: "queued accepted sent undelivered delivered failed",
    State.ACCEPTED: "sent undelivered delivered failed",
    State.SENT: "undelivered delivered failed",
    State.UNDELIVERED: "delivered",
    State.DELIVERED: "",
    State.REFUSED: "",
    State.FAILED: "",
    State.CANCELLED: "",
    State.EXPIRED: "",
    State.RECEIVED: "",
}


def test_every_move_is_lawful_or_does_not_happen(workspace: Workspace) -> None:
    amina = cast(workspace).amina
    wrong = []
    for origin, targets in LAWFUL.items():
        for to in State:
            with workspace.database.write() as session:
                made = message(session, amina, state=origin, parts=2, cost=0.5)
                moved = advance(session, [Move(made, to, "why")], dialects.now(session))
            expected = to in targets.split()
            stands = row(workspace, made).state
            if (made in moved) is not expected or stands != (to if expected else origin):
                wrong.append(f"{origin} → {to}: {stands}")
    assert wrong == []
    with workspace.database.read() as session:
        assert list(counted(session)) == []


def test_what_was_called_not_found_is_moved_by_evidence_and_by_nothing_else(workspace: Workspace) -> None:
    amina = cast(workspace).amina
    believed = {State.ACCEPTED, State.SENT, State.UNDELIVERED, State.DELIVERED, State.FAILED}
    found = set()
    for to in State:
        with workspace.database.write() as session:
            made = message(session, amina, state=State.FAILED, reason="not_found")
            if advance(session, [Move(made, to, "unreachable")], dialects.now(session)):
                found.add(to)
            again = message(session, amina, state=State.FAILED, reason="not_found")
            same = advance(session, [Move(again, State.FAILED, "not_found")], dialects.now(session))
            other = message(session, amina, state=State.FAILED, reason="unreachable")
            assert advance(session, [Move(other, to)], dialects.now(session)) == same == set()
    assert found == believed
    with workspace.database.read() as session:
        assert list(counted(session)) == []


def test_what_waits_to_be_tried_again_is_spared_it_when_the_provider_has_it(workspace: Workspace) -> None:
    amina = cast(workspace).amina
    carried = {State.ACCEPTED, State.SENT, State.UNDELIVERED, State.DELIVERED}
    for waits in (State.QUEUED, State.PLANNED):
        for attempts, more in ((1, carried), (0, set())):
            found = set()
            for to in State:
                with workspace.database.write() as session:
                    made = message(session, amina, state=waits, attempts=attempts)
                    if advance(
                        session, [Move(made, to, provider="twilio", provider_id=f"SM{made}")], dialects.now(session)
                    ):
                        found.add(to)
            assert found == {*LAWFUL[waits].split(), *more}, (waits, attempts)


def test_a_worker_that_called_late_and_heard_nothing_clear_opens_the_doubt_again(workspace: Workspace) -> None:
    amina = cast(workspace).amina
    cases: dict[str, tuple[dict[str, Any], str | None, bool]] = {
        "called not found": ({"state": State.FAILED, "reason": "not_found", "token": "mine"}, "mine", True),
        "looked for once": ({"state": State.UNKNOWN, "reason": "lease", "token": "mine"}, "mine", True),
        "somebody else's": ({"state": State.FAILED, "reason": "not_found", "token": "mine"}, "old", False),
        "by no lease": ({"state": State.FAILED, "reason": "not_found", "token": "mine"}, None, False),
        "a push": ({"state": State.FAILED, "reason": "not_found", "token": "mine", "kind": "push"}, "mine", False),
        "another failure": ({"state": State.FAILED, "reason": "landline", "token": "mine"}, "mine", False),
        "on its way again": ({"state": State.QUEUED, "reason": "not_found", "token": "mine"}, "mine", False),
        "told meanwhile": ({"state": State.SENT, "token": "mine"}, "mine", False),
    }
    for label, (given, token, opened) in cases.items():
        with workspace.database.write() as session:
            at = dialects.now(session)
            made = message(session, amina, looks=2, **given)
            moved = advance(session, [Move(made, State.UNKNOWN, "ambiguous", token=token)], at)
        found = row(workspace, made)
        expected = (State.UNKNOWN, "ambiguous", 0) if opened else (given["state"], given.get("reason", ""), 2)
        assert (moved == {made}, found.state, found.reason, found.looks) == (opened, *expected), label
    with workspace.database.read() as session:
        assert list(counted(session)) == []


def test_late_evidence_of_a_push_that_was_given_up_asks_for_no_second_text(workspace: Workspace) -> None:
    baraka = cast(workspace).baraka
    with workspace.database.write() as session:
        at = dialects.now(session)
        made = message(session, baraka, kind="push", sender="fcm", state=State.FAILED, reason="not_found", token="mine")
        advance(session, [Move(made, State.ACCEPTED, token="mine", parts=1, cost=0.0, fallback_at=at)], at)
    assert (row(workspace, made).state, row(workspace, made).fallback_at) == (State.ACCEPTED, None)


def test_only_who_holds_the_lease_may_say_what_became_of_it(workspace: Workspace) -> None:
    amina = cast(workspace).amina
    with workspace.database.write() as session:
        at = dialects.now(session)
        made = message(session, amina, state=State.SENDING, token="mine")
        assert advance(session, [Move(made, State.ACCEPTED, token="old")], at) == set()
        assert advance(session, [Move(made, State.ACCEPTED, token="")], at) == set()
        assert advance(session, [Move(made, State.ACCEPTED, token="mine")], at) == {made}


def test_a_message_keeps_the_id_that_its_provider_gave_it(workspace: Workspace) -> None:
    amina = cast(workspace).amina
    with workspace.database.write() as session:
        at = dialects.now(session)
        made = message(session, amina, state=State.SENT, provider="twilio", provider_id="SM1")
        assert advance(session, [Move(made, State.DELIVERED, provider="twilio", provider_id="SM2")], at) == set()
        assert advance(session, [Move(made, State.DELIVERED)], at) == {made}
    assert (row(workspace, made).state, row(workspace, made).provider_id) == (State.DELIVERED, "SM1")


def test_of_many_words_at_once_the_furthest_lawful_one_counts(workspace: Workspace) -> None:
    """In whatever order, and although the furthest one may be about another message."""
    amina = cast(workspace).amina
    cases = [
        (State.SENDING, [State.ACCEPTED, State.SENT, State.DELIVERED], State.DELIVERED),
        (State.ACCEPTED, [State.FAILED, State.SENT, State.ACCEPTED], State.FAILED),
        (State.SENT, [State.FAILED, State.DELIVERED], State.DELIVERED),
        (State.UNDELIVERED, [State.FAILED, State.DELIVERED], State.DELIVERED),
        (State.UNDELIVERED, [State.FAILED, State.SENT], State.UNDELIVERED),
        (State.QUEUED, [State.DELIVERED, State.CANCELLED], State.CANCELLED),
    ]
    for origin, told, expected in cases:
        for order in permutations(told):
            with workspace.database.write() as session:
                made = message(session, amina, state=origin)
                advance(session, [Move(made, to) for to in order], dialects.now(session))
            assert row(workspace, made).state == expected, (origin, order)


def test_a_word_with_a_strange_id_does_not_hide_the_right_one(workspace: Workspace) -> None:
    amina = cast(workspace).amina
    with workspace.database.write() as session:
        made = message(session, amina, state=State.ACCEPTED, provider="twilio", provider_id="SM1")
        moves = [
            Move(made, State.DELIVERED, provider_id="SM-other"),
            Move(made, State.SENT, provider_id="SM1"),
        ]
        assert advance(session, moves, dialects.now(session)) == {made}
    assert row(workspace, made).state == State.SENT


@pytest.mark.parametrize("overtaking", [State.SENT, State.DELIVERED, State.UNDELIVERED, State.FAILED])
def test_an_answer_that_a_receipt_overtook_still_tells_what_it_cost(workspace: Workspace, overtaking: State) -> None:
    amina = cast(workspace).amina
    with workspace.database.write() as session:
        at = dialects.now(session)
        made = message(session, amina, state=State.SENDING, token="mine")
        advance(session, [Move(made, overtaking, "why", provider="twilio", provider_id="SM1")], at)
        answer = Move(
            made, State.ACCEPTED, token="mine", provider="twilio", provider_id="SM1", parts=3, cost=0.12, fallback_at=at
        )
        assert advance(session, [answer], at) == set()
    found = row(workspace, made)
    assert (found.state, found.reason, found.parts, found.cost) == (overtaking, "why", 3, 0.12)
    with workspace.database.read() as session:
        assert list(counted(session)) == []


def test_moves_leave_alone_what_they_do_not_name(workspace: Workspace) -> None:
    amina = cast(workspace).amina
    with workspace.database.write() as session:
        at = dialects.now(session)
        made = message(session, amina, state=State.SENDING, token="t", attempts=1, lease_until=at, code="1", looks=3)
    before = row(workspace, made)
    with workspace.database.write() as session:
        advance(session, [Move(made, State.UNKNOWN, "lease")], at)
    after = row(workspace, made)
    changed = {column.key for column in Message.__table__.columns if _differs(before, after, column.key)}
    assert changed - {"updated_at"} == {"state", "reason", "lease_until", "looks"}


def _differs(before: Message, after: Message, column: str) -> bool:
    return bool(getattr(before, column) != getattr(after, column))


def test_a_message_that_is_not_there_is_no_error(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        assert advance(session, [Move(4711, State.CANCELLED)], dialects.now(session)) == set()
        assert advance(session, [], dialects.now(session)) == set()
