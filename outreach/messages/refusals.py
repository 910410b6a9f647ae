"""What staff may not write between braces: what it is called when refused, where it stands, what to do instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import nodes

from outreach.errors import worded

ALLOWED = worded(
    "Allowed are {{ name }}, {{ name|filter }} and {%% if name %%} … {%% elif name %%} … {%% else %%} … {%% endif %%}."
)
CONDITION = worded("A condition may use names, words in quotes, numbers, ==, !=, <, >, and, or, not.")
FIELD = worded("Use a field of the person by its plain name.")

_TAG = re.compile(r"\{[{%].*?(?:[%}]\}|$)")


@dataclass(frozen=True, slots=True)
class Refused:
    """What a construct is called when it is refused, and how it shows in a line (a regular expression)."""

    what: str
    shows: str
    remedy: str = ALLOWED


REFUSED: Mapping[type[nodes.Node], Refused] = {
    nodes.For: Refused(worded("A loop"), r"\bfor\b"),
    nodes.Call: Refused(worded("A call"), r"\("),
    nodes.Getattr: Refused(worded("An attribute (a dot after a name)"), r"\.", FIELD),
    nodes.Getitem: Refused(worded("An item (square brackets after a name)"), r"\[", FIELD),
    nodes.Test: Refused("'is'", r"\bis\b", worded("To ask whether there is a value, write {%% if name %%}.")),
    nodes.CondExpr: Refused(
        worded("An 'if' inside {{ }}"), r"\bif\b", worded("Write {%% if name %%} … {%% endif %%} around the words.")
    ),
    nodes.Concat: Refused("'~'", "~", worded("Write the values one after the other: {{ a }}{{ b }}.")),
    nodes.UnaryExpr: Refused(worded("Arithmetic"), r"[-+]"),
    nodes.BinExpr: Refused(worded("Arithmetic"), r"[-+*/%]"),
    nodes.Const: Refused(
        worded("A constant inside {{ }}"), r"\S", worded("Write the words themselves, without braces.")
    ),
    nodes.Assign: Refused("'set'", r"\bset\b"),
    nodes.AssignBlock: Refused("'set'", r"\bset\b"),
    nodes.Macro: Refused(worded("A macro"), r"\bmacro\b"),
    nodes.CallBlock: Refused(worded("A call"), r"\bcall\b"),
    nodes.FilterBlock: Refused(
        worded("A filter around a block"), r"\bfilter\b", worded("Put it after a name: {{ name|upper }}.")
    ),
    nodes.Include: Refused(
        worded("An include"), r"\binclude\b", worded("Each message stands in one file: copy the words.")
    ),
    nodes.Import: Refused(worded("An import"), r"\bimport\b"),
    nodes.FromImport: Refused(worded("An import"), r"\bimport\b"),
    nodes.Extends: Refused("'extends'", r"\bextends\b"),
    nodes.Block: Refused(worded("A block"), r"\bblock\b"),
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
