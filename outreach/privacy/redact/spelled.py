"""Numbers written as words: "zero seven one two ...", in any of our languages, digits in between or not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from outreach.privacy.redact.words import words

_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_FEW = 4  # number words below which nothing is looked at
_ENOUGH = 7  # digits' worth: the shortest local phone number
_APART = 3  # signs between two words that still follow each other

_WORTH = dict.fromkeys(words("joins") | words("repeats"), 0) | dict.fromkeys(words("units") | words("tens"), 1)
_WORTH |= dict.fromkeys(words("teens"), 2)
_REPEATS = words("repeats")
_SPELLED = words("units") | words("tens") | words("teens")


def find(folded: str) -> Iterator[tuple[int, int]]:
    """Where numbers of seven digits' worth or more stand as words in a folded text."""
    if len([word for word in _TOKEN.findall(folded) if word in _SPELLED]) < _FEW:
        return
    run: list[re.Match[str]] = []
    for token in _TOKEN.finditer(folded):
        if run and (token.start() - run[-1].end() > _APART or _worth(token) is None):
            yield from _place(run)
            run = []
        if _worth(token) is not None:
            run.append(token)
    yield from _place(run)


def _worth(token: re.Match[str]) -> int | None:
    """How many digits a token stands for; None if it belongs to no number. Long runs of digits are found elsewhere."""
    word = token.group()
    return _WORTH.get(word) if not word.isdecimal() else len(word) if len(word) <= _FEW else None


def _place(run: Sequence[re.Match[str]]) -> Iterator[tuple[int, int]]:
    spelled = [token for token in run if _worth(token)]
    words_of = [token for token in spelled if not token.group().isdecimal()]
    again = sum(token.group() in _REPEATS for token in run)  # "double five" is two digits
    if len(words_of) >= _FEW and again + sum(_worth(token) or 0 for token in spelled) >= _ENOUGH:
        first = next(token for token in run if token is spelled[0] or token.group() in _REPEATS)
        yield first.start(), spelled[-1].end()
