"""What a report is: a title, columns that never change with the data, and rows. Table, CSV, JSON and page follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

#: Days that a report by day goes back where it reads more than roll-ups: a quarter of a year, today included.
DAYS = 92


class Measure(StrEnum):
    """What a column's values are."""

    TEXT = "text"
    DAY = "day"  # a date at the clinic
    COUNT = "count"
    MONEY = "money"  # in the clinic's currency
    MINUTES = "minutes"  # never added up; None where there is nothing to measure


Value = str | int | float | date | None
Row = Mapping[str, Value]

_ADDED = frozenset({Measure.COUNT, Measure.MONEY})
_KEYS = frozenset({Measure.TEXT, Measure.DAY})


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `of`: the column that this one breaks down; its name is then `of:what`."""

    name: str
    measure: Measure
    help: str
    of: str = ""

    @property
    def is_key(self) -> bool:
        """Whether it says what a row is about; the others are its values."""
        return self.measure in _KEYS

    @property
    def what(self) -> str:
        """The name, without that of the column it breaks down."""
        return self.name.removeprefix(f"{self.of}:")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is asked about. `run_id` None: the whole clinic; `zone`: where its days begin and end."""

    zone: str
    at: datetime
    run_id: int | None = None

    @property
    def first_day(self) -> date:
        """The first of the last `DAYS` days."""
        return self.day_of(self.at) - timedelta(days=DAYS - 1)

    @property
    def since(self) -> datetime:
        """When `first_day` began, UTC."""
        return datetime.combine(self.first_day, time(), ZoneInfo(self.zone)).astimezone(UTC)

    def day_of(self, moment: datetime) -> date:
        """The clinic's day of a moment."""
        return moment.astimezone(ZoneInfo(self.zone)).date()


class Report(Protocol):
    """A module of this package. Every row holds every column; zeros are written out."""

    TITLE: str
    EMPTY: str  # what to tell when there is no row: why, and what to do
    BY_RUN: bool  # whether it can be asked about one run
    COLUMNS: Sequence[Column]

    def rows(self, session: Session, scope: Scope) -> list[Row]:
        """The rows, in the order in which they are shown."""
        ...


def total(columns: Iterable[Column], rows: Sequence[Row]) -> dict[str, Value]:
    """The sums of what can be added up, by column."""
    added = [column for column in columns if column.measure in _ADDED]
    return {column.name: _sum(column, rows) for column in added}


def _sum(column: Column, rows: Sequence[Row]) -> int | float:
    values = [value for row in rows if isinstance(value := row[column.name], int | float)]
    return round(sum(values), 6) if column.measure is Measure.MONEY else sum(values)
