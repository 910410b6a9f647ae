"""What a template must hold before it may be launched."""

from datetime import date
from typing import Any

import pytest

from outreach.channels.contract import Kind
from outreach.errors import Fault
from outreach.messages import checks, filters
from outreach.messages.templates import Body, Openness, Template

STOP_WORDS = ("STOP", "CANCEL", "END", "ARRÊT", "ACHA")
KNOWN = ("first_name", "visit", "weeks", "clinic")


def open_(text: str, language: str = "en") -> Body:
    return Body(Kind.SMS, language, Openness.OPEN, "", text, f"templates/tb/x.{language}.txt", 3)


def covert(text: str, language: str = "en") -> Body:
    return Body(Kind.SMS, language, Openness.COVERT, "", text, f"templates/tb/x.{language}.covert.txt", 3)


def push(title: str, text: str = "Open the app.") -> Body:
    return Body(Kind.PUSH, "en", Openness.COVERT, title, text, "templates/tb/x.en.push.txt", 2)


def check(*bodies: Body, **more: Any) -> list[Fault]:
    bounds: dict[str, Any] = {
        "known": KNOWN,
        "languages": ["en"],
        "fallback": "en",
        "sensitive": False,
        "part_limit": 2,
        "stop_words": STOP_WORDS,
    }
    return checks.check(Template("tb/x", bodies), **(bounds | more))


GOOD = [
    ("plain", open_("Hello {{ first_name }}, see you on {{ visit|date }}.")),
    (
        "a dark word behind the first forty characters",
        open_("Hello, this is your clinic. Please remember your TB pills."),
    ),
    ("the word STOP", open_("Reply STOP to get no more messages.")),
    ("another word for no", open_("Reply NO to cancel your visit.")),
    ("a figure for cancelling", open_("Text 1 to confirm, text 2 to cancel your visit.")),
    ("a stop word that is not asked for", open_("We must cancel the visit at the end of the week.")),
    ("a region's language", open_("Hello", "en-gb")),
]


@pytest.mark.parametrize(("label", "body"), GOOD, ids=[row[0] for row in GOOD])
def test_a_good_text_has_no_fault(label: str, body: Body) -> None:
    assert check(body, open_("Hello")) == []


LONG = "This is a long sentence of words. " * 4
FAULTY = [
    ("a field there is not", open_("Hi\n{{ frist_name }}"), 4, 4, "'frist_name'", "Did you mean 'first_name'?"),
    ("a field like none", open_("{% if zzz %}a{% else %}b{% endif %}"), 3, 7, "'zzz'", "There are clinic, first_name"),
    ("a dark word at once", open_("Hello, your TB pills"), 3, 13, "'TB' stands in the first 40", "nothing away"),
    (
        "a dark word in a covert text",
        covert("Hello.\n" + "Take care. " * 5 + "HIV"),
        4,
        56,
        "covert text",
        "nothing away",
    ),
    ("a dark word in a default", covert("Hi {{ first_name|default('HIV friend') }}"), 3, 27, "'HIV'", "nothing away"),
    ("a dark word in one branch", covert("{% if weeks > 3 %}TB{% else %}Hi{% endif %}"), 3, 19, "'TB'", "nothing away"),
    ("a dark word put together", covert("{% if weeks %}T{% else %}S{% endif %}B"), 3, 1, "'TB'", "nothing away"),
    ("a dark word in a push", push("News", "Your viral load"), 2, 6, "in a push", "nothing away"),
    ("a dark word in a title", push("HIV news"), 1, 1, "title", "nothing away"),
    ("a long title", push("n" * 41), 1, 41, "41 characters", "Shorten"),
    ("a variable in a title", push("Hi {{ first_name }}"), 1, 4, "title", "plain words"),
    ("asks to answer a stop word", open_("Reply CANCEL to cancel."), 3, 7, "'CANCEL'", "NO or 1"),
    ("asks for one of two", open_("Reply YES or 'CANCEL'."), 3, 15, "'CANCEL'", "NO or 1"),
    ("asks for it in French", open_("Répondez par ARRET", "fr"), 3, 14, "'ARRET'", "NO or 1"),
    ("asks for it in Swahili", open_("Tuma neno ACHA", "sw"), 3, 11, "'ACHA'", "NO or 1"),
    ("too many parts", open_(LONG + LONG + LONG), 3, 1, "3 parts (GSM-7); the limit is 2", "Shorten"),
    ("one letter makes it dear", open_(LONG + "It’s"), 3, 1, "3 parts (UCS-2)", "Replace ’ by '"),
    (
        "long only in one branch",
        open_("{% if weeks %}" + LONG * 3 + "{% else %}a{% endif %}"),
        3,
        1,
        "3 parts",
        "Shorten",
    ),
    ("long only by its default", open_("{{ clinic|default('" + LONG * 3 + "') }}"), 3, 1, "3 parts", "Shorten"),
    ("can come out empty", open_("{% if weeks %}a{% endif %}"), 3, 1, "empty", "else"),
    ("refused between the braces", open_("a\n{{ x() }}"), 4, 5, "A call", "Allowed are"),
]


