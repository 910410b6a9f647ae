"""A table that is being taken in, or was: how far it is, stop it, what was left out of it.

A worker does it (`audience.intakes`), so the page can be left and found again, by whoever may take tables in. It shows
figures; of a row its number in the table and why it was left out, never what stood in it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from fastapi.responses import Response, StreamingResponse

from outreach.audience import intakes, uploads
from outreach.audience.tables import Intake, IntakeState
from outreach.audience.verdicts import Outcome, neutral
from outreach.console import people_words
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import NotFoundError

pages = Pages()


def _find(visit: Visit, token: str) -> Intake:
    with visit.workspace.database.read() as session:
        row = uploads.find(session, visit.by, token)
    if row.started_at is None:
        raise NotFoundError("Nobody has said yes to this table yet.")
    return row


@pages.page("/people/imports/{token}", Act.IMPORT_PEOPLE)
def one(visit: Here, token: str) -> Response:
    """How far it is; asked for again by itself while it goes on."""
    row = _find(visit, token)
    return visit.show(
        "people_imports_now.html" if visit.part else "people_imports.html",
        row=row,
        going=row.state == IntakeState.RUNNING,
        state=people_words.INTAKES[row.state],
        outcomes=people_words.OUTCOMES,
        refused=row.outcomes.get(Outcome.REFUSED, 0),
        said_as=people_words,
    )


@pages.deed("/people/imports/{token}/cancel", Act.IMPORT_PEOPLE)
def cancel(visit: Here, token: str) -> Response:
    """Take in no more of it."""
    with visit.workspace.database.write() as session:
        intakes.cancel(session, visit.workspace.vault, visit.by, token)
    return visit.go(f"/people/imports/{token}", visit.words.gettext("It is cancelled. What was taken in stays."))


@pages.page("/people/imports/{token}/left-out.csv", Act.IMPORT_PEOPLE)
def left_out(visit: Here, token: str) -> Response:
    """Which rows were left out, and why, as a table to mend one's own by."""
    headers = {"Content-Disposition": 'attachment; filename="left-out.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines(visit, _find(visit, token)), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(visit: Visit, row: Intake) -> Iterator[str]:
    words = visit.words
    yield "\ufeff"  # as spreadsheets like it
    yield _line([words.gettext("Row"), words.gettext("Column"), words.gettext("Why")])
    for each in intakes.left_out(visit.workspace.database, visit.workspace.vault, row):
        yield _line([str(each.row), neutral(each.column), people_words.refusal(words, each.reason)])


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
