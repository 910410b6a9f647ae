"""`outreach audit`: what staff did, and whether that record is whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from outreach.cli.terminal import console, facts, many, moment, new_file, opened, say
from outreach.privacy import audit, verify
from outreach.privacy.audit import Entry
from outreach.privacy.verify import Finding, Wrong

FAULTY = 1

app = typer.Typer(help="What staff did, and whether that record is whole.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]

_MEANS: dict[Wrong, str] = {
    Wrong.EDITED: "was edited",
    Wrong.MISSING: "comes after lines that are missing",
    Wrong.OUT_OF_PLACE: "does not follow the line before it",
    Wrong.CUT_OFF: "was there when a checkpoint was signed, and is not there now",
    Wrong.REWRITTEN: "is not the line that a checkpoint was signed over",
    Wrong.FORGED: "is named by a checkpoint that this clinic did not sign",
}


@dataclass(frozen=True, slots=True)
class Record:
    """What `verify` found, as facts."""

    lines: int
    checkpoints: int
    whole: bool
    findings: list[Finding]


@app.command("list")
def list_(
    *, limit: Annotated[int, typer.Option(min=1, help="How many, the newest.")] = 50, as_json: AsJson = False
) -> None:
    """Who did what, when and why, the newest last."""
    with opened() as workspace, workspace.database.read() as session:
        found = audit.entries(session, workspace.vault, limit)
        zone = workspace.settings.zone
    if as_json:
        facts(found)
    elif not found:
        say("Nothing is recorded yet.")
    else:
        console().print(_table(found, zone))


def _table(found: list[Entry], zone: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("line", "when", "who", "what", "about", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "what")
    for each in found:
        what = each.action.replace("_", " ")
        table.add_row(str(each.id), moment(each.at, zone), each.who, what, each.subject, each.why)
    return table


@app.command("verify")
def verify_(
    kept: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[CHECKPOINT]…", help="Files made by `audit checkpoint`, kept elsewhere."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Check that no line was edited, removed, moved or added. Exit code 1 if something is wrong."""
    outside = [verify.load(path) for path in kept or []]
    with opened() as workspace, workspace.database.read() as session:
        verdict = verify.verify(session, workspace.vault, outside)
    record = Record(verdict.lines, verdict.checkpoints, not verdict.findings, verdict.findings)
    if as_json:
        facts(record)
    else:
        _show(record)
    if not record.whole:
        raise typer.Exit(FAULTY)


def _show(record: Record) -> None:
    for finding in record.findings:
        say(f"line {finding.line} {_MEANS[finding.wrong]}", style="red")
    looked = f"{many(record.lines, 'line')} and {many(record.checkpoints, 'checkpoint')}"
    say(f"{looked}: {'the record is whole' if record.whole else 'the record was tampered with'}.")


@app.command()
def checkpoint(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="A new file.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Sign how long the record is now, into FILE. Keep it where nobody of this clinic can change it."""
    with opened() as workspace, workspace.database.write() as session:
        made = audit.checkpoint(session, workspace.vault)
    text = verify.dump(made)
    with new_file(file) as sink:
        sink.write(text + "\n")
    if as_json:
        typer.echo(text)
    else:
        say(f"{many(made.count, 'line')} signed in {file}. Check with it later: outreach audit verify {file}")
