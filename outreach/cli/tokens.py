"""`outreach tokens`: what other programs show at the JSON API; the console has a page for it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from outreach.cli.terminal import confirm, console, opened, say, staff
from outreach.staff import tokens
from outreach.staff.tokens import LONGEST, Bearer, Scope

app = typer.Typer(help="Tokens: what other programs show at the JSON API.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Name = Annotated[str, typer.Argument(help="The token's name: it stands in the record of what was done with it.")]


@app.command()
def make(
    name: Name,
    scope: Annotated[list[Scope], typer.Option("--scope", help="What it is for; may be said several times.")],
    *,
    days: Annotated[int, typer.Option(min=1, max=LONGEST.days, help="After how many days it ends by itself.")] = 90,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once: it is kept as a hash."""
    with opened() as workspace, workspace.database.write() as session:
        made, token = tokens.make(session, workspace.vault, name, scope, timedelta(days=days), staff())
    if as_json:
        typer.echo(json.dumps({"name": made.name, "token": token, "expires_at": made.expires_at.isoformat()}))
        return
    say(f"Put this where only {name} reads it. It is shown this once, and ends on {made.expires_at:%Y-%m-%d}:")
    say(f"  {token}")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """Every token, what it is for, and when it was last used."""
    with opened() as workspace:
        now = workspace.database.now()
        with workspace.database.read() as session:
            found = tokens.everyone(session)
    if as_json:
        typer.echo(json.dumps([_facts(each, now) for each in found], indent=1))
    elif not found:
        say("No token yet. Make one: outreach tokens make NAME --scope people:read")
    else:
        console().print(_table(found, now))


@app.command()
def revoke(
    name: Name, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: AsJson = False
) -> None:
    """Take a token back: from this moment it opens nothing."""
    confirm(f"Take {name} back? Whatever uses it stops working.", yes=yes)
    with opened() as workspace, workspace.database.write() as session:
        tokens.revoke(session, workspace.vault, name, staff())
    if as_json:
        typer.echo(json.dumps({"name": name, "state": "revoked"}))
    else:
        say(f"{name} opens nothing any more.")


def _state(each: Bearer, now: datetime) -> str:
    if each.revoked_at is not None:
        return "revoked"
    return "good" if each.is_good(now) else "over"


def _facts(each: Bearer, now: datetime) -> dict[str, object]:
    return {
        "name": each.name,
        "scopes": [scope for scope in Scope if scope in each.scopes],
        "state": _state(each, now),
        "made_by": each.made_by,
        "made_at": each.made_at.isoformat(),
        "expires_at": each.expires_at.isoformat(),
        "used_at": each.used_at.isoformat() if each.used_at else None,
    }


def _table(found: list[Bearer], now: datetime) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "for", "state", "ends", "last used"):
        table.add_column(heading, overflow="fold")
    for each in found:
        scopes = ", ".join(scope for scope in Scope if scope in each.scopes)
        used = f"{each.used_at:%Y-%m-%d %H:%M}" if each.used_at else "never"
        table.add_row(each.name, scopes, _state(each, now), f"{each.expires_at:%Y-%m-%d}", used)
    return table
