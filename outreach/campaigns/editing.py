"""Editing a campaign: its file and its form are two views of one text, and the file is the truth."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from outreach.campaigns import content, form, rewriting, shelf, source, versions
from outreach.campaigns.check import check_read
from outreach.campaigns.form import Form
from outreach.campaigns.source import Plain
from outreach.campaigns.versions import Kept
from outreach.errors import ConflictError, DefinitionError, Fault, worded
from outreach.messages import library
from outreach.workspace import Workspace

#: What a new campaign begins with.
BLANK = """\
title: New campaign
topic: tb
language: en
audience: {all: []}
channels: [push, sms]
steps:
  - id: first
    template: tb/welcome
    every: "FREQ=DAILY;COUNT=1"
    at: "09:30"
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A campaign under the pen. `digest`: of the file it began with; `form`: None where only the text can be edited."""

    name: str
    path: str
    digest: str
    faults: tuple[Fault, ...]
    written: Mapping[str, Plain]
    form: Form | None
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison."""

    kind: Literal["same", "old", "new", "gap"]
    text: str


def opened(workspace: Workspace, name: str, stop_words: Collection[str] = ()) -> Draft:
    """A campaign's file, to be edited. Raises NotFoundError, ConflictError."""
    content.find(workspace, name)
    said = shelf.look(shelf.campaign(workspace, name))
    return draft(workspace, name, said.text, said.digest, stop_words)


def draft(workspace: Workspace, name: str, text: str, digest: str, stop_words: Collection[str] = ()) -> Draft:
    """A text that is to become a campaign's file, with every fault of it."""
    place = shelf.campaign(workspace, name)
    try:
        read = source.parse(text, place.path)
    except DefinitionError as error:
        return Draft(name, place.path, digest, tuple(error.faults), {}, None, text)
    faults = _faults(workspace, read, name, stop_words)
    written = read.value if isinstance(read.value, dict) else {}
    return Draft(name, place.path, digest, faults, written, form.of(read.value), text)


def _faults(workspace: Workspace, read: source.Source, name: str, stop_words: Collection[str]) -> tuple[Fault, ...]:
    templates = library.kept(workspace.folder / "templates")
    try:
        return tuple(check_read(read, name, templates, workspace.settings, stop_words))
    except DefinitionError as error:
        return tuple(error.faults)


def filled_in(text: str, wanted: Form) -> str:
    """The text of a campaign after its form was filled in. Raises DefinitionError where the text has no form."""
    written = _written(text)
    origins = [step.origin for step in wanted.steps]
    return rewriting.rewrite(text, form.merged(written, wanted), origins, form.ORDERS)


def for_audience(text: str, audience: dict[str, Plain]) -> str:
    """The text of a campaign with another audience. Raises DefinitionError where it is no YAML."""
    return rewriting.rewrite(text, {**_written(text), "audience": audience}, (), form.ORDERS)


def _written(text: str) -> dict[str, Plain]:
    value = source.parse(text, "").value
    return value if isinstance(value, dict) else {}


def save(workspace: Workspace, name: str, text: str, *, expected: str, by: str) -> Kept:
    """Save a campaign's file, faults and all: it can be mended later, and is launched only without any.

    Raises OvertakenError when somebody else saved it meanwhile, ConflictError.
    """
    return versions.save(workspace, shelf.campaign(workspace, name), text, expected=expected, by=by)


def clone(workspace: Workspace, name: str, new: str, title: str, by: str) -> Kept:
    """A copy of a campaign under another name and title. Raises NotFoundError, ConflictError, DefinitionError."""
    content.find(workspace, name)
    said = shelf.look(shelf.campaign(workspace, name))
    place = shelf.campaign(workspace, new)
    if place.file.exists():
        raise ConflictError(worded("There is a campaign '%(name)s' already. Choose another name.", name=new))
    text = (
        rewriting.rewrite(said.text, {**_written(said.text), "title": title}, (), form.ORDERS) if title else said.text
    )
    return versions.save(workspace, place, text, expected="", by=by)


def create(workspace: Workspace, name: str, title: str, topic: str, by: str) -> Kept:
    """A new campaign with one step. Raises ConflictError when there is one of that name."""
    place = shelf.campaign(workspace, name)
    if place.file.exists():
        raise ConflictError(worded("There is a campaign '%(name)s' already. Choose another name.", name=name))
    blank = _written(BLANK)
    steps = blank["steps"]
    chosen: dict[str, Plain] = {**blank, "title": title, "topic": topic, "language": workspace.settings.language}
    if isinstance(steps, list) and isinstance(steps[0], dict):
        chosen["steps"] = [{**steps[0], "template": _first_of(workspace, topic)}]
    text = rewriting.rewrite(BLANK, chosen, [0], form.ORDERS)
    return versions.save(workspace, place, text, expected="", by=by)


def _first_of(workspace: Workspace, topic: str) -> str:
    """A message to begin with: the welcome of the topic's own folder, else its first, else any."""
    names = sorted(library.kept(workspace.folder / "templates").templates)
    return min(
        names, key=lambda name: (not name.startswith(f"{topic}/"), not name.endswith("/welcome"), name), default=""
    )


def compared(old: str, new: str, around: int = 3) -> list[Line]:
    """What changes between two texts, line by line, with some lines around it; nothing where they are the same."""
    found: list[Line] = []
    before, after = old.splitlines(), new.splitlines()
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(around):
        if found or group[0][1] > 0:
            found.append(Line("gap", ""))
        for tag, i1, i2, j1, j2 in group:
            found += _lines(tag, before[i1:i2], after[j1:j2])
    return found


def _lines(tag: str, old: list[str], new: list[str]) -> Iterator[Line]:
    if tag == "equal":
        yield from (Line("same", text) for text in old)
        return
    yield from (Line("old", text) for text in old)
    yield from (Line("new", text) for text in new)
