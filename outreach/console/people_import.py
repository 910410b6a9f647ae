"""Taking in a table through a page: send it, see what each column and row would do, say yes.

Until the yes nothing is written of anybody; the table waits sealed, for an hour, for whoever sent it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.responses import Response

from outreach import consent
from outreach.audience import headers, imports, people, uploads
from outreach.audience.headers import FIELDS, SKIP, Role, Wishes
from outreach.audience.imports import Options, Report
from outreach.audience.sheets import open_sheet
from outreach.audience.verdicts import Outcome
from outreach.console import people_words
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import SheetError
from outreach.privacy import audit
from outreach.privacy.audit import Action

pages = Pages()

#: Rows that were refused, of which the page shows so many.
MOST_SHOWN = 100
_TERMS = ("topic", "source", "wording", "country")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, without anything that stood in it."""

    row: int
    reason: str
    column: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a table would do, or did. `fault`: why it cannot be read at all."""

    titles: list[tuple[str, str]]  # and what each means
    report: Report | None = None
    refused: tuple[Refusal, ...] = ()
    fault: str = ""


@pages.page("/people/import", Act.IMPORT_PEOPLE)
def ask(visit: Here) -> Response:
    """Which table, and what holds for all of it."""
    return _ask(visit)


def _ask(visit: Visit, status: int = 200, problem: str = "", **given: str) -> Response:
    with visit.workspace.database.read() as session:
        topics = consent.topics(session)
    named = {name: given.get(name, "") for name in _TERMS}
    return visit.show("people_import.html", status, problem=problem, named=named, topics=topics, most=uploads.MOST)


@pages.deed("/people/import", Act.IMPORT_PEOPLE, upload=uploads.MOST)
def send(visit: Here) -> Response:
    """Keep the table, then look at it."""
    named = {name: visit.form.get(name, "").strip()[:180] for name in _TERMS}
    body = visit.upload.file.read() if visit.upload else b""
    if not body:
        return _ask(visit, 409, visit.words.gettext("Choose a file first: a CSV or XLSX table."), **named)
    try:
        _options(named, {})
    except SheetError as error:
        return _ask(visit, 409, str(error), **named)
    with visit.workspace.database.write() as session:
        chosen = {**named, "columns": {}}
        token = uploads.keep(session, visit.workspace.vault, visit.by, body, chosen)
    return visit.go(f"/people/import/{token}")


def _options(chosen: dict[str, Any], columns: dict[str, str], *, dry_run: bool = True) -> Options:
    meanings = {headers.fold(title): meaning for title, meaning in columns.items() if meaning and meaning != SKIP}
    skipped = frozenset(headers.fold(title) for title, meaning in columns.items() if meaning == SKIP)
    return Options(
        topic=chosen["topic"],
        source=chosen["source"],
        wording=chosen["wording"],
        country=chosen["country"].upper(),
        wishes=Wishes(meanings, skipped),
        dry_run=dry_run,
    )


@pages.page("/people/import/{token}", Act.IMPORT_PEOPLE)
def look(visit: Here, token: str) -> Response:
    """What each column means and what each row would do; nothing is written."""
    chosen, checked = _run(visit, token, dry_run=True)
    return visit.show(
        "people_import_look.html",
        200,
        token=token,
        chosen=chosen,
        checked=checked,
        meanings=_meanings(visit),
        fields_of=lambda title: _fields(visit, title),
        outcomes=people_words.OUTCOMES,
        said_as=people_words,
        done=False,
    )


def _meanings(visit: Visit) -> list[tuple[str, str]]:
    """What a column may be said to mean."""
    words = visit.words
    fixed = [(role.value, words.gettext(people_words.ROLES[role])) for role in Role if role not in FIELDS]
    return [("", words.gettext("Choose")), *fixed, (SKIP, words.gettext("Leave this column out"))]


def _fields(visit: Visit, title: str) -> list[tuple[str, str]]:
    """The fields of one's own that a column can become: as text, number or day."""
    name = headers.field_name(title)
    kinds = ((role, visit.words.gettext(label)) for role, label in people_words.FIELD_KINDS.items())
    return [(f"{role}:{name}", visit.words.gettext("Field: %(name)s", name=f"{name} ({kind})")) for role, kind in kinds]


@pages.deed("/people/import/{token}/columns", Act.IMPORT_PEOPLE)
def columns(visit: Here, token: str) -> Response:
    """Say what columns mean, then look again."""
    with visit.workspace.database.write() as session:
        waiting = uploads.find(session, visit.by, token)
        said = {title: visit.form.get(f"column-{place}", "") for place, title in enumerate(_titles(visit, token))}
        named = {title: meaning.strip()[:80] for title, meaning in said.items() if meaning.strip()}
        uploads.choose(session, visit.by, token, {**waiting.chosen, "columns": named})
    return visit.go(f"/people/import/{token}")


@pages.deed("/people/import/{token}", Act.IMPORT_PEOPLE)
def take_in(visit: Here, token: str) -> Response:
    """The yes."""
    chosen, checked = _run(visit, token, dry_run=False)
    if checked.report is None:
        return visit.go(f"/people/import/{token}")
    with visit.workspace.database.write() as session:
        uploads.drop(session, visit.by, token)
        counted = checked.report.totals.outcomes
        told = ", ".join(f"{counted[outcome]} {outcome}" for outcome in Outcome if counted[outcome])
        audit.append(session, visit.workspace.vault, visit.by, Action.PEOPLE_IMPORTED, f"topic:{chosen['topic']}", told)
    return visit.show(
        "people_import_look.html",
        token=token,
        chosen=chosen,
        checked=checked,
        meanings=[],
        fields_of=None,
        outcomes=people_words.OUTCOMES,
        said_as=people_words,
        done=True,
    )


def _titles(visit: Visit, token: str) -> list[str]:
    clinic = visit.workspace
    with clinic.database.read() as session, uploads.opened(session, clinic.vault, visit.by, token) as path:
        try:
            with open_sheet(path) as sheet:
                return list(sheet.header)
        except SheetError:
            return []


def _run(visit: Visit, token: str, *, dry_run: bool) -> tuple[dict[str, Any], Checked]:
    clinic = visit.workspace
    with clinic.database.read() as session:
        chosen = uploads.find(session, visit.by, token).chosen
        with uploads.opened(session, clinic.vault, visit.by, token) as path:
            session.rollback()  # nothing is held while the table is read
            return chosen, _check(visit, path, chosen, dry_run)


def _check(visit: Visit, path: Path, chosen: dict[str, Any], dry_run: bool) -> Checked:
    clinic, said = visit.workspace, chosen["columns"]
    try:
        with open_sheet(path) as sheet:
            header = list(sheet.header)
    except SheetError as error:
        return Checked([], fault=str(error))
    with clinic.database.read() as session:
        known = people.field_kinds(session, [headers.field_name(title) for title in header])
    titles = [(title, said.get(title) or headers.guess(title, known)) for title in header]
    options = _options(chosen, dict(titles), dry_run=dry_run)
    try:
        report = imports.import_file(clinic.database, clinic.vault, clinic.settings, path, options)
    except SheetError as error:
        return Checked(titles, fault=str(error))
    with report.verdicts.open(encoding="utf-8-sig", newline="") as file:
        refused = [line for line in csv.DictReader(file) if line["verdict"] == Outcome.REFUSED]
    shown = [Refusal(int(line["row"]), line["reason"], line["column"]) for line in refused[:MOST_SHOWN]]
    return Checked(titles, report, tuple(shown))
