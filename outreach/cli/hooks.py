"""`outreach hooks`: other programs that are told what happened, and what became of the tellings."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from outreach.cli.terminal import confirm, console, opened, say, staff
from outreach.hooks import targets
from outreach.hooks.events import Kind
from outreach.hooks.tables import Telling
from outreach.hooks.targets import Told

app = typer.Typer(help="Webhooks: other programs that are told what happened.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Name = Annotated[str, typer.Argument(help="The program's name: it stands in the record for good.")]


@app.command()
def add(
    name: Name,
    url: Annotated[str, typer.Argument(help="Where to call: https, and a public address.")],
    kind: Annotated[list[Kind], typer.Option("--kind", help="Of what to tell; may be said several times.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell a program from now on, and print the secret for checking our signatures, this once."""
    with opened() as workspace, workspace.database.write() as session:
        inside = workspace.settings.hooks_inside
        secret = targets.add(session, workspace.vault, name, url, kind, staff(), inside=inside)
    if as_json:
        typer.echo(json.dumps({"name": name, "secret": secret}))
        return
    say(f"Put this where only {name} reads it. It is shown this once; calls are signed with it (Standard Webhooks):")
    say(f"  {secret}")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """Every webhook, what waits, what was told, what was given up and why."""
    with opened() as workspace, workspace.database.read() as session:
        found = targets.everyone(session)
    if as_json:
        typer.echo(json.dumps([_facts(each) for each in found], indent=1))
    elif not found:
        say("No webhook yet. Add one: outreach hooks add NAME https://… --kind thread.waiting")
    else:
        console().print(_table(found))


@app.command()
def end(
    name: Name, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: AsJson = False
) -> None:
    """Tell a program no more; what still waits is given up."""
    confirm(f"Tell {name} no more?", yes=yes)
    with opened() as workspace, workspace.database.write() as session:
        targets.end(session, workspace.vault, name, staff())
    if as_json:
        typer.echo(json.dumps({"name": name, "state": "ended"}))
    else:
        say(f"{name} is told no more.")


def _facts(each: Told) -> dict[str, object]:
    return {
        "name": each.name,
        "kinds": list(each.kinds),
        "state": "ended" if each.ended_at else "told",
        "made_by": each.made_by,
        "made_at": each.made_at.isoformat(),
        "tellings": {state.value: each.counts.get(state, 0) for state in Telling},
        "failure": each.failure,
    }


def _table(found: list[Told]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "told of", "state", "waiting", "done", "given up", "last failure"):
        table.add_column(heading, overflow="fold")
    for each in found:
        counts = [str(each.counts.get(state, 0)) for state in Telling]
        state = "ended" if each.ended_at else "told"
        table.add_row(each.name, ", ".join(each.kinds), state, *counts, each.failure)
    return table
