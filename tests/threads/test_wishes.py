"""PAUSE, TIME, LANG, INFO, CALL, WRONG and LOSS: what each changes, what it says, and what goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from outreach import consent, parts
from outreach.audience.tables import Endpoint, EndpointState, Openness, Person
from outreach.consent import ConsentState, Line, Source
from outreach.messages.status import Purpose, State
from outreach.messages.tables import Message
from outreach.store import dialects
from outreach.threads import inbox
from outreach.workspace import Workspace
from tests.clinic import AMINA, CHAUSIKU, DAUDI, TOPIC, Cast, clinic
from tests.threads.texting import her, ledger, sent, speaks, threads, write

LANGUAGES = ("en", "fr", "sw", "es", "pt")

on_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database
either = pytest.mark.parametrize("migrated_url", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def workspace(migrated_url: str, tmp_path: Path) -> Iterator[Workspace]:
    with clinic(migrated_url, tmp_path / "clinic", zone="Africa/Nairobi", help_lines={"KE": "1199"}) as made:
        yield made


def agree(workspace: Workspace, person_id: int, topic: str, wording: str = "") -> None:
    with workspace.database.write() as session:
        line = Line(person_id, topic, ConsentState.GRANTED, Source.STAFF, "form", wording)
        consent.grant(session, line, dialects.now(session))


def waits(workspace: Workspace, person_id: int, topic: str) -> int:
    """A campaign's message of this topic that waits for her; its id."""
    write(workspace, DAUDI, "HELP")
    with workspace.database.write() as session:
        row = session.scalars(select(Message).where(Message.direction == "out").order_by(Message.id.desc())).first()
        assert row is not None
        copy = {column.key: getattr(row, column.key) for column in Message.__table__.columns if column.key != "id"}
        count = len(session.scalars(select(Message.id)).all())
        made = Message(
            **{
                **copy,
                "person_id": person_id,
                "topic": topic,
                "purpose": Purpose.CAMPAIGN,
                "priority": 9,
                "dedupe_key": f"waiting:{count}",
                "body": None,
            }
        )
        session.add(made)
        session.flush()
        return made.id


def fate(workspace: Workspace, message: int) -> tuple[str, str]:
    with workspace.database.read() as session:
        row = session.get_one(Message, message)
        return row.state, row.reason


def standing(workspace: Workspace, person_id: int, topic: str = consent.ALL) -> tuple[str, datetime | None]:
    with workspace.database.read() as session:
        row = consent.standing(session, [person_id])[person_id, topic]
        return row.state, row.until


# --- PAUSE -----------------------------------------------------------------------------------------------------------

DAYS = [("PAUSE", 30), ("PAUSE 7", 7), ("pause two weeks", 14), ("PAUSE 1000", 90)]


@either
@pytest.mark.parametrize(("text", "days"), DAYS)
def test_a_pause_stands_in_the_ledger_until_its_day(text: str, days: int, workspace: Workspace, people: Cast) -> None:
    before = workspace.database.now()
    waiting = waits(workspace, people.amina, TOPIC)
    assert write(workspace, AMINA, text).outcome == "keyword:pause"
    state, until = standing(workspace, people.amina)
    assert state == ConsentState.PAUSED
    assert until is not None
    assert timedelta() <= until - before - timedelta(days=days) < timedelta(minutes=5)
    assert ledger(workspace, people.amina)[-1] == ("*", ConsentState.PAUSED, "text")
    assert fate(workspace, waiting) == (State.CANCELLED, "paused")
    answer = sent(workspace, people.amina)[-1]
    local = until + timedelta(hours=3)  # Nairobi
    assert f"until {local.day} {local:%B}." in answer.text


@on_sqlite
@pytest.mark.parametrize("words", ["START", "resume"])
def test_start_ends_a_pause_early(words: str, workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "PAUSE 7")
    assert write(workspace, AMINA, words).outcome == "keyword:start"
    with workspace.database.read() as session:
        at = dialects.now(session)
        stand = consent.standing(session, [people.amina])
        assert consent.agrees(at, stand[people.amina, TOPIC], stand[people.amina, consent.ALL])
    assert sent(workspace, people.amina)[-1].text.startswith("You will get messages from Sunrise again.")


