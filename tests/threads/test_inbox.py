"""The inbox: who waits, what was said, answering, closing; and never a number."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest
from sqlalchemy import delete, select, update

from outreach.delivery import queue
from outreach.errors import ConflictError, NotFoundError, OutreachError, SettingError
from outreach.messages.status import Lane, State
from outreach.messages.tables import Message, Sender
from outreach.privacy.tables import PersonKey
from outreach.threads import inbound, inbox
from outreach.threads.tables import Outcome, Thread, ThreadState
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, CHAUSIKU, DAUDI, Cast
from tests.threads.texting import SENDERS, counted, letter, sent, tallied, threads, write

OPEN = [ThreadState.WAITING, ThreadState.ANSWERED]


def opened(workspace: Workspace, number: str = AMINA, text: str = "When can I come?") -> int:
    thread = write(workspace, number, text).thread_id
    assert thread is not None
    return thread


def test_those_who_wait_longest_come_first_and_perhaps_a_stop_before_all(workspace: Workspace, people: Cast) -> None:
    first, second = opened(workspace, AMINA), opened(workspace, BARAKA)
    answered = opened(workspace, CHAUSIKU, "Hello")
    hold = opened(workspace, DAUDI, "stop, I want to ask something")
    with workspace.database.write() as session:
        session.execute(update(Thread).where(Thread.id == answered).values(state=ThreadState.ANSWERED))
    with workspace.database.read() as session:
        found = inbox.waiting(session, OPEN)
        assert inbox.waiting(session, OPEN, limit=1) == found[:1]
        assert inbox.waiting(session, [ThreadState.CLOSED]) == []
    assert [each.id for each in found] == [hold, first, second, answered]
    assert [each.stopped for each in found] == [False, False, False, True]


def test_a_conversation_shows_everybodys_words_in_order(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    inbox.reply(workspace, thread, "On Monday at nine.")
    write(workspace, AMINA, "Thank you!")
    shown = inbox.show(workspace, thread)
    assert [(each.who, each.text.split(" ")[0]) for each in shown.said] == [
        ("person", "When"),
        ("system", "Thank"),
        ("helper", "On"),
        ("person", "Thank"),
    ]
    assert shown.summary.state == ThreadState.WAITING, "she has written again"


def test_nothing_that_a_helper_sees_holds_a_number(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace, AMINA, f"Call me at {AMINA} or 0712 000 001, a@b.example, https://fb.example/amina")
    shown = inbox.show(workspace, thread)
    with workspace.database.read() as session:
        everything = json.dumps([asdict(shown), *map(asdict, inbox.waiting(session, OPEN))], default=str)
    assert shown.said[0].text == "Call me at [number] or [number], [email], [link]"
    assert [part for part in (AMINA, AMINA[1:], "712000001", "712 000 001") if part in everything] == []
    assert str(people.amina) not in everything, "not even her id"
    assert "Call" not in repr(shown), "her words are no part of a repr, which a log could show"


def test_a_forgotten_persons_thread_is_there_and_unreadable(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    with workspace.database.write() as session:
        session.execute(delete(PersonKey).where(PersonKey.person_id == people.amina))
    assert {each.text for each in inbox.show(workspace, thread).said} == {"(no longer readable)"}


def test_an_answer_goes_out_ahead_of_bulk(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    made = inbox.reply(workspace, thread, "  On Monday at nine.\n")
    with workspace.database.write() as session:
        assert made in [each.id for each in queue.claim(session, "twilio", Lane.CONVERSATION, 9, 60, None).claims]
    answer = sent(workspace, people.amina)[-1]
    assert (answer.text, answer.purpose, answer.priority) == ("On Monday at nine.", "reply", 1)
    [row] = threads(workspace, people.amina)
    assert (row.state, row.waiting_since) == (ThreadState.ANSWERED, None)
    assert tallied(workspace) == counted(workspace)


REFUSED: list[tuple[str, str, str]] = [
    ("empty", AMINA, " \n "),
    ("too long", AMINA, "x" * 1601),
    ("stopped", CHAUSIKU, "On Monday"),
    ("closed", BARAKA, "On Monday"),
]


@pytest.mark.parametrize(("label", "number", "text"), REFUSED, ids=[row[0] for row in REFUSED])
def test_an_answer_is_refused_that_is(label: str, number: str, text: str, workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace, number, "Hello")
    if label == "closed":
        inbox.close(workspace, thread, Outcome.ANSWERED)
    with workspace.database.read() as session:
        before = session.scalars(select(Message.id)).all()
    with pytest.raises(ConflictError):
        inbox.reply(workspace, thread, text)
    with workspace.database.read() as session:
        assert session.scalars(select(Message.id)).all() == before


def test_a_thread_that_is_not_there_is_named_with_a_remedy(workspace: Workspace) -> None:
    for ask in (inbox.show, lambda w, i: inbox.reply(w, i, "Hello"), lambda w, i: inbox.close(w, i, Outcome.REFERRED)):
        with pytest.raises(NotFoundError, match="outreach threads list"):
            ask(workspace, 4711)


def test_who_has_not_read_the_last_text_is_told_to(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    read = inbox.show(workspace, thread).last
    write(workspace, AMINA, "Never mind, I am well")
    with pytest.raises(ConflictError, match="has gone on"):
        inbox.reply(workspace, thread, "Come at once!", seen=read)
    inbox.reply(workspace, thread, "Good.", seen=inbox.show(workspace, thread).last)


def test_of_two_helpers_who_read_the_same_one_answers(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    read = inbox.show(workspace, thread).last
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda i: _answer(workspace, thread, f"answer {i}", read), range(4)))
    assert sorted(told) == ["RefusedError", "RefusedError", "RefusedError", "answered"]
    assert sum(each.purpose == "reply" for each in sent(workspace, people.amina)) == 1


def test_answers_of_those_who_do_not_say_what_they_read_all_go_out(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda i: _answer(workspace, thread, f"answer {i}", None), range(4)))
    assert told == ["answered"] * 4
    words = {each.text for each in sent(workspace, people.amina) if each.purpose == "reply"}
    assert words == {f"answer {i}" for i in range(4)}


def test_texts_and_answers_at_once_never_wait_in_a_circle(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    jobs = [letter(AMINA, f"text {i}") if i % 2 else f"answer {i}" for i in range(24)]

    def do(job: object) -> str:
        if isinstance(job, str):
            return _answer(workspace, thread, job, None)
        return inbound.receive(workspace, job, SENDERS).outcome  # type: ignore[arg-type]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(do, jobs)) == {"answered", "thread"}
    assert tallied(workspace) == counted(workspace)


def _answer(workspace: Workspace, thread: int, words: str, seen: int | None) -> str:
    try:
        inbox.reply(workspace, thread, words, seen=seen)
    except OutreachError as error:
        return type(error).__name__
    return "answered"


def test_an_answer_written_before_a_stop_is_never_sent(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace)
    inbox.reply(workspace, thread, "On Monday at nine.")
    write(workspace, AMINA, "STOP")
    [reply] = [each for each in sent(workspace, people.amina) if each.purpose == "reply"]
    assert (reply.state, reply.reason) == (State.CANCELLED, "stopped")
    assert inbox.show(workspace, thread).summary.stopped


def test_a_thread_that_came_before_any_sender_is_answered_by_the_first(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        rows = session.scalars(select(Sender)).all()
        session.execute(delete(Sender))
    thread = inbound.receive(workspace, letter(AMINA, "Hello"), []).thread_id or 0
    with pytest.raises(SettingError, match="OUTREACH_PROVIDERS__TWILIO"):
        inbox.reply(workspace, thread, "Hello")
    with workspace.database.write() as session:
        for row in rows:
            session.merge(row)
    inbox.reply(workspace, thread, "Hello")


def test_a_closed_thread_stays_closed_and_a_new_one_opens(workspace: Workspace, people: Cast) -> None:
    first = opened(workspace)
    inbox.close(workspace, first, Outcome.REFERRED)
    with pytest.raises(ConflictError, match="closed already"):
        inbox.close(workspace, first, Outcome.MOVED)
    second = opened(workspace, AMINA, "One more thing")
    with workspace.database.read() as session:
        [closed] = inbox.waiting(session, [ThreadState.CLOSED])
        [waiting] = inbox.waiting(session, OPEN)
    assert (closed.id, waiting.id) == (first, second)
    assert (closed.waiting_since, closed.outcome) == (None, "referred")
    assert len(inbox.show(workspace, first).said) == 2, "the old words stay in the old thread"
