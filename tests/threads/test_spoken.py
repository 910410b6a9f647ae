"""The verbs besides STOP as people write them, in five languages: each text is what a reader takes it for."""

from __future__ import annotations

import pytest

from outreach.threads.keywords import Understood, Verb, choice_of, languages, understand
from tests.threads.spoken import SPOKEN


def shown(found: Understood) -> str:
    """As the tables write it."""
    if found.who:
        return "who"
    return "hold" if found.hold else f"{found.verb or ''} {found.value}".strip()


@pytest.mark.parametrize("language", languages())
def test_a_text_is_what_a_reader_takes_it_for(language: str) -> None:
    wrong = [
        f"{text!r} is {shown(found)!r} and should be {is_!r}: {found.why}"
        for text, is_ in SPOKEN[language]
        if shown(found := understand(text, language)) != is_
    ]
    assert wrong == []


LEAVING = {"stop", "wrong", "loss", "forget", "hold", "who"}


@pytest.mark.parametrize("hers", [*languages(), "de", None])
def test_what_ends_or_holds_messages_counts_whatever_language_she_chose(hers: str | None) -> None:
    wrong = [
        f"{text!r} ({language}) is {shown(found)!r} and should be {is_!r}"
        for language, rows in SPOKEN.items()
        for text, is_ in rows
        if is_ in LEAVING and shown(found := understand(text, hers)) != is_
    ]
    assert wrong == []


CHOICES = [
    (Verb.TIME, "1", "1"),
    (Verb.TIME, " 3.", "3"),
    (Verb.TIME, "0", "0"),
    (Verb.TIME, "4", ""),
    (Verb.TIME, "evening please", "3"),
    (Verb.TIME, "jioni", "3"),
    (Verb.TIME, "le matin", "1"),
    (Verb.TIME, "I have pain in the evening", ""),
    (Verb.LANG, "fr", "fr"),
    (Verb.LANG, "ES", "es"),
    (Verb.LANG, "kiswahili tafadhali", "sw"),
    (Verb.LANG, "klingon", ""),
    (Verb.LANG, "", ""),
]


@pytest.mark.parametrize(("verb", "text", "value"), CHOICES)
def test_an_answer_to_a_menu_needs_no_verb(verb: Verb, text: str, value: str) -> None:
    assert choice_of(verb, text) == value