@on_sqlite
def test_a_pause_never_lifts_a_stop_and_a_stop_outweighs_a_pause(workspace: Workspace, people: Cast) -> None:
    assert write(workspace, CHAUSIKU, "PAUSE 7").outcome == "keyword:pause"
    assert standing(workspace, people.chausiku)[0] == ConsentState.REVOKED
    assert sent(workspace, people.chausiku) == []
    write(workspace, AMINA, "PAUSE 7")
    write(workspace, AMINA, "STOP")
    assert standing(workspace, people.amina)[0] == ConsentState.REVOKED


@on_sqlite
def test_a_helper_may_answer_in_a_pause(workspace: Workspace, people: Cast) -> None:
    opened = write(workspace, AMINA, "I have a question")
    write(workspace, AMINA, "PAUSE 7")
    inbox.reply(workspace, opened.thread_id or 0, "Ask it.")
    assert [each.state for each in sent(workspace, people.amina)] == [State.QUEUED] * 3


# --- TIME and LANG ---------------------------------------------------------------------------------------------------

HOURS = [
    ("TIME 1", (480, 720), "between 08:00 and 12:00"),
    ("TIME 2", (720, 840), "between 12:00 and 14:00"),
    ("TIME 3", (1020, 1200), "between 17:00 and 20:00"),
    ("TIME 0", (None, None), "at any hour"),
]


@on_sqlite
@pytest.mark.parametrize(("text", "hours", "says"), HOURS)
def test_time_sets_her_own_hours(
    text: str, hours: tuple[int | None, int | None], says: str, workspace: Workspace, people: Cast
) -> None:
    write(workspace, AMINA, "TIME 2")
    assert write(workspace, AMINA, text).outcome == "keyword:time"
    person = her(workspace, people.amina)
    assert (person.hours_from, person.hours_to) == hours
    assert says in sent(workspace, people.amina)[-1].text


@on_sqlite
def test_a_menu_is_answered_by_its_number_alone_and_only_while_it_is_open(workspace: Workspace, people: Cast) -> None:
    assert write(workspace, AMINA, "3").outcome == "thread"
    assert write(workspace, AMINA, "TIME").outcome == "keyword:time"
    assert "TIME 1" in sent(workspace, people.amina)[-1].text
    assert write(workspace, AMINA, "I cough").outcome == "thread", "talk stays talk"
    assert write(workspace, AMINA, "3").outcome == "keyword:time"
    assert her(workspace, people.amina).hours_from == 1020
    write(workspace, AMINA, "LANG")
    assert write(workspace, AMINA, "kiswahili").outcome == "keyword:lang"
    assert her(workspace, people.amina).language == "sw"


@on_sqlite
def test_hours_that_the_quiet_hours_swallow_are_for_a_person(workspace: Workspace, people: Cast) -> None:
    settings = workspace.settings.model_copy(update={"quiet_hours": "16:00-09:00"})
    night = Workspace(settings, workspace.database, workspace.vault)
    assert write(night, AMINA, "TIME 3").outcome == "thread"
    assert her(workspace, people.amina).hours_from is None


@on_sqlite
@pytest.mark.parametrize(
    ("text", "language", "says"),
    [
        ("LANG fr", "fr", "Désormais"),
        ("LUGHA", "en", "Which language?"),
        ("Kiswahili", "sw", "Kuanzia sasa"),
        ("IDIOMA ES", "es", "Desde ahora"),
        ("português", "pt", "A partir de agora"),
    ],
)
def test_lang_changes_the_language_and_answers_in_it(
    text: str, language: str, says: str, workspace: Workspace, people: Cast
) -> None:
    assert write(workspace, AMINA, text).outcome == "keyword:lang"
    assert her(workspace, people.amina).language == language
    assert sent(workspace, people.amina)[-1].text.startswith(says)


# --- INFO ------------------------------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize("language", LANGUAGES)
def test_info_tells_topics_dates_and_wording_in_one_part(language: str, workspace: Workspace, people: Cast) -> None:
    speaks(workspace, people.amina, language)
    agree(workspace, people.amina, "nutrition", "v3")
    for number in range(9):
        agree(workspace, people.amina, f"programme-{number}", "form-7 2026-03")
    agree(workspace, people.amina, "feeding", "v3")
    assert write(workspace, AMINA, "INFO").outcome == "keyword:info"
    text = sent(workspace, people.amina)[-1].text
    today = workspace.database.now().astimezone().date().year
    assert f"feeding ({today}" in text
    assert ", v3)" in text
    assert "+" in text, "the rest is counted"
    assert parts.count(text).parts == 1


