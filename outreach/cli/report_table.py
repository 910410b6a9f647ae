"""A report on a terminal: what is nothing but zeros is left out, and what is too wide goes on below."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreach.reports.contract import Column, Hidden, Measure, Row, Value, total

WIDEST_KEY = 18  # characters; a longer name goes on in the next line
GAP = 2  # between two columns


def show(
    console: Console, columns: Sequence[Column], rows: Sequence[Row], *, hidden: Collection[str], currency: str
) -> None:
    """Print rows with their total, then the reasons behind the figures.

    `hidden`: columns that are not shown; rows that differ in nothing else are added up.
    """
    keys = [column for column in columns if column.is_key and column.name not in hidden]
    lines, sums = _merged(keys, columns, rows), total(columns, rows)
    shown = [column for column in columns if not column.of and _says_something(column, lines)]
    keys = [column for column in keys if column in shown]
    values = [column for column in shown if not column.is_key]
    for block in _blocks(keys, values, [*lines, sums], console.width):
        console.print()
        console.print(_table(keys, block, lines, sums, currency))
    _reasons(console, columns, sums)
    if any(value is Hidden.FEW for row in rows for value in row.values()):
        console.print()
        console.print("hidden: so few people that one could be found out, or what would tell of so few", style="dim")


def _merged(keys: Sequence[Column], columns: Sequence[Column], rows: Sequence[Row]) -> list[Row]:
    groups: dict[tuple[Value, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key.name] for key in keys)].append(row)
    return [group[0] if len(group) == 1 else {**group[0], **total(columns, group)} for group in groups.values()]


def _says_something(column: Column, rows: Iterable[Row]) -> bool:
    return any(row[column.name] for row in rows)


def _blocks(
    keys: Sequence[Column], values: Sequence[Column], rows: Sequence[Row], width: int
) -> Iterable[list[Column]]:
    """The columns of values, as many side by side as the terminal holds beside the keys; at least one."""
    left = width - sum(min(WIDEST_KEY, _width(column, rows)) + GAP for column in keys)
    block: list[Column] = []
    used = 0
    for column in values:
        wide = _width(column, rows) + GAP
        if block and used + wide > left:
            yield block
            block, used = [], 0
        block.append(column)
        used += wide
    yield block


def _width(column: Column, rows: Iterable[Row]) -> int:
    return max(len(_title(column, "XXX")), *(len(_cell(column, row.get(column.name))) for row in rows))


def _table(keys: Sequence[Column], values: Sequence[Column], rows: Sequence[Row], sums: Row, currency: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in keys:
        table.add_column(_title(column, currency), max_width=WIDEST_KEY, overflow="fold")
    for column in values:
        table.add_column(_title(column, currency), justify="right", no_wrap=True)
    before: list[str] = []
    for row in rows:
        named = [_cell(column, row[column.name]) for column in keys]
        table.add_row(*map(Text, _unsaid(before, named)), *(_cell(column, row[column.name]) for column in values))
        before = named
    if len(rows) > 1:
        added = [_cell(column, sums.get(column.name)) for column in values]
        table.add_row("total", *[""] * (len(keys) - 1), *added, style="bold")
    return table


def _unsaid(before: Sequence[str], named: Sequence[str]) -> list[str]:
    """What a row is about, without what the row above it says already; the last word always stands."""
    same = 0
    while same < len(named) - 1 and before and before[same] == named[same]:
        same += 1
    return [*[""] * same, *named[same:]]


def _title(column: Column, currency: str) -> str:
    words = column.what.replace("_", " ")
    if column.measure is Measure.MONEY:
        return f"{words} {currency}"
    return f"{words} (min)" if column.measure is Measure.MINUTES else words


def _cell(column: Column, value: Value) -> str:
    if value is None:
        return ""
    if value == "":
        return "–"  # nothing at all would look like the same as above
    if isinstance(value, int | float):
        return f"{value:{_LOOKS.get(column.measure, ',')}}"
    return f"{value:%Y-%m}" if column.measure is Measure.MONTH else str(value)


_LOOKS = {Measure.MONEY: ",.2f", Measure.SHARE: ".1%"}


def _reasons(console: Console, columns: Sequence[Column], sums: Row) -> None:
    """Why: one line for each figure that is broken down, the commonest reason first."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for figure in columns:
        parts = [column for column in columns if column.of == figure.name and sums[column.name]]
        parts.sort(key=lambda column: _count(sums[column.name]), reverse=True)
        if parts:
            said = " · ".join(f"{_title(column, '')} {_cell(column, sums[column.name])}" for column in parts)
            table.add_row(figure.name, _cell(figure, sums[figure.name]), said)
    if table.row_count:
        console.print()
        console.print(table)


def _count(value: Value) -> int:
    return value if isinstance(value, int) else 0
