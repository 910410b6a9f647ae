"""The words that make a thread urgent: data that the clinic owns, in the phrases of `threads.words`.

We ship one file a language. A clinic's `danger/<language>.yaml` takes the place of ours in that language;
`danger/<language>.more.yaml` adds to whatever stands there. In these files `within` is a danger wherever it stands,
`whole` only when the text is nothing else, `unless` takes away what it overlaps, in its category ("no bleeding"), and
what stands under `around` may be left out of a text anywhere ("I really just want to die").
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from outreach import log
from outreach.errors import DefinitionError, Fault
from outreach.threads import words
from outreach.threads.words import Grammar, Mark, Row
from outreach.threads.words.pattern import State, merge

logger = log.get("threads")

SHIPPED = Path(__file__).parent
FOLDER = "danger"  # in the workspace

_ROWS = (Row.WITHIN, Row.WHOLE, Row.UNLESS)
_NAME = re.compile(r"[a-z]{2,3}(?P<more>\.more)?\.yaml")
_HOW_TO_NAME = "Name it like en.yaml (in place of ours) or en.more.yaml (besides ours)."
Stamp = tuple[tuple[Path, int, int], ...]


class Danger(StrEnum):
    """What a person may be in, gravest first; the values are the keys in the files."""

    SELF_HARM = "self_harm"
    VIOLENCE = "violence"
    BLEEDING = "bleeding"
    DANGER_SIGN = "danger_sign"


def start(folder: Path | None = None) -> State[Mark]:
    """All words as one automaton. `folder`: the workspace, whose files are looked at anew whenever they change.

    A clinic's file with faults is left out, and ours stands in for it: a typo must not silence a cry for help.
    """
    with _reading:
        return _start(_stamp(folder)) if folder else _start(())


#: Reading takes seconds: of texts that come in at once, one reads and the others wait for it.
_reading = threading.Lock()


def faults(folder: Path) -> list[Fault]:
    """Every fault of the clinic's own files in a workspace, by file and line."""
    found = [fault for path in _files(folder) for fault in _read(path)[1]]
    return [replace(fault, path=f"{FOLDER}/{fault.path}") for fault in found]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / FOLDER).glob("*.y*ml") if not path.name.startswith("."))


def _stamp(folder: Path) -> Stamp:
    try:
        return tuple([(path, path.stat().st_mtime_ns, path.stat().st_size) for path in _files(folder)])
    except OSError:  # a file went away between two looks
        return ()


@lru_cache(maxsize=8)
def _start(stamp: Stamp) -> State[Mark]:
    own: dict[str, State[Mark]] = {}
    for path, _, _ in stamp:
        read, wrong = _read(path)
        for fault in wrong:
            logger.error("danger words unusable", path=f"{FOLDER}/{fault.path}", line=fault.line)
        if read:
            own[path.name] = read
    ours = {path.name: path for path in _shipped() if path.name not in own}
    return merge([*own.values(), *(_one(path) for path in ours.values())])


def _read(path: Path) -> tuple[State[Mark] | None, Sequence[Fault]]:
    """The words of a clinic's file, or everything that is wrong with it."""
    named = _NAME.fullmatch(path.name)
    if not named:
        return None, [Fault(path.name, 0, 0, "The file's name does not say which language it is.", _HOW_TO_NAME)]
    try:
        return words.read([path], Grammar(list(Danger), _ROWS, partial=bool(named["more"]))).start, ()
    except DefinitionError as error:
        return None, error.faults


def _shipped() -> Iterable[Path]:
    return sorted(SHIPPED.glob("*.yaml"))


@lru_cache
def _one(path: Path) -> State[Mark]:
    return words.read([path], Grammar(list(Danger), _ROWS)).start
