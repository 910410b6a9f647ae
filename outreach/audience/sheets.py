"""Reading tables of people: CSV and XLSX, streamed, every cell as text, rows numbered as a spreadsheet shows them.

Only a file that cannot be read at all is an error; a row that cannot be read is a row marked `broken`. Nothing that is
raised here quotes the file.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import TextIO

from outreach.audience import workbooks
from outreach.audience.workbooks import Source
from outreach.errors import SheetError, worded

MOST_COLUMNS = 200
_DELIMITERS = (",", ";", "\t")
_BLOCK = 1 << 20

#: What `--encoding` takes. As on the web, Latin-1 is read as Windows-1252, which has it all and curly quotes too.
ENCODINGS = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "latin-1": "cp1252",
    "iso-8859-1": "cp1252",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One row. `broken`: its quotation marks do not match, so its cells are not known."""

    row: int
    cells: tuple[str, ...] = field(repr=False)
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its header, the rows below it (read as one asks for them, blank ones left out), about how many."""

    header: tuple[str, ...]
    records: Iterator[Record]
    about: int


@contextmanager
def open_sheet(table: Path | Source, encoding: str = "") -> Iterator[Sheet]:
    """Open a CSV or XLSX table; which one it is, its content says. Raises SheetError."""
    source = table if isinstance(table, Source) else Source(table.name, lambda: table.open("rb"))
    try:
        with source.open() as file:
            head = file.read(_BLOCK)
    except OSError as error:
        raise SheetError(
            worded("%(name)s cannot be read (%(strerror)s).", name=source.name, strerror=error.strerror)
        ) from None
    if head.startswith(workbooks.OLD):
        raise SheetError(
            worded(
                "%(name)s is an old .xls workbook or has a password. Save it as .xlsx without one, or as CSV UTF-8.",
                name=source.name,
            )
        )
    if head.startswith(workbooks.ZIP):
        with workbooks.open_workbook(source) as (rows, about):
            yield _sheet(source, (Record(number, cells) for number, cells in rows), about)
        return
    chosen, lines = _encoding(source, head, encoding)
    with TextIOWrapper(source.open(), encoding=chosen, newline="") as text:
        yield _sheet(source, _csv(text), lines)


def _sheet(source: Source, records: Iterator[Record], about: int) -> Sheet:
    filled = (record for record in records if record.broken or any(record.cells))
    header = next(filled, None)
    if header is None:
        raise SheetError(
            worded("%(name)s is empty. Its first row says what the columns are: phone,language,tags", name=source.name)
        )
    if header.broken:
        raise SheetError(
            worded(
                "%(name)s, row %(row)s: a quotation mark of the header is not closed.", name=source.name, row=header.row
            )
        )
    titled = max(index for index, title in enumerate(header.cells, 1) if title)
    if titled > MOST_COLUMNS:
        raise SheetError(
            worded(
                "%(name)s has more than %(most_columns)s columns. Keep those that are needed.",
                name=source.name,
                most_columns=MOST_COLUMNS,
            )
        )
    return Sheet(header.cells[:titled], filled, max(about - header.row, 0))


def _encoding(source: Source, head: bytes, asked: str) -> tuple[str, int]:
    """The encoding that the whole file decodes in, and its number of lines."""
    chosen = _marked(head) or _asked(asked)
    if b"\0" in head and not chosen.startswith("utf-16"):
        raise SheetError(
            worded(
                "%(name)s is no text in UTF-8. Save it as CSV UTF-8; if it is Unicode text: --encoding utf-16-le",
                name=source.name,
            )
        )
    decoder = codecs.getincrementaldecoder(chosen)()
    lines = 1
    with source.open() as file:
        try:
            for block in chain(iter(lambda: file.read(_BLOCK), b""), [b""]):
                lines += decoder.decode(block, final=not block).count("\n")
        except UnicodeDecodeError:
            raise SheetError(_undecodable(source, asked)) from None
    return chosen, lines


def _marked(head: bytes) -> str:
    """What a byte order mark says; empty without one."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""


def _asked(encoding: str) -> str:
    name = encoding.strip().lower().replace("_", "-") or "utf-8"
    if name not in ENCODINGS:
        raise SheetError(
            worded(
                "--encoding %(encoding)s is not known. Use one of: %(what)s.",
                encoding=encoding,
                what=", ".join(ENCODINGS),
            )
        )
    return ENCODINGS[name]


def _undecodable(source: Source, asked: str) -> str:
    if asked:
        return worded(
            "%(name)s is not in the encoding %(asked)s. Save it as CSV UTF-8 and leave --encoding out.",
            name=source.name,
            asked=asked,
        )
    return worded(
        "%(name)s is not in UTF-8. Save it as CSV UTF-8; "
        "if an older Excel on Windows wrote it, this reads it: --encoding latin-1",
        name=source.name,
    )


def _csv(text: TextIO) -> Iterator[Record]:
    delimiter, row = _delimiter(text)
    # strict: a stray quotation mark is an error of its row, instead of silently swallowing the rows after it.
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Record(row, (), broken=True)
            continue
        yield Record(row, tuple(map(str.strip, cells)))


def _delimiter(text: TextIO) -> tuple[str, int]:
    """What separates cells, and how many rows to skip: Excel says it itself in a first line `sep=;`."""
    first = text.readline()
    if first.lower().startswith("sep=") and len(first.strip("\r\n")) == len("sep=;"):
        return first[4], 1
    while first and not first.strip():
        first = text.readline()
    text.seek(0)
    outside_quotes = "".join(first.split('"')[::2])
    return max(_DELIMITERS, key=outside_quotes.count), 0
