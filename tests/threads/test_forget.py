"""FORGET by text: a code sent and typed back, one last word, and then nothing of hers is left; on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from outreach import consent
from outreach.audience import people
from outreach.audience.tables import Endpoint, Person, PersonState
from outreach.consent import ConsentState
from outreach.messages.status import State
from outreach.messages.tables import Message
from outreach.privacy import audit, keyring
from outreach.privacy.keyring import Keyring
from outreach.threads import forgetting
from outreach.threads.tables import Question
from outreach.workspace import Workspace
from scheduler import tasks
from scheduler.app import make
from tests.clinic import AMINA, BARAKA, CHAUSIKU, Cast, cast, clinic
from tests.threads.texting import ledger, sent, write

on_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database
AGAIN = "That was not the right code"
FAREWELL = "Done. What we knew about you is being deleted"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "keyring.json"
    Keyring.new().save(path)
    return path


@pytest.fixture
def here(migrated_url: str, tmp_path: Path, file: Path) -> Iterator[Workspace]:
    with clinic(migrated_url, tmp_path / "clinic", keyring=SecretStr(""), keyring_file=file) as made:
        yield made


@pytest.fixture
def known(here: Workspace) -> Cast:
    return cast(here)


def code_for(workspace: Workspace, person_id: int) -> str:
    """The code in the last text to her."""
    found = re.search(r"\b\d{4}\b", sent(workspace, person_id)[-1].text)
    assert found, "no code was sent"
    return found[0]


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10_000:04}"


def is_there(workspace: Workspace, person_id: int) -> bool:
    with workspace.database.read() as session:
        return session.get_one(Person, person_id).state == PersonState.ACTIVE


def farewell_is(workspace: Workspace, state: State) -> None:
    """What became of the last word."""
    with workspace.database.write() as session:
        last = select(Question.farewell).where(Question.agreed_at.is_not(None)).scalar_subquery()
        session.execute(update(Message).where(Message.id == last).values(state=state))


def later(workspace: Workspace, length: timedelta) -> None:
    """Time passes for what was asked."""
    with workspace.database.write() as session:
        for asked in session.scalars(select(Question)):
            asked.until -= length
            asked.agreed_at = asked.agreed_at and asked.agreed_at - length


def test_with_the_right_code_she_gets_one_last_word_and_is_then_gone(here: Workspace, known: Cast, file: Path) -> None:
    assert write(here, AMINA, "FORGET").outcome == "keyword:forget"
    assert ledger(here, known.amina) == [("tb", ConsentState.GRANTED, "staff")], "a code must come first"
    assert write(here, AMINA, code_for(here, known.amina)).outcome == "keyword:forget"
    assert ledger(here, known.amina)[-1] == ("*", ConsentState.REVOKED, "text")
    *_, code, last = sent(here, known.amina)
    assert (code.state, code.reason) == (State.CANCELLED, "forgotten")
    assert (last.state, last.purpose, last.text[: len(FAREWELL)]) == (State.QUEUED, "confirmation", FAREWELL)
    assert forgetting.finish(here) == 0, "the last word needs her number"
    farewell_is(here, State.ACCEPTED)
    assert forgetting.finish(here) == 1
    assert not is_there(here, known.amina)
    with here.database.read() as session:
        assert session.scalars(select(Endpoint).where(Endpoint.person_id == known.amina)).all() == []
        assert session.scalars(select(Message.body).where(Message.person_id == known.amina)).all() == [None] * 4
        assert session.scalars(select(Question)).all() == []
        entry = audit.entries(session, here.vault)[-1]
    assert (entry.who, entry.action, entry.subject) == ("outreach", "person_forgotten", f"person:{known.amina}")
    assert not keyring.read(file).master["k1"].holds(known.amina), "no backup opens for her any more"
    assert forgetting.finish(here) == 0


NOTHING = [
    ("a wrong code", [other_than], timedelta()),
    ("a code that comes too late", [str], timedelta(hours=1)),
    ("the right code after three wrong ones", [other_than, other_than, other_than, str], timedelta()),
]


@on_sqlite
@pytest.mark.parametrize(("label", "typed", "waited"), NOTHING, ids=[row[0] for row in NOTHING])
def test_without_the_right_code_in_time_nothing_happens(
    label: str, typed: list[object], waited: timedelta, here: Workspace, known: Cast
) -> None:
    write(here, AMINA, "FORGET")
    code = code_for(here, known.amina)
    later(here, waited)
    for make_up in typed:
        assert callable(make_up)
        assert write(here, AMINA, make_up(code)).outcome == "keyword:forget"
        assert sent(here, known.amina)[-1].text.startswith(AGAIN)
    assert forgetting.finish(here) == 0
    assert is_there(here, known.amina)
    assert ledger(here, known.amina) == [("tb", ConsentState.GRANTED, "staff")]


@on_sqlite
def test_a_code_is_hers_alone_and_the_last_one_counts(here: Workspace, known: Cast) -> None:
    write(here, AMINA, "FORGET")
    first = code_for(here, known.amina)
    assert write(here, BARAKA, first).outcome == "thread", "nobody asked him"
    write(here, BARAKA, "FORGET")
    if code_for(here, known.baraka) != first:
        write(here, BARAKA, first)
        assert not consent_stopped(here, known.baraka)
    write(here, AMINA, "FORGET")
    second = code_for(here, known.amina)
    if second != first:
        write(here, AMINA, first)
        assert not consent_stopped(here, known.amina)
    write(here, AMINA, f"forget {second}")
    assert consent_stopped(here, known.amina)


def consent_stopped(workspace: Workspace, person_id: int) -> bool:
    with workspace.database.read() as session:
        return bool(consent.stopped(session, [person_id]))


@on_sqlite
def test_figures_are_talk_to_whoever_was_not_asked_and_more_than_a_code_always_is(here: Workspace, known: Cast) -> None:
    assert write(here, AMINA, "4821").outcome == "thread"
    write(here, AMINA, "FORGET")
    code = code_for(here, known.amina)
    assert write(here, AMINA, f"my viral load is {code}").outcome == "thread"
    assert not consent_stopped(here, known.amina)


@on_sqlite
def test_whoever_said_stop_can_be_forgotten_too(here: Workspace, known: Cast) -> None:
    write(here, CHAUSIKU, "FORGET")
    write(here, CHAUSIKU, code_for(here, known.chausiku))
    farewell_is(here, State.DELIVERED)
    assert forgetting.finish(here) == 1
    assert not is_there(here, known.chausiku)


@on_sqlite
def test_a_last_word_that_cannot_be_sent_keeps_nobody(here: Workspace, known: Cast) -> None:
    write(here, AMINA, "FORGET")
    write(here, AMINA, code_for(here, known.amina))
    assert forgetting.finish(here) == 0
    later(here, forgetting.PATIENCE)
    assert forgetting.finish(here) == 1
    with here.database.read() as session:
        fates = session.execute(select(Message.state, Message.reason).where(Message.direction == "out")).all()
    assert {tuple(fate) for fate in fates} == {(State.CANCELLED, "forgotten")}


def test_what_she_writes_meanwhile_is_somebody_new(here: Workspace, known: Cast) -> None:
    write(here, AMINA, "FORGET")
    write(here, AMINA, code_for(here, known.amina))
    assert write(here, AMINA, "START").outcome == "keyword:start"
    assert not is_there(here, known.amina)
    assert ledger(here, known.amina)[-1] == ("*", ConsentState.REVOKED, "text")
    with here.database.read() as session:
        fresh = people.by_number(session, here.vault, AMINA)
    assert fresh not in {None, known.amina}


@on_sqlite
def test_the_sweeper_forgets_her_and_drops_old_questions(here: Workspace, known: Cast, file: Path) -> None:
    for number in (AMINA, BARAKA):
        write(here, number, "FORGET")
    write(here, AMINA, code_for(here, known.amina))
    later(here, timedelta(days=2))
    desk = tasks.open_desk(here, make(here.settings))
    tasks.sweep_up()
    desk.close()
    assert (is_there(here, known.amina), is_there(here, known.baraka)) == (False, True)
    with here.database.read() as session:
        assert session.scalars(select(Question)).all() == []
    assert not keyring.read(file).master["k1"].holds(known.amina)
