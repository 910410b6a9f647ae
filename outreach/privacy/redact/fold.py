"""Small letters without accents, one for one: a place in the folded text is that place in the text."""

from __future__ import annotations

import unicodedata

_LETTERS = (*range(0x41, 0x5B), *range(0xC0, 0x250), *range(0x1E00, 0x1F00), *range(0xFF21, 0xFF5B))
_MARKS = {ord(mark): "'" for mark in "’‘`´ʼ′"} | {0xFF20: "@", 0x2B1: "a"}


def _plain(letter: str) -> str:
    first = unicodedata.normalize("NFKD", letter)[0].lower()
    return first if len(first) == 1 else letter


_TABLE = {code: _plain(chr(code)) for code in _LETTERS} | _MARKS


def fold(text: str) -> str:
    """The text in small letters without accents, as long as it was. Expects accents composed (NFC)."""
    return text.lower() if text.isascii() else text.translate(_TABLE)
