"""Whose hands a thread is in: taking, handing over, notes that nobody else reads, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from outreach.consent import ConsentState
from outreach.errors import NotFoundError
from outreach.messages.status import State
from outreach.messages.tables import Message
from outreach.privacy import audit
from outreach.staff import accounts
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.threads import forgetting, hands, inbox, lists
from outreach.threads.hands import RefusedError, Why
from outreach.threads.lists import List
from outreach.threads.tables import CHOSEN, Did, Outcome, ThreadEvent, ThreadState
from outreach.workspace import Workspace
from tests.clinic import AMINA, Cast, cast
from tests.threads.texting import ledger, sent, threads, write

ME, YOU = "wanjiru", "otieno"
SECRET = "canary: her sister reads this phone"


@pytest.fixture
def people(workspace: Workspace) -> Cast:
    with workspace.database.write() as session:
        for name, role in ((ME, Role.HELPER), (YOU, Role.COORDINATOR), ("launch", Role.LAUNCHER)):
            accounts.add(session, workspace.vault, New(name, name.title(), frozenset({role})), ME)
    return cast(workspace)


def opened(workspace: Workspace, text: str = "When can I come?") -> int:
    thread = write(workspace, AMINA, text).thread_id
    assert thread is not None
    return thread


def over(workspace: Workspace, thread: int, to: str = YOU, note: str = "", by: str = ME) -> None:
    hands.hand_over(workspace, thread, to, by=by, note=note)


def record(workspace: Workspace) -> list[tuple[str, str, str, str]]:
    with workspace.database.read() as session:
        return [
            (line.who, line.action, line.subject, line.why)
            for line in audit.entries(session, workspace.vault)
            if line.action.startswith("thread")
        ]


def has(workspace: Workspace, thread: int) -> str:
    return inbox.show(workspace, thread).summary.assignee


def test_a_thread_goes_from_hand_to_hand_and_every_step_is_told_and_recorded(
    workspace: Workspace, people: Cast
) -> None:
    thread = opened(workspace)
    hands.take(workspace, thread, by=ME)
    hands.take(workspace, thread, by=ME)  # twice is once
    over(workspace, thread, note=SECRET)
    hands.release(workspace, thread, by=YOU)
    hands.note(workspace, thread, f"Called her at {AMINA}", by=ME)
    inbox.close(workspace, thread, Outcome.REFERRED, by=ME)
    told = [(each.by, each.did, each.to, each.outcome, each.text) for each in inbox.show(workspace, thread).events]
    assert told == [
        (ME, Did.TAKEN, "", "", ""),
        (ME, Did.HANDED_OVER, YOU, "", SECRET),
        (YOU, Did.RELEASED, "", "", ""),
        (ME, Did.NOTED, "", "", "Called her at [number]"),
        (ME, Did.CLOSED, "", "referred", ""),
    ]
    subject = f"thread:{thread}"
    assert record(workspace) == [
        (ME, "thread_taken", subject, ""),
        (ME, "thread_handed_over", subject, YOU),
        (YOU, "thread_released", subject, ""),
        (ME, "thread_noted", subject, ""),
        (ME, "thread_closed", subject, "referred"),
    ]


def test_whoever_answers_a_thread_that_nobody_has_has_it(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    made = inbox.reply(workspace, thread, "On Monday.", by=ME)
    inbox.reply(workspace, thread, "At nine.", by=YOU)
    shown = inbox.show(workspace, thread)
    assert shown.summary.assignee == ME
    assert [(each.by, each.text) for each in shown.said if each.who == "helper"] == [
        (ME, "On Monday."),
        (YOU, "At nine."),
    ]
    assert shown.events[0].message_id == made
    unsigned = opened(workspace)
    assert has(workspace, unsigned) == ME, "she writes again in the same thread, and it stays in the same hands"


REFUSED: list[tuple[str, Callable[[Workspace, int], None], Why]] = [
    ("somebody else has it", lambda w, i: hands.take(w, i, by=YOU), Why.TAKEN),
    ("nobody of that name", lambda w, i: over(w, i, "nobody"), Why.NOBODY),
    ("somebody who does not answer", lambda w, i: over(w, i, "launch"), Why.NOBODY),
    ("no name", lambda w, i: over(w, i, " "), Why.NOBODY),
    ("an empty note", lambda w, i: hands.note(w, i, " \n", by=ME), Why.EMPTY),
    ("too long a note", lambda w, i: hands.note(w, i, "x" * 2001, by=ME), Why.TOO_LONG),
    ("nothing to decide", lambda w, i: hands.decide(w, i, stop=True, by=ME), Why.NOT_ON_HOLD),
    ("an outcome of one's own", lambda w, i: inbox.close(w, i, SECRET), Why.OUTCOME),  # type: ignore[arg-type]
    ("an outcome of the system", lambda w, i: inbox.close(w, i, Outcome.FORGOTTEN), Why.OUTCOME),
]


@pytest.mark.parametrize(("label", "act", "why"), REFUSED, ids=[row[0] for row in REFUSED])
def test_it_is_refused_and_nothing_changes_when_there_is(
    label: str, act: Callable[[Workspace, int], None], why: Why, workspace: Workspace, people: Cast
) -> None:
    thread = opened(workspace)
    hands.take(workspace, thread, by=ME)
    before = inbox.show(workspace, thread), record(workspace)
    with pytest.raises(RefusedError) as raised:
        act(workspace, thread)
    assert raised.value.why is why
    assert "canary" not in str(raised.value)
    assert (inbox.show(workspace, thread), record(workspace)) == before


def test_a_thread_is_taken_from_somebody_on_purpose_only(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    hands.take(workspace, thread, by=ME)
    with pytest.raises(RefusedError) as raised:
        hands.take(workspace, thread, by=YOU)
    assert raised.value.who == ME
    hands.take(workspace, thread, by=YOU, over=True)
    assert has(workspace, thread) == YOU


def test_of_many_who_take_a_thread_at_once_one_has_it(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)

    def take(name: str) -> str:
        try:
            hands.take(workspace, thread, by=name)
        except RefusedError as error:
            return error.why
        return "taken"

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(take, ("a", "b", "c", "d")))
    assert sorted(told) == sorted(["taken", *[str(Why.TAKEN)] * 3])


@pytest.mark.parametrize("act", [hands.take, hands.release], ids=["take", "release"])
def test_what_is_closed_or_not_there_is_in_nobodys_hands(
    act: Callable[..., None], workspace: Workspace, people: Cast
) -> None:
    thread = opened(workspace)
    inbox.close(workspace, thread, Outcome.SPAM)
    with pytest.raises(RefusedError) as raised:
        act(workspace, thread, by=ME)
    assert raised.value.why is Why.CLOSED
    with pytest.raises(NotFoundError):
        act(workspace, 4711, by=ME)
    hands.note(workspace, thread, "A note can still be left.", by=ME)


def test_a_note_is_sealed_and_gone_when_she_is_forgotten(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    hands.note(workspace, thread, SECRET, by=ME)
    pseudonym = inbox.show(workspace, thread).summary.pseudonym
    with workspace.database.read() as session:
        [row] = session.scalars(select(ThreadEvent))
    assert row.body is not None
    assert b"canary" not in row.body
    forgetting.forget(workspace, pseudonym, ME)
    with workspace.database.read() as session:
        assert session.scalars(select(ThreadEvent.body)).all() == [None]
    with pytest.raises(RefusedError):
        hands.note(workspace, thread, SECRET, by=ME)


# --- perhaps a stop --------------------------------------------------------------------------------------------------

PERHAPS = "stop, I want to ask something"


def test_a_wish_to_stop_that_a_helper_reads_is_as_good_as_her_own(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    inbox.reply(workspace, thread, "On Monday.", by=ME)
    write(workspace, AMINA, PERHAPS)
    hands.decide(workspace, thread, stop=True, by=ME)
    assert ("*", ConsentState.REVOKED, "staff") in ledger(workspace, people.amina)
    assert {each.state for each in sent(workspace, people.amina)} == {State.CANCELLED}
    [row] = threads(workspace, people.amina)
    assert (row.state, row.outcome, row.hold) == (ThreadState.CLOSED, Outcome.STOPPED, False)
    assert record(workspace)[-1][1] == "thread_stopped"


def test_a_wish_to_stop_closes_no_thread_of_somebody_in_danger(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace, "stop, I want to kill myself")
    hands.decide(workspace, thread, stop=True, by=ME)
    shown = inbox.show(workspace, thread).summary
    assert (shown.state, shown.stopped, bool(shown.urgent)) == (ThreadState.WAITING, True, True)


def test_a_text_that_is_no_wish_to_stop_waits_as_any_other(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace, PERHAPS)
    hands.decide(workspace, thread, stop=False, by=ME)
    shown = inbox.show(workspace, thread).summary
    assert (shown.state, shown.hold, shown.stopped) == (ThreadState.WAITING, False, False)
    assert record(workspace)[-1][1] == "thread_kept"


def test_every_outcome_that_can_be_chosen_closes(workspace: Workspace, people: Cast) -> None:
    for outcome in CHOSEN:
        inbox.close(workspace, opened(workspace), outcome, by=ME)
    with workspace.database.read() as session:
        closed = lists.page(session, List.CLOSED, ME).threads
    assert [each.outcome for each in closed] == [str(each) for each in reversed(CHOSEN)]


def test_a_note_goes_when_what_she_wrote_goes(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    hands.note(workspace, thread, SECRET, by=ME)
    assert hands.let_go(workspace) == 0
    with workspace.database.write() as session:
        old = dialects.now(session) - workspace.settings.keep_texts - timedelta(days=1)
        session.execute(update(ThreadEvent).values(at=old))
    assert hands.let_go(workspace) == 0, "she wrote since"
    with workspace.database.write() as session:
        session.execute(update(Message).values(created_at=old))
    assert hands.let_go(workspace) == 1
    [event] = inbox.show(workspace, thread).events
    assert (event.did, event.text) == (Did.NOTED, ""), "that there was one stays"
