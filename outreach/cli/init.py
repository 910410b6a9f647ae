"""`outreach init`: a folder becomes a clinic's workspace."""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich import print as show
from rich.markup import escape

from outreach.cli.terminal import staff
from outreach.errors import ConflictError
from outreach.messages.samples import copy
from outreach.privacy.keyring import Keyring
from outreach.settings import Settings, load
from outreach.staff import accounts, links
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.workspace import Workspace, is_bound, prepare

Folder = Annotated[Path, typer.Argument(help="The workspace; made if it is not there.", show_default="here")]


def init(folder: Folder = Path()) -> None:
    """Make a workspace: campaigns, templates, database and keys. What is there already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    done = [*_copy_samples(folder), *_keys(folder)]
    workspace = prepare(load(folder))
    try:
        link = _first_admin(workspace)
    finally:
        workspace.close()
    for line in done:
        show(f"[green]made[/green] {escape(line)}")
    show("The database is up to date.")
    if link:
        show("\nSign in as [bold]admin[/bold] (once `outreach up` runs; the link works once, within a day):")
        print(f"  {link}")  # noqa: T201 (whole, on one line: it is to be copied)
    show(f"\nThe workspace is ready. Next:\n  cd {escape(str(folder))}")
    show("  outreach check      every fault in campaigns and templates")
    show("  outreach demo       the whole of it, with simulated phones")
    show("  outreach up         the real thing, once a provider is set up in .env")


def _first_admin(workspace: Workspace) -> str:
    """The link by which the first admin signs in; nothing where there is staff already."""
    with workspace.database.write() as session:
        if accounts.everybody(session):
            return ""
        accounts.add(session, workspace.vault, New("admin", "Admin", frozenset({Role.ADMIN})), staff())
        return links.address(workspace.settings.public_url, links.issue(session, workspace.vault, "admin", staff()))


def _copy_samples(folder: Path) -> list[str]:
    """The shipped campaigns and templates, unless the folder has its own."""
    return [
        f"{name}/ from the samples: change them freely" for name in ("campaigns", "templates") if copy(name, folder)
    ]


def _keys(folder: Path) -> list[str]:
    """A keyring outside the workspace, named in its .env; never a second one."""
    settings = load(folder)
    if settings.keyring.get_secret_value() or settings.keyring_file is not None:
        return []
    _refuse_orphan(settings)
    path = keyring_path(folder)
    done = []
    if not path.exists():  # else an earlier `init` was broken off: its keys are this folder's
        Keyring.new().save(path)
        done = [f"{path} (only you can read it). Keep a copy in a safe place: without it nobody can be written to."]
    _name_in_env(folder / ".env", path)
    return [*done, ".env, which names the keyring"]


def _name_in_env(env: Path, keyring: Path) -> None:
    """Add the keyring to a file that only its owner can read: providers' tokens will stand there too."""
    known = env.read_text(encoding="utf-8") if env.exists() else ""
    gap = "" if known.endswith("\n") or not known else "\n"
    with os.fdopen(os.open(env, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{gap}OUTREACH_KEYRING_FILE={shlex.quote(str(keyring))}\n")


def _refuse_orphan(settings: Settings) -> None:
    """A database without its keys must not get new ones: what is sealed in it would be lost for good."""
    if is_bound(settings):
        raise ConflictError(
            "The database was set up already, but there is no keyring. Put its OUTREACH_KEYRING_FILE back into .env."
        )


def keyring_path(folder: Path) -> Path:
    """Where a workspace's keys live: in the user's configuration, never beside the data."""
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    whole = folder.resolve()
    mark = hashlib.sha256(str(whole).encode()).hexdigest()[:8]
    return base / "outreach" / f"{whole.name or 'clinic'}-{mark}.keyring.json"
