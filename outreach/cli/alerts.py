"""`outreach alerts`: what an admin or coordinator must look at."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from outreach.cli.terminal import console, facts, moment, opened, say, staff
from outreach.privacy import alerts
from outreach.privacy.alerts import AlertKind, Raised

app = typer.Typer(help="What an admin or coordinator must look at.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]

_MEANS: dict[AlertKind, str] = {
    AlertKind.REVEAL_GRANTED: "something sealed was opened to",
    AlertKind.REVEAL_ALONE: "something sealed was opened in a crisis, without a second person, by",
    AlertKind.REVEAL_OVERDUE: "nobody has looked at what was opened in a crisis by",
    AlertKind.UNREACHED: "could not be called (phone? suspended? misspelled in duty.yaml?):",
    AlertKind.NOT_TAKEN: "somebody is in danger, and nobody on duty has taken the thread",
    AlertKind.PANIC: "somebody has texted her panic word: write nothing, see that she is safe",
    AlertKind.LOSS: "somebody has written that a pregnancy has ended: a person should answer",
    AlertKind.HOOK_FAILING: "a webhook has failed for long: outreach hooks list",
    AlertKind.PROMISE_MISSED: "nobody has read a thread by the moment that was promised",
    AlertKind.PASSKEY_DOUBTED: "there may be a copy of a passkey, which opens nothing any more, of",
}


@app.command("list")
def list_(
    *, every: Annotated[bool, typer.Option("--all", help="Those that were seen, too.")] = False, as_json: AsJson = False
) -> None:
    """Alerts that nobody has seen yet, the newest first."""
    with opened() as workspace, workspace.database.read() as session:
        found = alerts.all_(session) if every else alerts.unseen(session)
        zone = workspace.settings.zone
    if as_json:
        facts(found)
    elif not found:
        say("Nothing to look at.")
    else:
        console().print(_table(found, zone))


def _table(found: list[Raised], zone: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("alert", "when", "what", "about", "seen by"):
        table.add_column(heading, overflow="fold")
    for each in found:
        what = f"{_MEANS[AlertKind(each.kind)]} {each.about}".strip()
        table.add_row(str(each.id), moment(each.at, zone), what, each.subject, each.seen_by)
    return table


@app.command()
def seen(alert: Annotated[int, typer.Argument(help="The alert's number.")]) -> None:
    """Say that you have looked at one."""
    with opened() as workspace, workspace.database.write() as session:
        alerts.seen(session, workspace.vault, alert, staff())
    say(f"Alert {alert} is seen.")
