"""Whether a text says that somebody is in danger. Pure but for the files of words; it takes a few dozen microseconds.

Words only raise what a thread is worth, never lower it: a text that matches nothing waits as it always would. Every
language is tried, since people mix them; the person's own counts first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from outreach.threads import danger
from outreach.threads.danger import Danger
from outreach.threads.words import Mark, Row
from outreach.threads.words.fold import words as folded
from outreach.threads.words.pattern import State, walk

#: "m'étrangle" is read as one word, as thumbs type it, and as two, as it is.
_APOSTROPHE = re.compile("['’]")
Span = tuple[int, int, Mark]  # first word, word after the last, what it is a mark of


@dataclass(frozen=True, slots=True)
class Urgent:
    """Which danger, and the language of the words that say so. `why` never holds the person's text."""

    category: Danger
    language: str
    why: str


def urgency(text: str, language: str | None = None, folder: Path | None = None) -> Urgent | None:
    """The gravest danger that a text speaks of, or None.

    `language`: the person's, as an ISO 639-1 code or a longer tag. `folder`: the workspace with the clinic's own words.
    """
    start = danger.start(folder)
    hits = _hits(start, folded(text))
    if apart := _APOSTROPHE.sub(" ", text) if _APOSTROPHE.search(text) else "":
        for category, codes in _hits(start, folded(apart)).items():
            hits[category] |= codes
    if not hits:
        return None
    own = re.split("[-_]", language)[0].lower() if language else ""
    in_hers = {category for category, codes in hits.items() if own in codes}
    category = next(each for each in Danger if each in (in_hers or hits))
    code = own if in_hers else min(hits[category])
    return Urgent(category, code, f"words of {category.replace('_', ' ')} ({code})")


def gravest(before: str, now: Urgent | None) -> str:
    """The category of a thread after one more text; "" while it is not urgent. A danger outweighs what is none."""
    named = {before, now.category if now else ""}
    return next((each for each in Danger if each in named), before)


def _hits(start: State[Mark], text: Sequence[str]) -> dict[Danger, set[str]]:
    """The languages in which each danger is named, without what is denied."""
    spans, whole = _spans(start, text)
    denied = [span for span in spans if span[2].row is Row.UNLESS]
    hits: dict[Danger, set[str]] = defaultdict(set)
    for first, end, mark in spans:
        if mark.row is not Row.WITHIN and (mark.row is not Row.WHOLE or (first, end) != whole):
            continue
        if not any(no.verb == mark.verb and first < until and since < end for since, until, no in denied):
            hits[Danger(mark.verb)].add(mark.language)
    return hits


def _spans(start: State[Mark], text: Sequence[str]) -> tuple[list[Span], tuple[int, int]]:
    """Every phrase of a text, and of what is left of it without the words that change nothing; where that stands."""
    spans = list(walk(start, text))
    idle = {place for first, end, mark in spans if mark.row is Row.AROUND for place in range(first, end)}
    kept = [place for place in range(len(text)) if place not in idle]
    if not idle or not kept:
        return spans, (0, len(text))
    bare = walk(start, [text[place] for place in kept])
    spans += [(kept[first], kept[end - 1] + 1, mark) for first, end, mark in bare]
    return spans, (kept[0], kept[-1] + 1)
