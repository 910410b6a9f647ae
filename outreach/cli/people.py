"""`outreach people`: take people in from a table, give them out as one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from outreach.audience import exports, imports
from outreach.audience.headers import Wishes
from outreach.audience.imports import Options, Report
from outreach.audience.verdicts import Note, Outcome, remedy
from outreach.errors import ConflictError
from outreach.workspace import Workspace, open_workspace

FAULTY = 1

app = typer.Typer(help="People: take them in from a table, give them out as one.", no_args_is_help=True)

Table_ = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A CSV or XLSX file.")]
Topic = Annotated[str, typer.Option(help="What the people agreed to hear about, or are invited to.")]
Source = Annotated[str, typer.Option(help="From where consent is known, for the whole file: 'paper form 7'.")]
Wording = Annotated[str, typer.Option(help="Version of the words that were agreed to: 'form-7 2026-03'.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write the verdicts and nothing else.")]
Maps = Annotated[
    list[str] | None, typer.Option("--map", metavar="TITLE=MEANING", help="What a column means: 'Tel no=phone'.")
]
Skips = Annotated[list[str] | None, typer.Option("--skip", metavar="TITLE", help="Leave a column out.")]
Encoding = Annotated[str, typer.Option(help="Of a CSV file that is not UTF-8: latin-1, utf-16-le.")]
Country = Annotated[str, typer.Option(help="ISO 3166 country of numbers without +; otherwise the clinic's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]
Target = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", dir_okay=False, help="A new CSV file; none: print it.")
]

Tell = Callable[[int, int], None]


@app.command("import")
def import_(
    file: Table_,
    topic: Topic,
    consent_source: Source = "",
    wording: Wording = "",
    dry_run: DryRun = False,
    maps: Maps = None,
    skips: Skips = None,
    encoding: Encoding = "",
    country: Country = "",
    as_json: AsJson = False,
) -> None:
    """Take people in: one verdict a row, written beside FILE. Exit code 1 if rows were refused.

    Columns are found by their titles: phone, language, zone, tags, hours, openness, consent, consent_date, push_token,
    push_fid, and fields of your own as text:district, number:age, date:refill_date. An empty cell changes nothing; "-"
    empties tags, hours and fields of your own. Who has no consent, from a column or --consent-source, is invited.
    """
    options = Options(
        topic=topic,
        source=consent_source,
        wording=wording,
        country=country.upper(),
        encoding=encoding,
        wishes=Wishes.parse(maps or [], skips or []),
        dry_run=dry_run,
    )
    with _workspace() as clinic, _progress("Importing", hidden=as_json) as tell:
        report = imports.import_file(clinic.database, clinic.vault, clinic.settings, file, options, tell)
    if as_json:
        typer.echo(json.dumps(_facts(report, dry_run)))
    else:
        _show(report, dry_run)
    if report.totals.outcomes[Outcome.REFUSED]:
        raise typer.Exit(FAULTY)


@app.command("export")
def export(file: Target = None) -> None:
    """Give people out as CSV: what is known and agreed, without numbers or pseudonyms, with ids of this export only."""
    with _workspace() as clinic:
        if file is None:
            exports.export(clinic.database, sys.stdout)
            return
        with _new_file(file) as sink, _progress("Exporting", hidden=False) as tell:
            count = exports.export(clinic.database, sink, tell)
    typer.echo(f"{count} people in {file}. Keep it as you would keep the files of the clinic.")


@contextmanager
def _workspace() -> Iterator[Workspace]:
    clinic = open_workspace()
    try:
        yield clinic
    finally:
        clinic.close()


@contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """A file that only its owner can read. Raises ConflictError when it is there already or cannot be made."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConflictError(f"{path} cannot be made ({error.strerror}). Name a file that is not there yet.") from None
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
        yield file


@contextmanager
def _progress(title: str, *, hidden: bool) -> Iterator[Tell]:
    """A progress bar on a terminal; elsewhere nothing."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=hidden or not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, about: bar.update(task, completed=done, total=max(about, done))


def _facts(report: Report, dry_run: bool) -> dict[str, object]:
    outcomes, reasons = report.totals.outcomes, report.totals.reasons
    return {
        "rows": report.totals.rows,
        **{outcome.value: outcomes[outcome] for outcome in Outcome},
        "reasons": {reason.value: count for reason, count in reasons.most_common()},
        "verdicts": str(report.verdicts),
        "dry_run": dry_run,
    }


def _show(report: Report, dry_run: bool) -> None:
    console = Console(highlight=False)
    totals = Table(title="Nothing was written: a dry run" if dry_run else None, box=None, pad_edge=False)
    for title in ("rows", *Outcome):
        totals.add_column(title, justify="right")
    totals.add_row(str(report.totals.rows), *(str(report.totals.outcomes[outcome]) for outcome in Outcome))
    console.print(totals)
    if report.totals.reasons:
        reasons = Table("rows", "why", "what to do", box=None, pad_edge=False)
        for reason, count in report.totals.reasons.most_common():
            reasons.add_row(str(count), reason, remedy(reason), style="" if isinstance(reason, Note) else "bold")
        console.print(reasons)
    console.print(f"The verdict of every row: {report.verdicts}", soft_wrap=True)
