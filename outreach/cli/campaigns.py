"""`outreach campaign`: look at campaigns, plan, launch, and hold them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from outreach.campaigns import forecast as forecasts
from outreach.campaigns import outlook, runs
from outreach.campaigns.outlook import Listed
from outreach.cli import approval, versions
from outreach.cli import forecast as page
from outreach.cli.approval import Who
from outreach.cli.terminal import confirm, console, facts, many, moment, opened, say, staff
from outreach.messages.status import RunState
from outreach.reports.figures import Figures, figures
from outreach.workspace import Workspace

app = typer.Typer(help="Campaigns: look at them, plan, launch and hold them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The campaign: its file's name without .yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

#: What the counts of a status are called, in the order of a message's life.
COUNTS = (
    "planned",
    "waiting",
    "sent",
    "delivered",
    "undelivered",
    "unknown",
    "failed",
    "refused",
    "cancelled",
    "expired",
)


@dataclass(frozen=True, slots=True)
class Status:
    """Where the newest run of a campaign stands."""

    campaign: str
    run: int
    state: RunState
    launched_by: str
    launched_at: datetime
    changed_at: datetime
    next_due: datetime | None
    currency: str
    figures: Figures


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """The campaigns of this workspace, and where their newest runs stand."""
    with opened() as workspace:
        found = outlook.listed(workspace)
        zone = workspace.settings.zone
    if as_json:
        facts(found)
    elif not found:
        say("There are no campaigns yet. Write one: campaigns/NAME.yaml, and see: outreach check")
    else:
        console().print(_list(found, zone))


def _list(found: list[Listed], zone: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("campaign", "title", "topic", "state", "launched"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "state")
    for each in found:
        title = Text(each.title) if each.title else Text("has faults: outreach check", style="red")
        launched = f"{each.launched_at.astimezone(ZoneInfo(zone)):%d %b %Y}" if each.launched_at else ""
        table.add_row(each.name, title, each.topic, each.state or "not launched", launched)
    return table


@app.command()
def plan(name: Name, *, as_json: AsJson = False) -> None:
    """The dry run: who gets what, when, at what price, and who does not and why. Sends and writes nothing."""
    with opened() as workspace:
        found = forecasts.of(workspace, name)
        zone = workspace.settings.zone
    if as_json:
        facts(found)
    else:
        page.show(console(), found, zone)


for _command in (approval.propose, approval.approve, approval.decline, approval.withdraw):
    app.command()(_command)
for _command_of_files in (versions.clone, versions.history):
    app.command()(_command_of_files)


@app.command()
def launch(name: Name, *, yes: Yes = False, who: Who = "") -> None:
    """Launch a campaign as its files stand now, after a look at its plan."""
    with opened() as workspace:
        page.summary(console(), forecasts.of(workspace, name), workspace.settings.zone)
        say("")
        confirm(f"Launch {name}?", yes=yes)
        run = runs.launch(workspace, name, who or staff(), approved=workspace.settings.approval == "always")
    say(f"{name} is launched: run {run}. Hold it: outreach campaign pause {name}")


@app.command()
def pause(name: Name) -> None:
    """Hold everything that was not sent yet."""
    count = _turn(runs.pause, name)
    say(f"{name} is paused: {many(count, 'message')} not yet sent {_are(count)} held.")


@app.command()
def resume(name: Name) -> None:
    """Let a paused campaign go on. What expired meanwhile is not sent."""
    count = _turn(runs.resume, name)
    say(f"{name} goes on: {many(count, 'held message')} {_are(count)} back in the queue.")


@app.command()
def cancel(name: Name) -> None:
    """End a campaign for good: nothing that waits will go."""
    count = _turn(runs.cancel, name)
    say(f"{name} is cancelled: {many(count, 'message')} not yet sent will not go.")


def _turn(turn: Callable[[Workspace, str, str], int], name: str) -> int:
    with opened() as workspace:
        return turn(workspace, name, staff())


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


@app.command()
def status(name: Name, *, as_json: AsJson = False) -> None:
    """Where the newest run of a campaign stands: counts by state, and what is due next."""
    with opened() as workspace:
        found = _status(workspace, name)
        zone = workspace.settings.zone
    if as_json:
        facts(found)
        return
    say(f"{name}, run {found.run}: {found.state}", style="bold")
    say(f"launched {moment(found.launched_at, zone)} by {found.launched_by}")
    say(f"next due {moment(found.next_due, zone)}" if found.next_due else "nothing is due")
    console().print(_counts(found))


def _status(workspace: Workspace, name: str) -> Status:
    now = workspace.database.now()
    with workspace.database.read() as session:
        run = runs.latest(session, name)
        return Status(
            campaign=name,
            run=run.id,
            state=RunState(run.state),
            launched_by=run.launched_by,
            launched_at=run.launched_at,
            changed_at=run.changed_at,
            next_due=outlook.next_due(session, run, now),
            currency=workspace.settings.currency,
            figures=figures(session, run.id),
        )


def _counts(found: Status) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_column()
    for name in (*COUNTS, "replies", "stops", "parts"):
        count = getattr(found.figures, name)
        if count or name in {"planned", "sent", "delivered"}:
            reasons = found.figures.reasons.get(name, {})
            table.add_row(name, f"{count:,}", ", ".join(f"{reason} {n:,}" for reason, n in reasons.items()))
    table.add_row("cost", f"{found.figures.cost:,.2f}", found.currency)
    return table
