"""One row of a table, read: what it says of one person, or why it is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import zip_longest
from typing import TypeVar

from outreach.audience import cells, phone
from outreach.audience.cells import CellError, FieldValue, TagWishes
from outreach.audience.discretion import Manner
from outreach.audience.headers import Column, Role, fold
from outreach.audience.hours import Hours
from outreach.audience.phone import Phone, PhoneRefusal
from outreach.audience.sheets import Record
from outreach.audience.verdicts import Outcome, Reason, RowRefusal, Verdict
from outreach.channels.contract import Variant
from outreach.consent import Source

T = TypeVar("T")

_APART = (Role.PHONE, Role.CONSENT, Role.CONSENT_DATE)
_VARIANTS = {Role.PUSH_TOKEN: Variant.TOKEN, Role.PUSH_FID: Variant.FID}
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)")


class Said(StrEnum):
    """What a row says of consent."""

    NOTHING = "nothing"
    YES = "yes"  # and from where it is known
    BARE_YES = "bare_yes"  # but not from where
    NO = "no"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a row says of consent to the topic of the import."""

    said: Said = Said.NOTHING
    source: Source = Source.FILE
    evidence: str = ""


@dataclass(slots=True)
class Entry:
    """What a row says of one person. None, or not in a collection: it says nothing, and nothing changes."""

    row: int
    phone: Phone
    language: str | None = None
    zone: str | None = None
    openness: Manner | None = None
    hours: tuple[Hours | None] | None = None  # a tuple of None: no hours of her own any more
    tags: TagWishes = field(default_factory=TagWishes)
    push: list[tuple[Variant, str]] = field(default_factory=list, repr=False)
    fields: dict[str, FieldValue] = field(default_factory=dict, repr=False)
    agreement: Agreement = field(default_factory=Agreement)


class Reader:
    """Reads rows. `country`: ISO 3166, for numbers without "+". `source`: from where consent is known for all rows.

    A column of consent outweighs `source`: where its cell is empty, nothing is known, and `source` only says what a
    bare "yes" rests on.
    """

    def __init__(
        self, header: Sequence[str], columns: Sequence[Column], country: str, source: str, today: date
    ) -> None:
        by_role = {column.role: column for column in columns}
        self._phone = by_role[Role.PHONE]
        self._consent = by_role.get(Role.CONSENT)
        self._consent_date = by_role.get(Role.CONSENT_DATE)
        self._others = [each for each in columns if each.role not in _APART]
        self._titled = [bool(fold(title)) for title in header]
        self._country, self._source, self._today = country, source, today

    def read(self, record: Record) -> Entry | Verdict:
        """The entry of a row, or the verdict that refuses it."""
        if record.broken:
            return Verdict(record.row, Outcome.REFUSED, RowRefusal.QUOTE)
        try:
            return self._entry(record)
        except _RefusedError as refused:
            return Verdict(record.row, Outcome.REFUSED, refused.reason, refused.column)

    def _entry(self, record: Record) -> Entry:
        for cell, titled in zip_longest(record.cells, self._titled, fillvalue=False):
            if cell and not titled:
                raise _RefusedError(RowRefusal.UNTITLED)
        number = _value(record, self._phone, lambda cell: phone.read(cell, self._country)) or PhoneRefusal.EMPTY
        if isinstance(number, PhoneRefusal):
            raise _RefusedError(number, self._phone.title)
        entry = Entry(record.row, number)
        for column in self._others:
            _take(entry, column, record)
        entry.agreement = self._agreement(record)
        return entry

    def _agreement(self, record: Record) -> Agreement:
        when = (self._consent_date and _value(record, self._consent_date, self._past)) or ""
        if self._consent is None:
            return Agreement(Said.YES, Source.STAFF, self._source + when) if self._source else Agreement()
        match _value(record, self._consent, cells.consent):
            case None | "":
                return Agreement()
            case False:
                return Agreement(Said.NO)
            case True if self._source:
                return Agreement(Said.YES, Source.STAFF, self._source + when)
            case True:
                return Agreement(Said.BARE_YES)
            case words:
                return Agreement(Said.YES, Source.FILE, f"{words}{when}")

    def _past(self, cell: str) -> str:
        """How evidence tells the day; a day's grace, for clinics east of UTC."""
        day = cells.read_day(cell)
        if day > self._today + timedelta(days=1):
            raise CellError(RowRefusal.DATE_FUTURE)
        return f", {day.isoformat()}"


class _RefusedError(Exception):
    """Why a row is refused, and the title of the column at fault; never its cell."""

    def __init__(self, reason: Reason, column: str = "") -> None:
        self.reason, self.column = reason, column
        super().__init__(reason.value)


def _take(entry: Entry, column: Column, record: Record) -> None:
    """Put what one cell says into the entry."""
    match column.role:
        case Role.LANGUAGE:
            entry.language = _value(record, column, cells.language)
        case Role.ZONE:
            entry.zone = _value(record, column, cells.zone)
        case Role.OPENNESS:
            entry.openness = _value(record, column, cells.openness)
        case Role.HOURS:
            entry.hours = _value(record, column, lambda cell: (cells.hours(cell),))
        case Role.TAGS:
            entry.tags = _value(record, column, cells.tags) or entry.tags
        case Role.PUSH_TOKEN | Role.PUSH_FID:
            if token := _value(record, column, cells.push):
                entry.push.append((_VARIANTS[column.role], token))
        case Role.TEXT | Role.NUMBER | Role.DATE:
            if value := _value(record, column, lambda cell: _field(column.role, cell)):
                entry.fields[column.name] = value


def _field(kind: Role, cell: str) -> FieldValue:
    return cells.NO_VALUE if cell == cells.CLEAR else cells.READERS[kind](cell)


def _value(record: Record, column: Column, read: Callable[[str], T]) -> T | None:
    """The value of a cell; None when it is empty."""
    cell = record.cells[column.index] if column.index < len(record.cells) else ""
    if not cell:
        return None
    if cell.startswith("#") and _ERROR.fullmatch(cell):
        raise _RefusedError(RowRefusal.FORMULA_ERROR, column.title)
    try:
        return read(cell)
    except CellError as error:
        raise _RefusedError(error.reason, column.title) from None
