"""The few words of Jinja2 that a message may use, read into pieces; everything else is refused by name and place.

Jinja2 is asked for its parse tree only and never runs: its stock sandbox lets a template of 38 characters build
200 MB. The tree is translated node by node, and what has no translation is a fault (`refusals` names the usual ones),
so the list of what is allowed is this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jinja2 import Environment, TemplateSyntaxError, nodes

from outreach.errors import Fault, worded
from outreach.messages import filters, refusals
from outreach.messages.pieces import (
    Both,
    Choice,
    Compared,
    Constant,
    Either,
    Filter,
    Negated,
    Operand,
    Pieces,
    Present,
    Test,
    Text,
    Value,
    Variable,
    atoms,
)
from outreach.messages.refusals import ALLOWED, CONDITION

MOST_SOURCE = 4_000  # characters; an SMS takes 1600, and shorter than the longest whole number that Python reads
MOST_CONDITIONS = 8  # so that every way a text can come out is tried when it is checked: at most 256
MOST_DEPTH = 8  # ifs within ifs, and words within a condition

_parser = Environment(autoescape=False, keep_trailing_newline=False)  # noqa: S701 (parses only; texts are not HTML)
_RESERVED = {"self", "super", "loop", "caller", "varargs", "kwargs"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text was understood as, and every fault in it. With faults, the pieces are not to be used."""

    pieces: Pieces
    faults: tuple[Fault, ...]


class _NotAllowed(Exception):  # noqa: N818
    """A node that has no translation; noted as a fault where the reading goes on."""


def read(source: str, *, path: str, line: int, language: str) -> Reading:
    """Read one text. `line` is the line of the file on which `source` starts; faults count from there."""
    reader = _Reader(source, path, line, filters.known(language), language)
    pieces = reader.whole()
    return Reading(pieces, tuple(reader.faults))


