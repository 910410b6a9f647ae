"""`outreach init`: a folder becomes a clinic's workspace."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich import print as show

from outreach.errors import ConflictError
from outreach.messages.samples import samples
from outreach.privacy.vault import Keyring
from outreach.settings import Settings, load
from outreach.workspace import prepare

Folder = Annotated[Path, typer.Argument(help="The workspace; made if it is not there.", show_default="here")]


def init(folder: Folder = Path()) -> None:
    """Make a workspace: campaigns, templates, database and keys. What is there already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    done = [*_copy_samples(folder), *_keys(folder)]
    workspace = prepare(load(folder))
    workspace.close()
    for line in done:
        show(f"[green]made[/green] {line}")
    show("The database is up to date.")
    show(
        f"\nThe workspace is ready. Next:\n  cd {folder}\n  outreach check      every fault in campaigns and templates"
    )
    show("  outreach demo       the whole of it, with simulated phones")
    show("  outreach up         the real thing, once a provider is set up in .env")


def _copy_samples(folder: Path) -> list[str]:
    """The shipped campaigns and templates, unless the folder has its own."""
    made = []
    for name in ("campaigns", "templates"):
        target = folder / name
        if not target.exists():
            shutil.copytree(samples() / name, target)
            made.append(f"{name}/ from the samples: change them freely")
    return made


def _keys(folder: Path) -> list[str]:
    """A keyring outside the workspace, named in its .env; never a second one."""
    settings = load(folder)
    if settings.keyring.get_secret_value() or settings.keyring_file is not None:
        return []
    _refuse_orphan(settings)
    path = keyring_path(folder)
    Keyring.new().save(path)
    with (folder / ".env").open("a", encoding="utf-8") as env:
        env.write(f"OUTREACH_KEYRING_FILE={path}\n")
    return [
        f"{path} (only you can read it). Keep a copy in a safe place: without it nobody can be written to.",
        ".env, which names the keyring",
    ]


def _refuse_orphan(settings: Settings) -> None:
    """A database without its keys must not get new ones: what is sealed in it would be lost for good."""
    if not settings.database_url and (settings.state / "outreach.db").exists():
        raise ConflictError(
            f"There is a database in {settings.state}, but no keyring. Put its OUTREACH_KEYRING_FILE back into .env."
        )


def keyring_path(folder: Path) -> Path:
    """Where a workspace's keys live: in the user's configuration, never beside the data."""
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    whole = folder.resolve()
    mark = hashlib.sha256(str(whole).encode()).hexdigest()[:8]
    return base / "outreach" / f"{whole.name or 'clinic'}-{mark}.keyring.json"
