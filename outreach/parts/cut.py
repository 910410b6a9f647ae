"""Where a text is cut, exactly at the boundaries.

A part holds 140 octets: 160 units of GSM-7 (3GPP TS 23.038) or 70 UTF-16 units (`UCS-2`). Of a longer text every part
gives six octets to a header: 153 or 67 units are left (3GPP TS 23.040). The cuts are made as Twilio's public calculator
makes them: an escape pair, a surrogate pair or a grapheme cluster never lies across two parts, CR LF may.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import regex

from outreach.parts import smart

ESCAPE = "\x1b"
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = "\f^{}\\[~]|€"

_FOREIGN = re.compile(f"[^{re.escape(BASIC + EXTENDED)}]")
_DOUBLE = re.compile(f"[{re.escape(EXTENDED)}]")
_FLAT = re.compile("[\n\r -\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20a0-\u20c0]*")
"""Texts (Latin, Greek, Cyrillic, typography) in which every character is a cluster of one UTF-16 unit."""
_GLYPH = regex.compile(r"[\r\n]|\X")  # CR LF is one cluster in Unicode, two characters to the calculator
_CONJUNCT = regex.compile(r"(?V1)(?<=\p{InCB=Linker}[\p{InCB=Linker}\p{InCB=Extend}]*)(?=\p{InCB=Consonant})")
"""Unicode 15.1 joined the consonants of an Indic conjunct (rule GB9c); the calculator is older and does not."""


class Encoding(StrEnum):
    """How a text travels; the names are those on the providers' bills."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


_ALONE = {Encoding.GSM_7: 160, Encoding.UCS_2: 70}
_JOINED = {Encoding.GSM_7: 153, Encoding.UCS_2: 67}


@dataclass(frozen=True, slots=True)
class Parts:
    """A text as it is billed. `units`: septets of GSM-7 (two for an escape pair) or UTF-16 units, without headers."""

    encoding: Encoding
    units: int
    pieces: tuple[str, ...]  # the text of each part, at least one; joined they are what is sent

    @property
    def parts(self) -> int:
        """How many parts are paid for; an empty text counts as one."""
        return len(self.pieces)

    @property
    def text(self) -> str:
        """The text as it is sent: the one given, or what smart encoding made of it."""
        return "".join(self.pieces)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The units in each part."""
        return tuple(units(piece, self.encoding) for piece in self.pieces)

    @property
    def foreign(self) -> tuple[str, ...]:
        """The characters (grapheme clusters) that GSM-7 lacks, each once, in order of appearance."""
        return foreign(self.text)


def normalise(text: str) -> str:
    """Compose letters and accents (Unicode NFC), so that `é` is GSM-7 however it was typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def count(text: str, *, smart_encoding: bool = False) -> Parts:
    """Cut a text as the carrier will. `smart_encoding`: Twilio's setting of that name is on for the sender.

    One grapheme cluster longer than a part (80 accents on one letter) gets a part of its own that is too long for
    the air and, when it comes first, an empty one before it: so does the calculator.
    """
    if smart_encoding:
        text = text.translate(smart.TABLE)
    encoding = Encoding.GSM_7 if in_gsm(text) else Encoding.UCS_2
    size = units(text, encoding)
    if size <= _ALONE[encoding]:
        return Parts(encoding, size, (text,))
    cut = _cut_gsm if encoding is Encoding.GSM_7 else _cut_ucs
    return Parts(encoding, size, tuple(cut(text)))


def units(text: str, encoding: Encoding) -> int:
    """Septets (GSM-7, where the text must be in it) or UTF-16 units of a text; a lone surrogate is one unit."""
    if encoding is Encoding.GSM_7:
        return len(text) + len(_DOUBLE.findall(text))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut_gsm(text: str) -> Iterator[str]:
    escaped = _DOUBLE.sub(ESCAPE + r"\g<0>", text)  # one character a septet: cuts become slices
    start = 0
    while start < len(escaped):
        end = start + _JOINED[Encoding.GSM_7]
        if escaped[end - 1 : end] == ESCAPE:
            end -= 1
        yield escaped[start:end].replace(ESCAPE, "")
        start = end


def _cut_ucs(text: str) -> Iterator[str]:
    capacity = _JOINED[Encoding.UCS_2]
    if _FLAT.fullmatch(text):
        yield from (text[start : start + capacity] for start in range(0, len(text), capacity))
        return
    start = end = filled = 0
    for glyph in _glyphs(text):
        size = units(glyph, Encoding.UCS_2)
        if filled + size > capacity:
            yield text[start:end]
            start, filled = end, 0
        end += len(glyph)
        filled += size
    yield text[start:]


def in_gsm(text: str) -> bool:
    """Whether GSM-7 has every character of a text."""
    return not _FOREIGN.search(text)


def foreign(text: str) -> tuple[str, ...]:
    """The grapheme clusters of a text that GSM-7 lacks, each once, in order of appearance."""
    if in_gsm(text):
        return ()
    return tuple(dict.fromkeys(glyph for glyph in _glyphs(text) if not in_gsm(glyph)))


def _glyphs(text: str) -> Iterator[str]:
    for stretch in _CONJUNCT.split(text):
        yield from _GLYPH.findall(stretch)
