"""What commands share: an open workspace, calm text, plain facts, a question asked before something is done."""

from __future__ import annotations

import getpass
import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.text import Text

from outreach import log
from outreach.errors import ConflictError
from outreach.workspace import Workspace, open_workspace


@contextmanager
def opened() -> Iterator[Workspace]:
    """The workspace of this folder, closed at the end of the block. Raises like `open_workspace`."""
    workspace = open_workspace()
    log.configure(json=workspace.settings.log_format == "json", level="warning")  # a command says itself what it did
    try:
        yield workspace
    finally:
        workspace.close()


def staff() -> str:
    """Whoever types: the name of the operating system's user, or its number where it has no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # KeyError: Python before 3.13
        return f"uid {os.getuid()}"


def console() -> Console:
    """Where commands print: nothing is coloured by guessing."""
    return Console(highlight=False)


def say(text: str, style: str = "") -> None:
    """Print a line as it is; what looks like markup is only text."""
    console().print(Text(text, style=style), soft_wrap=True)


def harmless(text: str) -> str:
    """What somebody wrote, without the marks by which it could take over the terminal."""
    return "".join(each if each == "\n" or unicodedata.category(each) != "Cc" else "�" for each in text)


@contextmanager
def new_file(path: Path, *, bom: bool = False) -> Iterator[TextIO]:
    """A file that only its owner can read. Raises ConflictError when it is there already or cannot be made.

    `bom`: as spreadsheets like it.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConflictError(f"{path} cannot be made ({error.strerror}). Name a file that is not there yet.") from None
    with os.fdopen(handle, "w", encoding="utf-8-sig" if bom else "utf-8", newline="" if bom else None) as file:
        yield file


def facts(thing: Any) -> None:
    """Print a dataclass, or a list of them, as JSON; times in ISO 8601, durations in seconds."""
    plain = [asdict(each) for each in thing] if isinstance(thing, list) else asdict(thing)
    typer.echo(json.dumps(plain, indent=1, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} is no fact")


def many(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun: "1 text", "1,204 texts"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def moment(at: datetime, zone: str) -> str:
    """A moment on the clinic's clock: "Mon 23 Nov 2026 07:20"."""
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M}"


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is done, unless `yes` was said. Without a terminal to ask on it is wrong use."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask on: say --yes")
    if not typer.confirm(question):
        say("Nothing was done.")
        raise typer.Exit(0)
