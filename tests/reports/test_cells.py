"""Small cells: an attacker who has every printed table and its arithmetic pins no small group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach.channels.contract import Kind
from outreach.consent import ConsentTally, Source, Turn
from outreach.consent.reasons import Reason
from outreach.delivery import tally
from outreach.messages.status import State
from outreach.messages.tables import ThreadTally
from outreach.reports import cells, consent, funnel
from outreach.reports.contract import SO_FAR, Chart, Column, Hidden, Measure, Report, Row, Scope, total
from outreach.reports.periods import Period
from outreach.reports.registry import REPORTS
from outreach.store import rollups
from outreach.store.database import Database
from tests.reports.known import MONDAY, NAIROBI, NOON, SCOPE, run

FEW = 10
COLUMNS = (
    Column("topic", Measure.TEXT, "a topic"),
    Column("joined", Measure.PEOPLE, "people"),
    Column("left", Measure.PEOPLE, "people"),
    Column("messages", Measure.COUNT, "messages"),
    Column("rate", Measure.RATE, "left of messages", about="left"),
    *(Column(f"left:{how}", Measure.PEOPLE, "people", "left") for how in ("text", "staff", "provider")),
)


class Made:
    """A report with rows of a test's own."""

    TITLE = ABOUT = EMPTY = "made"
    FILTERS: frozenset[Any] = frozenset()
    CHART: Chart | None = None
    COLUMNS: Sequence[Column] = (*COLUMNS, SO_FAR)

    def __init__(self, rows: list[Row]) -> None:
        self.made = rows

    def rows(self, session: Any, scope: Scope) -> list[Row]:
        return self.made


def row(joined: int, text: int, staff: int, provider: int, so_far: str = "") -> Row:
    left = text + staff + provider
    parts = {"left:text": text, "left:staff": staff, "left:provider": provider}
    return {"topic": "tb", "joined": joined, "left": left, "messages": 3, "rate": left / 3, **parts, "so_far": so_far}


def shown(*rows: Row) -> list[Row]:
    report: Report = Made(list(rows))
    return cells.table(report, None, SCOPE)  # type: ignore[arg-type]  # it asks no database


HIDDEN = Hidden.FEW