@pytest.mark.parametrize(("label", "body", "line", "column", "says", "remedy"), FAULTY, ids=[row[0] for row in FAULTY])
def test_a_fault_is_told_with_its_place_and_remedy(
    label: str, body: Body, line: int, column: int, says: str, remedy: str
) -> None:
    (fault,) = check(body, kinds=())
    assert (fault.path, fault.line, fault.column) == (body.path, line, column)
    assert says in fault.problem
    assert remedy in fault.remedy


def test_a_text_longer_than_any_message_is_told_by_characters_and_by_parts() -> None:
    assert [fault.problem for fault in check(open_("word " * 400))] == [
        "The text can have 1999 characters; 1600 is the most.",
        "The text can cost 14 parts (GSM-7); the limit is 2.",
    ]


def test_a_push_has_no_parts_but_the_same_longest_text() -> None:
    assert check(push("News", LONG * 4), kinds=()) == []
    assert "1600" in check(push("News", "word " * 400), kinds=())[0].problem


def test_every_fault_of_every_body_is_told() -> None:
    faults = check(open_("{{ a }} {{ b }}"), covert("HIV and TB"), push("TB"), languages=["fr"], fallback="sw")
    assert [(fault.path.rpartition("/")[2], fault.problem.partition("'")[2][:3]) for fault in faults] == [
        ("x.fr.txt", "fr'"),
        ("x.en.txt", "a'."),
        ("x.en.txt", "b'."),
        ("x.en.covert.txt", "HIV"),
        ("x.en.covert.txt", "TB'"),
        ("x.en.push.txt", "TB'"),
    ]


def test_each_language_of_the_audience_needs_a_text_or_the_fallback() -> None:
    assert check(open_("Hi"), languages=["en", "fr", "sw"]) == []
    missing = check(open_("Bonjour", "fr"), languages=["fr-CA", "sw"], fallback="en")
    assert [fault.path for fault in missing] == ["templates/tb/x.sw.txt"]


def test_a_campaign_that_pushes_needs_a_push() -> None:
    (fault,) = check(open_("Hi"), kinds=(Kind.SMS, Kind.PUSH))
    assert fault.path == "templates/tb/x.en.push.txt"


def test_a_sensitive_topic_needs_covert_words_in_every_language_that_has_open_ones() -> None:
    bodies = (open_("Hi"), covert("Hi"), open_("Bonjour", "fr"), push("News"))
    (fault,) = check(*bodies, sensitive=True)
    assert fault.path == "templates/tb/x.fr.txt"
    assert "templates/tb/x.fr.covert.txt" in fault.remedy
    assert check(*bodies, sensitive=False) == []


def test_values_known_to_be_long_count_instead_of_the_guess() -> None:
    body = open_("Hi {{ first_name }}")
    assert check(body, part_limit=1) == []
    assert "2 parts" in check(body, part_limit=1, longest={"first_name": "n" * 158})[0].problem
    assert "UCS-2" in check(body, part_limit=1, longest={"first_name": "ł" * 80})[0].problem


def test_a_longest_value_of_the_wrong_sort_is_told() -> None:
    (fault,) = check(open_("On {{ visit|date }}"), longest={"visit": "next week"})
    assert "longest" in fault.problem


@pytest.mark.parametrize("language", sorted(filters.MANNERS))
def test_the_longest_month_of_the_language_counts(language: str) -> None:
    say = filters.known(language)["date"].apply
    longest = max(len(say(date(2026, month, 28))) for month in range(1, 13))
    fits = open_("a" * (160 - longest) + "{{ visit|date }}", language)
    breaks = open_("a" * (161 - longest) + "{{ visit|date }}", language)
    assert check(fits, languages=[language], part_limit=1) == []
    assert "2 parts" in check(breaks, languages=[language], part_limit=1)[0].problem
