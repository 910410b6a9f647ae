"""A campaign as its files stand: found, read together with its texts, checked, and frozen with a hash."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from outreach.campaigns import definition as definitions
from outreach.campaigns.check import check_one, files
from outreach.campaigns.definition import Definition
from outreach.campaigns.timing import Relative
from outreach.errors import DefinitionError, NotFoundError
from outreach.messages import library
from outreach.messages.frozen import Frozen, FrozenStep
from outreach.messages.library import Library
from outreach.workspace import Workspace


@dataclass(frozen=True)
class Content:
    """What a campaign says at one moment: its definition and every text of it, as JSON values."""

    definition: Definition
    frozen: dict[str, Any]

    @cached_property
    def digest(self) -> str:
        """The content hash: the same as long as neither the definition nor a text of it changes."""
        return definitions.content_hash(self.frozen)


def of(workspace: Workspace, name: str) -> Content:
    """What a campaign's files say now. Raises NotFoundError, DefinitionError with every fault."""
    return made(*read(workspace, name))


def made(definition: Definition, templates: Library) -> Content:
    """What was read, frozen."""
    return Content(definition, freeze(definition, templates).model_dump(mode="json"))


def find(workspace: Workspace, name: str) -> Path:
    """The file of a campaign. Raises NotFoundError."""
    paths = {path.stem: path for path in files([workspace.folder / "campaigns"])}
    if name not in paths:
        known = ", ".join(sorted(paths)) or "none yet"
        raise NotFoundError(f"There is no campaign {name!r} in campaigns/. There are: {known}.")
    return paths[name]


def read(workspace: Workspace, name: str) -> tuple[Definition, Library]:
    """A campaign and the templates, checked. Raises NotFoundError, DefinitionError with every fault."""
    return _read(workspace, name, library.load(workspace.folder / "templates"))


def kept(workspace: Workspace, name: str) -> tuple[Definition, Library]:
    """The same for a page that only shows it: texts are read anew only when a file has changed."""
    return _read(workspace, name, library.kept(workspace.folder / "templates"))


def _read(workspace: Workspace, name: str, templates: Library) -> tuple[Definition, Library]:
    path = find(workspace, name)
    faults = check_one(path, templates, workspace.settings)
    if faults:
        raise DefinitionError(faults)
    return definitions.load(path), templates


def freeze(definition: Definition, templates: Library) -> Frozen:
    """What a run keeps of a campaign: all of it, with every text."""
    names = {step.template for step in definition.steps}
    return Frozen(
        campaign=definition.name,
        title=definition.title,
        topic=definition.topic,
        language=definition.language,
        hours=(definition.window.start, definition.window.end),
        unread_after=int(definition.unread_after.total_seconds()),
        stop_steps=definition.replies.stop_steps,
        wait=definition.replies.wait,
        thread=definition.thread,
        steps={
            step.id: FrozenStep(
                template=step.template,
                channels=definition.channels_of(step),
                expires=int(definition.expires_of(step).total_seconds()),
                on_unknown=step.on_unknown.value,
                field=step.timing.field if isinstance(step.timing, Relative) else "",
            )
            for step in definition.steps
        },
        templates={name: templates.get(name).freeze() for name in names},
        definition=definitions.freeze(definition),
    )
