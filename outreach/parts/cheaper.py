"""What to write instead, so that a text costs fewer parts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from outreach.errors import Worded, join, worded
from outreach.parts.cut import count, foreign, in_gsm, normalise
from outreach.parts.smart import SMART

# Cheaper characters that a reader takes for the same.
_TYPOGRAPHY = {mark: put for mark, put in SMART.items() if not unicodedata.combining(mark)} | {
    "\u00a0": " ",  # one space, where smart encoding puts two
    "\u202f": " ",
    "\t": " ",
    "‹": "<",
    "›": ">",
}
_PLAIN_LETTERS = {"œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ħ": "h", "Ħ": "H"}
_PLAIN_BRACKETS = {"[": "(", "]": ")", "{": "(", "}": ")", "~": "-", "|": "/", "\\": "/"}


@dataclass(frozen=True, slots=True)
class Swap:
    """One character and what to write instead; an empty `put` means: leave it out."""

    find: str
    put: str

    def said(self) -> Worded:
        """In words."""
        put = _readable(self.put) if self.put else worded("nothing")
        return worded("%(find)s by %(put)s", find=_readable(self.find), put=put)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Swaps that, all made, lower the price. `before` and `after` are parts; `text` is the cheaper text."""

    swaps: tuple[Swap, ...]
    before: int
    after: int
    text: str

    def said(self) -> Worded:
        """What to do, and what it brings, as a sentence."""
        *some, last = [swap.said() for swap in self.swaps]
        listed = worded("%(some)s and %(last)s", some=join(*some, by=", "), last=last) if some else last
        facts = {"listed": listed, "before": self.before}
        if self.after == 1:
            return worded("Replace %(listed)s and it costs 1 part instead of %(before)s.", **facts)
        return worded(
            "Replace %(listed)s and it costs %(after)s parts instead of %(before)s.", **facts, after=self.after
        )

    def __str__(self) -> str:
        said = self.said()
        return f"{said[0].lower()}{said[1:-1]}"


_NAMES = {
    " ": worded("a space"),
    "\u00a0": worded("a no-break space"),
    "\u202f": worded("a narrow no-break space"),
    "\t": worded("a tab"),
}


class _Loss(IntEnum):
    """What a swap takes from the reader; a cheaper text that loses less is offered first."""

    NOTHING = 1  # quotes, dashes, spaces, letters typed as two
    BRACKETS = 2
    ACCENTS = 3
    PICTURES = 4


def suggest(text: str, *, smart_encoding: bool = False) -> list[Suggestion]:
    """Ways to lower the price; each is cheaper than the one before and takes a little more from the reader."""
    before = cheapest = count(text, smart_encoding=smart_encoding).parts
    found: list[Suggestion] = []
    for loss in _Loss:
        if cheapest == 1:
            break
        swaps = tuple(_swaps(text, loss, smart_encoding))
        after = count(_apply(text, swaps), smart_encoding=smart_encoding).parts
        if after < cheapest:
            needed = _needed(text, swaps, after, smart_encoding)
            found.append(Suggestion(needed, before, after, _apply(text, needed)))
            cheapest = after
    return found


def _swaps(text: str, allowed: _Loss, smart_encoding: bool) -> Iterator[Swap]:
    for glyph in foreign(text):
        if smart_encoding and not foreign(count(glyph, smart_encoding=True).text):
            continue  # the provider will do it
        put = _plain(glyph, allowed)
        if put is not None:
            yield Swap(glyph, put)
    if allowed >= _Loss.BRACKETS:
        yield from (Swap(mark, put) for mark, put in _PLAIN_BRACKETS.items() if mark in text)


def _needed(text: str, swaps: tuple[Swap, ...], after: int, smart_encoding: bool) -> tuple[Swap, ...]:
    """The swaps without those that change nothing about the price; brackets stay in pairs."""
    alone = [(swap,) for swap in swaps if swap.find not in _PLAIN_BRACKETS]
    brackets = tuple(swap for swap in swaps if swap.find in _PLAIN_BRACKETS)
    for idle in (brackets, *reversed(alone)):
        fewer = tuple(swap for swap in swaps if swap not in idle)
        if count(_apply(text, fewer), smart_encoding=smart_encoding).parts <= after:
            swaps = fewer
    return swaps


def _plain(glyph: str, allowed: _Loss) -> str | None:
    """What may stand for a character outside GSM-7, if anything may without losing more than is allowed."""
    composed = normalise(glyph)
    likeness = "".join(_TYPOGRAPHY.get(character, character) for character in composed)
    if in_gsm(likeness):
        return likeness
    if allowed >= _Loss.ACCENTS and in_gsm(bare := _without_accents(likeness)):
        return bare
    if allowed >= _Loss.PICTURES and unicodedata.category(glyph[0]) == "So":
        return ""
    return None


def _without_accents(letters: str) -> str:
    apart = unicodedata.normalize("NFD", letters)
    return "".join(_PLAIN_LETTERS.get(letter, letter) for letter in apart if unicodedata.category(letter)[0] != "M")


def _apply(text: str, swaps: tuple[Swap, ...]) -> str:
    for swap in sorted(swaps, key=lambda swap: -len(swap.find)):
        text = text.replace(swap.find, swap.put)
    return text


def _readable(glyph: str) -> str:
    if glyph.isprintable() and not glyph.isspace():
        return glyph
    return join(*(_NAMES.get(character) or f"U+{ord(character):04X}" for character in glyph))
