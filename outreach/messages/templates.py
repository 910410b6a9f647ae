"""A template: one message, with a body for each language, kind and openness; choosing a body and writing it.

A template is a value. A run keeps the templates it was launched with (`freeze`, `thaw`), told apart by `digest`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

from outreach.audience.tables import Openness
from outreach.channels.contract import Kind
from outreach.errors import DefinitionError, Fault, OutreachError
from outreach.messages import pieces
from outreach.messages.filters import base
from outreach.messages.language import Reading, read
from outreach.parts import normalise

__all__ = ["Body", "Compiled", "Openness", "RenderError", "Rendered", "Template", "compile", "faults", "names"]

MOST_TEXT = 1600  # characters: the longest body Twilio takes (error 21617)


class RenderError(OutreachError):
    """A body cannot be written for these values. Names the file and the variable, never a value."""


@dataclass(frozen=True, slots=True)
class Body:
    """One text as it stands in its file. `line`: on which line of the file `text` starts; `title`: push only."""

    kind: Kind
    language: str  # lower case, as in the file's name: "en", "fr-ca"
    openness: Openness
    title: str
    text: str
    path: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to go. Never shown by `repr`: it is what somebody will read."""

    title: str
    text: str

    def __repr__(self) -> str:
        return f"Rendered({len(self.text)} characters)"


@dataclass(frozen=True)
class Template:
    """One message by its name (`tb/welcome`), with all its bodies."""

    name: str
    bodies: tuple[Body, ...]

    def choose(self, kind: Kind, language: str, fallback: str, openness: Openness) -> Body | None:
        """The body for a person: in the language (or without its region), else in the fallback; None if there is none.

        Within a language the asked openness comes first, the other one second; that a covert person never gets the open
        body of a sensitive topic is what `checks.check` makes sure of before anything is launched.
        """
        wanted = [openness, *(other for other in Openness if other != openness)]
        for tongue in (language.lower(), base(language), fallback.lower(), base(fallback)):
            for manner in wanted:
                if body := self._found.get((kind, tongue, manner)):
                    return body
        return None

    def languages(self, kind: Kind) -> list[str]:
        """The languages that have a body of this kind, sorted."""
        return sorted({body.language for body in self.bodies if body.kind is kind})

    def freeze(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"name": self.name, "bodies": [asdict(body) for body in self.bodies]}

    @staticmethod
    def thaw(frozen: Mapping[str, Any]) -> Template:
        """Back from `freeze`."""
        return Template(frozen["name"], tuple([_thaw(body) for body in frozen["bodies"]]))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of what people can get to read; the same wherever the files lie and in whatever order."""
        told = sorted([each.kind, each.language, each.openness, each.title, each.text] for each in self.bodies)
        return sha256(json.dumps([self.name, told], ensure_ascii=True).encode()).hexdigest()

    @cached_property
    def _found(self) -> dict[tuple[Kind, str, Openness], Body]:
        return {(body.kind, body.language, body.openness): body for body in self.bodies}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A body that was read once and can be written many times."""

    body: Body
    pieces: pieces.Pieces

    def render(self, values: Mapping[str, object]) -> Rendered:
        """Write the text for these values, in NFC, as parts are counted.

        Raises RenderError when a variable has no value or an unfit one, or when the text is empty or too long.
        """
        try:
            text = pieces.write(self.pieces, values)
        except pieces.Absent as absent:
            raise self._error(f"no value for '{absent.args[0]}'. {_NO_VALUE}") from None
        except pieces.Unfit as unfit:
            name, what = unfit.args
            raise self._error(f"{what} the value of '{name}'. Correct the field, or leave this out.") from None
        text = normalise(text).strip()
        if not text:
            raise self._error("the text is empty for these values. Give every {% if %} an {% else %}.")
        if len(text) > MOST_TEXT:
            raise self._error(f"the text is longer than {MOST_TEXT} characters. Shorten it, or the fields in it.")
        return Rendered(self.body.title, text)

    def _error(self, problem: str) -> RenderError:
        return RenderError(f"{self.body.path}: {problem}")


_NO_VALUE = "Fill in the field, or write {{ name|default('…') }}."


@lru_cache(maxsize=1024)
def compile(body: Body) -> Compiled:  # noqa: A001 (what it is called everywhere else)
    """Read a body once. Raises DefinitionError when it has faults: what is refused is never written."""
    reading = _read(body)
    if reading.faults:
        raise DefinitionError(reading.faults)
    return Compiled(body, reading.pieces)


def faults(body: Body) -> Sequence[Fault]:
    """What is wrong between the braces of a body: every fault."""
    return _read(body).faults


def names(body: Body) -> set[str]:
    """The variables that a body uses, in words or in conditions."""
    return pieces.names(_read(body).pieces)


@lru_cache(maxsize=1024)
def _read(body: Body) -> Reading:
    return read(body.text, path=body.path, line=body.line, language=body.language)


def _thaw(frozen: Mapping[str, Any]) -> Body:
    named = {**frozen, "kind": Kind(frozen["kind"]), "openness": Openness(frozen["openness"])}
    return Body(**named)
