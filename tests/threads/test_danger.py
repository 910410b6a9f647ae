"""The words of danger: what they hear, what they let pass, what they cost, and whose they are."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from benchmarks import danger as measure
from benchmarks.danger import LANGUAGES, Half, Labelled
from outreach.threads import danger
from outreach.threads.danger import Danger
from outreach.threads.urgent import gravest, urgency
from outreach.threads.words.pattern import State, build, parse, walk

TEXTS = measure.corpus()
SELF_HARM, VIOLENCE, BLEEDING, SIGN = Danger

FACTS: list[tuple[str, str, Danger | None]] = [
    ("kil myself", "en", SELF_HARM),
    ("nataka kufa", "sw", SELF_HARM),
    ("je veux mourir", "fr", SELF_HARM),
    ("quiero morir", "es", SELF_HARM),
    ("quero morrer", "pt", SELF_HARM),
    ("cant breath", "en", SIGN),
    ("CAN’T BREATHE!!!", "en", SIGN),
    ("there is blod", "en", BLEEDING),
    ("j'arrive pas a respirer", "fr", SIGN),
    ("no bleeding", "en", None),
    ("I am not bleeding", "en", None),
    ("No bleeding but I want to die", "en", SELF_HARM),
    ("No bleeding but blood in my urine", "en", BLEEDING),
    ("the bleeding has not stopped", "en", BLEEDING),
    ("I really just want to die", "en", SELF_HARM),
    ("daktari natoka damu please help", "en", BLEEDING),
    ("my brother was killed last year", "en", None),
    ("I'm dying to know", "en", None),
    ("nakufa njaa", "sw", None),
    ("my phone died", "en", None),
    ("", "en", None),
    ("🩸", "en", None),
]


@pytest.mark.parametrize(("text", "language", "category"), FACTS)
def test_a_text_speaks_of_a_danger_or_not(text: str, language: str, category: Danger | None) -> None:
    found = urgency(text, language)
    assert (found.category if found else None) == category


@pytest.mark.parametrize(
    ("language", "told"), [("en", "en"), ("pt", "pt"), ("pt-BR", "pt"), ("de", "es"), (None, "es")]
)
def test_her_own_language_counts_first_and_every_other_after_it(language: str | None, told: str) -> None:
    text = "hemorragia, I am bleeding" if language == "en" else "hemorragia"
    found = urgency(text, language)
    assert found is not None
    assert (found.language, found.why) == (told, f"words of bleeding ({told})")


@pytest.mark.parametrize(("before", "text", "after"), [
    ("", "hello", ""),
    ("", "I am bleeding", "bleeding"),
    ("bleeding", "hello", "bleeding"),
    ("bleeding", "he beats me", "violence"),
    ("violence", "I am bleeding", "violence"),
])  # fmt: skip
def test_words_only_raise_what_a_thread_is_worth(before: str, text: str, after: str) -> None:
    assert gravest(before, urgency(text)) == after


@pytest.mark.parametrize(("between", "found"), [(0, True), (5, True), (6, False)])
def test_a_gap_is_up_to_five_words_of_any_kind(between: int, found: bool) -> None:
    start = build(parse("red ... river", {}), State(marks=("end",)))
    text = ["red", *(f"word{number}" for number in range(between)), "river"]
    assert bool(list(walk(start, text))) is found


def test_words_that_people_write_in_a_gap_do_not_fill_the_memory() -> None:
    start: State[str] = build(parse("red ... river", {}), State(marks=("end",)))
    for number in range(100):
        assert list(walk(start, ["red", f"word{number}", "river"]))
    after = start.after("red")
    assert after is not None
    assert len(after.next) <= 2


# --- measured on the corpus ------------------------------------------------------------------------------------------


def _of(half: Half, language: str) -> list[Labelled]:
    return [each for each in TEXTS if each.half is half and each.language == language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_corpus_is_large_enough_and_no_text_is_in_both_halves(language: str) -> None:
    tuned, held = ({each.text.casefold() for each in _of(half, language)} for half in Half)
    assert len(tuned) + len(held) >= 120
    assert len(held) >= 40
    assert tuned & held == set()
    assert {each.danger for each in _of(Half.HELD, language)} == {*Danger, None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_words_were_written_against_is_heard(language: str) -> None:
    tuned = _of(Half.TUNED, language)
    assert measure.recall(tuned).rate >= 0.95
    assert measure.flag_rate(tuned).rate <= 0.05


# What was measured the first time that the words met these texts. It may only rise, and by other words than theirs.
FIRST_SEEN = {"en": 23, "es": 24, "fr": 27, "pt": 25, "sw": 23}


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_that_no_word_was_written_for_are_heard_as_often_as_published(language: str) -> None:
    held = _of(Half.HELD, language)
    assert measure.recall(held).flagged >= FIRST_SEEN[language]
    assert measure.flag_rate(held).rate <= 0.05


def test_a_text_takes_about_a_tenth_of_a_millisecond() -> None:
    assert measure.cost(TEXTS) < 0.000_3, "three times what it takes on an idle machine"


# --- the clinic's own words ------------------------------------------------------------------------------------------

OWN = """
review: Sister Achieng has read it.
self_harm: {within: [go to the lake]}
violence: {within: [visit from the bull]}
bleeding: {within: [red river]}
danger_sign: {within: [the roof leaks]}
"""
MORE = "review: Sister Achieng has read it.\nbleeding: {within: [red river]}\n"


def _own(folder: Path, name: str, text: str) -> Path:
    (folder / "danger").mkdir(exist_ok=True)
    (folder / "danger" / name).write_text(text, encoding="utf-8")
    return folder


def test_the_clinics_file_takes_the_place_of_ours_in_its_language(tmp_path: Path) -> None:
    folder = _own(tmp_path, "en.yaml", OWN)
    assert danger.faults(folder) == []
    assert urgency("the red river has come", "en", folder) is not None
    assert urgency("I wish I was dead", "en", folder) is None
    assert urgency("je saigne", "en", folder) is not None, "other languages stay ours"


def test_a_file_of_more_words_adds_to_ours(tmp_path: Path) -> None:
    folder = _own(tmp_path, "en.more.yaml", MORE)
    assert danger.faults(folder) == []
    for text in ("the red river has come", "I am bleeding"):
        found = urgency(text, "en", folder)
        assert found is not None
        assert (found.category, found.language) == (BLEEDING, "en")


def test_a_correction_helps_at_once(tmp_path: Path) -> None:
    folder = _own(tmp_path, "en.more.yaml", MORE)
    assert urgency("the goat is loose", "en", folder) is None
    _own(tmp_path, "en.more.yaml", MORE.replace("red river", "goat is loose"))
    assert urgency("the goat is loose", "en", folder) is not None
    (tmp_path / "danger" / "en.more.yaml").unlink()
    assert urgency("the goat is loose", "en", folder) is None


MALFORMED = [
    ("not YAML", "en.yaml", "review: [", 0, "not YAML"),
    ("no text", "en.yaml", "\x00", 0, "cannot be read"),
    ("a category is missing", "en.yaml", MORE, 0, "no words for"),
    ("an unknown category", "en.more.yaml", "review: x\nfire: {within: [fire]}", 2, "'fire' is not known here"),
    ("an unknown row", "en.more.yaml", "review: x\nbleeding:\n  hold: [red]", 3, "'hold' is not a row"),
    ("a gap at the end", "en.more.yaml", "review: x\nbleeding:\n  within:\n    - red ...", 4, "begin or end with"),
    ("no language", "words.of.danger.yml", OWN, 0, "does not say which language"),
]


@pytest.mark.parametrize(("label", "name", "text", "line", "problem"), MALFORMED, ids=[row[0] for row in MALFORMED])
def test_a_malformed_file_is_told_by_line_and_ours_stands_in(
    label: str, name: str, text: str, line: int, problem: str, tmp_path: Path
) -> None:
    folder = _own(tmp_path, name, text)
    fault = next(fault for fault in danger.faults(folder) if problem in fault.problem)
    assert fault.path == f"danger/{name}"
    assert line in {0, fault.line}
    with capture_logs() as logged:
        assert urgency("I am bleeding", "en", folder) is not None
        assert urgency("I am bleeding", "en", folder) is not None
    assert [entry["path"] for entry in logged].count(f"danger/{name}") == len(danger.faults(folder)), "told once"
    assert {entry["log_level"] for entry in logged} == {"error"}


def test_of_texts_that_come_at_once_one_reads_the_words_and_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting, seen = threading.Barrier(2), []

    def read(_: object) -> None:
        try:
            meeting.wait(0.1)
            seen.append("together")
        except threading.BrokenBarrierError:
            meeting.reset()
            seen.append("alone")

    monkeypatch.setattr(danger, "_start", read)
    readers = [threading.Thread(target=danger.start) for _ in range(2)]
    for each in readers:
        each.start()
    for each in readers:
        each.join()
    assert seen == ["alone", "alone"]
