"""XLSX workbooks as rows of text, streamed; one that unpacks to more than a clinic can have written is refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib import import_module
from typing import BinaryIO, Protocol, cast
from xml.etree.ElementTree import ParseError  # the class only; openpyxl parses
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 (an exception's name)

from outreach.errors import SheetError, join, worded

ZIP = b"PK\x03\x04"
OLD = b"\xd0\xcf\x11\xe0"  # the container of .xls, and of .xlsx with a password

MOST_SHEET = 1 << 30  # bytes unpacked; a million rows of ten columns have half of it. Streamed.
MOST_OTHER = 64 << 20  # bytes unpacked; texts and styles are held in memory

_UNREADABLE = (BadZipFile, ParseError, ZlibError, KeyError, ValueError, TypeError, EOFError)

Rows = Iterator[tuple[int, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table comes from: `open` gives its bytes from the beginning, and may be asked again."""

    name: str
    open: Callable[[], BinaryIO]


class _Sheet(Protocol):
    """What we use of openpyxl's read-only worksheet, which its type stubs cannot express."""

    sheet_state: str
    max_row: int | None

    def reset_dimensions(self) -> None: ...
    def iter_rows(self, *, values_only: bool) -> Iterator[tuple[object, ...]]: ...


@contextmanager
def open_workbook(source: Source) -> Iterator[tuple[Rows, int]]:
    """The rows of the first visible sheet, and about how many; formulas as last computed. Raises SheetError."""
    # Loaded when a workbook comes: a worker is asked for one now and then, and it is large.
    openpyxl = import_module("openpyxl")
    unreadable = (*_UNREADABLE, openpyxl.utils.exceptions.InvalidFileException)
    # Opened here, because openpyxl judges a path by its ending.
    with source.open() as file, warnings.catch_warnings():
        # openpyxl warns of cells that it cannot read, and quotes them: a number may stand there.
        warnings.simplefilter("ignore")
        try:
            _measure(source, file)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except unreadable:
            raise _unreadable(source) from None
        try:
            sheets = [sheet for sheet in cast(list[_Sheet], book.worksheets) if sheet.sheet_state == "visible"]
            if not sheets:
                raise SheetError(worded("%(name)s has no visible sheet.", name=source.name))
            yield _rows(source, sheets[0]), sheets[0].max_row or 0
        finally:
            book.close()


def _measure(source: Source, file: BinaryIO) -> None:
    with ZipFile(file) as archive:
        for member in archive.infolist():
            most = MOST_SHEET if member.filename.startswith("xl/worksheets/") else MOST_OTHER
            if member.file_size > most:
                raise SheetError(
                    worded(
                        "%(name)s unpacks to more than %(what)s MB. Save the one sheet as CSV UTF-8.",
                        name=source.name,
                        what=most >> 20,
                    )
                )


def _rows(source: Source, sheet: _Sheet) -> Rows:
    sheet.reset_dimensions()  # some programs write a wrong size, which would cut the table off
    number = 0
    try:
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            yield number, tuple(map(_text, cells))
    except _UNREADABLE:
        raise _unreadable(source, number + 1) from None


def _unreadable(source: Source, row: int = 0) -> SheetError:
    if row:
        cannot = worded("%(name)s, row %(row)s, cannot be read as a workbook.", name=source.name, row=row)
    else:
        cannot = worded("%(name)s cannot be read as a workbook.", name=source.name)
    return SheetError(join(cannot, worded("Open it, save it as .xlsx or CSV UTF-8, try again.")))


def _text(value: object) -> str:
    """A cell as one would type it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(sep=" ", timespec="minutes")
        case date() | time():
            return value.isoformat()
    return str(value).strip()
