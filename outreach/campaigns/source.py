"""Reads a YAML file into plain values and remembers where each one stands, so that a fault can be pointed at.

Stricter than YAML, because the files are written by hand: no anchors or aliases (and so no alias bomb), no tags, no
second document, no key twice, no key without a value, at most 256 kB and 24 levels. What looks like a date or a clock
time stays a text; `no` and `on` are texts too, whatever YAML 1.1 made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from outreach.errors import DefinitionError, Fault, worded

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24

Plain = str | int | float | bool | list["Plain"] | dict[str, "Plain"] | None
Path_ = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?\d{1,18}")
_DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d{1,3})?")
_WORDS: dict[str, bool] = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_TOO_LARGE = (worded("The file is larger than 256 kB."), worded("Split it into several campaigns."))
_NOTHING = {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Source:
    """What a file says. `keys` and `values` map a path, such as ("steps", 0, "at"), to its place."""

    path: str
    value: Plain = None
    keys: dict[Path_, Place] = field(default_factory=dict)
    values: dict[Path_, Place] = field(default_factory=dict)

    def fault(self, place: Place, problem: str, remedy: str) -> Fault:
        """A fault at a place in this file."""
        return Fault(self.path, place.line, place.column, problem, remedy)


def read(path: Path) -> Source:
    """Read one file. Raises DefinitionError with every fault of form; what the values mean is not looked at."""
    return parse(_text(Source(str(path)), path), str(path))


def parse(text: str, path: str) -> Source:
    """The same for a text that stands in no file yet. `path`: what faults call it."""
    source = Source(path)
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise _only(source, Place(0, 0), *_TOO_LARGE)
    reading = _Reading(source, _events(source, text))
    reading.document()
    if reading.faults:
        raise DefinitionError(reading.faults)
    return source


def _text(source: Source, path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _only(
            source,
            Place(0, 0),
            worded("The file cannot be read: %(strerror)s.", strerror=error.strerror),
            worded("Check its name and rights."),
        ) from None
    if len(raw) > MAX_BYTES:
        raise _only(source, Place(0, 0), *_TOO_LARGE)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(raw.count(b"\n", 0, error.start) + 1, error.start - raw.rfind(b"\n", 0, error.start))
        raise _only(
            source, place, worded("The file is not UTF-8."), worded("Save it again as UTF-8 in your editor.")
        ) from None


def _events(source: Source, text: str) -> Iterator[Event]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, error.position - before.rfind("\n"))
        raise _only(source, place, worded("A control character stands here."), worded("Delete it.")) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _only(source, _place(mark) if mark else Place(0, 0), *_explained(error)) from None
    except (YAMLError, ValueError, AttributeError, UnicodeError):
        raise _only(
            source, Place(0, 0), worded("This is not YAML."), worded("Compare it with one of the shipped campaigns.")
        ) from None


def _explained(error: MarkedYAMLError) -> tuple[str, str]:
    problem = str(error.problem or "")
    if "\\t" in problem:
        return worded("A tab stands where YAML wants spaces."), worded("Indent with spaces only.")
    if "mapping values are not allowed" in problem:
        return (
            worded("A colon stands where none can."),
            worded("Put quotes around a text that has a colon in it; check the indentation above."),
        )
    if "could not find expected ':'" in problem:
        return worded("A colon is missing after a key."), worded(
            "Write `key: value`; put quotes around a text of several lines."
        )
    return (
        worded("This is not YAML: %(what)s.", what=problem or worded("it cannot be read")),
        worded("Check indentation, quotes and brackets here and just above."),
    )


class _Reading:
    """One pass over the parser's events; goes on after a fault so that every one is found."""

    def __init__(self, source: Source, events: Iterator[Event]) -> None:
        self.source = source
        self.events = events
        self.faults: list[Fault] = []

    def document(self) -> None:
        """Read the one document of the file."""
        documents = 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                self._start(event, documents)
                value = self._value(next(self.events), ())
                self.source.value = value if documents == 1 else self.source.value
        if not documents:
            self._fault(Place(1, 1), worded("The file is empty."), worded("Start from one of the shipped campaigns."))

    def _start(self, event: DocumentStartEvent, documents: int) -> None:
        if event.version not in {None, (1, 2)}:
            self._fault(
                Place(1, 1),
                worded("The file asks for another version of YAML."),
                worded("Delete the line that starts with %%YAML."),
            )
        if documents == 2:
            self._fault(
                _place(event.start_mark),
                worded("A second document starts here."),
                worded("One campaign a file: delete the line ---."),
            )

    def _value(self, event: Event, path: Path_) -> Plain:
        place = _place(event.start_mark)
        self.source.values.setdefault(path, place)
        self._refuse_cleverness(event, place)
        if len(path) > MAX_DEPTH:
            raise _only(
                self.source,
                place,
                worded("More than %(max_depth)s levels inside each other.", max_depth=MAX_DEPTH),
                worded("Write it flatter."),
            )
        if isinstance(event, MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event, path) if isinstance(event, ScalarEvent) else None

    def _mapping(self, path: Path_) -> dict[str, Plain]:
        found: dict[str, Plain] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            place = _place(event.start_mark)
            key = self._key(event, place, path)
            if key in found:
                first = self.source.keys[*path, key].line
                self._fault(
                    place,
                    worded("`%(key)s` stands here a second time; first in line %(first)s.", key=key, first=first),
                    worded("Keep one of the two."),
                )
            else:
                self.source.keys[*path, key] = place
            value = self._value(next(self.events), (*path, key))
            found.setdefault(key, value)
        return found

    def _key(self, event: Event, place: Place, path: Path_) -> str:
        self._refuse_cleverness(event, place)
        if isinstance(event, ScalarEvent):
            return str(event.value)
        self._fault(place, worded("A list or a mapping stands where a key should."), worded("A key is a single word."))
        self._value(event, (*path, "?"))
        return "?"

    def _sequence(self, path: Path_) -> list[Plain]:
        found: list[Plain] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            found.append(self._value(event, (*path, len(found))))
        return found

    def _scalar(self, event: ScalarEvent, path: Path_) -> Plain:
        text = str(event.value)
        quoted = not event.implicit[0]
        if quoted and any("\ud800" <= character <= "\udfff" for character in text):
            self._fault(
                _place(event.start_mark),
                worded("Half of a character stands here."),
                worded("Write the character itself."),
            )
        if not quoted and text in _NOTHING:
            name = f"`{path[-1]}`" if path and isinstance(path[-1], str) else worded("This entry")
            place = self.source.keys.get(path, _place(event.start_mark))  # where nothing stands, its key does
            self._fault(place, worded("%(name)s has no value.", name=name), worded("Give it one, or delete the line."))
        return text if quoted else resolved(text)

    def _refuse_cleverness(self, event: Event, place: Place) -> None:
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            self._fault(
                place,
                worded("Anchors (&) and aliases (*) are not used here."),
                worded("Write the value out, or put it in quotes."),
            )
        elif getattr(event, "tag", None):
            self._fault(
                place,
                worded("Tags (!) are not used here."),
                worded("Delete the word that starts with !, or put quotes around it."),
            )

    def _fault(self, place: Place, problem: str, remedy: str) -> None:
        self.faults.append(self.source.fault(place, problem, remedy))


def resolved(text: str) -> Plain:
    """An unquoted scalar by YAML 1.2's core schema (§10.3.2), less octal, hexadecimal, infinity and not-a-number."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) and "." in text else text


def _place(mark: StringMark) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _only(source: Source, place: Place, problem: str, remedy: str) -> DefinitionError:
    return DefinitionError([source.fault(place, problem, remedy)])
