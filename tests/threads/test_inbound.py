"""A text from somebody: who she is, what she writes, and everything that follows from it, on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from outreach import consent
from outreach.audience.tables import Person
from outreach.consent import ConsentState, Source
from outreach.delivery import queue
from outreach.messages.status import BULK_PRIORITY, Lane, Purpose, State
from outreach.messages.tables import Message, Sender
from outreach.threads import inbound, inbox
from outreach.threads.tables import Outcome, ThreadState
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, CHAUSIKU, DAUDI, TOPIC, Cast, own_templates
from tests.threads.texting import (
    SENDERS,
    counted,
    ledger,
    letter,
    received,
    sent,
    speaks,
    tallied,
    threads,
    whose,
    write,
)

NEW = "+254712000099"
GRANTED, INVITED, REVOKED = ConsentState.GRANTED, ConsentState.INVITED, ConsentState.REVOKED
FORM, ASKED = (TOPIC, GRANTED, "staff"), (TOPIC, INVITED, "import")
STOP, START, YES = ("*", REVOKED, "text"), ("*", GRANTED, "text"), (TOPIC, GRANTED, "text")

CONFIRMED = ("confirmation", "You will get no more messages from Sunrise. To get them again, reply START.")
WELCOME_BACK = ("automatic", "You will get messages from Sunrise again. To talk to us, reply here.")
JOINED = ("automatic", "Thank you. You will get a few short messages a month from Sunrise")
HELPED = ("automatic", "These messages come from Sunrise. To talk to somebody, just reply here")
INFORMED = ("automatic", "You agreed to messages of Sunrise: reminders (")
PROMISED = ("automatic", "Thank you for writing. Our team reads this")


@dataclass(frozen=True)
class Case:
    """A text and what follows. `said`: purpose and beginning of each of our answers. `thread`: None, or its hold."""

    label: str
    number: str
    text: str
    outcome: str
    lines: tuple[tuple[str, ConsentState, str], ...] = ()
    said: tuple[tuple[str, str], ...] = ()
    thread: bool | None = None
    opt_out: str = ""


CASES = [
    Case("agreed, stops", AMINA, "STOP", "keyword:stop", (FORM, STOP), (CONFIRMED,)),
    Case("agreed, stops in a sentence", AMINA, "Please stop texting me", "keyword:stop", (FORM, STOP), (CONFIRMED,)),
    Case("agreed, stops in another language", AMINA, "Acha", "keyword:stop", (FORM, STOP), (CONFIRMED,)),
    Case("agreed, asks", AMINA, "Is it safe with my other tablets?", "thread", (FORM,), (PROMISED,), thread=False),
    Case("agreed, perhaps stops", AMINA, "stop, I want to ask something", "needs_person", (FORM,), (PROMISED,), True),
    Case("agreed, writes nothing", AMINA, "", "thread", (FORM,), (PROMISED,), thread=False),
    Case("agreed, writes a picture of a cat", AMINA, "🐈", "thread", (FORM,), (PROMISED,), thread=False),
    Case("agreed, wants help", AMINA, "HELP", "keyword:help", (FORM,), (HELPED,)),
    Case("agreed, cries for help", AMINA, "please help me", "thread", (FORM,), (PROMISED,), thread=False),
    Case("agreed, starts", AMINA, "START", "keyword:start", (FORM,)),
    Case("agreed, says yes to nothing", AMINA, "YES", "thread", (FORM,), (PROMISED,), thread=False),
    Case("stopped, stops again", CHAUSIKU, "STOP", "keyword:stop", (FORM, STOP)),
    Case("stopped, asks", CHAUSIKU, "What are your hours?", "thread", (FORM, STOP), thread=False),
    Case("stopped, perhaps stops", CHAUSIKU, "stop, I want to ask something", "needs_person", (FORM, STOP), (), True),
    Case("stopped, wants help", CHAUSIKU, "HELP", "keyword:help", (FORM, STOP)),
    Case("stopped, says yes", CHAUSIKU, "YES", "thread", (FORM, STOP), thread=False),
    Case("stopped, starts", CHAUSIKU, "START", "keyword:start", (FORM, STOP, START), (WELCOME_BACK,)),
    Case("invited, says yes", DAUDI, "Yes please", "keyword:yes", (ASKED, YES), (JOINED,)),
    Case("invited, says ok", DAUDI, "ok", "thread", (ASKED,), (PROMISED,), thread=False),
    Case("invited, stops", DAUDI, "STOP", "keyword:stop", (ASKED, STOP), (CONFIRMED,)),
    Case("invited, starts", DAUDI, "START", "keyword:start", (ASKED,)),
    Case("unknown, asks", NEW, "Hello?", "thread", (), (PROMISED,), thread=False),
    Case("unknown, stops", NEW, "STOP", "keyword:stop", (STOP,), (CONFIRMED,)),
    Case("unknown, says yes", NEW, "YES", "thread", (), (PROMISED,), thread=False),
    Case("a service's name writes", "MPESA", "Confirmed.", "thread", (), (PROMISED,), thread=False),
    Case("the provider confirmed the stop", AMINA, "STOP", "keyword:stop", (FORM, STOP), opt_out="STOP"),
    Case("only the provider reads a stop", AMINA, "basta ya ya", "keyword:stop", (FORM, STOP), opt_out="STOP"),
    Case("the provider's stop outweighs a yes", DAUDI, "YES", "keyword:stop", (ASKED, STOP), opt_out="STOP"),
    Case("the provider welcomed her", CHAUSIKU, "START", "keyword:start", (FORM, STOP, START), opt_out="START"),
    Case("the provider reads yes as start", CHAUSIKU, "YES", "thread", (FORM, STOP), (), False, opt_out="START"),
    Case("the provider welcomed the invited", DAUDI, "YES", "keyword:yes", (ASKED, YES), opt_out="START"),
    Case("her stop outweighs its start", AMINA, "STOP", "keyword:stop", (FORM, STOP), (CONFIRMED,), opt_out="START"),
    Case("the provider explained", AMINA, "HELP", "keyword:help", (FORM,), opt_out="HELP"),
    Case("the provider did not explain this", AMINA, "INFO", "keyword:info", (FORM,), (INFORMED,), opt_out="HELP"),
    Case("only the provider reads a help", AMINA, "msaada gani", "keyword:help", (FORM,), opt_out="HELP"),
]  # fmt: skip


on_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_text_is_kept_and_acted_on(case: Case, workspace: Workspace, people: Cast) -> None:
    told = write(workspace, case.number, case.text, opt_out=case.opt_out)
    her = whose(workspace, case.number)
    assert told.outcome == case.outcome
    assert received(workspace, her) == [(case.text, case.outcome)]
    assert tuple(ledger(workspace, her)) == case.lines
    answers = sent(workspace, her)
    assert [each.purpose for each in answers] == [purpose for purpose, _ in case.said]
    assert all(each.text.startswith(begins) for each, (_, begins) in zip(answers, case.said, strict=True))
    assert all(each.state == State.QUEUED and each.priority < BULK_PRIORITY for each in answers)
    assert [thread.hold for thread in threads(workspace, her)] == ([] if case.thread is None else [case.thread])
    assert all(thread.state == ThreadState.WAITING for thread in threads(workspace, her))
    assert tallied(workspace) == counted(workspace)


def test_stop_is_confirmed_once_however_often_it_comes(workspace: Workspace, people: Cast) -> None:
    for text in ("STOP", "stop", "Please stop texting me", "UNSUBSCRIBE"):
        assert write(workspace, AMINA, text).outcome == "keyword:stop"
    assert [each.purpose for each in sent(workspace, people.amina)] == ["confirmation"]
    assert ledger(workspace, people.amina) == [FORM, STOP]


def test_stop_withdraws_everything_that_waits_but_its_confirmation(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "HELP")
    opened = write(workspace, AMINA, "When can I come?")
    inbox.reply(workspace, opened.thread_id or 0, "On Monday at nine.")
    write(workspace, BARAKA, "HELP")
    write(workspace, AMINA, "STOP")
    fate = [(each.purpose, each.state, each.reason) for each in sent(workspace, people.amina)]
    assert fate == [
        ("automatic", "cancelled", "stopped"),
        ("automatic", "cancelled", "stopped"),
        ("reply", "cancelled", "stopped"),
        ("confirmation", "queued", ""),
    ]
    assert [each.state for each in sent(workspace, people.baraka)] == ["queued"], "nobody else's"
    assert tallied(workspace) == counted(workspace)


def test_only_start_lifts_a_stop(workspace: Workspace, people: Cast) -> None:
    for text in ("YES", "ok", "HELP", "send me nothing yet", "unstoppable", ""):
        write(workspace, CHAUSIKU, text)
    with workspace.database.read() as session:
        assert consent.stopped(session, [people.chausiku]) == {people.chausiku}
    write(workspace, CHAUSIKU, "START")
    with workspace.database.read() as session:
        assert consent.stopped(session, [people.chausiku]) == set()
        standing = consent.standing(session, [people.chausiku])
    assert standing[(people.chausiku, TOPIC)].state == GRANTED, "as it stood before"


def test_who_stops_and_starts_and_stops_gets_the_last_word_last(workspace: Workspace, people: Cast) -> None:
    for text in ("STOP", "START", "STOP"):
        write(workspace, AMINA, text)
    fate = [(each.purpose, each.state) for each in sent(workspace, people.amina)]
    assert fate == [("confirmation", "cancelled"), ("automatic", "cancelled"), ("confirmation", "queued")]


REFUSED = [Purpose.AUTOMATIC, Purpose.REPLY, Purpose.TEST, Purpose.INVITATION, Purpose.CAMPAIGN]


@pytest.mark.parametrize("purpose", REFUSED)
def test_after_a_stop_the_gate_lets_nothing_but_the_confirmation_out(
    purpose: Purpose, workspace: Workspace, people: Cast
) -> None:
    write(workspace, AMINA, "STOP")
    with workspace.database.write() as session:  # something that slipped in behind the withdrawal
        message = session.scalars(select(Message).where(Message.direction == "out")).one()
        late = {column.key: getattr(message, column.key) for column in Message.__table__.columns if column.key != "id"}
        session.add(Message(**{**late, "purpose": purpose, "dedupe_key": "late", "topic": TOPIC, "step": ""}))
    with workspace.database.write() as session:
        batch = queue.claim(session, "twilio", Lane.CONVERSATION, 10, 60, None)
    assert [claim.purpose for claim in batch.claims] == ["confirmation"]
    with workspace.database.read() as session:
        late_one = session.scalars(select(Message).where(Message.dedupe_key == "late")).one()
    assert (late_one.state, late_one.reason) == ("refused", "stopped")


def _words(folder: Path, words: bytes) -> None:
    for language in ("en", "sw", "fr"):
        (own_templates(folder) / "outreach" / f"stop.{language}.txt").write_bytes(words)


def _folder(folder: Path) -> None:
    place = own_templates(folder) / "outreach" / "stop.en.txt"
    place.unlink()
    place.mkdir()


def _link(folder: Path) -> None:
    place = own_templates(folder) / "outreach" / "stop.en.txt"
    place.unlink()
    place.symlink_to(folder / "nowhere")


SPOILT: list[tuple[str, Callable[[Path], object]]] = [
    ("no templates at all", lambda folder: shutil.rmtree(own_templates(folder))),
    ("an empty text", lambda folder: _words(folder, b"")),
    ("a variable that is not there", lambda folder: _words(folder, b"Bye {{ nobody }}")),
    ("broken Jinja", lambda folder: _words(folder, b"Bye {% if")),
    ("no text at all but bytes", lambda folder: _words(folder, b"\xff\xfe\x00")),
    ("a folder where the file should be", _folder),
    ("a link to nowhere", _link),
]


@on_sqlite
@pytest.mark.parametrize(("label", "spoil"), SPOILT, ids=[label for label, _ in SPOILT])
def test_stop_is_kept_even_if_the_clinics_confirmation_is_spoilt(
    label: str, spoil: Callable[[Path], object], workspace: Workspace, people: Cast
) -> None:
    spoil(workspace.folder)
    assert write(workspace, AMINA, "STOP").outcome == "keyword:stop"
    assert ledger(workspace, people.amina)[-1] == STOP
    for answer in sent(workspace, people.amina):
        assert answer.text.startswith("You will get no more messages"), "ours takes its place, or none"


def test_stop_is_kept_even_if_no_confirmation_can_be_written(
    workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.messages.samples._PACKAGE", workspace.folder / "nowhere" / "outreach")
    shutil.rmtree(own_templates(workspace.folder))
    assert write(workspace, AMINA, "STOP").outcome == "keyword:stop"
    assert (ledger(workspace, people.amina)[-1], sent(workspace, people.amina)) == (STOP, [])


def test_stop_is_kept_even_if_nothing_can_be_sent_from_here(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        session.execute(delete(Sender))
    for number, text, outcome in ((AMINA, "STOP", "keyword:stop"), (BARAKA, "Hello", "thread")):
        assert inbound.receive(workspace, letter(number, text), []).outcome == outcome
    assert (ledger(workspace, people.amina)[-1], sent(workspace, people.amina)) == (STOP, [])
    assert (len(threads(workspace, people.baraka)), sent(workspace, people.baraka)) == (1, [])


def test_the_answer_leaves_from_the_number_that_was_written_to(workspace: Workspace, people: Cast) -> None:
    second = [*SENDERS, type(SENDERS[0])("twilio-2", SENDERS[0].kind, 1.0, SENDERS[0].unit, "+15005550099")]
    inbound.receive(workspace, letter(AMINA, "HELP", to="+15005550099"), second)
    inbound.receive(workspace, letter(AMINA, "HELP", to="+15005550006"), second)
    inbound.receive(workspace, letter(AMINA, "HELP", to="a number we no longer have"), second)
    with workspace.database.read() as session:
        query = select(Message.sender).where(Message.direction == "out").order_by(Message.id)
        assert list(session.scalars(query)) == ["twilio-2", "twilio", "twilio"]


@on_sqlite
@pytest.mark.parametrize(
    ("language", "begins"),
    [("sw", "Hutapata tena ujumbe"), ("fr", "Vous n'aurez plus de messages"), ("xx", "You will get no more")],
)
def test_an_answer_is_in_the_persons_language(language: str, begins: str, workspace: Workspace, people: Cast) -> None:
    speaks(workspace, people.amina, language)
    write(workspace, AMINA, "STOP")
    assert sent(workspace, people.amina)[0].text.startswith(begins)


def test_the_same_text_told_twice_is_kept_once(workspace: Workspace, people: Cast) -> None:
    told = letter(AMINA, "When can I come?")
    outcomes = [inbound.receive(workspace, told, SENDERS).outcome for _ in range(3)]
    assert outcomes == ["thread", "duplicate", "duplicate"]
    assert len(received(workspace, people.amina)) == 1
    assert len(sent(workspace, people.amina)) == 1


@pytest.mark.parametrize("number", [AMINA, NEW], ids=["a person we know", "somebody new"])
@pytest.mark.parametrize("text", ["STOP", "When can I come?"])
def test_the_same_text_told_by_eight_at_once_is_kept_once(
    number: str, text: str, workspace: Workspace, people: Cast
) -> None:
    told = letter(number, text)
    with ThreadPoolExecutor(8) as pool:
        outcomes = [each.outcome for each in pool.map(lambda _: inbound.receive(workspace, told, SENDERS), range(8))]
    assert sorted(outcomes)[:7] == ["duplicate"] * 7
    her = whose(workspace, number)
    assert len(received(workspace, her)) == len(sent(workspace, her)) == 1
    assert tallied(workspace) == counted(workspace)


def test_eight_texts_at_once_from_somebody_new_are_one_person_and_one_thread(
    workspace: Workspace, people: Cast
) -> None:
    letters = [letter(NEW, f"text {i}") for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = {told.outcome for told in pool.map(lambda each: inbound.receive(workspace, each, SENDERS), letters)}
    her = whose(workspace, NEW)
    assert outcomes == {"thread"}
    assert sorted(text for text, _ in received(workspace, her)) == [f"text {i}" for i in range(8)]
    assert len(threads(workspace, her)) == 1
    assert [each.purpose for each in sent(workspace, her)] == ["automatic"], "told once who reads it and when"


def test_stop_and_other_texts_at_once_leave_one_confirmation_and_nothing_else(
    workspace: Workspace, people: Cast
) -> None:
    letters = [letter(AMINA, text) for text in ("STOP", "HELP", "When can I come?", "STOP", "HELP", "stop", "Hello")]
    with ThreadPoolExecutor(7) as pool:
        list(pool.map(lambda each: inbound.receive(workspace, each, SENDERS), letters))
    waiting = [each.purpose for each in sent(workspace, people.amina) if each.state == State.QUEUED]
    assert waiting == ["confirmation"]
    assert ledger(workspace, people.amina) == [FORM, STOP]
    assert tallied(workspace) == counted(workspace)


def test_somebody_unknown_becomes_an_anonymous_person(workspace: Workspace) -> None:
    told = write(workspace, NEW, "Hello, who is this?")
    with workspace.database.read() as session:
        person = session.scalars(select(Person)).one()
    assert (person.country, person.zone, person.language) == ("KE", "Africa/Nairobi", "en")
    assert len(person.pseudonym.split("-")) == 3
    shown = inbox.show(workspace, told.thread_id or 0)
    assert shown.summary.pseudonym == person.pseudonym
    assert (shown.summary.programme, shown.summary.topic) == ("clinic", "")


def test_the_first_answer_promises_what_the_clinic_set_and_comes_once(workspace: Workspace, people: Cast) -> None:
    first, second = write(workspace, AMINA, "Hello"), write(workspace, AMINA, "Are you there?")
    assert first.thread_id == second.thread_id
    assert len(sent(workspace, people.amina)) == 1
    inbox.close(workspace, first.thread_id or 0, Outcome.ANSWERED)
    third = write(workspace, AMINA, "One more thing")
    assert third.thread_id not in {None, first.thread_id}
    assert len(sent(workspace, people.amina)) == 2, "a new conversation, a new promise"


def test_a_hold_stays_until_a_person_has_looked(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "stop, I want to ask something")
    told = write(workspace, AMINA, "it is about my visit")
    [thread] = threads(workspace, people.amina)
    assert thread.hold
    inbox.close(workspace, told.thread_id or 0, Outcome.ANSWERED)
    assert not threads(workspace, people.amina)[0].hold


def test_pictures_are_named_and_not_fetched(workspace: Workspace, people: Cast) -> None:
    for text in ("", "My arm"):
        inbound.receive(workspace, letter(AMINA, text, media=1), SENDERS)
    assert [text for text, _ in received(workspace, people.amina)] == ["[picture]", "My arm [picture]"]


def test_what_the_provider_learned_by_a_failure_is_a_stop_too(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        consent.stop(session, people.amina, Source.PROVIDER, "message 1", workspace.database.now())
    write(workspace, AMINA, "STOP")
    assert sent(workspace, people.amina) == [], "she is stopped already: nothing more ever"


def test_nothing_is_kept_of_a_text_that_fails_half_way(
    workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = letter(AMINA, "STOP")
    with monkeypatch.context() as patch:
        patch.setattr("outreach.threads.inbound._keep", _fails)
        with pytest.raises(RuntimeError):
            inbound.receive(workspace, told, SENDERS)
    with workspace.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 0
        assert consent.stopped(session, [people.amina]) == set()
    assert inbound.receive(workspace, told, SENDERS).outcome == "keyword:stop", "the provider tells it again"


def _fails(*_: object) -> int:
    raise RuntimeError("the machine is switched off")
