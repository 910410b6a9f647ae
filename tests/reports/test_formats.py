"""Reports as files: what leaves the house computes nothing and follows nobody."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from outreach.reports.contract import Chart, Column, Hidden, Measure, Row
from outreach.reports.formats import facts, write_csv, write_xlsx

FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\tx", "\rx"]


class People:
    """A report that names people, and cells that want to be formulas."""

    TITLE, ABOUT, EMPTY = "People of a report whose title is longer than a sheet's", "", ""
    FILTERS: frozenset[Any] = frozenset()
    CHART: Chart | None = None
    COLUMNS: Sequence[Column] = (
        Column("person", Measure.PERSON, "a pseudonym"),
        Column("name", Measure.TEXT, "any text"),
        Column("since", Measure.DAY, "a day"),
        Column("people", Measure.PEOPLE, "people"),
        Column("share", Measure.SHARE, "of them"),
        Column("cost", Measure.MONEY, "money"),
    )

    def rows(self, session: Any, scope: Any) -> list[Row]:
        return []


def row(person: str, name: str = "") -> Row:
    day = date(2026, 12, 7)
    return {"person": person, "name": name, "since": day, "people": Hidden.FEW, "share": 0.25, "cost": 1.5}


def as_csv(rows: list[Row]) -> list[list[str]]:
    file = io.StringIO()
    write_csv(People(), rows, file)
    return list(csv.reader(io.StringIO(file.getvalue())))


def as_xlsx(rows: list[Row]) -> Any:
    file = io.BytesIO()
    write_xlsx(People(), rows, file)
    return load_workbook(io.BytesIO(file.getvalue()))


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_a_formula(formula: str) -> None:
    assert as_csv([row("calm-river-12", formula)])[1][1] == f"'{formula}".replace("\r", "\r")
    cell = as_xlsx([row("calm-river-12", formula.strip())]).worksheets[0]["B2"]
    assert cell.data_type == "s"


def test_people_have_one_id_in_a_file_and_another_in_the_next() -> None:
    rows = [row("calm-river-12"), row("warm-hill-34"), row("calm-river-12")]
    first, second = ([line[0] for line in as_csv(rows)[1:]] for _ in range(2))
    assert first[0] == first[2] != first[1]
    assert not set(first) & set(second)
    everything = f"{as_csv(rows)} {facts(People(), rows)} {[c.value for r in as_xlsx(rows).worksheets[0] for c in r]}"
    assert "river" not in everything
    assert "hill" not in everything


def test_a_workbook_holds_numbers_days_and_what_the_columns_mean() -> None:
    book = as_xlsx([row("calm-river-12", "Amina")])
    sheet, meanings = book.worksheets
    assert [cell.value for cell in sheet[1]] == [column.name for column in People.COLUMNS]
    _, name, since, people, share, cost = sheet[2]
    assert (name.value, since.value.date(), people.value, share.value, cost.value) == (
        "Amina", date(2026, 12, 7), "hidden", 0.25, 1.5,
    )  # fmt: skip
    assert (share.number_format, sheet.freeze_panes) == ("0.0%", "A2")
    assert [cell.value for cell in meanings["B"]] == [column.help for column in People.COLUMNS]


def test_json_says_what_is_hidden() -> None:
    [told] = facts(People(), [row("calm-river-12")])["rows"]
    assert (told["people"], told["hidden"]) == (None, ["people"])
