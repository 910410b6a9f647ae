"""Every report gives its golden table, on both databases, and every form of it holds the same."""

from __future__ import annotations

import io
import json
import secrets
from pathlib import Path

import pytest

from outreach.reports.cells import table
from outreach.reports.contract import Measure, total
from outreach.reports.formats import facts, write_csv
from outreach.reports.registry import REPORTS
from outreach.store.database import Database
from tests.reports.known import KNOWN, SCOPE

GOLDEN = Path(__file__).parent / "golden"


def test_no_report_is_without_a_golden_table() -> None:
    assert set(REPORTS) == set(KNOWN) == {path.stem for path in GOLDEN.glob("*.csv")}


@pytest.mark.parametrize("name", REPORTS)
def test_a_known_clinic_gives_the_golden_table(name: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda count: "fresh-id")
    with database.write() as session:
        KNOWN[name](session)
    with database.read() as session:
        rows = table(REPORTS[name], session, SCOPE)
    written = io.StringIO()
    write_csv(REPORTS[name], rows, written)
    assert written.getvalue().splitlines() == (GOLDEN / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    assert [list(row) == [column.name for column in REPORTS[name].COLUMNS] for row in rows] == [True] * len(rows)


@pytest.mark.parametrize("name", REPORTS)
def test_json_says_what_the_table_says(name: str, database: Database) -> None:
    report = REPORTS[name]
    with database.write() as session:
        KNOWN[name](session)
        rows = table(report, session, SCOPE)
    told = json.loads(json.dumps(facts(report, rows)))
    assert len(told["rows"]) == len(rows)
    sums = total(report.COLUMNS, rows)
    for column in report.COLUMNS:
        if column.of:
            assert told["total"]["by"][column.of].get(column.what, 0) == sums[column.name]
        elif column.measure is Measure.COUNT:
            assert told["total"][column.name] == sum(row[column.name] or 0 for row in told["rows"]) == sums[column.name]


@pytest.mark.parametrize("name", REPORTS)
def test_an_empty_clinic_gives_an_empty_report(name: str, database: Database) -> None:
    with database.read() as session:
        assert table(REPORTS[name], session, SCOPE) == []
    assert REPORTS[name].EMPTY


@pytest.mark.parametrize("name", REPORTS)
def test_columns_have_names_of_their_own_and_say_what_they_are(name: str) -> None:
    columns = REPORTS[name].COLUMNS
    names = [column.name for column in columns]
    assert len(set(names)) == len(names)
    assert all(column.help for column in columns)
    assert {column.of for column in columns if column.of} <= set(names)
    assert all(column.name == f"{column.of}:{column.what}" for column in columns if column.of)
