"""A table that somebody wants taken in: send it, see what each column and row would do, say yes.

Until the yes nothing is written of anybody; the table waits sealed, for an hour, for whoever sent it. Of a long one the
first rows are looked at, so that a page never waits for a hundred thousand; a worker judges each row again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from fastapi.responses import RedirectResponse, Response

from outreach import consent
from outreach.audience import headers, imports, intakes, people, uploads
from outreach.audience.headers import FIELDS, SKIP, Role
from outreach.audience.intakes import Left
from outreach.audience.sheets import Sheet, open_sheet
from outreach.audience.tables import Intake, IntakeState
from outreach.audience.uploads import Arrival
from outreach.audience.verdicts import Outcome, Totals, Verdict
from outreach.console import people_words
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Upload, Visit
from outreach.errors import SheetError, worded

pages = Pages()

#: Rows that are looked at before the yes.
LOOKED_AT = 2000
#: Rows that would be left out, of which the page shows so many.
MOST_SHOWN = 100
_TERMS = ("topic", "source", "wording", "country")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a table would do. `titles`: each with what it means; `faults`: why it cannot be taken in at all.
    `whole`: every row was looked at.
    """

    titles: Sequence[tuple[str, str]] = ()
    totals: Totals | None = None
    about: int = 0
    whole: bool = False
    refused: Sequence[Left] = ()
    faults: Sequence[str] = ()


@pages.page("/people/import", Act.IMPORT_PEOPLE)
def ask(visit: Here) -> Response:
    """Which table, and what holds for all of it; below, what was taken in lately."""
    return _ask(visit)


def _ask(visit: Visit, status: int = 200, problem: str = "", **given: str) -> Response:
    with visit.workspace.database.read() as session:
        topics, recent = consent.topics(session), intakes.recent(session)
    return visit.show(
        "people_import.html",
        status,
        problem=problem,
        named={name: given.get(name, "") for name in _TERMS},
        topics=topics,
        most=uploads.MOST,
        recent=recent,
        states=people_words.INTAKES,
        refused=Outcome.REFUSED,
    )


def _arrival(visit: Visit) -> Arrival:
    return Arrival(visit.workspace.database, visit.workspace.vault, visit.by)


@pages.deed("/people/import", Act.IMPORT_PEOPLE, upload=Upload(uploads.MOST, _arrival))
def send(visit: Here) -> Response:
    """Keep the table, then look at it."""
    named = {name: visit.form.get(name, "").strip()[:180] for name in _TERMS}
    table = visit.upload
    if not isinstance(table, Arrival):
        return _ask(visit, 409, visit.words.gettext("Choose a file first: a CSV or XLSX table."), **named)
    chosen = {**named, "columns": {}}
    try:
        if table.size > uploads.MOST:
            raise SheetError(
                worded(
                    "The table is larger than %(size)s MB. Cut it, or: outreach people import", size=uploads.MOST >> 20
                )
            )
        intakes.options(chosen, ())
    except SheetError as error:
        table.drop()
        return _ask(visit, 409, visit.words.said(error.lines[0]), **named)
    return visit.go(f"/people/import/{table.offer(chosen)}")


@pages.page("/people/import/{token}", Act.IMPORT_PEOPLE)
def look(visit: Here, token: str) -> Response:
    """What each column means and what each row would do; nothing is written."""
    row = _find(visit, token)
    if row.state != IntakeState.OFFERED:
        return RedirectResponse(f"/people/imports/{token}", 303)
    return visit.show(
        "people_import_look.html",
        token=token,
        chosen=row.chosen,
        checked=_check(visit, row, LOOKED_AT),
        meanings=_meanings(visit),
        fields_of=lambda title: _fields(visit, title),
        outcomes=people_words.OUTCOMES,
        said_as=people_words,
    )


def _find(visit: Visit, token: str) -> Intake:
    with visit.workspace.database.read() as session:
        return uploads.find(session, visit.by, token)


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
    row = _find(visit, token)
    said = {key.removeprefix("column-"): value.strip()[:80] for key, value in visit.fields if _is_column(key)}
    chosen = {**row.chosen, "columns": {place: meaning for place, meaning in said.items() if meaning}}
    with visit.workspace.database.write() as session:
        intakes.choose(session, visit.by, token, chosen)
    return visit.go(f"/people/import/{token}")


def _is_column(key: str) -> bool:
    place = key.removeprefix("column-")
    return key != place and place.isdecimal() and len(place) < 4


@pages.deed("/people/import/{token}", Act.IMPORT_PEOPLE)
def take_in(visit: Here, token: str) -> Response:
    """The yes: a worker takes it in, by what the columns were just seen to mean."""
    row = _find(visit, token)
    checked = _check(visit, row, 0) if row.state == IntakeState.OFFERED else Checked()
    if checked.faults:
        return visit.go(f"/people/import/{token}")
    said = {str(place): meaning for place, (_, meaning) in enumerate(checked.titles)}
    with visit.workspace.database.write() as session:
        intakes.start(session, visit.by, token, {**row.chosen, "columns": said}, checked.about)
    return visit.go(f"/people/imports/{token}")


def _check(visit: Visit, row: Intake, rows: int) -> Checked:
    """What the first `rows` would do."""
    clinic, titles = visit.workspace, list[tuple[str, str]]()
    try:
        with open_sheet(uploads.source(clinic.database, clinic.vault, row)) as sheet:
            titles = _titles(visit, sheet, row.chosen["columns"])
            said = {str(place): meaning for place, (_, meaning) in enumerate(titles)}
            options = intakes.options({**row.chosen, "columns": said}, sheet.header, dry_run=True)
            verdicts: list[Verdict] = []
            some = replace(sheet, records=islice(sheet.records, rows))
            totals = imports.import_sheet(
                clinic.database, clinic.vault, clinic.settings, some, options, verdicts.append
            )
            whole = next(sheet.records, None) is None
    except SheetError as error:
        return Checked(titles, faults=error.lines)
    refused = [Left(each.row, str(each.reason), each.column) for each in verdicts if each.outcome is Outcome.REFUSED]
    return Checked(titles, totals, sheet.about, whole, refused[:MOST_SHOWN])


def _titles(visit: Visit, sheet: Sheet, said: dict[str, Any]) -> list[tuple[str, str]]:
    """The titles and what each means; none where somebody's row stands in their place."""
    if headers.hold_data(sheet.header):
        return []
    with visit.workspace.database.read() as session:
        known = people.field_kinds(session, [headers.field_name(title) for title in sheet.header])
    return [(title, said.get(str(place)) or headers.guess(title, known)) for place, title in enumerate(sheet.header)]
