"""The little language in which phrases are written: `stop {texting} [me] (now|today)`.

`(a|b)` is one of them, `[a]` may be missing, `{name}` is one of a set that the file defines, `#` is a number in
figures, `...` is up to five words of any kind, and an apostrophe may be typed as a space. Patterns become one automaton
over words, so thousands of sentences cost what one costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from outreach.threads.words.fold import words

_TOKEN = re.compile(r"[()\[\]|]|\{\w+\}|[^\s()\[\]{}|]+")
M = TypeVar("M")

_CLOSING = {"(": ")", "[": "]"}
_ANY = "*"  # in place of a word; no folded text holds it
FIGURES = "#"  # in place of a number in figures; no folded text holds it
_GAP, _WIDEST_GAP = "...", 5


class PatternError(ValueError):
    """A pattern is malformed; the text says how."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several patterns; an empty one among them makes the choice optional."""

    among: tuple[Pattern, ...]


Pattern = tuple[str | Choice, ...]


@dataclass(eq=False, slots=True)
class State(Generic[M]):
    """Where one stands after some words: which word leads on to where, and which marks are reached here."""

    next: dict[str, list[State[M]]] = field(default_factory=dict)
    marks: tuple[M, ...] = ()
    _joined: set[str] = field(default_factory=set)  # words that lead on to where wider ones lead, too

    def after(self, word: str) -> State[M] | None:
        """The state one word further. Where several lead on, they are merged when first met."""
        if word not in self.next:  # never written down as itself, or what people write would fill the memory
            word = FIGURES if word.isdecimal() and FIGURES in self.next else _ANY
        if word in self.next and word not in self._joined:
            self._joined.add(word)
            wider = [each for each in _wider(word) if each in self.next]
            self.next[word] = [state for each in (word, *wider) for state in self.next[each]]
        targets = self.next.get(word)
        if not targets:
            return None
        if len(targets) > 1:
            targets = self.next[word] = [merge(targets)]
        return targets[0]


def _wider(word: str) -> tuple[str, ...]:
    """What else stands for this word."""
    if word == _ANY:
        return ()
    return (FIGURES, _ANY) if word.isdecimal() else (_ANY,)


def parse(pattern: str, sets: Mapping[str, Choice]) -> Pattern:
    """Read a pattern. Raises PatternError."""
    if stray := _TOKEN.sub("", pattern).strip():
        raise PatternError(f"{stray!r} is not closed or does not belong here.")
    tokens = _TOKEN.findall(pattern)
    if _GAP in tokens[:1] + tokens[-1:]:
        raise PatternError(f"it may not begin or end with {_GAP}")
    choice = _Reader(tokens, sets).choice("")
    if build((choice,), State(marks=("end",))).marks:
        raise PatternError("it may be empty when punctuation is taken away.")
    return (choice,)


def build(pattern: Pattern, follow: State[M]) -> State[M]:
    """The state in which to begin so that the words of a pattern lead to `follow`."""
    for element in reversed(pattern):
        if isinstance(element, str):
            follow = State({element: [follow]})
        else:
            follow = merge([build(one, follow) for one in element.among])
    return follow


def merge(states: Iterable[State[M]]) -> State[M]:
    """One state that does what each of several does."""
    merged: State[M] = State()
    marks: dict[M, None] = {}
    for state in dict.fromkeys(states):
        marks |= dict.fromkeys(state.marks)
        for word, targets in state.next.items():
            merged.next.setdefault(word, []).extend(targets)
    merged.marks = tuple(marks)
    return merged


def walk(start: State[M], text: Sequence[str]) -> Iterator[tuple[int, int, M]]:
    """(first word, word after the last, mark) of everything that stands in a text."""
    for first, word in enumerate(text):
        state, end = start.after(word), first + 1
        while state:
            for mark in state.marks:
                yield first, end, mark
            state = state.after(text[end]) if end < len(text) else None
            end += 1


class _Reader:
    def __init__(self, tokens: list[str], sets: Mapping[str, Choice]) -> None:
        self._tokens = iter(tokens)
        self._sets = sets

    def choice(self, closing: str) -> Choice:
        """Read alternatives up to the closing bracket (or, with an empty one, to the end)."""
        among: list[Pattern] = [()]
        while (mark := next(self._tokens, "")) != closing:
            if mark == "|":
                among.append(())
            else:
                among[-1] += (self._element(mark),)
        return Choice(tuple(among) if closing != "]" else (*among, ()))

    def _element(self, mark: str) -> Choice:
        if mark in _CLOSING:
            return self.choice(_CLOSING[mark])
        if not mark or mark in ")]":
            raise PatternError("a bracket has no partner.")
        if mark == FIGURES:
            return Choice(((FIGURES,),))
        if mark == _GAP:
            return Choice(tuple((_ANY,) * width for width in range(_WIDEST_GAP + 1)))
        if mark.startswith("{"):
            if mark[1:-1] not in self._sets:
                raise PatternError(f"the set {mark} is not defined above.")
            return self._sets[mark[1:-1]]
        return Choice(
            (tuple(words(mark)), tuple(words(re.sub("['’]", " ", mark)))) if "'" in mark else (tuple(words(mark)),)
        )
