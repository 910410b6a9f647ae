"""Texts that came together: the same follows as from each alone, in few statements, and none hurts another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import Connection, event, func, insert, select, update
from sqlalchemy.orm import Session

from outreach.audience.tables import Person
from outreach.channels.contract import Inbound
from outreach.consent import ALL, ConsentState
from outreach.console.together import Together
from outreach.console.webhooks import AWAY
from outreach.messages.status import State
from outreach.messages.tables import Message, Run, Tally, ThreadTally
from outreach.store import dialects
from outreach.threads import gathered, inbound, promises
from outreach.threads.answers import Note
from outreach.threads.tables import Mark, Thread
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, CHAUSIKU, DAUDI, TOPIC, Cast
from tests.threads.texting import (
    SENDERS,
    counted,
    ledger,
    letter,
    planned,
    received,
    sent,
    tallied,
    threads,
    whose,
)

NEW = "+254712000099"
on_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database
on_postgres = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)


def gather(workspace: Workspace, *letters: Inbound) -> None:
    gathered.receive(workspace, letters, SENDERS)


def alone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that get a transaction of their own from now on."""
    taken, real = list[str](), inbound.receive

    def receive(workspace: Workspace, told: Inbound, senders: list) -> inbound.Received:  # type: ignore[type-arg]
        taken.append(told.text)
        return real(workspace, told, senders)

    monkeypatch.setattr(inbound, "receive", receive)
    return taken


def answering_a_run(workspace: Workspace, *persons: int) -> int:
    """Let a campaign's message have reached these people; the run's id."""
    with workspace.database.write() as session:
        at = dialects.now(session)
        run = {
            "campaign": "tb",
            "topic": TOPIC,
            "frozen": {"thread": "tb-support"},
            "content_hash": "",
            "state": "running",
        }
        run_id = session.scalar(
            insert(Run).values(**run, launched_by="a", launched_at=at, changed_at=at).returning(Run.id)
        )
    assert isinstance(run_id, int)
    for person in persons:
        message = planned(workspace, person)
        with workspace.database.write() as session:
            reached = {"run_id": run_id, "state": State.DELIVERED}
            session.execute(update(Message).where(Message.id == message).values(reached))
    return run_id


ROW = (Message.direction, Message.purpose, Message.topic, Message.run_id, Message.step, Message.state, Message.reason,
       Message.priority, Message.sender, Message.parts, Message.day, Message.attempts, Message.cost)  # fmt: skip


def follows(workspace: Workspace, person: int) -> list[object]:
    """All that came of somebody's texts, without what is only hers."""
    with workspace.database.read() as session:
        rows = [
            tuple(row) for row in session.execute(select(*ROW).where(Message.person_id == person).order_by(Message.id))
        ]
        replied = session.get_one(Person, person).replied_at is not None
    talk = [
        (each.programme, each.topic, each.state, each.hold, each.urgent, each.wants_call, each.mark, each.language,
         each.sender, each.waiting_since is not None, each.promised_at, each.missed_at)
        for each in threads(workspace, person)
    ]  # fmt: skip
    said = [(each.purpose, each.state, each.text) for each in sent(workspace, person)]
    return [sorted(rows, key=repr), replied, talk, said, received(workspace, person), ledger(workspace, person)]


SAID = ["When can I come?", "", "🐈", "HELP"]


