"""Why somebody stops, read in what she writes with her STOP or after it. One file a language; rows as in
`threads.words`: `within` is a reason wherever it stands, `unless` takes away what it overlaps.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from outreach.consent.reasons import Reason
from outreach.threads import words
from outreach.threads.words import Grammar, Row, Words
from outreach.threads.words.fold import words as folded
from outreach.threads.words.pattern import walk


def find(text: str) -> Reason | None:
    """The first reason that a text gives, in any language that we ship."""
    spans = list(walk(_words().start, folded(text)))
    denied = [(start, end, mark.verb) for start, end, mark in spans if mark.row is Row.UNLESS]
    given = [
        (start, end, mark.verb)
        for start, end, mark in spans
        if mark.row is Row.WITHIN
        and not any(verb == mark.verb and start < until and since < end for since, until, verb in denied)
    ]
    return Reason(min(given)[2]) if given else None


@cache
def _words() -> Words:
    grammar = Grammar(list(Reason), (Row.WITHIN, Row.UNLESS))
    return words.read(sorted(Path(__file__).parent.glob("*.yaml")), grammar)


def languages() -> tuple[str, ...]:
    """The languages there are."""
    return _words().languages
