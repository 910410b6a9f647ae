"""`outreach doctor`: whether all is well, and what to do where it is not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from outreach.cli.terminal import console, many, opened, say
from outreach.doctor.contract import Finding, Level, fault, ok
from outreach.doctor.examine import examine
from outreach.workspace import Workspace
from scheduler.app import reaches

FAULTY = 1

_MARK = {Level.OK: ("ok     ", "green"), Level.WARNING: ("warning", "yellow"), Level.FAULT: ("fault  ", "bold red")}


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print facts as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what is not well.")] = False,
) -> None:
    """Check what an operator would: keys, database, processes, senders, webhooks, and the promises themselves.

    Exit code 1 where something is broken.
    """
    found = []
    with opened() as workspace:
        for each in examine(workspace, [broker]):
            found.append(each)
            if not as_json and not (quiet and each.level is Level.OK):
                _show(each)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
    counts = Counter(each.level for each in found)
    if not as_json:
        say(f"{many(counts[Level.FAULT], 'fault')}, {many(counts[Level.WARNING], 'warning')}, {counts[Level.OK]} well.")
    if counts[Level.FAULT]:
        raise typer.Exit(FAULTY)


def broker(workspace: Workspace) -> Iterator[Finding]:
    """Whether hints get through. The embedded broker is inside `outreach up` and cannot be reached from elsewhere."""
    if not workspace.settings.broker_url:
        yield ok("broker", "the embedded one, inside `outreach up`")
    elif why := reaches(workspace.settings):
        remedy = "Start it, and see that OUTREACH_BROKER_URL names it. Nothing is lost meanwhile."
        yield fault("broker", f"cannot be reached ({why})", remedy)
    else:
        yield ok("broker", "reachable")


def _show(finding: Finding) -> None:
    words, style = _MARK[finding.level]
    line = Text.assemble((words, style), f"  {finding.check}: {finding.seen}")
    console().print(line, soft_wrap=True)
    if finding.remedy:
        say(f"           → {finding.remedy}")
