"""Words that would tell whoever sees the telephone what somebody is treated for; one list per language in `stigma/`."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from outreach.messages.filters import base

_DOTTED = 4  # letters: up to here a word is also written "T.B."


def find(text: str, language: str) -> list[tuple[int, str]]:
    """Where such words stand in a text (from 0), and the words as they stand there, in order.

    Case and accents make no difference. A language without a list is searched for the English words.
    """
    return [
        (found.start(), text[found.start() : found.end()]) for found in _pattern(base(language)).finditer(fold(text))
    ]


def fold(text: str) -> str:
    """Small letters without accents, one for one, so that a place in the folded text is that place in the text."""
    return "".join(unicodedata.normalize("NFD", letter)[0].casefold()[:1] or letter for letter in text)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    place = files("outreach.messages") / "stigma"
    file = place / f"{language}.yaml"
    if not file.is_file():
        return _pattern("en")
    words = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))["words"]
    return re.compile(rf"(?<!\w)(?:{'|'.join(_shape(fold(word)) for word in words)})(?!\w)")


def _shape(word: str) -> str:
    stem = word.removesuffix("*")
    if len(stem) <= _DOTTED:
        return r"\.?".join(stem)
    return r"\s+".join(re.escape(each) for each in stem.split()) + (r"\w*" if word != stem else "")
