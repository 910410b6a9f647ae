"""What would this text do? Tried over HTTP: plain words, nothing kept, and the text nowhere but on the page."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import func, select

from outreach.console import understand_words
from outreach.staff.roles import Role
from outreach.store.base import Base
from outreach.threads.danger import Danger
from outreach.threads.keywords import Ground, Verb
from tests.console.conftest import Console, on_sqlite, read

# text, language, what the page says, what it does not say
TRIED = [
    ("STOP", "en", ["STOP", "Only her own START lifts it", "The whole text is this word", "(English)"], ["Urgent"]),
    ("acha kunitumia ujumbe", "sw", ["STOP", "A clear phrase for it"], []),
    ("enough", "en", ["Perhaps a STOP", "campaigns to her wait meanwhile"], []),
    ("stop? I have finished my treatment", "en", ["Perhaps a STOP", "may be about her treatment"], []),
    ("who is this", "en", ["Perhaps a STOP", "asks who writes"], []),
    (
        "i am no longer pregnant",
        "en",
        ["LOSS", "Urgent: has lost a pregnancy", "coordinators are called"],
        ["help line at once"],
    ),
    ("je saigne, 06 39 98 00 01", "fr", ["Urgent: speaks of bleeding", "help line at once", "je saigne, [number]"], []),
    ("When can I come?", "en", ["No keyword", "A helper reads it"], ["Urgent"]),
    ("WORD zanzibar", "en", ["Her own word", "[word]"], ["Why:"]),
    ("<b>STOP</b>", "en", ["<b>STOP</b>"], []),
]


@on_sqlite
def test_the_page_says_in_plain_words_what_each_text_would_do(console: Console) -> None:
    helper = console.as_(Role.HELPER)
    for text, language, says, never in TRIED:
        answer = helper.post("/understand", text=text, language=language)
        verdict = read(answer).partition("What a helper would read")
        said = verdict[0] + verdict[2]
        assert answer.status_code == 200
        assert [each for each in says if each not in said] == [], text
        assert [each for each in never if each in said] == [], text
        assert answer.headers["cache-control"] == "no-store"


@on_sqlite
@pytest.mark.parametrize("text", ["", "   ", "x" * 1601])
def test_nothing_and_too_much_are_told_of(text: str, console: Console) -> None:
    answer = console.as_(Role.LAUNCHER).post("/understand", text=text, language="en")
    assert answer.status_code == 409
    assert "Write or paste a text first." in read(answer) or "1,600 characters are the most" in read(answer)


@on_sqlite
def test_an_unreadable_list_of_names_is_told_of(console: Console) -> None:
    (console.workspace.folder / "names.txt").write_bytes(b"\xff\xfe\xff")
    answer = console.as_(Role.ADMIN).post("/understand", text="STOP", language="en")
    assert (answer.status_code, "outreach check" in read(answer)) == (409, True)


@on_sqlite
def test_nothing_is_kept_logged_or_put_into_an_address(console: Console, caplog: pytest.LogCaptureFixture) -> None:
    helper = console.as_(Role.HELPER)
    helper.get("/understand")
    before = rows(console)
    with caplog.at_level(logging.DEBUG):
        answer = helper.post("/understand", text="Kassandra saigne 0712 000 001", language="xx")
    assert "[number]" in answer.text
    assert rows(console) == before
    assert "Kassandra" not in caplog.text
    assert (answer.url.path, answer.url.query, answer.history) == ("/understand", b"", [])
    assert helper.get("/understand", params={"text": "Kassandra"}).text.count("Kassandra") == 0


def rows(console: Console) -> dict[str, int]:
    with console.workspace.database.read() as session:
        tables = Base.metadata.sorted_tables
        return {each.name: session.scalar(select(func.count()).select_from(each)) or 0 for each in tables}


def test_every_verb_ground_and_danger_has_its_words() -> None:
    assert set(understand_words.VERBS) == set(Verb)
    assert set(understand_words.GROUNDS) == set(Ground) - {Ground.TOLD}
    assert set(Danger) <= set(understand_words.DANGERS)
