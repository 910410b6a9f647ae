"""What a report is: a title, columns that never change with the data, and rows. Table, CSV, JSON, XLSX, page follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from outreach.reports.periods import Period
from outreach.settings import Settings


class Measure(StrEnum):
    """What a column's values are."""

    TEXT = "text"
    DAY = "day"  # a date at the clinic
    MONTH = "month"  # the first day of one
    PERSON = "person"  # a pseudonym on screen; whatever leaves the house carries a fresh id in its place
    COUNT = "count"  # of messages, or of what we did: said as it is
    PEOPLE = "people"  # of people by what they did or are: a small one is hidden (`reports.cells`)
    SHARE = "share"  # between 0 and 1; never added up
    RATE = "rate"  # in a thousand; never added up
    MONEY = "money"  # in the clinic's currency
    MINUTES = "minutes"  # never added up; None where there is nothing to measure


class Hidden(Enum):
    """What stands in place of a figure that could give somebody away."""

    FEW = "hidden"

    def __str__(self) -> str:
        return self.value


Value = str | int | float | date | Hidden | None
Row = Mapping[str, Value]

_ADDED = frozenset({Measure.COUNT, Measure.PEOPLE, Measure.MONEY})
_KEYS = frozenset({Measure.TEXT, Measure.DAY, Measure.MONTH, Measure.PERSON})


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    `of`: the column that this one breaks down; its name is then `of:what`. `about`: the column of people that this one
    is derived from; where that is hidden, so is this.
    """

    name: str
    measure: Measure
    help: str
    of: str = ""
    about: str = ""

    @property
    def is_key(self) -> bool:
        """Whether it says what a row is about; the others are its values."""
        return self.measure in _KEYS

    @property
    def what(self) -> str:
        """The name, without that of the column it breaks down."""
        return self.name.removeprefix(f"{self.of}:")


#: Says of a row that its time is not over: its figures of people are rounded down (`reports.cells`).
SO_FAR = Column("so_far", Measure.TEXT, "yes: not over yet; people are rounded down and grow until it is")


class Filter(StrEnum):
    """What a report can be narrowed by. None ever changes a figure of people: it only leaves rows out."""

    CAMPAIGN = "campaign"
    TOPIC = "topic"
    DATES = "dates"


class Shape(StrEnum):
    """How a chart draws."""

    LINES = "lines"  # over time
    BARS = "bars"  # side by side, one bar a row


@dataclass(frozen=True, slots=True)
class Chart:
    """What of a report is drawn: `values` over `along`; rows that are alike in `along` are added up.

    `split`: a column whose every value has lines of its own, for what cannot be added up.
    """

    shape: Shape
    along: str
    values: tuple[str, ...]
    split: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is asked about. Empty and None: no limit.

    `zone`: where the clinic's days begin. `few`: groups of fewer people are hidden. `launched_by`: only runs of one
    member of staff. `first`, `last`: days, both included; a period counts when it begins among them. `most`: rows that
    a screen holds, for what lists people one by one.
    """

    zone: str
    at: datetime
    run_id: int | None = None
    campaign: str = ""
    topic: str = ""
    first: date | None = None
    last: date | None = None
    launched_by: str = ""
    few: int = 10
    most: int | None = None
    period: Period = field(default=Period.WEEK)

    @property
    def today(self) -> date:
        """The clinic's day."""
        return self.at.astimezone(ZoneInfo(self.zone)).date()

    def holds(self, day: date) -> bool:
        """Whether a day is among those asked about."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    def is_over(self, begins: date) -> bool:
        """Whether a period is over that begins on this day."""
        return self.period.after(begins) <= self.today


def scope_of(settings: Settings, at: datetime) -> Scope:
    """The whole clinic at a moment, as its settings want reports."""
    return Scope(settings.zone, at, few=settings.small_cells, period=Period(settings.report_period))


class Report(Protocol):
    """A module of this package. Every row holds every column; zeros are written out."""

    TITLE: str
    ABOUT: str  # what it answers, in a sentence
    EMPTY: str  # what to tell when there is no row: why, and what to do
    FILTERS: frozenset[Filter]
    COLUMNS: Sequence[Column]

    @property
    def CHART(self) -> Chart | None:  # noqa: N802 (a constant of the module; read only, so that None may be left out)
        """What is drawn of it."""
        ...

    def rows(self, session: Session, scope: Scope) -> list[Row]:
        """The rows, in the order in which they are shown, as they are: read a report by `reports.cells.table`."""
        ...


def total(columns: Iterable[Column], rows: Sequence[Row]) -> dict[str, Value]:
    """The sums of what can be added up, by column: of what is shown, never of what is hidden."""
    added = [column for column in columns if column.measure in _ADDED]
    return {column.name: _sum(column, rows) for column in added}


def _sum(column: Column, rows: Sequence[Row]) -> int | float:
    values = [value for row in rows if isinstance(value := row[column.name], int | float)]
    return round(sum(values), 6) if column.measure is Measure.MONEY else sum(values)
