"""The files that staff write: safe names for them, reading, and writing whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from outreach.campaigns.check import files
from outreach.campaigns.source import MAX_BYTES
from outreach.campaigns.steps import NAME
from outreach.errors import ConflictError, worded
from outreach.workspace import Workspace

_TEMPLATE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}(/[a-z0-9][a-z0-9_-]{0,59}){0,3}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,4})?")


class Manner(StrEnum):
    """Which of a message's texts a file holds."""

    COVERT = "covert"
    OPEN = "open"
    PUSH = "push"


_ENDINGS = {Manner.COVERT: ".covert.txt", Manner.OPEN: ".txt", Manner.PUSH: ".push.txt"}


@dataclass(frozen=True, slots=True)
class Place:
    """A file of the workspace, by its path from there."""

    folder: Path
    path: str

    @property
    def file(self) -> Path:
        """Where it lies."""
        return self.folder / self.path


@dataclass(frozen=True, slots=True)
class Said:
    """What a file says. `digest` is empty where there is no file."""

    text: str
    digest: str


def campaign(workspace: Workspace, name: str) -> Place:
    """Where a campaign's file is or would be. Raises ConflictError for what cannot be a campaign's name."""
    if not re.fullmatch(NAME, name):
        raise ConflictError(
            worded(
                "'%(name)s' cannot be a campaign's name. Use small letters, digits and hyphens, at most 60.", name=name
            )
        )
    folder = workspace.folder / "campaigns"
    known = next((path.name for path in files([folder]) if path.stem == name), f"{name}.yaml")
    return _inside(workspace.folder, f"campaigns/{known}")


def template(workspace: Workspace, name: str, language: str, manner: Manner) -> Place:
    """Where a message's text in a language is or would be. Raises ConflictError for names that cannot be."""
    if not _TEMPLATE.fullmatch(name) or not _LANGUAGE.fullmatch(language):
        raise ConflictError(worded("That cannot be a message's name and language. Write them like tb/welcome and en."))
    return _inside(workspace.folder, f"templates/{name}.{language}{_ENDINGS[manner]}")


def _inside(folder: Path, path: str) -> Place:
    """Names are strict already; a link that leads out of the workspace is not followed either."""
    if not (folder / path).resolve().is_relative_to(folder.resolve()):
        raise ConflictError(worded("%(path)s leads out of the workspace. Put the file itself there.", path=path))
    return Place(folder, path)


def digest(text: str) -> str:
    """SHA-256 (hex) of what a file says: how two people who edit it notice each other."""
    return sha256(text.encode()).hexdigest()


def look(place: Place) -> Said:
    """What a file says now. Raises ConflictError when it cannot be read as text."""
    try:
        with place.file.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        return Said("", "")
    except (OSError, UnicodeDecodeError):
        raise ConflictError(
            worded("%(path)s cannot be read as text. Save it as UTF-8, readable for Outreach.", path=place.path)
        ) from None
    if len(raw) > MAX_BYTES:
        raise ConflictError(worded("%(path)s is too large to be edited here.", path=place.path))
    return Said(text, digest(text))


@contextmanager
def written(place: Place, text: str) -> Iterator[None]:
    """Write a file whole, in place of the one that is there; what it said stands again when the block raises."""
    before = look(place)
    _put(place, text)
    try:
        yield
    except BaseException:
        _put(place, before.text) if before.digest else place.file.unlink(missing_ok=True)
        raise


def _put(place: Place, text: str) -> None:
    """Whoever reads meanwhile sees the old file or the new one, never half of either."""
    file = place.file
    part = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("wb", dir=file.parent, prefix=".", suffix=".part", delete=False) as opened:
            part = Path(opened.name)
            opened.write(text.encode())
            opened.flush()
            os.fsync(opened.fileno())
        part.chmod(file.stat().st_mode & 0o777 if file.exists() else 0o644)
        part.replace(file)
    except OSError as error:
        if part is not None:
            with suppress(OSError):
                part.unlink()
        raise ConflictError(
            worded(
                "%(path)s cannot be written (%(why)s). Let Outreach write there.", path=place.path, why=error.strerror
            )
        ) from None
