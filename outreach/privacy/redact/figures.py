"""Figures that a clinician needs: dates, times, blood pressures, doses, laboratory values, money. They are covered
before numbers are looked for, so that none becomes part of a phone number.

Only shapes that no phone number has, and figures of up to eight digits beside a word that says what they are.
"""

from __future__ import annotations

import re

from outreach.privacy.redact.words import either

COVER = "\0"

_LEFT = r"(?<!\d)(?<!\d[-./:,])"  # nothing of a number before it
_RIGHT = r"(?!\d)(?![-./:,]\d)"  # nor after it
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_CENTURY = r"(?:19|20)\d\d"
_CLOCK = r"(?:[01]\d|2[0-3])(?:00|15|30|45)"
_ATOM = (
    rf"(?:{_CENTURY}[-./]{_MONTH}[-./]{_DAY}(?:t[0-2]\d:[0-5]\d(?::[0-5]\d)?)?"
    rf"|{_DAY}[-./]{_DAY}[-./](?:{_CENTURY}|\d\d(?!\d))"  # either order of day and month
    rf"|(?:{_CENTURY}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2]){_CENTURY})(?!\d)"
    r"|[0-2]?\d[:h][0-5]\d(?!\d)"  # times
    r"|\d{1,3}[.,]\d{1,2}(?![\d.])"  # decimals
    r"|[1-9]\d{1,2}/[1-9]\d{1,2}(?!\d)"  # blood pressures
    rf"|{_CLOCK}\s?(?:h|hrs|hours|-)?\s?-\s?{_CLOCK}|{_CENTURY}(?:\s?[-/&, ]\s?{_CENTURY}){{1,4}}(?!\d))"
)
_FIGURE = r"(?:[1-9]\d{0,2}(?:[ ,.]\d{3}){1,2}|[1-9]\d{0,7}|0)(?:[.,]\d{1,2})?(?!\d)"
_BETWEEN = rf"(?:[\s:=.,-]{{0,3}}{either('smalls')}){{0,2}}[\s:=.,-]{{0,3}}"
_MONEY = rf"(?:{either('money')}|r?[$€£])"

#: A phone number with its plus comes first: nothing inside it is covered.
_PHONE = r"(?P<phone>\+[\s(]{0,2}(?:\d\D{0,3}){9}\d)"
_SHAPES = rf"{_LEFT}(?<!\d\s){_ATOM}(?:\s?[-–&/,+ ]\s?{_ATOM}){{0,4}}{_RIGHT}"
_SPACED = rf"(?<!\d)(?<!\d\s){_DAY} {_MONTH} (?:{_CENTURY}|[2-4]\d)(?!\d)(?!\s\d)"
_LABELLED = rf"(?<![a-z0-9])(?:{either('figures')}|{_MONEY}){_BETWEEN}"
_LABELLED += rf"{_FIGURE}(?:[\s,/;]{{1,2}}{_FIGURE}){{0,3}}(?![-./, ]{{0,2}}\d)"
_SCALED = rf"(?<!\d)(?<!\d[\s.,/-]){_FIGURE}(?:[/-]{_FIGURE}){{0,3}}\s?(?:{either('scales', 'money')}|/[=-]|[$€£])"

_SAFE = re.compile(rf"(?=\d)(?:{_SCALED}|{_SHAPES}|{_SPACED})|{_PHONE}|{_LABELLED}")


def cover(folded: str) -> str:
    """The folded text with figures covered by a sign that belongs to no number; as long as it was."""
    return _SAFE.sub(lambda match: match.group() if match["phone"] else COVER * len(match.group()), folded)
