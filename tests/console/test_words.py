"""Every page in every language: nothing missing, nothing left over, and every placeholder where it belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Message

from outreach.console import collect, words
from outreach.console.words import LANGUAGES, Words

TRANSLATED = [language for language in LANGUAGES if language != "en"]
_HOLE = re.compile(r"%(?:\((\w+)\)[sd]|%)")


def messages(language: str) -> Iterator[tuple[str, Message]]:
    for noun, catalogue in collect.read(language).items():
        for message in catalogue:
            if message.id:
                yield noun, message


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogues_hold_the_texts_of_today_and_no_other(language: str) -> None:
    """If this fails: make words, then translate what is empty."""
    wanted = {(noun, message.id) for noun, texts in collect.collected().items() for message in texts if message.id}
    assert {(noun, message.id) for noun, message in messages(language)} == wanted
    assert [each for each in collect.read(language).values() if each.obsolete] == []


def said(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or [])


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: str) -> None:
    assert [message.id for _, message in messages(language) if not said(message) or not all(said(message))] == []
    assert [message.id for _, message in messages(language) if message.fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_what_the_text_does(language: str) -> None:
    for _, message in messages(language):
        many = message.id if isinstance(message.id, tuple | list) else (message.id,)
        holes = set(_HOLE.findall(many[-1]))
        for text in said(message):
            assert set(_HOLE.findall(text)) <= holes, message.id
            assert "%" not in _HOLE.sub("", text), f"a lone % in the translation of {message.id}"
        assert set(_HOLE.findall(said(message)[-1])) == holes, message.id


NAIROBI = ZoneInfo("Africa/Nairobi")
NOON = datetime(2026, 11, 3, 11, 5, tzinfo=UTC)  # 14:05 in Nairobi


TOLD = {
    "en": "1,204 | 94% | Tue, 3 Nov 2026, 14:05 | 4 minutes ago | in 3 hours | just now | Thu, 1 Oct 2026",
    "fr": "1\u202f204 | 94\xa0% | mar. 3 nov. 2026, 14:05 | il y a 4 minutes | dans 3 heures | à l’instant"
    " | jeu. 1 oct. 2026",
    "sw": "1,204 | 94% | Jumanne, 3 Nov 2026, 14:05 | dakika 4 zilizopita | baada ya saa 3 | sasa hivi"
    " | Alhamisi, 1 Okt 2026",
}


@pytest.mark.parametrize(("language", "told"), TOLD.items())
def test_numbers_and_times_are_told_as_the_language_does(language: str, told: str) -> None:
    here = Words(language, NAIROBI, "KES")
    minutes = [-4, 180, 0]
    made = [here.ago(NOON + timedelta(minutes=each), NOON) for each in minutes]
    long_ago = here.ago(NOON - timedelta(days=33), NOON)
    everything = [here.number(1204), here.percent(0.94), here.moment(NOON), *made, long_ago]
    assert " | ".join(everything) == told


CHOICES = [
    ("the member's own", "sw", "fr", "en", "sw"),
    ("the browser's best", "", "de, fr;q=0.8, en;q=0.5", "en", "fr"),
    ("a region of it", "", "fr-CD", "en", "fr"),
    ("not what is refused", "", "fr;q=0, sw;q=0.1", "en", "sw"),
    ("none that we have", "", "de", "sw", "sw"),
    ("nothing said", "", "", "fr", "fr"),
    ("nonsense", "xx", ";;q=,q", "nn", "en"),
]


@pytest.mark.parametrize(("label", "chosen", "accepted", "default", "given"), CHOICES, ids=[row[0] for row in CHOICES])
def test_which_language(label: str, chosen: str, accepted: str, default: str, given: str) -> None:
    assert words.choose(chosen, accepted, default) == given
