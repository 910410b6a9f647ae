"""Numbers that could be a phone, an account or an identity card, whatever stands between their digits.

Eight digits in a row, or nine in groups; fewer where the words before say that a phone number follows. Where a number
and a figure stand side by side ("0712 ... 2 times"), the figure stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from outreach.privacy.redact.figures import cover
from outreach.privacy.redact.words import either

Place = tuple[int, int]
Groups = Sequence[re.Match[str]]

#: Marks between two digits, those that cannot be seen and those of keycap pictures included.
_MARK = r"[\s().,:;\-/_*|~\u00ad\u200b-\u200f\u2010-\u2015\u2060·•\ufe0f\u20e3]"
_RUN = re.compile(rf"(?:\+\s?)?\(?\+?(?:(?<!\w)o(?=\d))?\d(?:{_MARK}{{0,3}}\d)*")
_GROUP = re.compile(r"\d+")
_BREAK = re.compile(r"[,;]\s|\n\s?|\s[-–]\s")
_CUE = re.compile(rf"(?<![a-z]){either('cues')}[^\d.!?]{{0,16}}\Z")
_BEFORE, _AFTER = 48, 24  # characters beside a number that may say what it is

_ROW = 8  # digits in a row that are no figure
_WHOLE = 9  # digits in a row that are a number by themselves
_GROUPED = 9  # digits in groups
_ANNOUNCED = 6  # digits after "call me on"
_BEFOREHAND = 4  # digits of a dose or a year that stands before a number
_ROUND = 50  # of which doses and prices are multiples
_NATIONAL, _INTERNATIONAL = 10, 11  # digits with which a number that begins with 0 or + can end


def find(folded: str) -> Iterator[Place]:
    """Where such numbers stand in a folded text."""
    for run in _RUN.finditer(folded):
        if _digits_in(run.group()) < _ANNOUNCED:
            continue
        begin = max(0, run.start() - _BEFORE)
        announced = bool(_CUE.search(folded, begin, run.start()))
        if announced or _digits_in(cover(run.group())) >= _ROW:
            window = cover(folded[begin : run.end() + _AFTER])
            for start, end in _in_window(window, run.start() - begin, run.end() - begin, announced):
                yield begin + start, begin + end


def _in_window(window: str, start: int, end: int, announced: bool) -> Iterator[Place]:
    """What is left of a run of digits, of which figures have been covered."""
    for run in _RUN.finditer(window, start, end):
        groups = list(_GROUP.finditer(window, run.start(), run.end()))
        found = [place for part in _parts(groups) for place in _in_part(part, announced)]
        if not found and groups[0].group().startswith("0"):
            found = list(_in_part(groups, announced))  # "0712, 000, 001"
        for begin, until in found:
            yield (run.start() if begin == groups[0].start() else begin), until


def _digits_in(text: str) -> int:
    return sum(map(str.isdecimal, text))


def _parts(groups: Groups) -> Iterator[Groups]:
    """Groups between which no comma, line end or dash with its spaces stands."""
    begin = 0
    for place in range(1, len(groups)):
        if _BREAK.search(groups[place].string, groups[place - 1].end(), groups[place].start()):
            yield groups[begin:place]
            begin = place
    yield groups[begin:]


def _in_part(groups: Groups, announced: bool) -> Iterator[Place]:
    """A group that is a number by itself leaves what stands around it alone; else the groups make one number."""
    begin = 0
    for place, group in enumerate(groups):
        if len(group.group()) < _WHOLE:
            continue
        first = place
        while first > begin and _is_country(groups[first - 1], groups[first]):
            first -= 1
        yield from _one(groups[begin:first], announced)
        yield groups[first].start(), group.end()
        begin = place + 1
    yield from _one(groups[begin:], announced)


def _is_country(before: re.Match[str], group: re.Match[str]) -> bool:
    """Whether a group is the country of the next: +254 712000001."""
    short = 1 < len(before.group()) <= 3 and not group.group().startswith("0")
    return _has_plus(before) or short or before.group() in {"0", "00"}


def _one(groups: Groups, announced: bool) -> Iterator[Place]:
    groups = _to_end(_from_beginning(groups))
    if groups and _is_number(groups, announced):
        yield groups[0].start(), groups[-1].end()


def _digits(groups: Groups) -> int:
    return sum(len(group.group()) for group in groups)


def _has_plus(group: re.Match[str]) -> bool:
    return group.string[max(0, group.start() - 2) : group.start()].rstrip("( ").endswith("+")


def _from_beginning(groups: Groups) -> Groups:
    """Without the dose or the year before the group that begins with the 0 of a phone number."""
    if not groups or groups[0].group().startswith("0") or _has_plus(groups[0]):
        return groups
    for place in range(1, min(len(groups), _BEFOREHAND + 1)):
        begins = groups[place].group().startswith("0") and len(groups[place].group()) > 1
        if begins and _digits(groups[:place]) <= _BEFOREHAND and _digits(groups[place:]) >= _GROUPED:
            return groups[place:]
    return groups


def _to_end(groups: Groups) -> Groups:
    """Without a short last group after a space, when the number is long enough without it and not written in pairs."""
    if len(groups) < 3:
        return groups
    first, last, before = groups[0], groups[-1], groups[-2]
    enough = _INTERNATIONAL if _has_plus(first) else _NATIONAL if first.group().startswith("0") else _GROUPED
    apart = last.string[before.end() : last.start()].isspace()
    short = len(last.group()) <= 2 and len(last.group()) != len(before.group())
    return groups[:-1] if apart and short and _digits(groups) - len(last.group()) >= enough else groups


def _is_number(groups: Groups, announced: bool) -> bool:
    lengths = [len(group.group()) for group in groups]
    if announced and sum(lengths) >= _ANNOUNCED:
        return True
    if _is_list(groups, lengths):
        return False
    return max(lengths) >= _ROW or sum(lengths) >= _GROUPED or _is_local(groups, lengths)


def _is_list(groups: Groups, lengths: Sequence[int]) -> bool:
    """Days, weights or doses one after the other: 12,14,16,18,20; 60 61 62 63 64; 200 300 400."""
    if groups[0].group().startswith("0") or _has_plus(groups[0]):
        return False
    values = [int(group.group()) for group in groups]
    if max(lengths) > 2:
        return max(lengths) <= 4 and all(value and value % _ROUND == 0 for value in values)
    between = {one.string[one.end() : two.start()].strip() for one, two in pairwise(groups)}
    return between == {","} or values == sorted(set(values))


def _is_local(groups: Groups, lengths: Sequence[int]) -> bool:
    """Eight digits as several countries write them: 97 00 00 01 (Benin's old form, Mali), 5550-0101 (Guatemala)."""
    between = {one.string[one.end() : two.start()] for one, two in pairwise(groups)}
    return (lengths == [2, 2, 2, 2] and between in ({" "}, {"."}, {"-"})) or (lengths == [4, 4] and between == {"-"})