ROWS: list[tuple[str, Row, dict[str, Any]]] = [
    ("nobody is said", row(0, 0, 0, 0), {"joined": 0, "left": 0, "left:text": 0, "rate": 0}),
    ("one less than few is hidden", row(FEW - 1, 0, 0, 0), {"joined": HIDDEN}),
    ("few is said", row(FEW, 0, 0, 0), {"joined": FEW}),
    ("what breaks a hidden one down, and what is derived from it, too", row(50, 3, 0, 0),
     {"joined": 50, "left": HIDDEN, "left:text": HIDDEN, "left:staff": HIDDEN, "rate": HIDDEN}),
    ("one small part hides all parts, zeros as well, and not the sum", row(0, 30, 4, 0),
     {"left": 34, "left:text": HIDDEN, "left:staff": HIDDEN, "left:provider": HIDDEN}),
    ("large parts are said", row(0, 30, 14, 0), {"left": 44, "left:text": 30, "left:staff": 14, "left:provider": 0}),
    ("not over: rounded down, not broken down", row(27, 40, 12, 0, "yes"),
     {"joined": 20, "left": 50, "left:text": HIDDEN, "left:staff": HIDDEN}),
    ("not over: few are hidden, nobody is said", row(3, 0, 0, 0, "yes"),
     {"joined": HIDDEN, "left": 0, "left:text": 0}),
    ("messages are said whatever their number", row(0, 1, 0, 0), {"messages": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("label", "given", "then"), ROWS, ids=[label for label, *_ in ROWS])
def test_what_is_shown_of_a_row(label: str, given: Row, then: dict[str, Any]) -> None:
    [safe] = shown(given)
    assert {name: safe[name] for name in then} == then


def test_a_total_is_of_what_is_shown() -> None:
    rows = shown(row(40, 0, 0, 0), row(7, 0, 0, 0))
    assert total(COLUMNS, rows)["joined"] == 40


# --- the attacker ----------------------------------------------------------------------------------------------------


def bounds(columns: tuple[Column, ...], row: Row) -> dict[str, tuple[int, int]]:
    """What an attacker knows of the hidden figures of a row: whole numbers, not negative; a hidden sum is small; parts
    come to their sum. Tightened until nothing changes.
    """
    hidden = [column for column in columns if row[column.name] is HIDDEN and column.measure is Measure.PEOPLE]
    known = {column.name: (1, FEW - 1) if not column.of else (0, 10**9) for column in hidden}
    for sum_of in {column.of for column in columns if column.of}:
        names = [column.name for column in columns if column.of == sum_of]
        for _ in range(2 * len(names)):
            whole = known.get(sum_of) or (int(str(row[sum_of])),) * 2
            parts = {name: known.get(name) or (int(str(row[name])),) * 2 for name in names}
            for name in names:
                others = [parts[other] for other in names if other != name]
                low = max(parts[name][0], whole[0] - sum(high for _, high in others))
                high = min(parts[name][1], whole[1] - sum(low for low, _ in others))
                parts[name] = (low, high)
                if name in known:
                    known[name] = (low, high)
    return known


few_or_many = st.one_of(st.integers(0, FEW - 1), st.integers(FEW, 60), st.just(0))


@settings(max_examples=300)
@given(st.lists(st.builds(row, few_or_many, few_or_many, few_or_many, few_or_many), min_size=1, max_size=8))
def test_no_hidden_figure_is_pinned_by_the_row_it_stands_in(rows: list[Row]) -> None:
    for truth, safe in zip(rows, shown(*rows), strict=True):
        for name, (low, high) in bounds(COLUMNS, safe).items():
            assert low <= int(str(truth[name])) <= high  # the attacker reasons rightly …
            assert high - low >= FEW - 2, (name, safe)  # … and still takes every small number for possible


def equations(columns: tuple[Column, ...], rows: list[Row]) -> list[tuple[dict[tuple[int, str], int], Fraction]]:
    """Every printed equation, over the hidden figures: parts and their sum, and the line of totals."""
    made = []
    for sum_of in {column.of for column in columns if column.of}:
        for place in range(len(rows)):
            terms = {(place, column.name): 1 for column in columns if column.of == sum_of} | {(place, sum_of): -1}
            made.append(_known(terms, rows))
    for name, value in total(columns, rows).items():
        terms = {(place, name): 1 for place, each in enumerate(rows) if each[name] is not HIDDEN}
        unknown, rest = _known(terms, rows)
        made.append((unknown, rest + Fraction(str(value))))
    return made


def _known(terms: dict[tuple[int, str], int], rows: list[Row]) -> tuple[dict[tuple[int, str], int], Fraction]:
    unknown = {cell: sign for cell, sign in terms.items() if rows[cell[0]][cell[1]] is HIDDEN}
    known = (sign * Fraction(str(rows[cell[0]][cell[1]])) for cell, sign in terms.items() if cell not in unknown)
    return unknown, -sum(known, Fraction())


def solved(made: list[tuple[dict[tuple[int, str], int], Fraction]]) -> set[tuple[int, str]]:
    """The hidden figures that the equations determine: Gauss and Jordan, over fractions."""
    cells_of = sorted({cell for unknown, _ in made for cell in unknown})
    matrix = [[Fraction(unknown.get(cell, 0)) for cell in cells_of] for unknown, _ in made]
    line = 0
    for place in range(len(cells_of)):
        pivot = next((each for each in range(line, len(matrix)) if matrix[each][place]), None)
        if pivot is None:
            continue
        matrix[line], matrix[pivot] = matrix[pivot], matrix[line]
        matrix[line] = [value / matrix[line][place] for value in matrix[line]]
        for each in range(len(matrix)):
            if each != line and matrix[each][place]:
                matrix[each] = [a - matrix[each][place] * b for a, b in zip(matrix[each], matrix[line], strict=True)]
        line += 1
    alone = [values for values in matrix if sum(1 for value in values if value) == 1]
    return {cells_of[next(place for place, value in enumerate(values) if value)] for values in alone}


def test_the_attacker_would_find_what_is_not_hidden_well() -> None:
    """One small part hidden alone, as a careless report would: the attacker has it."""
    careless = {**row(0, 30, 4, 11), "left:staff": HIDDEN}
    assert solved(equations(COLUMNS, [careless])) == {(0, "left:staff")}
    assert bounds(COLUMNS, careless) == {"left:staff": (4, 4)}


@settings(max_examples=200)
@given(st.lists(st.builds(row, few_or_many, few_or_many, few_or_many, few_or_many), min_size=1, max_size=6))
def test_no_printed_equation_determines_a_hidden_figure(rows: list[Row]) -> None:
    assert solved(equations(COLUMNS, shown(*rows))) == set()


# --- the real reports, narrowed in every way -------------------------------------------------------------------------

weeks = st.integers(0, 5)
ledger = st.lists(
    st.tuples(
        weeks,
        st.sampled_from(["tb", "hiv"]),
        st.sampled_from(Turn),
        st.sampled_from(Source),
        st.sampled_from(["", *Reason]),
        st.integers(1, 25),
    ),
    max_size=15,
)
FIRST = MONDAY - timedelta(weeks=5)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=ledger, first=weeks, last=weeks)
def test_narrowing_a_report_changes_no_figure_of_people(database: Database, lines: Any, first: int, last: int) -> None:
    """So two reports that overlap cannot be subtracted from each other: what both show is the same cell."""
    with database.write() as session:
        session.query(ConsentTally).delete()
        changes = (((topic, FIRST + timedelta(weeks=week, days=count % 7), turn, source, why), (count,))
                   for week, topic, turn, source, why, count in lines)  # fmt: skip
        rollups.note(session, ConsentTally, changes)
        whole = {(each["period"], each["topic"]): each for each in cells.table(consent, session, SCOPE)}
        day = timedelta(days=1)
        narrowed = [
            replace(SCOPE, first=FIRST + timedelta(weeks=first), last=FIRST + timedelta(weeks=last)),
            replace(SCOPE, first=FIRST + timedelta(weeks=first) + 2 * day),
            replace(SCOPE, last=FIRST + timedelta(weeks=last) + 3 * day),
            replace(SCOPE, topic="hiv"),
        ]
        found = [each for scope in narrowed for each in cells.table(consent, session, scope)]
    assert all(whole[each["period"], each["topic"]] == each for each in found)


def test_the_days_asked_about_change_no_figure_of_a_run(database: Database) -> None:
    with database.write() as session:
        made = run(session)
        for day, people in ((MONDAY, 12), (MONDAY + timedelta(days=1), 1)):
            cell = tally.Cell(made, "welcome", day, Kind.SMS, State.RECEIVED, "thread")
            tally.note(session, [tally.Change(cell, people, people, 0.0, people)])
        narrow = replace(SCOPE, first=MONDAY, last=MONDAY)
        assert cells.table(funnel, session, narrow) == cells.table(funnel, session, SCOPE)


@pytest.mark.parametrize("name", REPORTS)
def test_whatever_counts_people_is_declared_so_and_what_is_derived_from_it_names_it(name: str) -> None:
    """Each figure of people stands in one report only, and none of it in those that count messages."""
    columns = {column.name: column for column in REPORTS[name].COLUMNS}
    people = Counter(column.name for column in columns.values() if column.measure is Measure.PEOPLE and not column.of)
    expected = {
        "funnel": {"replied"},
        "threads": {"opened", "asked"},
        "consent": {"invited", "joined", "paused", "left", "why"},
    }
    assert set(people) == expected.get(name, set())
    assert all(columns[column.about].measure is Measure.PEOPLE for column in columns.values() if column.about)
    assert all(columns[column.of].measure is column.measure for column in columns.values() if column.of)


@pytest.mark.parametrize("period", Period)
def test_a_period_that_is_not_over_is_rounded_down(period: Period, database: Database) -> None:
    scope = replace(SCOPE, period=period)
    today = scope.today
    with database.write() as session:
        before = period.of(period.of(today) - timedelta(days=1))
        for day in (before, today):
            rollups.note(session, ConsentTally, [(("tb", day, Turn.JOINED, Source.STAFF, ""), (17,))])
        rows = cells.table(consent, session, scope)
    assert [(each["period"], each["so_far"], each["joined"]) for each in rows] == [
        (before, "", 17),
        (period.of(today), "yes", 10),
    ]


def test_a_small_programme_says_nothing_at_all(database: Database) -> None:
    with database.write() as session:
        day = date(2026, 12, 1)
        for what, span, count in (("opened", 0, 4), ("asked", 0, 9), ("answered", 60, 9)):
            rollups.note(session, ThreadTally, [(("hiv-support", day, what, span), (count,))])
        [found] = cells.table(REPORTS["threads"], session, Scope(NAIROBI, NOON))
    assert {name for name, value in found.items() if value is not HIDDEN} == {"period", "programme"}


def test_what_few_people_did_is_told_neither_by_day_nor_by_run(database: Database) -> None:
    with database.write() as session:
        made = run(session)
        for day, reason, count in (
            (MONDAY, "loss", 12),
            (MONDAY + timedelta(days=1), "loss", 3),
            (MONDAY, "paused", 4),
        ):
            cell = tally.Cell(made, "welcome", day, Kind.SMS, State.CANCELLED, reason)
            tally.note(session, [tally.Change(cell, count, count, 0.0)])
        by_run = cells.table(REPORTS["reasons"], session, SCOPE)
        one_day = cells.table(REPORTS["reasons"], session, replace(SCOPE, last=MONDAY))
        by_day = cells.table(REPORTS["delivery"], session, SCOPE)
    assert [(each["reason"], each["messages"]) for each in by_run] == [("loss", 15), ("unnamed", 4)]
    assert [(each["reason"], each["messages"]) for each in one_day] == [("unnamed", 16)]
    assert [(each["cancelled"], each["cancelled:unnamed"]) for each in by_day] == [(16, 16), (3, 3)]
    assert "cancelled:loss" not in by_day[0]
