"""A report as a page shows it: its columns in the reader's words, its cells as people say them, its chart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from outreach.console.reports_words import COLUMNS, SAID
from outreach.console.words import Words
from outreach.reports.contract import SO_FAR, Chart, Column, Hidden, Measure, Report, Row, Shape, Value

#: Columns that break another one down are shown up to so many; more of them are a report of their own.
MOST_PARTS = 8

#: Columns whose values have words of their own; other texts are names.
_SPOKEN = frozenset({"became", "kind", "reason", "step"})

#: Lines of a chart that can be told apart on grey paper.
MOST_LINES = 4


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head. `kind`: "num" for numbers."""

    label: str
    kind: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `kind`: "num", "day" or "". `face`: a pseudonym to draw; `hidden`: not told, because of so few."""

    text: str
    kind: str
    face: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the macro `chart` takes."""

    title: str
    kind: str
    heads: list[str]
    rows: list[tuple[str | float | None, ...]]


def shown(report: Report, rows: Sequence[Row]) -> list[Column]:
    """The columns that a page shows: parts of a figure only where they say something."""
    parts = [column for column in report.COLUMNS if column.of]
    if len(parts) > MOST_PARTS:
        parts = []
    said = {column.name for column in parts if any(_is_said(row[column.name]) for row in rows)}
    return [column for column in report.COLUMNS if not column.of or column.name in said]


def _is_said(value: Value) -> bool:
    return isinstance(value, int) and value > 0


def heads(words: Words, columns: Sequence[Column]) -> list[Head]:
    """The heads of the table."""
    return [
        Head(label(words, column), "" if column.is_key else "num", words.gettext(column.help)) for column in columns
    ]


def label(words: Words, column: Column) -> str:
    """A column's name in the reader's words."""
    if not column.of:
        return words.gettext(COLUMNS[column.name])
    return f"{words.gettext(COLUMNS[column.of])}: {words.gettext(SAID[column.what])}"


def lines(words: Words, columns: Sequence[Column], rows: Sequence[Row], period: str) -> list[list[Cell]]:
    """The table."""
    return [[_cell(words, column, row[column.name], period) for column in columns] for row in rows]


def _cell(words: Words, column: Column, value: Value, period: str) -> Cell:
    kind = "num" if not column.is_key else "day" if isinstance(value, date) else ""
    if isinstance(value, Hidden):
        return Cell(words.gettext("hidden"), kind, hidden=True)
    if column.measure is Measure.PERSON:
        return Cell(str(value), kind, face=str(value))
    return Cell(said(words, column, value, period), kind)


def said(words: Words, column: Column, value: Value, period: str = "") -> str:
    """A value as people say it."""
    if isinstance(value, date):
        if column.name == "period" and period == "week":
            return words.gettext("week of %(day)s", day=words.day_as(value, "yMMMd"))
        is_month = column.measure is Measure.MONTH or column.name == "period"
        return words.day_as(value, "yMMMM" if is_month else "yMMMd")
    if isinstance(value, int | float):
        return _number(words, column.measure, value)
    if column.name == SO_FAR.name:
        return words.gettext("so far") if value else ""
    text = str(value or "–")
    if column.name not in _SPOKEN:
        return text
    return words.gettext(SAID[text]) if text in SAID else text.replace("_", " ")


def _number(words: Words, measure: Measure, value: float) -> str:
    if measure is Measure.SHARE:
        return words.percent(value)
    if measure is Measure.MONEY:
        return words.money(value)
    if measure is Measure.MINUTES:
        return words.span(timedelta(minutes=value))
    return words.number(value)


def chart(words: Words, report: Report, rows: Sequence[Row], period: str) -> Drawn | None:
    """What is drawn of the rows; None where there is nothing to draw."""
    wanted = report.CHART
    if wanted is None or not rows:
        return None
    columns = {column.name: column for column in report.COLUMNS}
    series = _series(wanted, rows)
    alike: dict[Value, list[Row]] = defaultdict(list)
    for row in rows:
        alike[_place(row, wanted) if wanted.shape is Shape.LINES else row[wanted.along]].append(row)
    places = sorted({_place(row, wanted) for row in rows}) if wanted.shape is Shape.LINES else _ordered(wanted, rows)
    drawn = []
    for place in places:
        numbers = [_added(alike[place], wanted, split, value) for split, value in series]
        drawn.append((said(words, columns[wanted.along], place, period), _seconds(place), *numbers))
    names = [_named(words, columns[value], split) for split, value in series]
    kind = "line" if wanted.shape is Shape.LINES else "bars"
    title = words.listed([label(words, columns[value]) for value in wanted.values])
    return Drawn(title, kind, [label(words, columns[wanted.along]), *names], drawn)


def _place(row: Row, wanted: Chart) -> date:
    place = row[wanted.along]
    return place if isinstance(place, date) else date.min


def _ordered(wanted: Chart, rows: Sequence[Row]) -> list[Value]:
    """Bars in the order of their size, as far as a screen holds them."""
    sizes: dict[Value, float] = defaultdict(float)
    for row in rows:
        value = row[wanted.values[0]]
        sizes[row[wanted.along]] += value if isinstance(value, int | float) else 0
    return sorted(sizes, key=lambda place: -sizes[place])[:12]


def _series(wanted: Chart, rows: Sequence[Row]) -> list[tuple[Value, str]]:
    """The lines: each value, or each value of each part, the largest parts first."""
    if not wanted.split:
        return [(None, value) for value in wanted.values]
    sizes: dict[Value, float] = defaultdict(float)
    for row in rows:
        for name in wanted.values:
            value = row[name]
            sizes[row[wanted.split]] += value if isinstance(value, int | float) else 0
    parts = sorted(sizes, key=lambda part: -sizes[part])
    return [(part, value) for part in parts for value in wanted.values][:MOST_LINES]


def _added(rows: Sequence[Row], wanted: Chart, split: Value, name: str) -> float | None:
    """The sum at one place, of its rows; None where nothing is shown there."""
    alike = [row for row in rows if split is None or row[wanted.split] == split]
    numbers = [value for row in alike if isinstance(value := row[name], int | float)]
    return round(sum(numbers), 6) if numbers else None


def _named(words: Words, column: Column, split: Value) -> str:
    name = label(words, column)
    return f"{split}: {name}" if split is not None else name


def _seconds(place: Value) -> float | str:
    """Where a day stands on the axis: noon of it, seconds since 1970."""
    return datetime.combine(place, time(12), UTC).timestamp() if isinstance(place, date) else ""
