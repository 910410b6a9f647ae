"""A report for other programs: CSV and XLSX with columns that never change, and facts for JSON.

What names a person stays in the house: in its place stands an id that is new in every file, so that two files cannot be
laid side by side to follow somebody.
"""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterator, Sequence
from datetime import date
from typing import IO, Any, TextIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from outreach.audience.verdicts import neutral
from outreach.reports.contract import Column, Hidden, Measure, Report, Row, Value, total

#: How spreadsheets show a measure.
_LOOKS = {Measure.SHARE: "0.0%", Measure.MONEY: "#,##0.00", Measure.DAY: "yyyy-mm-dd", Measure.MONTH: "yyyy-mm"}


def outside(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[Row]:
    """The rows as they may leave the house. A person has the same id in all rows of one file."""
    people = [column.name for column in columns if column.measure is Measure.PERSON]
    ids: dict[Value, str] = {}
    for row in rows:
        yield {**row, **{name: ids.setdefault(row[name], secrets.token_hex(8)) for name in people}}


def write_csv(report: Report, rows: Sequence[Row], file: TextIO) -> None:
    """Every column, zeros included. No line of totals: whoever sums a column would count everything twice."""
    writer = csv.writer(file)
    writer.writerow([column.name for column in report.COLUMNS])
    for row in outside(report.COLUMNS, rows):
        writer.writerow([_cell(row[column.name]) for column in report.COLUMNS])


def _cell(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return "" if value is None else neutral(str(value))


def write_xlsx(report: Report, rows: Sequence[Row], file: IO[bytes]) -> None:
    """The same table as a workbook, written row by row; what the columns mean stands on a second sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(report.TITLE[:31])
    sheet.freeze_panes = "A2"
    sheet.append([_bold(sheet, column.name) for column in report.COLUMNS])
    for row in outside(report.COLUMNS, rows):
        sheet.append([_xlsx(sheet, column, row[column.name]) for column in report.COLUMNS])
    meanings = book.create_sheet("columns")
    for column in report.COLUMNS:
        meanings.append([column.name, column.help])
    book.save(file)


def _bold(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _xlsx(sheet: Any, column: Column, value: Any) -> Any:
    """A cell of its own type; text is neutral, so that nothing is ever computed from it."""
    words = isinstance(value, str | Hidden)
    cell = WriteOnlyCell(sheet, neutral(str(value)) if words else value)
    if column.measure in _LOOKS and not words:
        cell.number_format = _LOOKS[column.measure]
    return cell


def facts(report: Report, rows: Sequence[Row]) -> dict[str, Any]:
    """Title, rows and total as JSON can hold them. What breaks a column down stands under `by`, without zeros; a figure
    that is hidden is null and named under `hidden`.
    """
    sums = total(report.COLUMNS, rows)
    added = [column for column in report.COLUMNS if column.name in sums]
    return {
        "title": report.TITLE,
        "rows": [_facts(report.COLUMNS, row) for row in outside(report.COLUMNS, rows)],
        "total": _facts(added, sums),
    }


def _facts(columns: Sequence[Column], row: Row) -> dict[str, Any]:
    hidden = [column.name for column in columns if row[column.name] is Hidden.FEW]
    told: dict[str, Any] = {column.name: _json(row[column.name]) for column in columns if not column.of}
    by: dict[str, dict[str, Any]] = {column.of: {} for column in columns if column.of}
    for column in columns:
        if column.of and row[column.name]:
            by[column.of][column.what] = _json(row[column.name])
    return told | ({"by": by} if by else {}) | ({"hidden": hidden} if hidden else {})


def _json(value: Value) -> str | int | float | None:
    if isinstance(value, Hidden):
        return None
    return value.isoformat() if isinstance(value, date) else value
