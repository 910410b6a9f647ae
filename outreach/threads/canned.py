"""Answers that a clinic keeps ready: `templates/answers/NAME.en.txt`, one text a language, with `{{ clinic }}` at most.

They are files as templates are, not rows that anybody edits: what a clinic tells many people is read by a clinician
first, `outreach check` finds its faults, and it is kept and undone like the templates. A helper changes the words in
the box before she sends them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from outreach import log, parts
from outreach.channels.contract import Kind
from outreach.errors import DefinitionError
from outreach.messages import library, templates
from outreach.messages.filters import base
from outreach.messages.library import Library
from outreach.messages.templates import Openness, RenderError
from outreach.settings import Settings

logger = log.get("threads")

FOLDER = "answers"


@dataclass(frozen=True, slots=True)
class Canned:
    """One answer that is ready. `hers`: it is in the language that was asked for."""

    name: str
    language: str
    text: str
    parts: int
    hers: bool


def canned(settings: Settings, language: str) -> list[Canned]:
    """The answers in a language, by name; where one has no such text, the clinic's own language takes its place.

    One that cannot be written is left out, and logged: nobody's answer waits for a typo.
    """
    found = []
    for name, template in sorted(_library(settings.workspace / "templates" / FOLDER).templates.items()):
        body = template.choose(Kind.SMS, language, settings.language, Openness.COVERT)
        if body is None:
            continue
        try:
            text = templates.compile(body).render({"clinic": settings.clinic}).text
        except (DefinitionError, RenderError) as error:
            logger.warning("canned answer cannot be written", exc_info=error)
            continue
        found.append(Canned(name, body.language, text, parts.count(text).parts, base(body.language) == base(language)))
    return found


def _library(folder: Path) -> Library:
    """Read anew whenever a file changes: a correction helps at once."""
    try:
        stats = [(file.name, file.stat()) for file in sorted(folder.glob("*.txt"))]
    except OSError:
        stats = []
    return _read(folder, tuple([(name, stat.st_mtime_ns, stat.st_size) for name, stat in stats]))


@lru_cache(maxsize=8)
def _read(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> Library:
    return library.load(folder) if stamp else Library({}, ())
