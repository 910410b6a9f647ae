"""`outreach hooks`: other programs that are told what happened, and what became of the tellings."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from outreach.cli.terminal import confirm, console, opened, say, staff
from outreach.hooks import health, targets
from outreach.hooks.events import CHOSEN, Kind
from outreach.hooks.health import Told
from outreach.hooks.tables import Telling

app = typer.Typer(help="Webhooks: other programs that are told what happened.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Name = Annotated[str, typer.Argument(help="The program's name: it stands in the record for good.")]


@app.command()
def add(
    name: Name,
    url: Annotated[str, typer.Argument(help="Where to call: https, and a public address.")],
    kind: Annotated[
        list[Kind], typer.Option("--kind", help=f"Of what to tell; may be said several times: {', '.join(CHOSEN)}.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell a program from now on, and print the secret for checking our signatures, this once."""
    with opened() as workspace, workspace.database.write() as session:
        inside = workspace.settings.hooks_inside
        secret = targets.add(session, workspace.vault, name, url, kind, staff(), inside=inside)
    _show(name, secret, as_json=as_json)


def _show(name: str, secret: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"name": name, "secret": secret}))
        return
    say(f"Put this where only {name} reads it. It is shown this once; calls are signed with it (Standard Webhooks):")
    say(f"  {secret}")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """Every webhook, what waits, what was told, what was given up and why."""
    with opened() as workspace, workspace.database.read() as session:
        found = health.everyone(session)
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


@app.command()
def ping(name: Name) -> None:
    """Try a webhook out: one call of the kind "ping", as soon as a worker comes by. `list` says what came of it."""
    with opened() as workspace, workspace.database.write() as session:
        targets.ping(session, workspace.vault, name, staff())
    say("A ping is on its way. In a few seconds see what came of it: outreach hooks list")


@app.command()
def pause(name: Name) -> None:
    """Tell a program nothing for now. What happens meanwhile waits, for thirty days at most."""
    with opened() as workspace, workspace.database.write() as session:
        targets.pause(session, workspace.vault, name, staff())
    say(f"{name} is told nothing until: outreach hooks resume {name}")


@app.command()
def resume(name: Name) -> None:
    """Go on telling a program that was paused, first what waits."""
    with opened() as workspace, workspace.database.write() as session:
        targets.resume(session, workspace.vault, name, staff())
    say(f"{name} is told again.")


@app.command()
def rotate(name: Name, *, as_json: AsJson = False) -> None:
    """Give a webhook another secret, shown this once; for a day calls are signed with the one before, too."""
    with opened() as workspace, workspace.database.write() as session:
        secret = targets.rotate(session, workspace.vault, name, staff())
    _show(name, secret, as_json=as_json)


@app.command()
def redeliver(name: Name) -> None:
    """Tell a program once more what was given up, and now what waits for its next try."""
    with opened() as workspace, workspace.database.write() as session:
        count = targets.redeliver(session, workspace.vault, name, staff())
    say(f"{count} on their way to {name}.")


def _facts(each: Told) -> dict[str, object]:
    return {
        "name": each.name,
        "kinds": list(each.kinds),
        "state": _state(each),
        "made_by": each.made_by,
        "made_at": each.made_at.isoformat(),
        "tellings": {state.value: each.counts.get(state, 0) for state in Telling},
        "told_at": each.told_at and each.told_at.isoformat(),
        "failed_at": each.failed_at and each.failed_at.isoformat(),
        "failure": each.failure,
    }


def _state(each: Told) -> str:
    return "ended" if each.ended_at else "paused" if each.paused_at else "told"


def _table(found: list[Told]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "told of", "state", "waiting", "done", "given up", "last failure"):
        table.add_column(heading, overflow="fold")
    for each in found:
        counts = [str(each.counts.get(state, 0)) for state in Telling]
        table.add_row(each.name, ", ".join(each.kinds), _state(each), *counts, each.failure)
    return table
