"""`outreach check`: every fault of campaigns and templates, each with its place and its remedy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from outreach import settings as configuration
from outreach import workspace
from outreach.campaigns import check as campaigns
from outreach.campaigns import schema as schemas
from outreach.errors import Fault, OutreachError
from outreach.settings import Settings
from outreach.staff import accounts
from outreach.threads import danger, duty, offers

FAULTY = 1
MISUSED = 2

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...", exists=True, help="Campaigns, templates, words of danger or their folders; none: all."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the faults as a JSON list.")]
AsSchema = Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of campaigns and check nothing.")]


def check(paths: Paths = None, as_json: AsJson = False, schema: AsSchema = False) -> None:
    """Check campaigns, templates, words of danger, hours: every fault, its place, its remedy. Exit code 1 if any."""
    if schema:
        typer.echo(schemas.text(), nl=False)
        return
    settings = configuration.load()
    parts = ("campaigns", "templates", danger.FOLDER, *duty.FILES)
    chosen = paths or [settings.workspace / part for part in parts]
    if not paths and not campaigns.files(chosen[:1]):
        typer.echo(f"There are no campaigns in {settings.workspace}. Go to the workspace, or name a PATH.", err=True)
        raise typer.Exit(MISUSED)
    found = _faults(chosen, settings)
    if as_json:
        typer.echo(json.dumps([asdict(fault) for fault in found], indent=2, ensure_ascii=False))
    else:
        _show(found, Console(highlight=False, soft_wrap=True))
    if found:
        raise typer.Exit(FAULTY)


def _faults(chosen: Sequence[Path], settings: Settings) -> list[Fault]:
    place = (settings.workspace / danger.FOLDER).resolve()
    of_danger = [path for path in chosen if path.resolve().is_relative_to(place)]
    of_hours = {path.name for path in chosen if path.resolve().parent == settings.workspace.resolve()} & {*duty.FILES}
    others = [path for path in chosen if path not in of_danger and path.name not in of_hours]
    found = campaigns.check(others, settings.workspace, settings, stops=offers.taken) if others else []
    found += danger.faults(settings.workspace) if of_danger else []
    hours = duty.read(settings)
    found += [fault for fault in hours.faults if fault.path in of_hours]
    return found + (_on_duty(hours, settings) if duty.DUTY in of_hours and hours.rota else [])


def _on_duty(hours: duty.Hours, settings: Settings) -> list[Fault]:
    """Who stands in the rota and cannot be called. Where the database is out of reach that is only said."""
    try:
        clinic = workspace.assemble(settings)
    except OutreachError as error:
        typer.echo(f"Whether the names in {duty.DUTY} are of staff was not looked at: {error}", err=True)
        return []
    try:
        with clinic.database.read() as session:
            return duty.strangers(hours, accounts.everybody(session))
    finally:
        clinic.close()


def _show(found: Sequence[Fault], console: Console) -> None:
    """The faults, file by file. Each begins with path:line:column, which terminals and editors can follow."""
    for path, group in groupby(found, key=lambda fault: fault.path):
        console.print(Text(path, style="bold"))
        for fault in group:
            where = f"{path}:{fault.line}:{fault.column}" if fault.line else path
            console.print(Text.assemble("  ", (where, "cyan"), "  ", fault.problem))
            console.print(Text.assemble("      ", (fault.remedy, "green")))
    console.print(_summary(found))


def _summary(found: Sequence[Fault]) -> Text:
    if not found:
        return Text("No faults.", style="bold green")
    files = len({fault.path for fault in found})
    return Text(f"{_many(len(found), 'fault')} in {_many(files, 'file')}.", style="bold red")


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
