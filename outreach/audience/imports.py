"""Importing a table of people: every row gets a verdict, bad rows never stop good ones, a second time changes nothing.

A batch of rows is one transaction. What was committed stays when the import is broken off; run it again to go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach.audience import headers, people, pseudonyms
from outreach.audience.changes import Changes, Terms
from outreach.audience.entries import Entry, Reader
from outreach.audience.headers import Wishes
from outreach.audience.known import Index, look_up
from outreach.audience.sheets import Sheet, open_sheet
from outreach.audience.verdicts import Outcome, RowRefusal, Sink, Totals, Verdict, verdict_file
from outreach.errors import SheetError
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
            raise SheetError("--topic is lower-case letters, digits and -: --topic tb")
        if len(self.source) > 180 or not self.source.isprintable():
            raise SheetError("--consent-source is one line of at most 180 characters: --consent-source 'paper form 7'")
        if self.country and not re.fullmatch(r"[A-Z]{2}", self.country):
            raise SheetError("--country is an ISO 3166 code of two capital letters: --country KE")


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
        reader = _reader(database, settings, sheet, options)
        with verdict_file(path) as (place, sink):
            totals = Totals()
            work = _Import(database, vault, settings, options, _counted(totals, sink))
            work.run(map(reader.read, sheet.records), lambda: progress(totals.rows, sheet.about))
    return Report(totals, place)


def import_sheet(
    database: Database, vault: Vault, settings: Settings, sheet: Sheet, options: Options, sink: Sink
) -> Totals:
    """Import a table that came by other ways than as a file; `sink` is told what became of each row, in their order.

    Raises SheetError, before anything is written, when its header cannot be understood.
    """
    reader, totals = _reader(database, settings, sheet, options), Totals()
    work = _Import(database, vault, settings, options, _counted(totals, sink))
    work.run(map(reader.read, sheet.records), lambda: None)
    return totals


def _counted(totals: Totals, sink: Sink) -> Sink:
    def tell(verdict: Verdict) -> None:
        totals.count(verdict)
        sink(verdict)

    return tell


def _reader(database: Database, settings: Settings, sheet: Sheet, options: Options) -> Reader:
    names = [headers.field_name(options.wishes.meanings.get(headers.fold(title), title)) for title in sheet.header]
    with database.read() as session:
        known = people.field_kinds(session, names)
        today = dialects.now(session).date()
    columns = headers.match(sheet.header, options.wishes, known)
    return Reader(sheet.header, columns, options.country or settings.country, options.source, today)


@dataclass(slots=True)
class _Import:
    database: Database
    vault: Vault
    settings: Settings
    options: Options
    sink: Sink
    _seen: set[int] = field(default_factory=set)  # of this table's numbers and apps: eight bytes of the keyed index

    def run(self, rows: Iterator[Entry | Verdict], after_batch: Callable[[], None]) -> None:
        while some := list(islice(rows, BATCH)):
            judged = [each if isinstance(each, Verdict) else self._once(each) for each in some]
            fresh = iter(self._commit([each for each in judged if isinstance(each, Index)]))
            for each in judged:
                self.sink(each if isinstance(each, Verdict) else next(fresh))
            after_batch()

    def _once(self, entry: Entry) -> Index | Verdict:
        """Index an entry, unless an earlier row was about the same number or app."""
        index = Index.of(self.vault, entry)
        marks = {int.from_bytes(each[:8]) for each in (index.number, *index.push)}
        if marks & self._seen:
            return Verdict(entry.row, Outcome.REFUSED, RowRefusal.DUPLICATE)
        self._seen |= marks
        return index

    def _commit(self, batch: Sequence[Index]) -> list[Verdict]:
        """Write a batch. When somebody else wrote one of its numbers or pseudonyms meanwhile, decide again."""
        for _ in range(_TRIES - 1):
            try:
                return self._try(batch)
            except IntegrityError:
                continue
        return self._try(batch)

    def _try(self, batch: Sequence[Index]) -> list[Verdict]:
        if self.options.dry_run:
            with self.database.read() as session:
                changes = self._changes(session, batch)
                return [changes.take(each) for each in batch]
        with self.database.write() as session:
            changes = self._changes(session, batch)
            verdicts = [changes.take(each) for each in batch]
            changes.write(session)
        return verdicts

    def _changes(self, session: Session, batch: Sequence[Index]) -> Changes:
        known = look_up(session, self.vault, batch, self.options.topic)
        new = sum(each.number not in known.persons for each in batch)
        names = [""] * new if self.options.dry_run else pseudonyms.draw(session, new)
        return Changes(self.vault, known, self._terms(dialects.now(session)), names)

    def _terms(self, at: datetime) -> Terms:
        options, settings = self.options, self.settings
        return Terms(options.topic, options.wording, settings.language, settings.zone, at)
