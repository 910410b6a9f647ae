"""Whatever a thread or a message can be has its words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from outreach.console import inbox_words
from outreach.messages.status import Purpose, State
from outreach.threads.danger import Danger
from outreach.threads.hands import Why
from outreach.threads.lists import List
from outreach.threads.tables import Did, Outcome

SAID: list[tuple[Iterable[Any], Mapping[Any, str]]] = [
    (List, inbox_words.LISTS),
    (Danger, inbox_words.DANGERS),
    (Outcome, inbox_words.OUTCOMES),
    (State, inbox_words.STATES),
    (Purpose, inbox_words.PURPOSES),
    (Why, inbox_words.REFUSALS),
    (set(Did) - {Did.ANSWERED, Did.NOTED}, inbox_words.DEEDS),
]


@pytest.mark.parametrize(("values", "words"), SAID, ids=range(len(SAID)))
def test_everything_that_can_be_has_words(values: Iterable[Any], words: Mapping[Any, str]) -> None:
    assert set(words) == set(values)