@pytest.mark.parametrize("run", [False, True], ids=["talk", "an answer to a campaign"])
def test_the_same_follows_as_from_each_alone(
    run: bool, workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    if run:
        answering_a_run(workspace, people.amina, people.baraka)
    taken = alone(monkeypatch)
    for text in SAID:
        inbound.receive(workspace, letter(AMINA, text), SENDERS)
        gather(workspace, letter(BARAKA, text), letter(DAUDI, text))
    assert taken == SAID, "Amina's; Baraka's and Daudi's shared a transaction"
    assert follows(workspace, people.amina) == follows(workspace, people.baraka)
    with workspace.database.read() as session:
        writers = session.scalar(select(func.sum(Tally.people)).where(Tally.run_id != 0)) or 0
        counts = select(ThreadTally.what, func.sum(ThreadTally.count)).group_by(ThreadTally.what)
        opened = {row.what: int(row[1]) for row in session.execute(counts)}
    assert writers == (2 if run else 0), "only who answers a run is counted as a person, and once"
    assert opened == {"opened": 3, "asked": 3}
    if not run:
        assert tallied(workspace) == counted(workspace)


@on_sqlite
def test_help_and_info_are_answered_in_a_group(
    workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = alone(monkeypatch)
    gather(workspace, letter(AMINA, "INFO"), letter(BARAKA, "HELP"), letter(DAUDI, "What is this about?"))
    assert taken == []
    [informed], [helped] = sent(workspace, people.amina), sent(workspace, people.baraka)
    assert informed.text.startswith("You agreed to messages of Sunrise: reminders (")
    assert helped.text.startswith("These messages come from Sunrise")
    assert (threads(workspace, people.amina), len(threads(workspace, people.daudi))) == ([], 1)
    assert tallied(workspace) == counted(workspace)


def test_a_group_costs_few_statements_and_one_commit(workspace: Workspace, people: Cast) -> None:
    statements, commits = list[str](), list[object]()

    def count(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    def commit(connection: object) -> None:
        commits.append(connection)

    letters = [letter(number, "When can I come?") for number in (AMINA, BARAKA, DAUDI)]
    engine = workspace.database.engine
    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", commit)
    gather(workspace, *letters)
    event.remove(engine, "before_cursor_execute", count)
    event.remove(engine, "commit", commit)
    assert len(commits) == 1
    assert len(statements) <= 28, "not sixty: each question is asked once for all of them"


ALONE: Sequence[tuple[str, str]] = (
    ("stops", "STOP"),
    ("stops, and why", "stop, it costs too much"),
    ("perhaps stops", "stop, I want to ask something"),
    ("is in danger", "I want to kill myself"),
    ("asks who we are", "Who is this?"),
    ("tells of a loss", "LOSS"),
    ("wants to be forgotten", "FORGET"),
    ("pauses", "PAUSE 7"),
    ("names a word of her own", "safe word mango"),
    ("wants to be called", "CALL"),
)


@on_sqlite
def test_what_may_change_what_is_sent_is_looked_at_alone(
    workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = alone(monkeypatch)
    for label, text in ALONE:
        taken.clear()
        gather(workspace, letter(f"+2547120002{len(label):02}", "Hello"), letter(AMINA, text), letter(NEW, "Hello"))
        assert (label, text in taken) == (label, True)
    taken.clear()
    gather(workspace, letter(AMINA, "asked to type a code back"), letter(CHAUSIKU, "has stopped"), letter(BARAKA, "Hi"))
    assert taken == ["asked to type a code back", "has stopped"]
    taken.clear()
    gather(workspace, Inbound("twilio", "SMx", BARAKA, "basta", SENDERS[0].number, "STOP"), letter(DAUDI, "Hi"))
    assert taken == ["basta"], "the provider read a stop"
    assert ledger(workspace, people.baraka)[-1] == ("*", ConsentState.REVOKED, "text")


@on_sqlite
def test_her_words_of_danger_put_her_first_though_she_wrote_in_a_crowd(workspace: Workspace, people: Cast) -> None:
    gather(workspace, letter(AMINA, "I want to kill myself"), letter(BARAKA, "Hello"), letter(DAUDI, "Who is this?"))
    assert [bool(each.urgent) for each in threads(workspace, people.amina)] == [True]
    assert [each.alarm_at is not None for each in threads(workspace, people.amina)] == [True]
    assert [each.urgent for each in threads(workspace, people.baraka)] == [""]
    assert [each.mark for each in threads(workspace, people.daudi)] == [Mark.WHO]


def test_two_texts_of_one_person_keep_their_order(workspace: Workspace, people: Cast) -> None:
    gather(workspace, letter(AMINA, "first"), letter(BARAKA, "x"), letter(AMINA, "second"), letter(AMINA, "third"))
    assert [text for text, _ in received(workspace, people.amina)] == ["first", "second", "third"]
    assert len(threads(workspace, people.amina)) == len(sent(workspace, people.amina)) == 1


def test_a_stop_counts_for_what_she_wrote_after_it(workspace: Workspace, people: Cast) -> None:
    gather(workspace, letter(AMINA, "STOP"), letter(BARAKA, "Hello"), letter(AMINA, "Hello"), letter(BARAKA, "again"))
    assert [each.purpose for each in sent(workspace, people.amina)] == ["confirmation"], "no promise after a stop"
    assert ledger(workspace, people.amina)[-1] == ("*", ConsentState.REVOKED, "text")
    assert len(threads(workspace, people.amina)) == 1
    assert [each.purpose for each in sent(workspace, people.baraka)] == ["automatic"]


def test_the_same_text_twice_in_a_group_and_once_more_is_kept_once(workspace: Workspace, people: Cast) -> None:
    told = letter(AMINA, "When can I come?")
    gather(workspace, told, letter(BARAKA, "Hello"), told)
    gather(workspace, letter(BARAKA, "again"), told)
    assert len(received(workspace, people.amina)) == len(sent(workspace, people.amina)) == 1
    assert len(received(workspace, people.baraka)) == 2
    assert tallied(workspace) == counted(workspace)


@on_sqlite
def test_an_id_of_another_provider_hides_no_stop(workspace: Workspace, people: Cast) -> None:
    one = letter(AMINA, "My arm hurts")
    gather(workspace, one, replace(letter(BARAKA, "STOP"), provider="other", provider_id=one.provider_id))
    assert ledger(workspace, people.baraka)[-1] == (ALL, ConsentState.REVOKED, "text")


def test_somebody_unknown_is_taken_in_beside_the_others(workspace: Workspace, people: Cast) -> None:
    gather(workspace, letter(NEW, "Hello"), letter(AMINA, "Hello"), letter(BARAKA, "Hello"), letter(NEW, "again"))
    assert [text for text, _ in received(workspace, whose(workspace, NEW))] == ["Hello", "again"]
    assert len(received(workspace, people.baraka)) == 1


def keep(workspace: Workspace, *letters: Inbound) -> list[BaseException | None]:
    """Texts that the web process gets at once; what each caller is told."""

    async def main() -> list[BaseException | None]:
        together: Together[Inbound] = Together(lambda batch: gather(workspace, *batch), AWAY)
        return await asyncio.gather(*map(together.keep, letters), return_exceptions=True)

    return asyncio.run(main())


def test_one_that_cannot_be_kept_does_not_hurt_the_others(
    workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = inbound.row_of

    def fails(note: Note, *rest: object) -> dict[str, object]:
        if note.inbound.text == "bad":
            raise RuntimeError("no row can be made of it")
        return real(note, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(inbound, "row_of", fails)
    told = keep(workspace, letter(AMINA, "good"), letter(BARAKA, "bad"), letter(DAUDI, "good"), letter(NEW, "good"))
    assert [type(each) for each in told] == [type(None), RuntimeError, type(None), type(None)]
    assert [len(received(workspace, each)) for each in (people.amina, people.baraka, people.daudi)] == [1, 0, 1]
    assert threads(workspace, people.baraka) == []
    assert tallied(workspace) == counted(workspace)


@on_postgres
def test_a_group_waits_for_nobody_whom_somebody_else_holds(
    workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[str] = []
    monkeypatch.setattr(inbound, "receive", lambda _, told, __: left.append(told.text))
    with workspace.database.write() as session:
        session.execute(dialects.take(select(Person.id).where(Person.id == people.amina), wait=True))
        gather(workspace, letter(AMINA, "held"), letter(BARAKA, "free"), letter(DAUDI, "free"))
        assert left == ["held"], "it waits by itself, when the others are committed"
        assert len(received(workspace, people.baraka)) == 1


def test_a_conversation_that_somebody_begins_meanwhile_is_gone_on_with(
    workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, begun = promises.moment, list[int]()

    def begins(session: Session, *rest: object) -> datetime:
        if not begun:
            begun.append(people.baraka)
            row = {
                "person_id": people.baraka,
                "programme": "clinic",
                "state": "waiting",
                "opened_at": dialects.now(session),
            }
            session.execute(insert(Thread).values(row))
        return real(session, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(promises, "moment", begins)
    assert keep(workspace, letter(AMINA, "good"), letter(BARAKA, "good"), letter(DAUDI, "good")) == [None, None, None]
    assert [len(threads(workspace, each)) for each in (people.amina, people.baraka, people.daudi)] == [1, 1, 1]
    assert tallied(workspace) == counted(workspace)


STANDS = [
    ("talk, and that it was received", ["My arm hurts"]),
    ("a second text, which is not answered", ["My arm hurts", "And my leg"]),
    ("a wish to be called, and the answer to it", ["CALL"]),
]


@pytest.mark.parametrize("together", [True, False], ids=["together", "alone"])
@pytest.mark.parametrize(("label", "texts"), STANDS, ids=[row[0] for row in STANDS])
@on_sqlite
def test_a_text_and_our_answer_to_it_stand_in_her_conversation(
    workspace: Workspace, people: Cast, label: str, texts: list[str], together: bool
) -> None:
    others = [letter(BARAKA, "Hello"), letter(DAUDI, "Hello")] if together else []
    gather(workspace, *[letter(AMINA, each) for each in texts], *others)
    [conversation] = threads(workspace, people.amina)
    with workspace.database.read() as session:
        rows = session.execute(
            select(Message.direction, Message.thread_id).where(Message.person_id == people.amina).order_by(Message.id)
        ).all()
    assert {row.thread_id for row in rows} == {conversation.id}
    assert sorted(row.direction for row in rows) == [*["in"] * len(texts), "out"]
