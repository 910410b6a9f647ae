"""What a template is once it is understood: plain text, values and choices, and nothing else.

A message is written by walking these few classes. Nothing that staff typed is ever turned into Python code, so what
could not be read into a piece cannot run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import ClassVar

Values = Mapping[str, object]
Decided = Mapping["Atom", bool]
"""How conditions are taken to come out, whatever the values say; checks try every way."""

UNDECIDED: Decided = {}


class Absent(Exception):  # noqa: N818 (a finding, not an error a user sees)
    """A variable that the text needs has no value. Its argument is the variable's name."""


class Unfit(Exception):  # noqa: N818
    """A value is of the wrong sort. Its arguments: the variable's name, what could not be done with it."""


def is_absent(value: object) -> bool:
    """Whether a value is missing: an empty cell in a table of people counts as no value."""
    return value is None or value == ""


@dataclass(frozen=True, slots=True)
class Filter:
    """One `|name` after a variable."""

    name: str
    apply: Callable[[object], str]


@dataclass(frozen=True, slots=True)
class Text:
    """Words that stand in the file."""

    text: str

    def write(self, values: Values, decided: Decided) -> str:
        """The words."""
        return self.text


@dataclass(frozen=True, slots=True)
class Value:
    """`{{ name|filter|default('…') }}`; `default` is None where the file gives none."""

    name: str
    filters: tuple[Filter, ...] = ()
    default: str | None = None

    def write(self, values: Values, decided: Decided) -> str:
        """The value as text, through its filters. Raises Absent, Unfit."""
        value = values.get(self.name)
        if is_absent(value) or (decided and self._left_out(decided)):
            return self._missing()
        for each in self.filters:
            try:
                value = each.apply(value)
            except (TypeError, ValueError, ArithmeticError):
                raise Unfit(self.name, f"the filter '{each.name}' cannot use") from None
        return str(value)

    def _left_out(self, decided: Decided) -> bool:
        return self.default is not None and not decided[Present(self.name)]

    def _missing(self) -> str:
        if self.default is None:
            raise Absent(self.name)
        return self.default


@dataclass(frozen=True, slots=True)
class Present:
    """`{% if name %}`: there is a value, and it is not 0 or false."""

    name: str

    def holds(self, values: Values, decided: Decided) -> bool:
        """Whether it is so."""
        if decided:
            return decided[self]
        return bool(values.get(self.name))


@dataclass(frozen=True, slots=True)
class Constant:
    """A word or a number beside a comparison."""

    value: str | int | float

    def of(self, values: Values) -> object:
        """The word or number."""
        return self.value


@dataclass(frozen=True, slots=True)
class Variable:
    """A name beside a comparison."""

    name: str

    def of(self, values: Values) -> object:
        """Its value; a day becomes its ISO text, which is how a file would write it."""
        value = values.get(self.name)
        return value.isoformat() if isinstance(value, date) else value


Operand = Constant | Variable


@dataclass(frozen=True, slots=True)
class Compared:
    """`name == 'word'` and its kin. A missing value equals nothing, is less than nothing and more than nothing."""

    SIGNS: ClassVar[Mapping[str, str]] = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">"}

    left: Operand
    sign: str
    right: Operand

    def holds(self, values: Values, decided: Decided) -> bool:
        """Whether it is so. Raises Unfit when the two cannot be compared."""
        if decided:
            return decided[self]
        left, right = self.left.of(values), self.right.of(values)
        if self.sign == "==":
            return left == right
        if self.sign == "!=":
            return left != right
        return self._in_order(left, right)

    def _in_order(self, left: object, right: object) -> bool:
        if is_absent(left) or is_absent(right):
            return False
        if self.sign == ">":
            left, right = right, left
        try:
            return bool(left < right)  # type: ignore[operator]
        except TypeError:
            raise Unfit(", ".join(sorted(self.names())), f"'{self.sign}' cannot compare") from None

    def names(self) -> set[str]:
        """The variables compared."""
        return {side.name for side in (self.left, self.right) if isinstance(side, Variable)}


Atom = Present | Compared


@dataclass(frozen=True, slots=True)
class Negated:
    """`not …`"""

    test: Test

    def holds(self, values: Values, decided: Decided) -> bool:
        """Whether it is so."""
        return not self.test.holds(values, decided)


@dataclass(frozen=True, slots=True)
class Both:
    """`… and …`"""

    left: Test
    right: Test

    def holds(self, values: Values, decided: Decided) -> bool:
        """Whether it is so."""
        return self.left.holds(values, decided) and self.right.holds(values, decided)


@dataclass(frozen=True, slots=True)
class Either:
    """`… or …`"""

    left: Test
    right: Test

    def holds(self, values: Values, decided: Decided) -> bool:
        """Whether it is so."""
        return self.left.holds(values, decided) or self.right.holds(values, decided)


Test = Present | Compared | Negated | Both | Either


@dataclass(frozen=True, slots=True)
class Choice:
    """`{% if %} … {% elif %} … {% else %}`: the first branch whose test holds, else `otherwise`."""

    branches: tuple[tuple[Test, Pieces], ...]
    otherwise: Pieces = ()

    def write(self, values: Values, decided: Decided) -> str:
        """The chosen branch as text. Raises Absent, Unfit."""
        for test, pieces in self.branches:
            if test.holds(values, decided):
                return write(pieces, values, decided)
        return write(self.otherwise, values, decided)


Piece = Text | Value | Choice
Pieces = tuple[Piece, ...]


def write(pieces: Pieces, values: Values, decided: Decided = UNDECIDED) -> str:
    """The text that the pieces make of the values. Raises Absent, Unfit."""
    return "".join([piece.write(values, decided) for piece in pieces])


def flat(pieces: Pieces) -> Iterator[Text | Value | Test]:
    """Every text, value and test, in the order of the file."""
    for piece in pieces:
        if not isinstance(piece, Choice):
            yield piece
            continue
        for test, branch in piece.branches:
            yield test
            yield from flat(branch)
        yield from flat(piece.otherwise)


def names(pieces: Pieces) -> set[str]:
    """Every variable that is used, in words or in conditions."""
    values = {item.name for item in flat(pieces) if isinstance(item, Value)}
    return values.union(*(_test_names(atom) for atom in atoms(pieces)))


def atoms(pieces: Pieces) -> list[Atom]:
    """What the text depends on, each once: every comparison, every presence test, every value with a default."""
    found: dict[Atom, None] = {}
    for item in flat(pieces):
        if isinstance(item, Value):
            found.update({Present(item.name): None} if item.default is not None else {})
        elif not isinstance(item, Text):
            found.update(dict.fromkeys(_atoms_of(item)))
    return list(found)


def variants(pieces: Pieces, values: Values) -> Iterator[str]:
    """Every text that these values can become, whichever way each condition comes out. Raises Unfit, Absent.

    Two to the power of the conditions: the reader allows few of them.
    """
    conditions = atoms(pieces)
    for outcome in product((True, False), repeat=len(conditions)):
        yield write(pieces, values, dict(zip(conditions, outcome, strict=True)))


def _atoms_of(test: Test) -> Iterable[Atom]:
    match test:
        case Negated():
            yield from _atoms_of(test.test)
        case Both() | Either():
            yield from _atoms_of(test.left)
            yield from _atoms_of(test.right)
        case _:
            yield test


def _test_names(atom: Atom) -> set[str]:
    return {atom.name} if isinstance(atom, Present) else atom.names()
