"""Whatever a thread, a message or a row of a table can be has its words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from outreach.audience.discretion import Manner
from outreach.audience.headers import FIELDS, Role
from outreach.audience.phone import PhoneRefusal
from outreach.audience.tables import EndpointState
from outreach.audience.verdicts import Note, RowRefusal
from outreach.audience.verdicts import Outcome as RowOutcome
from outreach.channels.contract import Kind
from outreach.console import inbox_words, people_words
from outreach.messages.status import Purpose, State
from outreach.threads.danger import Danger
from outreach.threads.deeds import LOSS
from outreach.threads.hands import Why
from outreach.threads.lists import List
from outreach.threads.tables import Did, Mark, Outcome

SAID: list[tuple[Iterable[Any], Mapping[Any, Any]]] = [
    (List, inbox_words.LISTS),
    ([*Danger, LOSS], inbox_words.DANGERS),
    (Mark, inbox_words.MARKS),
    (Outcome, inbox_words.OUTCOMES),
    (State, inbox_words.STATES),
    (Purpose, inbox_words.PURPOSES),
    (Why, inbox_words.REFUSALS),
    (set(Did) - {Did.ANSWERED, Did.NOTED}, inbox_words.DEEDS),
    (Manner, people_words.MANNERS),
    (Kind, people_words.KINDS),
    (EndpointState, people_words.REACHES),
    (RowOutcome, people_words.OUTCOMES),
    (Note, people_words.ROW_NOTES),
    ([*RowRefusal, *PhoneRefusal], people_words.ROW_REFUSALS),
    (FIELDS, people_words.FIELD_KINDS),
    (set(Role) - set(FIELDS), people_words.ROLES),
]


@pytest.mark.parametrize(("values", "words"), SAID, ids=range(len(SAID)))
def test_everything_that_can_be_has_words(values: Iterable[Any], words: Mapping[Any, Any]) -> None:
    assert set(words) == set(values)
