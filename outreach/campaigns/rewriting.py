"""Puts changed values into a YAML text and leaves everything else as it stands: order, comments, quotes, blank lines.

The text is cut where a value changes, and nowhere else. What is taken out leaves the comments above it behind, and
takes those along that stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from outreach.campaigns import spans, spelling
from outreach.campaigns.source import Plain
from outreach.campaigns.spans import Node, Shape

Origins = Sequence[int | None]

_DASH = re.compile(r"^([ \t]*)-(?=\s)", re.MULTILINE)
_NOTE = re.compile(r"(?:^|(?<=\s))#[^\r\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A piece of the text, and what stands in its place afterwards."""

    start: int
    end: int
    words: str


def rewrite(text: str, wanted: Mapping[str, Plain], origins: Origins = (), orders: Sequence[Sequence[str]] = ()) -> str:
    """The text, saying what is wanted.

    `origins`: for each of the wanted steps, which step of the text it was (None: a new one); none given: as their ids
    say. `orders`: keys in the order in which new ones are put in, for each sort of mapping.
    """
    root = spans.tree(text)
    return _Rewriting(text, orders, origins).whole(root, dict(wanted))


class _Rewriting:
    def __init__(self, text: str, orders: Sequence[Sequence[str]], origins: Origins) -> None:
        self.text = text
        self.orders = orders
        self.origins = origins
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def whole(self, root: Node, wanted: dict[str, Plain]) -> str:
        return self._applied(list(self._changed(root, wanted)), 0, len(self.text))

    def _applied(self, cuts: list[_Cut], start: int, end: int) -> str:
        """A stretch of the text with cuts in it."""
        parts, at = [], start
        for cut in sorted(cuts, key=lambda each: (each.start, each.end)):
            parts += [self.text[at : cut.start], cut.words]
            at = cut.end
        return "".join([*parts, self.text[at:end]])

    def _changed(self, node: Node, wanted: Plain) -> Iterator[_Cut]:
        if same(node.value, wanted):
            return
        if node.shape is Shape.MAPPING and isinstance(wanted, dict):
            if not node.flow:
                yield from self._mapping(node, wanted)
                return
            if node.entries.keys() == wanted.keys():
                for key, inner in node.entries.items():
                    yield from self._changed(inner, wanted[key])
                return
        if node.shape is Shape.SEQUENCE and isinstance(wanted, list):
            if not node.flow and wanted and all(isinstance(each, dict) and "id" in each for each in wanted):
                yield self._steps(node, wanted)
                return
            if len(node.items) == len(wanted):
                for item, value in zip(node.items, wanted, strict=True):
                    yield from self._changed(item, value)
                return
        yield self._replaced(node, wanted)

    def _replaced(self, node: Node, wanted: Plain) -> _Cut:
        """The value written anew; comments inside a list or a mapping move above its line."""
        if node.shape is Shape.SCALAR or node.key is None:
            return _Cut(node.start, node.end, spelling.spell(wanted))
        start, end = node.key
        words = self.newline.join(spelling.spread(self.text[start:end], wanted, self._column(start))).lstrip()
        line = self._line_start(start)
        above = self._notes(end, node)
        if not above:
            return _Cut(start, node.end, words)
        return _Cut(line, node.end, f"{above}{self.text[line:start]}{words}")

    def _notes(self, since: int, node: Node) -> str:
        """Comments inside a value, as lines of their own; inside a scalar there is none, whatever it looks like."""
        rest = list(self.text[since : node.end])
        for start, end in _scalars(node):
            rest[start - since : end - since] = "x" * (end - start)
        margin = " " * self._column(node.key[0] if node.key else node.start)
        found = _NOTE.finditer("".join(rest))
        return "".join(f"{margin}{self.text[since:][each.start() : each.end()]}{self.newline}" for each in found)

    def _mapping(self, node: Node, wanted: dict[str, Plain]) -> Iterator[_Cut]:
        keys = list(node.entries)
        for place, key in enumerate(keys):
            inner = node.entries[key]
            if key in wanted:
                yield from self._changed(inner, wanted[key])
            else:
                following = node.entries[keys[place + 1]] if place + 1 < len(keys) else None
                yield self._without(inner, following)
        indent = self._column(node.start)
        fresh: dict[int, list[str]] = {}
        for key in (key for key in wanted if key not in node.entries):
            at = self._line_end(node.entries[self._before(key, keys)].end)
            fresh.setdefault(at, []).extend(spelling.spread(key, wanted[key], indent))
        for at, lines in fresh.items():
            yield self._inserted(at, lines)

    def _inserted(self, at: int, lines: list[str]) -> _Cut:
        words = self.newline.join(lines)
        whole = at > 0 and self.text[at - 1] == "\n"
        return _Cut(at, at, words + self.newline if whole else self.newline + words)

    def _before(self, key: str, keys: list[str]) -> str:
        """After which of the keys that are there a new one is put."""
        order = max(self.orders, key=lambda each: len({*each} & {*keys}), default=())
        earlier = order[: order.index(key)] if key in order else ()
        return next((each for each in reversed(earlier) if each in keys), keys[-1])

    def _without(self, node: Node, following: Node | None) -> _Cut:
        """An entry taken out. Where it shares its line with a dash, the next key takes its place."""
        start, end = node.key or (node.start, node.start)
        line = self._line_start(start)
        if self.text[line:start].strip() and following is not None and following.key is not None:
            return _Cut(start, following.key[0], "")
        return _Cut(line, self._line_end(node.end), self._notes(end, node))

    def _steps(self, node: Node, wanted: list[Plain]) -> _Cut:
        """A list of steps, from what stands there: each step that stays keeps its lines and what is above them."""
        chunks = self._chunks(node)
        indent = self._column(node.start)
        origins = self._origins(node, wanted)
        parts = [self._notes_of(chunks[gone], gone) for gone in range(len(chunks)) if gone not in origins]
        spaced = len(chunks) > 1 and not self.text[chunks[1][0] :].lstrip(" \t").startswith("-")
        for origin, value in zip(origins, wanted, strict=True):
            if origin is not None:
                start, end = chunks[origin]
                parts.append(self._applied(list(self._changed(node.items[origin], value)), start, end))
            elif isinstance(value, dict):
                blank = [""] if spaced and parts else []
                parts.append(self.newline.join([*blank, *spelling.step(value, indent), ""]))
        whole = [each if each.endswith("\n") else each + self.newline for each in parts if each]
        return _Cut(chunks[0][0], chunks[-1][1], "".join(whole))

    def _notes_of(self, chunk: tuple[int, int], place: int) -> str:
        """The comments above a step that is taken out."""
        head = self.text[chunk[0] : chunk[1]]
        above = head[: _first_dash(head)]
        return "".join(f"{line}{self.newline}" for line in above.splitlines() if line.strip())

    def _origins(self, node: Node, wanted: list[Plain]) -> list[int | None]:
        if len(self.origins) == len(wanted):
            return list(self.origins)
        ids = {str(item.entries["id"].value): place for place, item in enumerate(node.items) if "id" in item.entries}
        return [ids.get(str(value["id"])) if isinstance(value, dict) else None for value in wanted]

    def _chunks(self, node: Node) -> list[tuple[int, int]]:
        """From where to where each item stands: with the comments above it, until the end of its last line."""
        ends = [self._line_end(item.end) for item in node.items]
        first = self._line_start(node.start)
        while first > 0 and self.text[self._line_start(first - 1) : first].lstrip().startswith(("#", "\n", "\r")):
            first = self._line_start(first - 1)
        return list(zip([first, *ends[:-1]], ends, strict=True))

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """The beginning of the next line, or the end of the text."""
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found + 1

    def _column(self, at: int) -> int:
        return at - self._line_start(at)


def same(one: Plain, other: Plain) -> bool:
    """Whether two values are the same, and of the same type: 1 is neither true nor 1.0. Order counts in lists only."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def _scalars(node: Node) -> Iterator[tuple[int, int]]:
    if node.shape is Shape.SCALAR:
        yield node.start, node.end
    for entry in node.entries.values():
        yield from _scalars(entry)
    for item in node.items:
        yield from _scalars(item)


def _first_dash(text: str) -> int:
    found = _DASH.search(text)
    return found.start() if found else 0
