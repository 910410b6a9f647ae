"""`outreach report`: any report, of a campaign or of the whole clinic: as a table, as CSV, XLSX or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy.orm import Session

from outreach.campaigns import runs
from outreach.cli.report_table import show
from outreach.cli.terminal import new_file, opened
from outreach.errors import NotFoundError
from outreach.messages.tables import Run
from outreach.reports.cells import table
from outreach.reports.contract import Filter, Report, Row, scope_of
from outreach.reports.formats import facts, write_csv, write_xlsx
from outreach.reports.registry import REPORTS
from outreach.store import dialects

Name = Annotated[
    str,
    typer.Argument(
        metavar="[NAME]",
        help=f"A report ({', '.join(REPORTS)}), or a campaign: what became of its newest run. None: of everything.",
    ),
]
RunNumber = Annotated[int | None, typer.Option("--run", min=1, help="Another run than the newest.")]
Which = Annotated[str, typer.Option("--about", help="The report, where NAME is a campaign.")]
Topic = Annotated[str, typer.Option("--topic", help="Only what is about this topic.")]
First = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")]
Last = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")]
AsCsv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write a new CSV file; `-` prints it.")]
AsXlsx = Annotated[Path | None, typer.Option("--xlsx", metavar="FILE", help="Write a new workbook.")]
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
    about: Which = "",
    topic: Topic = "",
    first: First = None,
    last: Last = None,
    csv: AsCsv = None,
    xlsx: AsXlsx = None,
    as_json: AsJson = False,
) -> None:
    """Reports: what became of campaigns, why not, who answered, how long they waited, who left, what it cost."""
    name, chosen = _chosen(name, about)
    if sum([csv is not None, xlsx is not None, as_json]) > 1:
        raise typer.BadParameter("give only one of --csv, --xlsx and --json")
    _fits(chosen, {Filter.CAMPAIGN: name or run, Filter.TOPIC: topic, Filter.DATES: first or last})
    with opened() as workspace, workspace.database.read() as session:
        subject = _subject(session, name, run)
        scope = replace(
            scope_of(workspace.settings, dialects.now(session)),
            run_id=subject.run if subject else None,
            topic=topic,
            first=first.date() if first else None,
            last=last.date() if last else None,
        )
        rows = table(REPORTS[chosen], session, scope)
    currency = workspace.settings.currency
    if csv is not None or xlsx is not None:
        _write(REPORTS[chosen], rows, csv, xlsx)
    elif as_json:
        heading = {"report": chosen, **(asdict(subject) if subject else {}), "currency": currency}
        typer.echo(json.dumps(heading | facts(REPORTS[chosen], rows), indent=1))
    else:
        _print(REPORTS[chosen], rows, subject, currency)


def _chosen(name: str, about: str) -> tuple[str, str]:
    """The campaign and the report that are meant: a report's name alone is the report."""
    if not about and name in REPORTS:
        return "", name
    if about and about not in REPORTS:
        raise typer.BadParameter(f"there is no report about {about!r}; there are: {', '.join(REPORTS)}")
    return name, about or "delivery"


def _fits(chosen: str, wanted: Mapping[Filter, object]) -> None:
    """Raises BadParameter when the report cannot be narrowed like this."""
    for each, given in wanted.items():
        if given and each not in REPORTS[chosen].FILTERS:
            raise typer.BadParameter(f"the report about {chosen} is not told apart by {_SAID[each]}")


_SAID = {Filter.CAMPAIGN: "campaign: leave NAME and --run out", Filter.TOPIC: "topic", Filter.DATES: "days"}


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
    names = {column.name for column in chosen.COLUMNS}
    whole = TOO_FINE if names >= TOO_FINE else frozenset[str]()
    show(console, chosen.COLUMNS, rows, hidden=SAID_ABOVE if subject else whole, currency=currency)


def _write(chosen: Report, rows: Sequence[Row], csv: Path | None, xlsx: Path | None) -> None:
    if csv == Path("-"):
        write_csv(chosen, rows, sys.stdout)
        return
    if csv is not None:
        with new_file(csv, bom=True) as file:
            write_csv(chosen, rows, file)
    elif xlsx is not None:
        with new_file(xlsx) as file:
            write_xlsx(chosen, rows, file.buffer)
    typer.echo(f"{len(rows)} rows in {csv or xlsx}.")
