"""A report for other programs: CSV with columns that never change, and facts for JSON."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from typing import Any, TextIO

from outreach.audience.verdicts import neutral
from outreach.reports.contract import Column, Report, Row, Value, total


def write_csv(report: Report, rows: Sequence[Row], file: TextIO) -> None:
    """Every column, zeros included. No line of totals: whoever sums a column would count everything twice."""
    writer = csv.writer(file)
    writer.writerow([column.name for column in report.COLUMNS])
    writer.writerows([_cell(row[column.name]) for column in report.COLUMNS] for row in rows)


def _cell(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return "" if value is None else neutral(str(value))


def facts(report: Report, rows: Sequence[Row]) -> dict[str, Any]:
    """Title, rows and total as JSON can hold them. What breaks a column down stands under `by`, without zeros."""
    sums = total(report.COLUMNS, rows)
    added = [column for column in report.COLUMNS if column.name in sums]
    return {
        "title": report.TITLE,
        "rows": [_facts(report.COLUMNS, row) for row in rows],
        "total": _facts(added, sums),
    }


def _facts(columns: Sequence[Column], row: Row) -> dict[str, Any]:
    plain = {column.name: _json(row[column.name]) for column in columns if not column.of}
    by: dict[str, dict[str, Any]] = {column.of: {} for column in columns if column.of}
    for column in columns:
        if column.of and row[column.name]:
            by[column.of][column.what] = row[column.name]
    return {**plain, "by": by} if by else plain


def _json(value: Value) -> str | int | float | None:
    return value.isoformat() if isinstance(value, date) else value
