"""What becomes of each row of an imported table: one verdict a row, with a named reason and what to do about it.

The file of verdicts lies beside the table and says row numbers, so it is as private as the table: only its owner may
read it. It never holds a number or any other value of the table.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from outreach.audience import phone
from outreach.audience.phone import PhoneRefusal
from outreach.errors import SheetError, worded


class Outcome(StrEnum):
    """What became of a row."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class RowRefusal(StrEnum):
    """Why a row was refused, its number aside."""

    QUOTE = "quote_not_closed"
    UNTITLED = "cell_without_column"
    FORMULA_ERROR = "formula_error"
    LANGUAGE = "language_unknown"
    ZONE = "zone_unknown"
    HOURS = "hours_unreadable"
    OPENNESS = "openness_unknown"
    TAG = "tag_unreadable"
    PUSH = "push_unreadable"
    PUSH_TAKEN = "push_of_another_person"
    TEXT = "text_unreadable"
    NUMBER = "number_unreadable"
    NUMBER_AMBIGUOUS = "number_ambiguous"
    DATE = "date_unreadable"
    DATE_AMBIGUOUS = "date_ambiguous"
    DATE_FUTURE = "date_in_the_future"
    CONSENT_LONG = "consent_too_long"
    DUPLICATE = "duplicate_in_file"
    FORGOTTEN = "forgotten"


class Note(StrEnum):
    """What else to know of a row that was taken."""

    INVITED = "invited"
    UNSOURCED = "consent_without_source"
    DECLINED = "declined"
    STOPPED = "stopped"
    OWN_WORD = "own_word_stands"
    PAUSED = "paused"
    MORE_DISCREET = "more_discreet"


_NEGATIVE = re.compile(r"-\d+(?:\.\d+)?")

Reason = PhoneRefusal | RowRefusal | Note

REMEDIES: dict[RowRefusal | Note, str] = {
    RowRefusal.QUOTE: "A quotation mark is not closed; the rows after it may be part of it. Mend it, import again.",
    RowRefusal.UNTITLED: "There is something in a column without a title: give it one, or empty it.",
    RowRefusal.FORMULA_ERROR: "The spreadsheet could not compute this cell: mend it.",
    RowRefusal.LANGUAGE: "Write an ISO 639 code: en, fr, sw.",
    RowRefusal.ZONE: "Write an IANA zone: Africa/Nairobi.",
    RowRefusal.HOURS: "Write 08:00-12:00, morning, midday or evening.",
    RowRefusal.OPENNESS: "Write covert, request (only when she asks) or open.",
    RowRefusal.TAG: "A tag is letters, digits, - and _, at most 64; separate tags by a comma.",
    RowRefusal.PUSH: "A push token is one line without spaces, at most 4096 characters; it cannot be cleared here.",
    RowRefusal.PUSH_TAKEN: "This app belongs to another person: leave the cell empty, or correct the row.",
    RowRefusal.TEXT: "Write at most 400 characters on one line.",
    RowRefusal.NUMBER: "Write digits, with a point for decimals.",
    RowRefusal.NUMBER_AMBIGUOUS: "Write it without a separator of thousands, and with a point for decimals.",
    RowRefusal.DATE: "Write the date as 2026-12-31.",
    RowRefusal.DATE_AMBIGUOUS: "It may be day or month first: write it as 2026-12-31.",
    RowRefusal.DATE_FUTURE: "Consent cannot have been given in the future: correct the date.",
    RowRefusal.CONSENT_LONG: "Say in at most 180 characters on one line from where consent is known.",
    RowRefusal.DUPLICATE: "An earlier row has the same number or app: keep one of them.",
    RowRefusal.FORGOTTEN: "This person asked to be forgotten: take the row out of the table.",
    Note.INVITED: "No consent is known: she is invited and only her own yes counts.",
    Note.UNSOURCED: "It says yes but not from where, so she is invited: write where the consent is kept.",
    Note.DECLINED: "The table says no: nothing is sent for this topic.",
    Note.STOPPED: "She said STOP: only her START lifts it.",
    Note.OWN_WORD: "She ended this topic herself: only her own word starts it again.",
    Note.PAUSED: "She is on a pause, which ends by itself.",
    Note.MORE_DISCREET: "She is written to more discreetly than the table says, and still is: she may have chosen it. "
    "She changes it herself, or in person: outreach people discretion PSEUDONYM",
}


def remedy(reason: Reason) -> str:
    """What to do about a reason, or what to know of it."""
    return phone.REMEDIES[reason] if isinstance(reason, PhoneRefusal) else REMEDIES[reason]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one row. `row`: as a spreadsheet shows it. `column`: the title of the one at fault."""

    row: int
    outcome: Outcome
    reason: Reason | None = None
    column: str = ""
    pseudonym: str = ""

    @property
    def remedy(self) -> str:
        """What to do, or to know; empty when there is nothing."""
        return remedy(self.reason) if self.reason else ""


@dataclass(slots=True)
class Totals:
    """How many rows got which verdict."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[Reason] = field(default_factory=Counter)

    def count(self, verdict: Verdict) -> None:
        """Take one more verdict in."""
        self.outcomes[verdict.outcome] += 1
        if verdict.reason:
            self.reasons[verdict.reason] += 1

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.outcomes.total()


class Sink(Protocol):
    """Where verdicts go."""

    def __call__(self, verdict: Verdict, /) -> None:
        """Take one."""
        ...


@contextmanager
def verdict_file(table: Path) -> Iterator[tuple[Path, Sink]]:
    """The file of verdicts beside a table, and what writes a line of it. Raises SheetError."""
    path = table.with_name(f"{table.stem}.verdicts.csv")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise SheetError(
            worded(
                "The verdicts cannot be written beside the table (%(strerror)s). Copy it into a folder of your own.",
                strerror=error.strerror,
            )
        ) from None
    os.fchmod(handle, 0o600)  # it may have lain there before, readable by others
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "verdict", "reason", "column", "remedy", "pseudonym"])

        def sink(verdict: Verdict) -> None:
            reason = verdict.reason or ""
            said = [verdict.outcome, reason, neutral(verdict.column), verdict.remedy, verdict.pseudonym]
            writer.writerow([verdict.row, *said])

        yield path, sink


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, "CSV Injection"); a plain negative number stays one."""
    if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) and not _NEGATIVE.fullmatch(cell):
        return f"'{cell}"
    return cell
