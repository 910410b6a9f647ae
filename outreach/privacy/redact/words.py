"""The words around what gives a person away, one file a language in `words/`; a clinic's texts mix languages, so all of
them count in every text. In a file `.` stands for any one sign ("d.identite" is written with several apostrophes).

`units`, `teens`, `tens`: words for digits; `joins` stand between them, `repeats` before. `at`, `dot`: how an address is
spelled. `cues`: a phone number follows. `papers`: an id follows; `holders`: one follows if a word of `counters` stands
there too, with `smalls` between. `figures`, `scales`, `money`: the figure beside it is one that a clinician needs.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain, groupby
from pathlib import Path

from ruamel.yaml import YAML

FOLDER = Path(__file__).parent / "words"


@cache
def _files() -> list[dict[str, list[str]]]:
    return [YAML(typ="safe", pure=True).load(path) for path in sorted(FOLDER.glob("*.yaml"))]


def words(row: str) -> frozenset[str]:
    """The words of a row in all languages, folded."""
    return frozenset(chain.from_iterable(file[row] for file in _files()))


def either(*rows: str) -> str:
    """A regular expression for any word of these rows, ended where its letters end.

    Words with the same first letter are tried together, since most places in a text begin with none of them.
    """
    found = sorted(frozenset[str]().union(*map(words, rows)), key=lambda word: (word[0], -len(word), word))
    groups = (
        f"{first}(?:{'|'.join(_shape(word[1:]) for word in group)})"
        for first, group in groupby(found, key=lambda word: word[0])
    )
    return rf"(?:{'|'.join(groups)})(?![a-z])"


def _shape(word: str) -> str:
    return re.escape(word).replace(r"\.", ".").replace(r"\ ", r"\s")
