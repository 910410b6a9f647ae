"""`outreach people`: take people in from a table, give them out as one, forget somebody for good."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from outreach.audience import exports, imports
from outreach.audience.discretion import Manner, Secret
from outreach.audience.headers import Wishes
from outreach.audience.imports import Options, Report
from outreach.audience.verdicts import Note, Outcome, remedy
from outreach.cli import proof
from outreach.cli.progress import progress
from outreach.cli.terminal import confirm, new_file, opened, say, staff
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.threads import discreet, forgetting
from outreach.workspace import Workspace

FAULTY = 1

app = typer.Typer(
    help="People: take them in from a table, give them out as one, forget somebody for good.", no_args_is_help=True
)

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
    empties tags, hours and fields of your own. Openness is covert (the default), request (only a line until she asks)
    or open; a table makes nobody's messages more open than they are. Who has no consent, from a column or
    --consent-source, is invited.
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
    with opened() as clinic, progress("Importing", hidden=as_json) as tell:
        report = imports.import_file(clinic.database, clinic.vault, clinic.settings, file, options, tell)
        if not dry_run:
            _note(clinic, Action.PEOPLE_IMPORTED, f"topic:{topic}", _counts(report))
    if as_json:
        typer.echo(json.dumps(_facts(report, dry_run)))
    else:
        _show(report, dry_run)
    if report.totals.outcomes[Outcome.REFUSED]:
        raise typer.Exit(FAULTY)


@app.command("export")
def export(file: Target = None) -> None:
    """Give people out as CSV: what is known and agreed, without numbers or pseudonyms, with ids of this export only."""
    with opened() as clinic:
        _note(clinic, Action.PEOPLE_EXPORTED, "people:all", "")  # before anything is out
        if file is None:
            exports.export(clinic.database, sys.stdout)
            return
        with new_file(file, bom=True) as sink, progress("Exporting", hidden=False) as tell:
            count = exports.export(clinic.database, sink, tell)
    typer.echo(f"{count} people in {file}. Keep it as you would keep the files of the clinic.")


@app.command()
def forget(
    pseudonym: Annotated[str, typer.Argument(help="Who: azure-heron-42.")],
    why: Annotated[str, typer.Option(help="For the record; no name, no number.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a person for good: numbers, texts, tags, fields. It cannot be undone, not even from a backup."""
    with opened() as clinic:
        confirm("Forget this person for good?", yes=yes)
        whole = forgetting.forget(clinic, pseudonym, staff(), why)
    say("She is forgotten. No import brings her back; only she herself can, by writing to us.")
    if not whole:
        say("The keyring cannot be changed from here, so old backups still open for her. Run: outreach keys rotate")


@app.command("discretion")
def discretion_(
    pseudonym: Annotated[str, typer.Argument(help="Who: azure-heron-42.")],
    manner: Annotated[Manner | None, typer.Option("--as", help="How she wants to be written to.")] = None,
    safe_word: Annotated[bool, typer.Option("--safe-word", help="Ask for the word that opens her messages.")] = False,
    panic_word: Annotated[bool, typer.Option("--panic-word", help="Ask for the word that brings silence.")] = False,
    no_words: Annotated[bool, typer.Option("--no-words", help="Take both words back.")] = False,
) -> None:
    """How discreetly a person is written to, as she asks for it in person. Words are typed unseen and never shown."""
    asked = {Secret.SAFE: safe_word, Secret.PANIC: panic_word}
    if no_words and any(asked.values()):
        raise typer.BadParameter("--no-words takes words back: leave out --safe-word and --panic-word")
    words = dict.fromkeys(Secret, "") if no_words else {each: _unseen(each) for each, wanted in asked.items() if wanted}
    if manner is None and not words:
        raise typer.BadParameter("say what to change: --as, --safe-word, --panic-word or --no-words")
    with opened() as clinic:
        chosen = discreet.at_the_clinic(clinic, pseudonym, staff(), manner, words)
    say(f"She is written to: {chosen}." + (" Her words are changed." if words else ""))


app.command("proof")(proof.prove)
app.command("wording")(proof.wording)


def _unseen(secret: Secret) -> str:
    """A word of hers, typed twice and not shown: what stands in a command line stays in its history."""
    return str(typer.prompt(f"Her {secret} word", hide_input=True, confirmation_prompt=True))


def _note(clinic: Workspace, action: Action, subject: str, why: str) -> None:
    with clinic.database.write() as session:
        audit.append(session, clinic.vault, staff(), action, subject, why)


def _counts(report: Report) -> str:
    outcomes = report.totals.outcomes
    return ", ".join(f"{outcomes[outcome]} {outcome.value}" for outcome in Outcome if outcomes[outcome])


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
