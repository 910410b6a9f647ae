"""Tables as programs save them."""

from __future__ import annotations

import io
import warnings
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from outreach.audience import workbooks
from outreach.audience.sheets import Record, open_sheet
from outreach.errors import SheetError

TEXT = "phone,text:village\n0712345678,Kisumu Ndogo é\n"
CELLS = ("0712345678", "Kisumu Ndogo é")


def read(path: Path, encoding: str = "") -> tuple[tuple[str, ...], list[Record]]:
    with open_sheet(path, encoding) as sheet:
        return sheet.header, list(sheet.records)


def saved(folder: Path, content: bytes | str, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


ENCODINGS = [
    # label, bytes, --encoding
    ("UTF-8", TEXT.encode(), ""),
    ("UTF-8 with a mark", TEXT.encode("utf-8-sig"), ""),
    ("UTF-16 with a mark", TEXT.encode("utf-16"), ""),
    ("UTF-16 little-endian with a mark", b"\xff\xfe" + TEXT.encode("utf-16-le"), ""),
    ("UTF-16 big-endian with a mark", b"\xfe\xff" + TEXT.encode("utf-16-be"), ""),
    ("UTF-16 without a mark, told", TEXT.encode("utf-16-le"), "utf-16-le"),
    ("Latin-1, told", TEXT.encode("latin-1"), "latin-1"),
    ("Windows-1252, told", TEXT.encode("cp1252"), "Windows-1252"),
    ("a mark outweighs what is told", TEXT.encode("utf-16"), "latin-1"),
    ("ends of line of Windows", TEXT.replace("\n", "\r\n").encode(), ""),
    ("ends of line of old Macs", TEXT.replace("\n", "\r").encode(), ""),
    ("semicolons", TEXT.replace(",", ";").encode(), ""),
    ("tabs", TEXT.replace(",", "\t").encode(), ""),
    ("a comma inside a quoted title", b'phone;"a,b,c"\n0712345678;Kisumu Ndogo \xc3\xa9\n', ""),
    ("quoted cells", b'"phone","text:village"\n"0712345678","Kisumu Ndogo \xc3\xa9"\n', ""),
    ("blank lines above and between", b"\n\n" + TEXT.replace("\n", "\n\n").encode(), ""),
    ("no end of the last line", TEXT.rstrip("\n").encode(), ""),
]


@pytest.mark.parametrize(("label", "content", "encoding"), ENCODINGS, ids=[row[0] for row in ENCODINGS])
def test_every_usual_way_to_save_text_gives_the_same_cells(
    label: str, content: bytes, encoding: str, tmp_path: Path
) -> None:
    header, records = read(saved(tmp_path, content), encoding)
    assert header[0] == "phone"
    assert [record.cells for record in records] == [CELLS]


REFUSED = [
    # label, bytes, --encoding, the remedy in the error
    ("empty", b"", "", "Its first row says"),
    ("blank", b"\n \n", "", "Its first row says"),
    ("Latin-1, not told", TEXT.encode("latin-1"), "", "--encoding latin-1"),
    ("UTF-16 without a mark", TEXT.encode("utf-16-le"), "", "--encoding utf-16-le"),
    ("not what was told", b"phone\n\x81\n", "latin-1", "Save it as CSV UTF-8"),
    ("an encoding that is none", TEXT.encode(), "klingon", "Use one of: utf-8"),
    ("a codec that is no encoding", TEXT.encode(), "base64", "Use one of: utf-8"),
    ("an old workbook", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "", "Save it as .xlsx"),
    ("a header that is not closed", b'phone,"tags\n0712345678,a\n', "", "quotation mark"),
    ("too many columns", b",".join(b"c%d" % n for n in range(201)) + b"\n", "", "more than 200 columns"),
    ("half a workbook", b"PK\x03\x04 and no more", "", "cannot be read as a workbook"),
]


@pytest.mark.parametrize(("label", "content", "encoding", "remedy"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_read_is_refused_with_a_remedy(
    label: str, content: bytes, encoding: str, remedy: str, tmp_path: Path
) -> None:
    with pytest.raises(SheetError) as refused:
        read(saved(tmp_path, content), encoding)
    assert remedy in str(refused.value)


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="cannot be read"):
        read(tmp_path / "nowhere.csv")


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    content = 'sep=;\nphone;text:village\n1;"two\nlines"\n\n2;b\n'
    header, records = read(saved(tmp_path, content))
    assert header == ("phone", "text:village")
    assert [(record.row, record.cells) for record in records] == [(3, ("1", "two\nlines")), (5, ("2", "b"))]


def test_a_stray_quotation_mark_spoils_its_own_row_only(tmp_path: Path) -> None:
    _, records = read(saved(tmp_path, 'phone,text:a\n1,"x"y\n2,b\n'))
    assert [(record.row, record.broken) for record in records] == [(2, True), (3, False)]


def test_a_quotation_mark_that_is_never_closed_is_not_taken_for_one_long_cell(tmp_path: Path) -> None:
    _, records = read(saved(tmp_path, 'phone,text:a\n1,a\n2,"b\n3,c\n'))
    assert [(record.row, record.broken) for record in records] == [(2, False), (3, True)]


def workbook(folder: Path, *rows: list[object]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(folder / "people.xlsx")
    return folder / "people.xlsx"


WORKBOOK_CELLS = [
    ("text", "0712345678", "0712345678"),
    ("whole number", 254712345678, "254712345678"),
    ("float", 254712345678.0, "254712345678"),
    ("fraction", 1.5, "1.5"),
    ("date", date(2026, 12, 31), "2026-12-31"),
    ("date and time", datetime.fromisoformat("2026-12-31T09:30"), "2026-12-31 09:30"),
    ("time", time(9, 30), "09:30:00"),
    ("yes", True, "true"),
    ("nothing", None, ""),
    ("blanks", "  x ", "x"),
]


@pytest.mark.parametrize(("label", "value", "cell"), WORKBOOK_CELLS, ids=[row[0] for row in WORKBOOK_CELLS])
def test_a_cell_of_a_workbook_reads_as_one_would_type_it(label: str, value: object, cell: str, tmp_path: Path) -> None:
    _, [record] = read(workbook(tmp_path, ["phone", "x", "y"], [1, value, 2]))
    assert record.cells == ("1", cell, "2")


def test_the_rows_of_a_workbook_keep_their_numbers(tmp_path: Path) -> None:
    path = workbook(tmp_path, [], ["phone"], [None], [1], [], [2])
    header, records = read(path)
    assert header == ("phone",)
    assert [record.row for record in records] == [4, 6]


def test_the_first_visible_sheet_is_read(tmp_path: Path) -> None:
    book = Workbook()
    hidden, shown = book.worksheets[0], book.create_sheet("shown")
    hidden.append(["secret"])
    hidden.sheet_state = "hidden"
    shown.append(["phone"])
    book.active = 1
    book.save(tmp_path / "people.xlsx")
    assert read(tmp_path / "people.xlsx")[0] == ("phone",)


def test_a_workbook_with_the_wrong_ending_is_recognised(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["phone"], [1]).rename(tmp_path / "people.csv")
    assert read(path)[0] == ("phone",)


def repacked(path: Path, member: str, content: bytes) -> Path:
    """The workbook with one of its parts replaced."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {**parts, member: content}.items():
            archive.writestr(name, part)
    return path


def test_a_workbook_that_unpacks_to_far_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["phone"], [1])
    bomb = repacked(path, "xl/sharedStrings.xml", b" " * (workbooks.MOST_OTHER + 1))
    assert path.stat().st_size < 200_000
    with pytest.raises(SheetError, match="unpacks to more than 64 MB"):
        read(bomb)


def test_broken_xml_inside_a_workbook_is_told_with_its_row(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["phone"], [1])
    with pytest.raises(SheetError, match="cannot be read as a workbook"):
        read(repacked(path, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"))


def test_another_archive_is_no_workbook(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(SheetError, match="cannot be read as a workbook"):
        read(saved(tmp_path, sink.getvalue(), "people.ods"))


def test_a_number_in_a_date_cell_is_not_quoted_in_a_warning(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = workbook(tmp_path, ["phone"], [254712345678])
    book = load_workbook(path)
    book.worksheets[0]["A2"].number_format = "yyyy-mm-dd"
    book.save(path)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        _, [record] = read(path)
    assert not told
    assert record.cells == ("#VALUE!",)
    assert "254712345678" not in "".join(capfd.readouterr())