@on_sqlite
def test_info_tells_no_name_that_gives_something_away_unless_she_chose_open_words(
    workspace: Workspace, people: Cast
) -> None:
    agree(workspace, people.amina, "hiv", "hiv-form")
    write(workspace, AMINA, "INFO")
    covert = sent(workspace, people.amina)[-1].text
    assert "reminders (" in covert
    assert [word for word in ("hiv", "tb") if word in covert.lower()] == []
    with workspace.database.write() as session:
        session.execute(update(Person).where(Person.id == people.amina).values(openness=Openness.OPEN))
    write(workspace, AMINA, "INFO")
    assert "hiv (" in sent(workspace, people.amina)[-1].text


@on_sqlite
def test_info_of_whoever_agreed_to_nothing(workspace: Workspace, people: Cast) -> None:
    write(workspace, DAUDI, "INFO")
    assert sent(workspace, people.daudi)[-1].text.startswith("You have agreed to no messages of Sunrise.")


# --- CALL, WRONG, LOSS, and what is held -----------------------------------------------------------------------------


@on_sqlite
def test_call_marks_the_thread_and_says_when(workspace: Workspace, people: Cast) -> None:
    told = write(workspace, AMINA, "Please call me")
    assert told.outcome == "keyword:call"
    summary = inbox.show(workspace, told.thread_id or 0).summary
    assert (summary.wants_call, summary.hold) == (True, False)
    assert [each.text[:52] for each in sent(workspace, people.amina)] == [
        "Thank you. Somebody from our team will call you with"
    ]


@either
@pytest.mark.parametrize("text", ["wrong number", "Umekosea namba", "c'est un mauvais numéro je crois"])
def test_wrong_stops_everything_for_this_number_without_another_word(
    text: str, workspace: Workspace, people: Cast
) -> None:
    waiting = waits(workspace, people.amina, TOPIC)
    told = write(workspace, AMINA, text)
    assert told.outcome == "keyword:wrong"
    assert standing(workspace, people.amina)[0] == ConsentState.REVOKED
    assert fate(workspace, waiting) == (State.CANCELLED, "stopped")
    with workspace.database.read() as session:
        reach = session.scalars(select(Endpoint).where(Endpoint.person_id == people.amina)).one()
    assert (reach.state, reach.reason) == (EndpointState.QUARANTINED, "wrong_person")
    assert [thread.hold for thread in threads(workspace, people.amina)] == [True]
    assert [each for each in sent(workspace, people.amina) if each.state != State.CANCELLED] == []


@either
def test_a_loss_ends_its_topics_at_once_and_nothing_else(workspace: Workspace, people: Cast) -> None:
    agree(workspace, people.amina, "maternal")
    about_it, other = waits(workspace, people.amina, "maternal"), waits(workspace, people.amina, TOPIC)
    told = write(workspace, AMINA, "LOSS")
    assert told.outcome == "keyword:loss"
    assert standing(workspace, people.amina, "maternal")[0] == ConsentState.REVOKED
    assert standing(workspace, people.amina, TOPIC)[0] == ConsentState.GRANTED
    assert (fate(workspace, about_it), fate(workspace, other)) == ((State.CANCELLED, "loss"), (State.QUEUED, ""))
    [thread] = threads(workspace, people.amina)
    assert thread.urgent == "loss"
    write(workspace, AMINA, "I had a miscarriage and I am bleeding")
    gentle = [each.text for each in sent(workspace, people.amina) if each.text.startswith("We read your message")]
    assert len(gentle) == 1
    assert "call 1199" in gentle[0]
    [thread] = threads(workspace, people.amina)
    assert thread.urgent == "bleeding", "a danger comes first"


@on_sqlite
def test_start_says_that_what_looked_like_a_stop_was_none(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "that's enough!")
    assert [thread.hold for thread in threads(workspace, people.amina)] == [True]
    write(workspace, AMINA, "START")
    assert [thread.hold for thread in threads(workspace, people.amina)] == [False]
