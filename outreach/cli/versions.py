"""`outreach campaign clone|history`: copies of campaigns, and what their files said before."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from outreach.campaigns import content, editing, shelf, versions
from outreach.cli.approval import Name, Who
from outreach.cli.terminal import console, moment, opened, say, staff
from outreach.workspace import Workspace


def clone(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The copy's name.")],
    *,
    title: Annotated[str, typer.Option(help="The copy's title; else the same.")] = "",
    who: Who = "",
) -> None:
    """Copy a campaign under another name."""
    with opened() as workspace:
        kept = editing.clone(workspace, name, new, title, who or staff())
    say(f"{kept.path} is written. It says what {name} says; nothing is launched.")


def history(
    name: Name,
    *,
    show: Annotated[int, typer.Option(metavar="VERSION", help="Print what the file said then.")] = 0,
    restore: Annotated[int, typer.Option(metavar="VERSION", help="Let the file say that again.")] = 0,
    who: Who = "",
) -> None:
    """What a campaign's file said before it was saved from the console or restored here."""
    with opened() as workspace:
        content.find(workspace, name)
        path = shelf.campaign(workspace, name).path
        if show or restore:
            _one(workspace, name, path, show, restore, who or staff())
            return
        with workspace.database.read() as session:
            found = versions.history(session, path)
        zone = workspace.settings.zone
    if not found:
        say(f"{path} was never saved from the console: nothing is kept of it.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("version", "saved", "by"):
        table.add_column(heading)
    for each in found:
        table.add_row(str(each.id), moment(each.at, zone), each.by or "another editor")
    console().print(table)


def _one(workspace: Workspace, name: str, path: str, show: int, restore: int, by: str) -> None:
    with workspace.database.read() as session:
        kept = versions.get(session, path, show or restore)
    if show:
        typer.echo(kept.text, nl=False)
        return
    now = shelf.look(shelf.campaign(workspace, name))
    editing.save(workspace, name, kept.text, expected=now.digest, by=by)
    say(f"{path} says again what it said in version {kept.id}. What it said until now is kept as well.")
