"""`outreach report`: what became of a campaign, or of everything: as a table, as CSV, as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy.orm import Session

from outreach.campaigns import runs
from outreach.cli.report_table import show
from outreach.cli.terminal import new_file
from outreach.errors import NotFoundError
from outreach.messages.tables import Run
from outreach.reports.contract import Report, Row, Scope
from outreach.reports.formats import facts, write_csv
from outreach.reports.registry import REPORTS
from outreach.store import dialects
from outreach.workspace import open_workspace

Name = Annotated[str, typer.Argument(metavar="[NAME]", help="A campaign: its newest run. None: the whole clinic.")]
RunNumber = Annotated[int | None, typer.Option("--run", min=1, help="Another run than the newest.")]
Which = Annotated[str, typer.Option("--about", help=f"Which report: {', '.join(REPORTS)}.")]
AsCsv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write a new CSV file; `-` prints it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]

#: Columns that a terminal is spared: what the heading says already, and in the whole clinic what is finer than a run.
SAID_ABOVE = frozenset({"campaign", "run"})
TOO_FINE = frozenset({"step", "day", "kind"})


@dataclass(frozen=True, slots=True)
class Subject:
    """The run that a report is about."""

    campaign: str
    run: int
    state: str


def report(
    name: Name = "",
    run: RunNumber = None,
    about: Which = "delivery",
    csv: AsCsv = None,
    as_json: AsJson = False,
) -> None:
    """What became of a campaign: planned, sent, delivered, why not, replies, parts and cost, by step and day."""
    if about not in REPORTS:
        raise typer.BadParameter(f"there is no report about {about!r}; there are: {', '.join(REPORTS)}")
    chosen = REPORTS[about]
    if csv is not None and as_json:
        raise typer.BadParameter("give either --csv or --json")
    if (name or run) and not chosen.BY_RUN:
        raise typer.BadParameter(f"the report about {about} is of the whole clinic: leave NAME and --run out")
    workspace = open_workspace()
    try:
        with workspace.database.read() as session:
            subject = _subject(session, name, run)
            scope = Scope(workspace.settings.zone, dialects.now(session), subject.run if subject else None)
            rows = chosen.rows(session, scope)
    finally:
        workspace.close()
    if csv is not None:
        _write(chosen, rows, csv)
    elif as_json:
        heading = asdict(subject) if subject else {}
        currency = workspace.settings.currency
        typer.echo(json.dumps({"report": about, **heading, "currency": currency, **facts(chosen, rows)}, indent=1))
    else:
        _print(chosen, rows, subject, workspace.settings.currency)


def _subject(session: Session, name: str, number: int | None) -> Subject | None:
    """The run that is asked about; None: the whole clinic. Raises NotFoundError."""
    if number is None and not name:
        return None
    run = session.get(Run, number) if number is not None else runs.latest(session, name)
    if run is None or (name and run.campaign != name):
        whose = f" of {name}" if name else ""
        raise NotFoundError(f"There is no run {number}{whose}. Leave --run out for the newest.")
    return Subject(run.campaign, run.id, run.state)


def _print(chosen: Report, rows: Sequence[Row], subject: Subject | None, currency: str) -> None:
    console = Console(highlight=False)
    about = f"{subject.campaign}, run {subject.run}, {subject.state}" if subject else "the whole clinic"
    console.print(Text.assemble((chosen.TITLE, "bold"), f": {about}"))
    if not rows:
        console.print(chosen.EMPTY)
        return
    show(
        console,
        chosen.COLUMNS,
        rows,
        hidden=TOO_FINE if chosen.BY_RUN and not subject else SAID_ABOVE,
        currency=currency,
    )


def _write(chosen: Report, rows: Sequence[Row], path: Path) -> None:
    if str(path) == "-":
        write_csv(chosen, rows, sys.stdout)
        return
    with new_file(path, bom=True) as file:
        write_csv(chosen, rows, file)
    typer.echo(f"{len(rows)} rows in {path}.")
