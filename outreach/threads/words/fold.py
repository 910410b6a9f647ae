"""What is left of a text when case, accents, punctuation, pictures and stretched letters are taken away."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

import regex

_APOSTROPHES = re.compile("['`´‘’ʼʹ′\u02bb]")
_WORD = re.compile(r"[^\W_]+")
_CLAUSE_END = re.compile(r"[.,;:!?…\n¡¿()]+|\s[-–—]+\s")
_MARKS = regex.compile(r"[\p{Mn}\p{Cf}]+")  # accents, and what cannot be seen
_STRETCHED = re.compile(r"([^\W\d])\1{2,}")  # not figures: 1000 is no 10
_SPELLED = 3  # single letters in a row that are read as one word: S T O P


def words(text: str) -> list[str]:
    """The words of a text, folded: `"S.T.O.P!!"` is `["stop"]`, `"Arrêtez-ça"` is `["arretez", "ca"]`.

    Apostrophes vanish (`don't` is `dont`), since thumbs leave them out; accents too, since cheap phones do. A word said
    several times in a row is said once.
    """
    found = _WORD.findall(_fold(text))
    if any(len(word) == 1 for word in found):
        found = _join_spelled(found)
    return [word for word, _ in groupby(found)]


def clauses(text: str) -> list[list[str]]:
    """The words of each clause: what stands between commas, full stops, dashes and line ends."""
    return [found for clause in _CLAUSE_END.split(text) if (found := words(clause))]


def _fold(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = _APOSTROPHES.sub("", text).casefold()
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFD", text))
    return _STRETCHED.sub(r"\1", text)


def _join_spelled(found: list[str]) -> list[str]:
    joined: list[str] = []
    for is_letter, run in groupby(found, key=lambda word: len(word) == 1 and word.isalpha()):
        letters = list(run)
        joined += ["".join(letters)] if is_letter and len(letters) >= _SPELLED else letters
    return joined
