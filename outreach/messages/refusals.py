"""What staff may not write between braces: what it is called when refused, where it stands, what to do instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import nodes

ALLOWED = "Allowed are {{ name }}, {{ name|filter }} and {% if name %} … {% elif name %} … {% else %} … {% endif %}."
CONDITION = "A condition may use names, words in quotes, numbers, ==, !=, <, >, and, or, not."
FIELD = "Use a field of the person by its plain name."

_TAG = re.compile(r"\{[{%].*?(?:[%}]\}|$)")


@dataclass(frozen=True, slots=True)
class Refused:
    """What a construct is called when it is refused, and how it shows in a line (a regular expression)."""

    what: str
    shows: str
    remedy: str = ALLOWED


REFUSED: Mapping[type[nodes.Node], Refused] = {
    nodes.For: Refused("A loop", r"\bfor\b"),
    nodes.Call: Refused("A call", r"\("),
    nodes.Getattr: Refused("An attribute (a dot after a name)", r"\.", FIELD),
    nodes.Getitem: Refused("An item (square brackets after a name)", r"\[", FIELD),
    nodes.Test: Refused("'is'", r"\bis\b", "To ask whether there is a value, write {% if name %}."),
    nodes.CondExpr: Refused("An 'if' inside {{ }}", r"\bif\b", "Write {% if name %} … {% endif %} around the words."),
    nodes.Concat: Refused("'~'", "~", "Write the values one after the other: {{ a }}{{ b }}."),
    nodes.UnaryExpr: Refused("Arithmetic", r"[-+]"),
    nodes.BinExpr: Refused("Arithmetic", r"[-+*/%]"),
    nodes.Const: Refused("A constant inside {{ }}", r"\S", "Write the words themselves, without braces."),
    nodes.Assign: Refused("'set'", r"\bset\b"),
    nodes.AssignBlock: Refused("'set'", r"\bset\b"),
    nodes.Macro: Refused("A macro", r"\bmacro\b"),
    nodes.CallBlock: Refused("A call", r"\bcall\b"),
    nodes.FilterBlock: Refused("A filter around a block", r"\bfilter\b", "Put it after a name: {{ name|upper }}."),
    nodes.Include: Refused("An include", r"\binclude\b", "Each message stands in one file: copy the words."),
    nodes.Import: Refused("An import", r"\bimport\b"),
    nodes.FromImport: Refused("An import", r"\bimport\b"),
    nodes.Extends: Refused("'extends'", r"\bextends\b"),
    nodes.Block: Refused("A block", r"\bblock\b"),
    nodes.With: Refused("'with'", r"\bwith\b"),
}


def of(node: nodes.Node) -> Refused:
    """The refusal of a node: its own, its nearest parent class's, or one by its plain name."""
    named = (REFUSED[kind] for kind in type(node).__mro__ if kind in REFUSED)
    return next(named, Refused(f"'{type(node).__name__.lower()}'", r"\S"))


def column(line: str, shows: str) -> int:
    """Where a construct stands in a line, from 1: inside braces if it does, else the first braces, else 1."""
    tag = _TAG.search(line)
    return (within(line, shows) if shows else 0) or (tag.start() + 1 if tag else 1)


def within(line: str, shows: str) -> int:
    """Where something stands between the braces of a line, from 1; 0 if nowhere."""
    pattern = re.compile(shows)
    for tag in _TAG.finditer(line):
        if found := pattern.search(line, tag.start() + 2, tag.end()):
            return found.start() + 1
    return 0
