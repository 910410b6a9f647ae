"""What a person asks for about discretion, read in a text: whose words, which manner, who is this, is it still you.

One file a language, in the phrases of `threads.words`; every phrase is a whole text. A word of her own is named after
a phrase of `safe` or `panic`: "WORD mango". What follows from it all is in `threads.discreet`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from outreach.audience.discretion import Manner, Secret
from outreach.threads import keywords, words
from outreach.threads.words import Grammar, Row, Words
from outreach.threads.words.fold import words as folded
from outreach.threads.words.pattern import walk

SHORTEST, LONGEST = 3, 24  # letters of a word of her own

_MOST = 4  # words before her own one


class Wish(StrEnum):
    """What a whole text can be; the values are the keys in the files."""

    SAFE = "safe"
    PANIC = "panic"
    OFF = "off"  # no word of her own any more
    ASK = "ask"  # what is there for me?
    COVERT = "covert"
    REQUEST = "request"
    OPEN = "open"
    NO = "no"  # it is not me
    WHO = "who"  # who is this?


MANNERS = {Wish.COVERT: Manner.COVERT, Wish.REQUEST: Manner.REQUEST, Wish.OPEN: Manner.OPEN}


@dataclass(frozen=True, slots=True)
class OwnWord:
    """She names a word of her own, or takes it back (`word` is empty). Folded, and never to be shown."""

    secret: Secret
    word: str = field(repr=False)


def wishes(text: str) -> set[Wish]:
    """What a whole text may be, in any language that we ship: people mix them."""
    return _whole(folded(text))


def own_word(text: str) -> OwnWord | None:
    """The word that a text names as hers, if it does so."""
    said = folded(text)
    for size in range(1, min(_MOST, len(said) - 1) + 1):
        named = _whole(said[:size]) & {Wish.SAFE, Wish.PANIC}
        if named and (len(said) == size + 1 or Wish.OFF in _whole(said[size:])):
            rest = "" if Wish.OFF in _whole(said[size:]) else said[-1]
            return OwnWord(Secret(min(named)), rest)
    return None


def spoken(text: str) -> str:
    """A text as a word of hers is kept and compared: whatever its case, accents and dots."""
    return " ".join(folded(text))


def unfit(word: str) -> str:
    """What is wrong with a word of her own, for staff; empty when it will do. Verbs and answers cannot be one."""
    said = spoken(word)
    if not SHORTEST <= len(said) <= LONGEST or " " in said:
        return f"It must be one word of {SHORTEST} to {LONGEST} letters."
    if keywords.understand(said) != keywords.NOTHING or wishes(said):
        return "It means something already when it is texted to us."
    return ""


def _whole(said: list[str]) -> set[Wish]:
    if not said:
        return set()
    return {Wish(mark.verb) for start, end, mark in walk(_words().start, said) if (start, end) == (0, len(said))}


@cache
def _words() -> Words:
    return words.read(sorted(Path(__file__).parent.glob("*.yaml")), Grammar(list(Wish), (Row.WHOLE,)))


def languages() -> tuple[str, ...]:
    """The languages there are."""
    return _words().languages
