"""`outreach reveal`: see a number or the original of one text, when two agree that it must be."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from outreach.cli.terminal import console, facts, harmless, moment, opened, say, staff
from outreach.threads import reveal_lists, reveals
from outreach.threads.reveal_lists import Asked
from outreach.threads.reveals import Wish

app = typer.Typer(
    help="See a number or the original of one text, when two agree that it must be.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Id = Annotated[int, typer.Argument(help="The reveal's number.")]


@app.command()
def ask(
    *,
    number: Annotated[str, typer.Option(metavar="PSEUDONYM", help="Whose number: azure-heron-42.")] = "",
    text: Annotated[int | None, typer.Option(metavar="TEXT", help="Which text, as `threads show` counts them.")] = None,
    why: Annotated[str, typer.Option(help="For the record and whoever decides; no name, no number.")],
    alone: Annotated[
        bool, typer.Option("--alone", help="In a crisis, at once; somebody looks at it afterwards.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask to see one record."""
    with opened() as workspace:
        made = reveals.ask(workspace, Wish(number, text), staff(), why, alone=alone)
        found = reveal_lists.get(workspace, made)
        zone = workspace.settings.zone
    if as_json:
        facts(found)
    elif found.until is not None and found.review_by is not None:
        say(f"Open until {moment(found.until, zone)}. See it: outreach reveal show {made}")
        say(f"A colleague has to look at this by {moment(found.review_by, zone)}: outreach reveal approve {made}")
    else:
        say(f"Asked. A colleague has to grant it: outreach reveal grant {made}")


@app.command()
def grant(reveal: Id) -> None:
    """Let a colleague see what she asked for."""
    with opened() as workspace:
        until = reveals.grant(workspace, reveal, staff())
        say(f"Open until {moment(until, workspace.settings.zone)}, to whoever asked.")


@app.command()
def refuse(
    reveal: Id, *, why: Annotated[str, typer.Option(help="Whoever asked reads it; no name, no number.")]
) -> None:
    """Say no to what a colleague asked for, and why."""
    with opened() as workspace:
        reveals.refuse(workspace, reveal, staff(), why)
    say(f"Reveal {reveal} is refused; it is in the record.")


@app.command()
def show(reveal: Id, *, as_json: AsJson = False) -> None:
    """See what was granted to you. Each look is recorded."""
    with opened() as workspace:
        shown = reveals.show(workspace, reveal, staff())
        zone = workspace.settings.zone
    if as_json:
        facts(shown)
        return
    say(harmless(shown.value))
    say(f"Until {moment(shown.until, zone)}; recorded.", style="dim")


@app.command()
def approve(
    reveal: Id, *, dispute: Annotated[str, typer.Option(help="It should not have been: say why, instead.")] = ""
) -> None:
    """Look at what a colleague saw alone in a crisis, and say that it was right."""
    with opened() as workspace:
        reveals.approve(workspace, reveal, staff(), dispute=dispute)
    say(f"Reveal {reveal} is {'disputed' if dispute else 'approved'}; it is in the record.")


@app.command("list")
def list_(
    *,
    pending: Annotated[bool, typer.Option("--pending", help="Only what waits for a second person.")] = False,
    as_json: AsJson = False,
) -> None:
    """Who asked to see what, why, and who agreed; the newest first."""
    with opened() as workspace:
        found = reveal_lists.listed(workspace, pending=pending)
        zone = workspace.settings.zone
    if as_json:
        facts(found)
    elif not found:
        say("Nothing waits for a second person." if pending else "Nobody has asked to see anything.")
    else:
        console().print(_table(found, zone))


def _table(found: list[Asked], zone: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("reveal", "when", "what", "by", "stage", "agreed", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "what")
    for each in found:
        what = f"number of {each.pseudonym}" if each.message is None else f"text {each.message} of {each.pseudonym}"
        stage = f"{each.stage}, overdue" if each.overdue else str(each.stage)
        table.add_row(str(each.id), moment(each.asked_at, zone), what, each.asked_by, stage, _agreed(each), each.why)
    return table


def _agreed(each: Asked) -> str:
    if each.refused_by:
        return f"refused by {each.refused_by}: {each.answer}"
    if not each.alone:
        return each.granted_by
    verdict = "disputed by" if each.disputed else "approved by"
    told = f": {each.answer}" if each.answer else ""
    return f"alone; {verdict} {each.reviewed_by}{told}" if each.reviewed_by else "alone; nobody yet"
