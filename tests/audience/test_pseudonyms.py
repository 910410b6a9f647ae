"""Pseudonyms: random, neutral, nobody's twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations

import pytest

from outreach.audience import people, pseudonyms
from outreach.audience.words import ADJECTIVES, NOUNS
from outreach.store.database import Database
from tests.audience.conftest import Clinic


def test_there_are_enough_words_of_each_kind() -> None:
    assert min(len(set(ADJECTIVES)), len(set(NOUNS))) >= 200
    assert not set(ADJECTIVES) & set(NOUNS)
    assert all(re.fullmatch(r"[a-z]{4,9}", word) for word in (*ADJECTIVES, *NOUNS))


@pytest.mark.parametrize("words", [ADJECTIVES, NOUNS], ids=["adjectives", "nouns"])
def test_no_two_words_of_a_list_are_a_letter_apart(words: tuple[str, ...]) -> None:
    def shortened(word: str) -> Iterator[str]:
        yield word
        yield from (word[:place] + word[place + 1 :] for place in range(len(word)))

    for left, right in combinations(words, 2):
        if abs(len(left) - len(right)) <= 1:
            assert sum(a != b for a, b in zip(left, right, strict=False)) > 1 or len(left) != len(right), (left, right)
            assert right not in shortened(left), (left, right)
            assert left not in shortened(right), (left, right)


def test_each_is_two_words_and_two_digits(database: Database) -> None:
    with database.read() as session:
        drawn = pseudonyms.draw(session, 500)
    assert len(set(drawn)) == 500
    assert sum(re.fullmatch(r"[a-z]+-[a-z]+-\d\d", each) is not None for each in drawn) > 490


def test_what_somebody_has_is_not_drawn_again(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudonyms, "ADJECTIVES", ["azure"])
    monkeypatch.setattr(pseudonyms, "NOUNS", ["heron"])
    place = {"country": "KE", "zone": "Africa/Nairobi", "language": "en", "at": datetime.now(UTC)}
    taken = [f"azure-heron-{number}" for number in range(10, 100)]
    with clinic.database.write() as session:
        numbers = enumerate(taken, 254712345000)
        people.add(session, [people.newcomer(clinic.vault, f"+{n}", name, **place) for n, name in numbers])  # type: ignore[arg-type]
        drawn = pseudonyms.draw(session, 50)
    assert len(set(drawn)) == 50
    assert all(re.fullmatch(r"azure-heron-\d{3,}", each) for each in drawn)
