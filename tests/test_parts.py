"""Parts, exactly at the boundaries: recorded vectors, a table of suggestions, and laws that hold for any text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from outreach.parts import Encoding, count, normalise, suggest
from outreach.parts.cut import BASIC, EXTENDED

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "segments.json").read_text("utf-8"))
ALONE = {Encoding.GSM_7: 160, Encoding.UCS_2: 70}
JOINED = {Encoding.GSM_7: 153, Encoding.UCS_2: 67}

gsm_texts = st.text(alphabet=BASIC + EXTENDED, max_size=500)
mixed_texts = st.text(alphabet="aé€[я’\u0301\u200d\r\n😀👍🏽🇰🇪कष्ि", max_size=300)
any_texts = st.one_of(gsm_texts, mixed_texts, st.text(max_size=300))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['why']}, {vector['smart_encoding']}")
def test_a_text_is_cut_as_the_carrier_cuts_it(vector: dict[str, Any]) -> None:
    parts = count(vector["text"], smart_encoding=vector["smart_encoding"])
    assert (parts.encoding, parts.parts, parts.units) == (vector["encoding"], vector["segments"], vector["units"])
    assert list(parts.sizes) == vector["per_segment"]
    assert parts.text == vector["sent_text"]
    assert list(parts.foreign) == vector["non_gsm"]


@pytest.mark.parametrize(
    ("label", "text", "encoding", "parts"),
    [
        ("empty", "", "GSM-7", 1),
        ("full part", "a" * 160, "GSM-7", 1),
        ("one too many", "a" * 161, "GSM-7", 2),
        ("two full parts", "a" * 306, "GSM-7", 2),
        ("the 153 escape pairs that are three parts", "€" * 153, "GSM-7", 3),
        ("full UCS-2 part", "я" * 70, "UCS-2", 1),
        ("one too many in UCS-2", "я" * 71, "UCS-2", 2),
        ("a pair does not fit into the last unit", "я" * 66 + "😀" + "я" * 10, "UCS-2", 2),
        ("a lone surrogate is counted, not refused", "\ud83d", "UCS-2", 1),
        ("one curly apostrophe", "a" * 80 + "’", "UCS-2", 2),
        ("ç is not in GSM-7, Ç is", "ç", "UCS-2", 1),
        ("a backtick is not in GSM-7", "`", "UCS-2", 1),
    ],
)
def test_boundaries(label: str, text: str, encoding: str, parts: int) -> None:
    counted = count(text)
    assert (counted.encoding, counted.parts) == (encoding, parts), label


@given(any_texts, st.booleans())
def test_nothing_is_lost_between_two_parts(text: str, smart_encoding: bool) -> None:
    parts = count(text, smart_encoding=smart_encoding)
    assert parts.text == "".join(parts.pieces)
    assert sum(parts.sizes) == parts.units
    if not smart_encoding:
        assert parts.text == text


@given(any_texts)
def test_no_part_is_fuller_than_the_air_allows(text: str) -> None:
    parts = count(text)
    room = ALONE[parts.encoding] if parts.parts == 1 else JOINED[parts.encoding]
    for piece, size in zip(parts.pieces, parts.sizes, strict=True):
        assert size <= room or len(regex.findall(r"\X", piece)) == 1  # a letter under a heap of accents is never cut


@given(gsm_texts)
def test_gsm_text_never_pays_for_more_than_one_wasted_unit_a_part(text: str) -> None:
    parts = count(text)
    assert parts.encoding is Encoding.GSM_7
    if parts.parts > 1:
        assert all(size >= JOINED[Encoding.GSM_7] - 1 for size in parts.sizes[:-1])


@given(any_texts, any_texts)
def test_a_longer_text_is_never_cheaper(text: str, more: str) -> None:
    assert count(text).parts <= count(text + more).parts


@given(st.text(alphabet="aenéñ.\u0300\u0301\u0303", max_size=200))
def test_composing_letters_never_costs_parts(text: str) -> None:
    assert count(normalise(text)).parts <= count(text).parts


@given(any_texts, st.booleans())
def test_a_suggestion_is_true(text: str, smart_encoding: bool) -> None:
    before = count(text, smart_encoding=smart_encoding).parts
    for suggestion in suggest(text, smart_encoding=smart_encoding):
        assert suggestion.before == before
        assert count(suggestion.text, smart_encoding=smart_encoding).parts == suggestion.after < before
        assert all(swap.find in text for swap in suggestion.swaps)


SUGGESTIONS = [
    ("cheap already", "See you on Monday", []),
    ("one apostrophe", "a" * 75 + "’", ["replace ’ by ' and it costs 1 part instead of 2"]),
    (
        "several marks, all needed",
        "“Take it” – please. " * 5,
        ['replace “ by ", ” by " and – by - and it costs 1 part instead of 2'],
    ),
    (
        "accents are given up after typography",
        "Rendez-vous à l’hôpital prêt. " * 4,
        ["replace ’ by ', ô by o and ê by e and it costs 1 part instead of 2"],
    ),
    (
        "letters typed as two",
        "e\u0301" * 40,
        ["replace e\u0301 by é and it costs 1 part instead of 2"],
    ),
    ("emoji are left out last", "Well done! 😀 " * 6, ["replace 😀 by nothing and it costs 1 part instead of 2"]),
    (
        "a no-break space has a name",
        "a\u00a0" * 40,
        ["replace a no-break space by a space and it costs 1 part instead of 2"],
    ),
    ("brackets cost two", "[a]" + "b" * 156, ["replace [ by ( and ] by ) and it costs 1 part instead of 2"]),
    ("another script stays as it is", "Добрый день! " * 10, []),
    ("nothing helps a text in one part", "’", []),
]


@pytest.mark.parametrize(("label", "text", "sentences"), SUGGESTIONS, ids=[row[0] for row in SUGGESTIONS])
def test_suggestions_are_few_and_say_what_they_save(label: str, text: str, sentences: list[str]) -> None:
    assert [str(suggestion) for suggestion in suggest(text)] == sentences


def test_what_smart_encoding_does_by_itself_is_not_suggested() -> None:
    assert suggest("a" * 75 + "’", smart_encoding=True) == []
