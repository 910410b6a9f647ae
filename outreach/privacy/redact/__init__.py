"""Taking identifiers out of what people write, before a helper reads it. The original stays sealed.

Numbers that could be a phone or an identity card (8 digits or more in a row, 9 or more in groups), e-mail addresses and
links. Clinical figures (a viral load of 1200000, a dose, a blood pressure, a date, a time) are shorter or differently
shaped and stay. Where both could be meant, as in "250 350 480", it is taken out: a helper can ask again.
"""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
#: With its scheme or www; a bare host with a path; a bare host under a common ending.
_LINK = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[a-z]{2,10}/\S*"
    r"|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.(?:com|org|net|info|co\.[a-z]{2})\b",
    re.IGNORECASE,
)
#: Digits with at most three marks between two of them; marks that cannot be seen count as well.
_NUMBER = re.compile(r"\+?\(?\d(?:[\s().\-/_*\u00ad\u200b-\u200f\u2010-\u2015\u2060·•]{0,3}\d|,\d)*")
_MEASURE = re.compile(
    r"(?<!\d)(?:"
    r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4}"  # dates
    r"|(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d|[0-3]\d(?:0\d|1[0-2])(?:19|20)\d\d"  # dates in one
    r"|(?:[6-9]\d|[12]\d\d)/(?:[3-9]\d|1[0-3]\d)"  # blood pressures
    r")(?!\d)"
)
_LONGEST_FIGURE = 7  # digits: a viral load of some millions
_LONGEST_FIGURES = 8  # digits of several figures, one after the other


def identifiers(text: str) -> str:
    """The text with `[number]`, `[email]` and `[link]` in place of what could tell who wrote it."""
    without = _LINK.sub("[link]", _EMAIL.sub("[email]", text))
    return _NUMBER.sub(_number, without)


def _number(match: re.Match[str]) -> str:
    written = match.group()
    rest = written if "+" in written else _MEASURE.sub(" ", written)  # a "+" begins nothing but a phone number
    in_a_row = max(map(len, re.findall(r"\d+", rest)), default=0)
    if in_a_row > _LONGEST_FIGURE or sum(map(str.isdigit, rest)) > _LONGEST_FIGURES:
        return "[number]"
    return written
