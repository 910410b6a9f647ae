"""What a text would do, as `outreach understand` and the console tell it: the same as if it had come in."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreach.threads import understanding
from outreach.threads.danger import Danger
from outreach.threads.keywords import Ground, Verb

#: text, language, verb, whether a person must look, whether it asks who writes, what its thread is urgent for
READ = [
    ("STOP", "en", Verb.STOP, False, False, ""),
    ("stop, I have moved away", "en", Verb.STOP, False, False, ""),
    ("PAUSE 7", "sw", Verb.PAUSE, False, False, ""),
    ("When can I come?", "en", None, False, False, ""),
    ("who is this?", "en", None, True, True, ""),
    ("nani huyu", "en", None, True, True, ""),
    ("I am bleeding a lot", "en", None, False, False, Danger.BLEEDING),
    ("my baby died", "en", Verb.LOSS, False, False, "loss"),
    ("miscarriage", "en", Verb.LOSS, False, False, Danger.BLEEDING),
]


@pytest.mark.parametrize(("text", "language", "verb", "hold", "who", "urgent"), READ, ids=[row[0] for row in READ])
def test_a_text_is_told_as_it_would_be_acted_on(
    text: str, language: str, verb: Verb | None, hold: bool, who: bool, urgent: str, tmp_path: Path
) -> None:
    told = understanding.read(text, language, tmp_path)
    assert (told.found.verb, told.found.hold, told.found.who, told.urgent) == (verb, hold, who, urgent)
    assert (told.own_word, told.redacted) == (False, text)


def test_why_is_told_without_the_text(tmp_path: Path) -> None:
    told = understanding.read("C'est qui ?", "sw", tmp_path).found
    assert (told.ground, told.why.startswith("asks who writes"), told.value) == (Ground.WHO, True, "")


def test_what_a_helper_would_read_is_redacted_with_the_clinics_own_names(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("Achieng\n")
    told = understanding.read("Achieng says call 0712000001", "en", tmp_path)
    assert told.redacted == "[name] says call [number]"
    assert "says" not in repr(told), "a log could show it"


def test_the_clinics_own_words_of_danger_count(tmp_path: Path) -> None:
    (tmp_path / "danger").mkdir()
    assert understanding.read("zimezimez now", "en", tmp_path).urgent == ""
    (tmp_path / "danger" / "en.more.yaml").write_text("review: Read.\nself_harm: {within: [zimezimez]}\n")
    assert understanding.read("zimezimez now", "en", tmp_path).urgent == Danger.SELF_HARM


def test_a_word_of_her_own_is_read_by_nobody(tmp_path: Path) -> None:
    told = understanding.read("WORD mango", "en", tmp_path)
    assert told.own_word
    assert told.redacted == "[word]"


def test_without_a_language_every_language_is_tried(tmp_path: Path) -> None:
    assert understanding.read("ACHA", None, tmp_path).found.verb is Verb.STOP
    assert understanding.read("stop, nimehama", None, tmp_path).found.verb is Verb.STOP


#: Why a text was read as it was, as programs and pages tell it: text, language, reason, ground, tongue, value.
WHYS = [
    ("STOP", "en", "the whole text is STOP (en)", Ground.WHOLE, "en", ""),
    ("Stop texting me please", "en", "a clear phrase for STOP (en)", Ground.PHRASE, "en", ""),
    ("that's enough!", "en", "perhaps an opt-out (en)", Ground.PERHAPS, "en", ""),
    ("no texting for two weeks", "en", "the whole text is PAUSE (en)", Ground.WHOLE, "en", "14"),
    ("stop, I want to ask something", "en", "begins or ends with STOP, but says more (en)", Ground.MORE, "en", ""),
    ("I lost it", "en", "perhaps LOSS (en)", Ground.PERHAPS, "en", ""),
    ("pause 0 days", "en", "a pause of no days (en)", Ground.NO_DAYS, "en", ""),
    ("PAUSE 7", "en", "the whole text is PAUSE (en)", Ground.WHOLE, "en", "7"),
    ("stop, I have moved away", "en", "STOP, and why: elsewhere", Ground.REASON, "", ""),
    ("who is this?", "en", "asks who writes (en)", Ground.WHO, "en", ""),
    ("When can I come?", "en", "no verb: the text goes to a person", Ground.NONE, "", ""),
]


@pytest.mark.parametrize(("text", "language", "why", "ground", "tongue", "value"), WHYS, ids=[row[0] for row in WHYS])
def test_the_rule_is_named_and_the_language_of_its_words(
    text: str, language: str, why: str, ground: Ground, tongue: str, value: str, tmp_path: Path
) -> None:
    found = understanding.read(text, language, tmp_path).found
    assert (found.why, found.ground, found.tongue, found.value) == (why, ground, tongue, value)
