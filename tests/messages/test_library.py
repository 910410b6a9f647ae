"""Reading a folder of template files, whatever stands in it."""

from pathlib import Path

import pytest

from outreach.channels.contract import Kind
from outreach.errors import NotFoundError
from outreach.messages import library
from outreach.messages.templates import Body, Openness


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        place = folder / "templates" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder / "templates"


def only(folder: Path, files: dict[str, bytes]) -> Body:
    found = library.load(put(folder, files))
    assert not found.faults
    (template,) = found.templates.values()
    (body,) = template.bodies
    return body


def test_a_name_says_which_template_language_kind_and_openness(tmp_path: Path) -> None:
    files = {
        "tb/welcome.en.txt": b"open",
        "tb/welcome.en.covert.txt": b"covert",
        "tb/welcome.en.push.txt": b"title\nbody",
        "tb/welcome.fr-CA.txt": b"ouvert",
        "stop.sw.txt": b"sawa",
    }
    found = library.load(put(tmp_path, files))
    assert not found.faults
    assert set(found.templates) == {"tb/welcome", "stop"}
    assert {(body.kind, body.language, body.openness, body.text) for body in found.get("tb/welcome").bodies} == {
        (Kind.SMS, "en", Openness.OPEN, "open"),
        (Kind.SMS, "en", Openness.COVERT, "covert"),
        (Kind.PUSH, "en", Openness.COVERT, "body"),
        (Kind.SMS, "fr-ca", Openness.OPEN, "ouvert"),
    }


READ = [
    ("plain", b"Hello\nthere\n", "Hello\nthere", 1),
    ("sources and empty lines around it", b"{# source: WHO\n p. 3 #}\n\n{# and CDC #}\nHello\n\n\n", "Hello", 5),
    ("a comment beside the words", b"{# WHO #}Hello", "Hello", 1),
    ("Windows line ends", b"{# a #}\r\nHello\r\nthere\r\n", "Hello\nthere", 2),
    ("a byte order mark", b"\xef\xbb\xbfHello", "Hello", 1),
    ("accents typed in two", "Ze\u0301".encode(), "Z\u00e9", 1),
]


@pytest.mark.parametrize(("label", "data", "text", "line"), READ, ids=[row[0] for row in READ])
def test_the_text_is_what_stands_below_the_comments(
    tmp_path: Path, label: str, data: bytes, text: str, line: int
) -> None:
    body = only(tmp_path, {"tb/x.en.txt": data})
    assert (body.text, body.line, body.path) == (text, line, "templates/tb/x.en.txt")


def test_the_first_line_of_a_push_is_its_title(tmp_path: Path) -> None:
    body = only(tmp_path, {"x.en.push.txt": b"{# source #}\n\nA message\n\nOpen the app.\n"})
    assert (body.title, body.text, body.line) == ("A message", "Open the app.", 5)


UNREADABLE = [
    ("no language", "tb/welcome.txt", b"Hi", 0, "name"),
    ("a push that claims to be covert besides", "tb/welcome.en.push.covert.txt", b"Hi", 0, "name"),
    ("another ending", "tb/welcome.en.docx", b"Hi", 0, "name"),
    ("capital letters", "tb/Welcome.en.txt", b"Hi", 0, "name"),
    ("Latin-1", "x.en.txt", b"Hi\nCaf\xe9", 2, "UTF-8"),
    ("UTF-16", "x.en.txt", "Hi".encode("utf-16"), 1, "UTF-8"),
    ("nothing", "x.en.txt", b"\n{# only a source #}\n", 0, "no text"),
    ("a title alone", "x.en.push.txt", b"News\n\n", 1, "no text"),
    ("a book", "x.en.txt", b"x" * 20_001, 0, "larger"),
    ("a tab", "x.en.txt", b"Hi\n\tyou", 2, "control character"),
    ("a loop", "x.en.txt", b"{# s #}\nHi {% for a in b %}{% endfor %}", 2, "loop"),
]


@pytest.mark.parametrize(("label", "name", "data", "line", "says"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_what_cannot_be_read_is_a_fault_and_the_rest_is_read_all_the_same(
    tmp_path: Path, label: str, name: str, data: bytes, line: int, says: str
) -> None:
    found = library.load(put(tmp_path, {name: data, "good.en.txt": b"Good"}))
    (fault,) = found.faults
    assert (fault.path, fault.line) == (f"templates/{name}", line)
    assert says in fault.problem
    assert fault.remedy
    assert found.get("good").bodies[0].text == "Good"


def test_a_file_that_may_not_be_opened_is_a_fault(tmp_path: Path) -> None:
    place = put(tmp_path, {"good.en.txt": b"Good"})
    (place / "x.en.txt").mkdir()
    found = library.load_one(place, "x")
    assert [fault.path for fault in found.faults] == ["templates/x.en.txt"]


def test_two_files_for_the_same_body_are_a_fault(tmp_path: Path) -> None:
    found = library.load(put(tmp_path, {"x.en-GB.txt": b"a", "x.en-gb.txt": b"b"}))
    (fault,) = found.faults
    assert "templates/x.en-GB.txt" in fault.problem


def test_what_editors_leave_behind_is_not_meant(tmp_path: Path) -> None:
    files = {"README.md": b"About", ".x.en.txt.swp": b"\0", "x.en.txt~": b"old", ".git/x.en.txt": b"no"}
    assert library.load(put(tmp_path, files)) == library.Library({}, ())


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert library.load(tmp_path / "templates") == library.Library({}, ())


def test_a_template_there_is_not_says_where_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"templates/tb/nothing\.en\.txt"):
        library.load(tmp_path).get("tb/nothing")