@dataclass(slots=True)
class _Reader:
    source: str
    path: str
    line: int
    filters: Mapping[str, Filter]
    language: str
    faults: list[Fault] = field(default_factory=list)

    def whole(self) -> Pieces:
        if len(self.source) > MOST_SOURCE:
            self._fault(
                0,
                "",
                worded("The file is longer than %(most_source)s characters.", most_source=MOST_SOURCE),
                worded("Split it into several messages."),
            )
            return ()
        try:
            tree = _parser.parse(self.source)
        except TemplateSyntaxError as error:
            said = (error.message or "not understood").rstrip(".")
            self._fault(error.lineno, "", worded("The braces cannot be read: %(said)s.", said=said), ALLOWED)
            return ()
        except RecursionError:
            self._fault(0, "", worded("The braces are nested too deeply to be read."), ALLOWED)
            return ()
        pieces = self._pieces(tree.body, depth=0)
        self._few_conditions(pieces)
        return pieces

    def _few_conditions(self, pieces: Pieces) -> None:
        if (count := len(atoms(pieces))) > MOST_CONDITIONS:
            problem = worded(
                "The text depends on %(count)s conditions and defaults; %(most_conditions)s is the most.",
                count=count,
                most_conditions=MOST_CONDITIONS,
            )
            self._fault(
                0, "", problem, worded("Split it into several messages, so that each way it can read can be checked.")
            )

    def _pieces(self, found: Iterable[nodes.Node], depth: int) -> Pieces:
        made: list[Text | Value | Choice] = []
        for node in found:
            try:
                made += self._piece(node, depth)
            except _NotAllowed:
                continue
        return tuple(made)

    def _piece(self, node: nodes.Node, depth: int) -> Pieces:
        match node:
            case nodes.Output():
                return self._pieces(node.nodes, depth)
            case nodes.TemplateData():
                return (Text(node.data),)
            case nodes.Name():
                return (Value(self._name(node)),)
            case nodes.Filter():
                return (self._filtered(node),)
            case nodes.If():
                return (self._choice(node, depth + 1),)
            case _:
                raise self._refuse(node)

    def _choice(self, node: nodes.If, depth: int) -> Choice:
        if depth > MOST_DEPTH:
            raise self._not_allowed(
                node.lineno,
                r"\bif\b",
                worded("More than %(most_depth)s ifs stand inside each other.", most_depth=MOST_DEPTH),
                ALLOWED,
            )
        branches = []
        for branch in [node, *node.elif_]:
            inside = self._pieces(branch.body, depth)
            try:
                branches.append((self._test(branch.test, 0), inside))
            except _NotAllowed:
                continue
        return Choice(tuple(branches), self._pieces(node.else_, depth))

    def _test(self, node: nodes.Node, depth: int) -> Test:
        if depth > MOST_DEPTH:
            raise self._not_allowed(
                node.lineno, r"\bif\b", worded("The condition is too long."), worded("Ask for less in one if.")
            )
        match node:
            case nodes.Name():
                return Present(self._name(node))
            case nodes.Not():
                return Negated(self._test(node.node, depth + 1))
            case nodes.And():
                return Both(self._test(node.left, depth + 1), self._test(node.right, depth + 1))
            case nodes.Or():
                return Either(self._test(node.left, depth + 1), self._test(node.right, depth + 1))
            case nodes.Compare():
                return self._compared(node)
            case _:
                raise self._refuse(node, CONDITION)

    def _compared(self, node: nodes.Compare) -> Compared:
        sign = Compared.SIGNS.get(node.ops[0].op)
        if sign is None or len(node.ops) > 1:
            raise self._not_allowed(
                node.lineno, r"\bif\b", worded("This comparison is not allowed in a message."), CONDITION
            )
        return Compared(self._operand(node.expr), sign, self._operand(node.ops[0].expr))

    def _operand(self, node: nodes.Node) -> Operand:
        match node:
            case nodes.Name():
                return Variable(self._name(node))
            case nodes.Const(value=str() | int() | float()):
                return Constant(node.value)
            case _:
                raise self._refuse(node, CONDITION)

    def _name(self, node: nodes.Name) -> str:
        if node.name in _RESERVED or node.name.startswith("_"):
            problem = worded("The name '%(name)s' is not allowed in a message.", name=node.name)
            raise self._not_allowed(
                node.lineno, rf"\b{re.escape(node.name)}\b", problem, worded("Use a field of the person.")
            )
        return node.name

    def _filtered(self, node: nodes.Filter) -> Value:
        chain: list[nodes.Filter] = []
        inner: nodes.Node | None = node
        while isinstance(inner, nodes.Filter):
            chain.insert(0, inner)
            inner = inner.node
        if not isinstance(inner, nodes.Name):
            raise self._refuse(inner or node)
        name = self._name(inner)
        default = self._default(chain.pop()) if chain[-1].name == "default" else None
        return Value(name, tuple([self._filter(each) for each in chain]), default)

    def _default(self, node: nodes.Filter) -> str:
        match node.args:
            case [nodes.Const(value=str(text))] if not (node.kwargs or node.dyn_args or node.dyn_kwargs):
                return text
        remedy = worded("Write the words to use instead, in quotes: {{ name|default('friend') }}.")
        raise self._not_allowed(node.lineno, r"\|\s*default\b", worded("'default' takes one text in quotes."), remedy)

    def _filter(self, node: nodes.Filter) -> Filter:
        shows = rf"\|\s*{re.escape(node.name)}\b"
        if node.name == "default":
            raise self._not_allowed(
                node.lineno, shows, worded("'default' is not the last filter."), worded("Move it to the end.")
            )
        found = self.filters.get(node.name)
        if found is None:
            raise self._not_allowed(node.lineno, shows, *self._no_filter(node.name))
        if node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            problem = worded("The filter '%(name)s' takes nothing in parentheses.", name=node.name)
            raise self._not_allowed(node.lineno, shows, problem, worded("Write {{ name|%(name)s }}.", name=node.name))
        return found

    def _no_filter(self, name: str) -> tuple[str, str]:
        if name in filters.known("en"):
            problem = worded(
                "How '%(language)s' says the filter '%(name)s' is not known.", language=self.language, name=name
            )
            return problem, worded(
                "Leave the filter out, or add the language to the table in outreach/messages/filters.py."
            )
        return worded("There is no filter '%(name)s'.", name=name), worded(
            "There are %(what)s.", what=", ".join(sorted([*self.filters, "default"]))
        )

    def _refuse(self, node: nodes.Node, remedy: str = "") -> _NotAllowed:
        refused = refusals.of(node)
        problem = worded("%(what)s is not allowed in a message.", what=refused.what)
        return self._not_allowed(node.lineno, refused.shows, problem, remedy or refused.remedy)

    def _not_allowed(self, lineno: int, shows: str, problem: str, remedy: str) -> _NotAllowed:
        self._fault(lineno, shows, problem, remedy)
        return _NotAllowed()

    def _fault(self, lineno: int, shows: str, problem: str, remedy: str) -> None:
        lines = self.source.splitlines()
        where = refusals.column(lines[lineno - 1], shows) if 0 < lineno <= len(lines) else 0
        self.faults.append(Fault(self.path, self.line + lineno - 1 if lineno else 0, where, problem, remedy))
