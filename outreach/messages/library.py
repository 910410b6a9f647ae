"""Template files: `tb/welcome.en.txt`, `welcome.en.covert.txt`, `welcome.en.push.txt`, read into templates.

A push says only that there is a message, so it has one body per language and that body counts as covert. Jinja
comments at the top of a file name its sources; they are no part of the text.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from outreach.channels.contract import Kind
from outreach.errors import Fault, NotFoundError, worded
from outreach.messages import templates
from outreach.messages.templates import Body, Openness, Template
from outreach.parts import normalise

MOST_BYTES = 20_000

_NAME = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9_-]*)\.(?P<language>[a-z]{2,3}(-[A-Za-z0-9]{2,4})?)(\.(?P<manner>covert|push))?\.txt"
)
_HEAD = re.compile(r"(?:\s|\{#.*?#\})*+", re.DOTALL)  # possessive: never tried another way
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_TOO_LARGE = (
    worded("The file is larger than %(most_bytes)s bytes.", most_bytes=MOST_BYTES),
    worded("A message is a short text."),
)
_HOW_TO_NAME = worded("Name it like welcome.en.txt, welcome.en.covert.txt or welcome.en.push.txt.")


@dataclass(frozen=True, slots=True)
class Library:
    """All templates of a folder, and every fault found while reading them."""

    templates: dict[str, Template]
    faults: tuple[Fault, ...]

    def get(self, name: str) -> Template:
        """A template by its name. Raises NotFoundError."""
        if found := self.templates.get(name):
            return found
        raise NotFoundError(
            worded("There is no template '%(name)s'. Put its words into templates/%(name)s.en.txt.", name=name)
        )


class _Unreadable(Exception):  # noqa: N818
    """A file that is no body; carries the fault."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.problem)


def load(folder: Path) -> Library:
    """Read every template of a folder. Faults are collected, never raised; what could be read is there all the same."""
    files = (path for path in sorted(folder.rglob("*")) if _is_meant(path.relative_to(folder)) and path.is_file())
    return _gather(folder, files)


def kept(folder: Path) -> Library:
    """The same as `load`, read anew only when a file has changed: for pages that are asked for again and again."""
    return _kept(folder, tuple(sorted(_stamps(str(folder)))))


def _stamps(folder: str) -> Iterator[tuple[str, int, int]]:
    """Each file below with what changes when it is written. By `scandir`: pathlib takes six times as long."""
    with suppress(OSError), os.scandir(folder) as entries:  # what went while we looked is not there any more
        for entry in entries:
            with suppress(OSError):
                stat = entry.stat()
                yield entry.path, stat.st_mtime_ns, stat.st_size
            if entry.is_dir(follow_symlinks=False):
                yield from _stamps(entry.path)


@lru_cache(maxsize=8)
def _kept(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> Library:
    return load(folder)


def load_one(folder: Path, name: str) -> Library:
    """The same for the files of one template only."""
    place = folder / name
    return _gather(folder, sorted(place.parent.glob(f"{place.name}.*.txt")))


def _gather(folder: Path, files: Iterable[Path]) -> Library:
    bodies: dict[str, dict[tuple[Kind, str, Openness], Body]] = defaultdict(dict)
    faults: list[Fault] = []
    for file in files:
        try:
            name, body = _body(folder, file)
            _keep(bodies[name], body)
        except _Unreadable as unreadable:
            faults.append(unreadable.fault)
        else:
            faults += templates.faults(body)
    found = {name: Template(name, tuple(each.values())) for name, each in bodies.items() if each}
    return Library(found, tuple(faults))


def _is_meant(path: Path) -> bool:
    """Whether a file is meant as a template: not what editors and systems leave behind, not a note about the folder."""
    hidden = any(part.startswith(".") for part in path.parts)
    return not (hidden or path.name.endswith("~") or path.suffix.lower() == ".md")


def _keep(kept: dict[tuple[Kind, str, Openness], Body], body: Body) -> None:
    key = (body.kind, body.language, body.openness)
    if other := kept.get(key):
        raise _fault(
            body.path, 0, worded("Says the same as %(path)s.", path=other.path), worded("Keep one of the two files.")
        )
    kept[key] = body


def parse(path: str, text: str) -> tuple[Body | None, list[Fault]]:
    """The body of a text that stands in no file yet, and what is wrong with it. `path`: templates/NAME.LANGUAGE.txt."""
    folder = Path(path.partition("/")[0])
    try:
        _, body = _read(folder, Path(path), path, _sound(text, path))
    except _Unreadable as unreadable:
        return None, [unreadable.fault]
    return body, list(templates.faults(body))


def _body(folder: Path, file: Path) -> tuple[str, Body]:
    path = file.relative_to(folder.parent).as_posix()
    if not _NAME.fullmatch(file.name):
        raise _fault(path, 0, worded("The file's name does not say which message it is."), _HOW_TO_NAME)
    return _read(folder, file, path, _text(file, path))


def _read(folder: Path, file: Path, path: str, text: str) -> tuple[str, Body]:
    named = _NAME.fullmatch(file.name)
    if not named:
        raise _fault(path, 0, worded("The file's name does not say which message it is."), _HOW_TO_NAME)
    line, text = _without_head(text)
    if not text:
        raise _fault(path, 0, worded("The file holds no text."), worded("Write the message, or delete the file."))
    kind = Kind.PUSH if named["manner"] == "push" else Kind.SMS
    title = ""
    if kind is Kind.PUSH:
        title, text, line = _push(path, line, text)
    openness = Openness.COVERT if named["manner"] else Openness.OPEN
    name = (file.parent.relative_to(folder) / named["name"]).as_posix()
    return name, Body(kind, named["language"].lower(), openness, title, text, path, line)


def _text(file: Path, path: str) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError:
        raise _fault(path, 0, worded("The file cannot be opened."), worded("Allow Outreach to read it.")) from None
    if len(data) > MOST_BYTES:
        raise _fault(path, 0, *_TOO_LARGE)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _fault(path, line, worded("The file is not in UTF-8."), worded("Save it again as 'UTF-8'.")) from None
    return _sound(text, path)


def _sound(text: str, path: str) -> str:
    """A text as it is counted and sent: one sort of line end, NFC, nothing invisible."""
    if len(text) > MOST_BYTES:
        raise _fault(path, 0, *_TOO_LARGE)
    text = normalise(text.replace("\r\n", "\n").replace("\r", "\n"))
    if found := _CONTROL.search(text):
        line, column = text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start())
        problem = worded("An invisible control character stands here.")
        raise _Unreadable(Fault(path, line, column, problem, worded("Delete it; if it is a tab, write a space.")))
    return text


def _without_head(text: str) -> tuple[int, str]:
    """The line on which the text starts, and the text, without the comments and empty lines around it."""
    head = _HEAD.match(text)
    start = head.end() if head else 0
    return text.count("\n", 0, start) + 1, text[start:].rstrip()


def _push(path: str, line: int, text: str) -> tuple[str, str, int]:
    title, _, rest = text.partition("\n")
    skipped, body = _without_head(rest)
    if not body:
        raise _fault(
            path,
            line,
            worded("A push has a title but no text."),
            worded("Write the title on the first line, the text below."),
        )
    return title.strip(), body, line + skipped


def _fault(path: str, line: int, problem: str, remedy: str) -> _Unreadable:
    return _Unreadable(Fault(path, line, 0, problem, remedy))
