"""What a text cost whose worker died: told once, later, as its worker would have told it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from outreach.audience.tables import Person
from outreach.channels.contract import Accepted, Cause, Rejected
from outreach.channels.registry import Providers
from outreach.channels.twilio_hooks import receipt_of
from outreach.delivery import pricing, receipts, sweep
from outreach.messages.status import State
from outreach.messages.tables import Message
from outreach.workspace import Workspace
from tests.delivery.desk import answer, claim, crowd, earlier, faults, messages, row, run_of


def _claimed(workspace: Workspace, count: int = 1) -> list[int]:
    people = crowd(workspace, count)
    run = run_of(workspace)
    with workspace.database.write() as session:
        made = messages(session, people, run)
    assert len(claim(workspace).claims) == count
    return made


def _told(workspace: Workspace, message: int, word: str = "delivered") -> None:
    with workspace.database.write() as session:
        receipts.keep(session, [replace(receipt_of(f"SM{message}", word, ""), message_id=message)])


def _later(workspace: Workspace) -> None:
    earlier(workspace, workspace.settings.lease + 1, Message.updated_at, Message.lease_until)


@pytest.mark.parametrize("swept_first", [True, False])
def test_a_text_that_a_receipt_has_settled_gets_parts_and_cost(workspace: Workspace, *, swept_first: bool) -> None:
    dead, alive = _claimed(workspace, 2)
    if swept_first:
        _later(workspace)
        sweep.sweep(workspace, Providers([]))
    _told(workspace, dead)
    assert row(workspace, dead).cost == 0
    _later(workspace)
    sweep.sweep(workspace, Providers([]))
    found = row(workspace, dead)
    assert (found.state, found.parts, found.token) == (State.DELIVERED, 1, "")
    assert found.cost == pytest.approx(workspace.settings.prices["KE"])
    assert row(workspace, alive).cost == 0  # unknown still: it may cost nothing
    assert faults(workspace) == []


def test_nobody_is_priced_while_its_worker_may_still_tell(workspace: Workspace) -> None:
    (made,) = _claimed(workspace)
    _told(workspace, made)
    assert pricing.price(workspace) == 0


def test_what_was_priced_is_never_priced_again(workspace: Workspace) -> None:
    people = crowd(workspace, 1)
    with workspace.database.write() as session:
        (made,) = messages(session, people, run_of(workspace))
    answer(workspace, claim(workspace), Accepted("SM1"))
    _later(workspace)
    assert (row(workspace, made).token, pricing.price(workspace)) == ("", 0)


def test_an_unclear_answer_is_priced_once_it_is_known_to_have_been_taken(workspace: Workspace) -> None:
    people = crowd(workspace, 1)
    with workspace.database.write() as session:
        (made,) = messages(session, people, run_of(workspace))
    answer(workspace, claim(workspace), Rejected(Cause.AMBIGUOUS))
    _later(workspace)
    assert pricing.price(workspace) == 0
    _told(workspace, made)
    _later(workspace)
    assert pricing.price(workspace) == 1
    assert row(workspace, made).cost > 0
    assert faults(workspace) == []


def test_of_whom_nothing_can_be_written_any_more_the_estimate_stands(workspace: Workspace) -> None:
    (made,) = _claimed(workspace)
    _told(workspace, made)
    with workspace.database.write() as session:
        session.execute(update(Person).values(country="ZZ", language="und", state="forgotten"))
        session.execute(update(Message).values(run_id=None, step="reply"))
    _later(workspace)
    assert pricing.price(workspace) == 1
    assert row(workspace, made).cost == pytest.approx(workspace.settings.prices["*"])
