"""Ids of people: what a word announces ("file no 12/3456", "DNI 00000001R"), and what has the shape of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from outreach.privacy.redact.words import either, words

Place = tuple[int, int]

_PAPER, _HOLDER, _SMALL = either("papers"), either("holders"), either("smalls") + r"(?!\d)"
_COUNTER = rf"(?:{either('counters')}|n[°ºo.]{{1,2}}|#)"
_SPACE = r"[\s:.'-]{1,3}"
_LABEL = (
    rf"(?<![a-z0-9])(?:(?P<paper>{_PAPER})"
    rf"|{_HOLDER}(?:{_SPACE}{_SMALL})?[\s:.-]{{0,2}}{_COUNTER}"
    rf"|{_COUNTER}{_SPACE}(?:{_SMALL}{_SPACE}){{0,3}}(?:{_HOLDER}|{_PAPER}))"
)
_GAP = (
    rf"(?P<gap>(?:[\s:=#.°º()'-]{{0,3}}(?:{either('counters', 'holders')}|{_SMALL}|n[°º.]|#)){{0,4}})[\s:=#.°º(]{{0,3}}"
)
_CHUNK = r"[a-z]{0,4}\d[a-z0-9]{0,19}"
_VALUE = (
    r"(?P<value>(?=(?:\d\s?){8})\d{1,6}(?:\s\d{1,6}){1,8}(?![a-z0-9])"  # in groups
    rf"|(?:[a-z]{{1,5}}[/-]){{0,2}}(?:[a-z]{{1,2}}\s)?{_CHUNK}"
    rf"(?:(?:\s?[-/_]\s?|[-/][a-z]{{1,5}}[-/]|\.){_CHUNK}|-[a-z0-9]{{1,2}}(?![a-z0-9])){{0,8}})"
)
_ANNOUNCED = re.compile(_LABEL + _GAP + _VALUE)
_COUNTED = re.compile(rf"{_COUNTER}|#")
_DIGIT = re.compile(r"\d")
_MANY = re.compile(r"\d(?:[a-z]{0,9}\d){5}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_OTHERS = re.compile(r"\d{1,2}(?::\d\d|[ap]m|st|nd|rd|th|h\d{0,2})|\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d\d")

#: Letters and digits in one: passports, the DNI and the CURP, tax numbers. Six digits at least.
_TOKEN = re.compile(r"(?<![a-z0-9])(?=[a-z]{0,19}\d)[a-z0-9]{7,20}(?![a-z0-9])")
_PASSPORT = re.compile(
    r"(?:(?P<before>[a-z]{1,2})\d{6,9}|(?P<agency>[a-z]{3,4})\d{6,13})[a-z]?|\d{7,13}(?P<after>[a-z])"
)
_FILED = re.compile(r"(?<![\w/-])(?P<before>[a-z]{2,5})(?:[-/][a-z]{1,5})?[-/]\d{5,9}(?![\w/]|-\d)")
_LONG = re.compile(r"(?=[a-z]{0,9}(?:\d+[a-z]+)+\d)(?=(?:[a-z]*\d){8})(?!.*\d{9})[a-z0-9]{12,20}")
_NOT_BEFORE = words("cues") | words("figures") | words("money") | words("counters")
_NOT_AFTER = words("scales") | words("money")

_FEW_DIGITS, _SOME_DIGITS = 2, 4  # of a value whose label has a word for number, and has none


def announced(folded: str) -> Iterator[Place]:
    """Where ids stand in a folded text, without the words that announce them."""
    if not _DIGIT.search(folded):
        return
    for match in _ANNOUNCED.finditer(folded):
        if _is_id(match):
            yield match.span("value")


def shaped(folded: str) -> Iterator[Place]:
    """Where something of the shape of an id stands in a folded text, announced or not."""
    if not _MANY.search(folded):
        return
    for match in _TOKEN.finditer(folded):
        if _has_shape(match.group()):
            yield match.span()


def filed(folded: str) -> Iterator[Place]:
    """Where letters and a number with a dash or slash between them stand, as registers write: ABC-00123."""
    return (match.span() for match in _FILED.finditer(folded) if match["before"] not in _NOT_BEFORE)


def _is_id(match: re.Match[str]) -> bool:
    value = match["value"]
    if _OTHERS.fullmatch(value):
        return False
    bare = match["paper"] is not None and not _COUNTED.search(match["gap"])
    least = _SOME_DIGITS if bare else _FEW_DIGITS
    return sum(map(str.isdecimal, value)) >= least and not (bare and _YEAR.fullmatch(value))


def _has_shape(token: str) -> bool:
    if match := _PASSPORT.fullmatch(token):
        return (match["before"] or match["agency"]) not in _NOT_BEFORE and match["after"] not in _NOT_AFTER
    return bool(_LONG.fullmatch(token))
