"""Taking out of what people write what could tell who wrote it, before a helper reads it. The original stays sealed.

Each kind has its module: `web` (e-mail addresses, links), `ids`, `names` (those that the clinic listed), `numbers` and
`spelled` (numbers in figures and in words). Clinical figures stay (`figures`). Where both could be meant, it is taken
out: a helper can ask again. How much is found, and how much too much: `python -m benchmarks.redaction`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any

from outreach.privacy.redact.fold import fold
from outreach.privacy.redact.names import NOBODY, Names, listed

__all__ = ["Kind", "Names", "Redaction", "Span", "listed", "redact"]


class Kind(StrEnum):
    """What is taken out; a text shows the value in square brackets."""

    NUMBER = "number"
    EMAIL = "email"
    LINK = "link"
    ID = "id"
    NAME = "name"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One identifier: characters `start` to `end` of the original in Unicode's composed form (NFC)."""

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Redaction:
    """A text that may be read, and what was taken out of it, in order."""

    text: str = field(repr=False)
    spans: tuple[Span, ...] = ()

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What was taken out, in order."""
        return tuple(span.kind for span in self.spans)


Finder = Callable[[str], Iterable[tuple[int, int]]]

_PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(Kind)})\]")


def redact(text: str, names: Names = NOBODY, *, spoken: bool = True) -> Redaction:
    """The text with `[number]`, `[email]`, `[link]`, `[id]` and `[name]` in place of identifiers.

    `names`: those to take out (`listed`). `spoken`: also numbers written as words. Done again it changes nothing.
    """
    whole = unicodedata.normalize("NFC", text)
    spans = tuple(sorted(_spans(whole, _finders(names, spoken))))
    parts, done = [], 0
    for span in spans:
        parts += [whole[done : span.start], f"[{span.kind}]"]
        done = span.end
    return Redaction("".join([*parts, whole[done:]]), spans)


@cache
def _kinds() -> tuple[Any, ...]:
    """The modules of the kinds, with all their words: read for the first text, which a worker never sees."""
    return tuple(import_module(f"{__name__}.{name}") for name in ("web", "ids", "numbers", "spelled"))


def _finders(names: Names, spoken: bool) -> list[tuple[Kind, Finder]]:
    """In this order: what was found is no longer there for the next."""
    web, ids, numbers, spelled = _kinds()
    found: list[tuple[Kind, Finder]] = [
        (Kind.EMAIL, web.emails),
        (Kind.LINK, web.links),
        (Kind.ID, ids.announced),
        (Kind.ID, ids.shaped),
        (Kind.ID, ids.filed),
        (Kind.NUMBER, numbers.find),
        (Kind.NAME, names.find),
    ]
    return [*found, (Kind.NUMBER, spelled.find)] if spoken else found


def _spans(whole: str, finders: list[tuple[Kind, Finder]]) -> Iterator[Span]:
    """What is left between two finds is looked at again by itself until nothing is found in it, so that a second
    redaction, which sees exactly these pieces, finds nothing either.
    """
    folded = fold(whole)
    todo = list(_between(0, len(whole), [match.span() for match in _PLACEHOLDER.finditer(whole)]))
    while todo:
        start, end = todo.pop()
        piece = folded[start:end]
        kind, places = next(((kind, places) for kind, find in finders if (places := list(find(piece)))), (None, []))
        if kind is None:
            continue
        found = [(start + begin, start + until) for begin, until in places]
        yield from (Span(begin, until, kind) for begin, until in found)
        todo += _between(start, end, found)


def _between(start: int, end: int, taken: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for begin, until in taken:
        if begin > start:
            yield start, begin
        start = until
    if end > start:
        yield start, end
