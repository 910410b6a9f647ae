"""Importing a table of people: every row gets a verdict, bad rows never stop good ones, a second time changes nothing.

A batch of rows is one transaction. What was committed stays when the import is broken off; run it again to go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach.audience import headers, people, pseudonyms
from outreach.audience.changes import Changes, Terms
from outreach.audience.entries import Entry, Reader
from outreach.audience.headers import Wishes
from outreach.audience.known import Index, look_up
from outreach.audience.sheets import Sheet, open_sheet
from outreach.audience.verdicts import Outcome, RowRefusal, Sink, Totals, Verdict, verdict_file
from outreach.errors import SheetError, worded
from outreach.privacy.vault import Vault
from outreach.settings import Settings
from outreach.store import dialects
from outreach.store.database import Database

BATCH = 1000  # rows in one transaction
_TRIES = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How a table is to be read.

    `source`: from where consent is known, for the whole table; empty: only where the table says so itself. `wording`:
    the version of the words that were agreed to. `country`: ISO 3166, for numbers without "+"; empty: the clinic's.
    """

    topic: str
    source: str = ""
    wording: str = ""
    country: str = ""
    encoding: str = ""
    wishes: Wishes = field(default_factory=Wishes)
    dry_run: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", self.topic):
            raise SheetError(worded("--topic is lower-case letters, digits and -: --topic tb"))
        if len(self.source) > 180 or not self.source.isprintable():
            raise SheetError(
                worded("--consent-source is one line of at most 180 characters: --consent-source 'paper form 7'")
            )
        if self.country and not re.fullmatch(r"[A-Z]{2}", self.country):
            raise SheetError(worded("--country is an ISO 3166 code of two capital letters: --country KE"))


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an import, and where the verdict of each row is."""

    totals: Totals
    verdicts: Path


def import_file(
    database: Database,
    vault: Vault,
    settings: Settings,
    path: Path,
    options: Options,
    progress: Progress = lambda done, about: None,
) -> Report:
    """Import a CSV or XLSX file. `progress` is told how many rows are done, and of about how many.

    Raises SheetError, before anything is written, when the file or its header cannot be understood.
    """
    with open_sheet(path, options.encoding) as sheet:
        work = Work.of(database, vault, settings, sheet, options)
        with verdict_file(path) as (place, sink):
            totals = _run(work, sink, lambda done: progress(done, sheet.about))
    return Report(totals, place)


def import_sheet(
    database: Database, vault: Vault, settings: Settings, sheet: Sheet, options: Options, sink: Sink
) -> Totals:
    """Import a table that came by other ways than as a file; `sink` is told what became of each row, in their order.

    Raises SheetError, before anything is written, when its header cannot be understood.
    """
    return _run(Work.of(database, vault, settings, sheet, options), sink, lambda done: None)


def _run(work: Work, sink: Sink, after_batch: Callable[[int], None]) -> Totals:
    totals = Totals()
    while verdicts := work.step():
        for each in verdicts:
            totals.count(each)
            sink(each)
        after_batch(totals.rows)
    return totals


class Beside(Protocol):
    """What is written beside the rows of a batch, in the same transaction."""

    def begin(self, session: Session) -> None:
        """Before the batch. Raises what breaks it off."""

    def end(self, session: Session, verdicts: Sequence[Verdict]) -> None:
        """After the batch, before its commit."""


class _Nothing:
    def begin(self, session: Session) -> None: ...

    def end(self, session: Session, verdicts: Sequence[Verdict]) -> None: ...


@dataclass(slots=True)
class Work:
    """The taking in of one table, batch by batch; `rows` are what is left of it."""

    database: Database
    vault: Vault
    settings: Settings
    options: Options
    rows: Iterator[Entry | Verdict]
    beside: Beside = field(default_factory=_Nothing)
    size: int = field(default_factory=lambda: BATCH)
    _seen: set[int] = field(default_factory=set)  # of this table's numbers and apps: eight bytes of the keyed index

    @classmethod
    def of(
        cls,
        database: Database,
        vault: Vault,
        settings: Settings,
        sheet: Sheet,
        options: Options,
        today: date | None = None,
    ) -> Work:
        """Understand the header. `today`: by which it is judged what lies in the future; none: the database's.

        Raises SheetError.
        """
        reader = _reader(database, settings, sheet, options, today)
        return cls(database, vault, settings, options, map(reader.read, sheet.records))

    def step(self) -> list[Verdict]:
        """Take in the next rows, in one transaction; what became of each. Empty at the end."""
        some = list(islice(self.rows, self.size))
        return self._commit([self._judged(each) for each in some]) if some else []

    def skip(self, count: int) -> int:
        """Go past rows that were taken in already, and remember whom they were about. Gives how many there were."""
        some = list(islice(self.rows, min(count, self.size)))
        for each in some:
            self._judged(each)
        return len(some)

    def _judged(self, each: Entry | Verdict) -> Index | Verdict:
        """Index an entry, unless an earlier row was about the same number or app."""
        if isinstance(each, Verdict):
            return each
        index = Index.of(self.vault, each)
        marks = {int.from_bytes(mark[:8]) for mark in (index.number, *index.push)}
        if marks & self._seen:
            return Verdict(each.row, Outcome.REFUSED, RowRefusal.DUPLICATE)
        self._seen |= marks
        return index

    def _commit(self, judged: Sequence[Index | Verdict]) -> list[Verdict]:
        """Write a batch. When somebody else wrote one of its numbers or pseudonyms meanwhile, decide again."""
        for _ in range(_TRIES - 1):
            try:
                return self._try(judged)
            except IntegrityError:
                continue
        return self._try(judged)

    def _try(self, judged: Sequence[Index | Verdict]) -> list[Verdict]:
        batch = [each for each in judged if isinstance(each, Index)]
        if self.options.dry_run:
            with self.database.read() as session:
                return _decided(self._changes(session, batch), judged)
        with self.database.write() as session:
            self.beside.begin(session)
            changes = self._changes(session, batch)
            verdicts = _decided(changes, judged)
            changes.write(session)
            self.beside.end(session, verdicts)
        return verdicts

    def _changes(self, session: Session, batch: Sequence[Index]) -> Changes:
        known = look_up(session, self.vault, batch, self.options.topic)
        new = sum(each.number not in known.persons for each in batch)
        names = [""] * new if self.options.dry_run else pseudonyms.draw(session, new)
        return Changes(self.vault, known, self._terms(dialects.now(session)), names)

    def _terms(self, at: datetime) -> Terms:
        options, settings = self.options, self.settings
        return Terms(options.topic, options.wording, settings.language, settings.zone, at)


def _decided(changes: Changes, judged: Sequence[Index | Verdict]) -> list[Verdict]:
    return [each if isinstance(each, Verdict) else changes.take(each) for each in judged]


def _reader(database: Database, settings: Settings, sheet: Sheet, options: Options, today: date | None) -> Reader:
    names = [headers.field_name(options.wishes.meanings.get(headers.fold(title), title)) for title in sheet.header]
    with database.read() as session:
        known = people.field_kinds(session, names)
        today = today or dialects.now(session).date()
    columns = headers.match(sheet.header, options.wishes, known)
    return Reader(sheet.header, columns, options.country or settings.country, options.source, today)
