"""People over HTTP: found without a number, a history without a word, taken in after a look, forgotten on purpose."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest
from sqlalchemy import select, update

from outreach.audience import intakes, people
from outreach.audience.tables import Person, PersonState
from outreach.console import people_import
from outreach.privacy import audit
from outreach.staff.roles import Role
from outreach.threads import inbox
from tests.clinic import AMINA, BARAKA, CHAUSIKU, cast
from tests.console.conftest import Console, Signed, on_sqlite, read
from tests.threads.texting import whose, write

pytestmark = on_sqlite

TABLE = """phone,language,Name,District,tags
0712000071,en,x,kisumu,adult
0712000072,klingon,y,siaya,adult
12,en,z,siaya,
"""


@pytest.fixture
def launcher(console: Console) -> Signed:
    cast(console.workspace)
    return console.as_(Role.LAUNCHER)


def pseudonym(console: Console, number: str = AMINA) -> str:
    with console.workspace.database.read() as session:
        return session.get_one(Person, whose(console.workspace, number)).pseudonym


def record(console: Console) -> list[tuple[str, str]]:
    with console.workspace.database.read() as session:
        return [(line.action, line.why) for line in audit.entries(session, console.workspace.vault)]


def send(browser: Signed, table: str, **form: str) -> httpx.Response:
    """Send a table by the page's form."""
    page = browser.get("/people/import").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    fields = {"csrf": token.group(1), "topic": "tb", "source": "", "wording": "", "country": "", **form}
    return browser.http.post("/people/import", data=fields, files={"table": ("people.csv", table.encode())})


def test_people_are_found_and_shown_without_a_number_or_a_word(console: Console, launcher: Signed) -> None:
    write(console.workspace, AMINA, f"canary words {AMINA}")
    name, stopped = pseudonym(console), pseudonym(console, CHAUSIKU)
    assert name in launcher.text(f"/people?pseudonym={name[:6]}")
    assert "Nobody was found" in launcher.text("/people?tag=nothing")
    assert "at least three letters" in launcher.text("/people?pseudonym=a")
    told = launcher.text(f"/people/{name}")
    for words in ("Agreed to tb", "written down by staff", "Text from her", "can be used", "covert"):
        assert words in told
    assert "Said STOP: nothing more is sent" in launcher.text(f"/people/{stopped}")
    pages = "".join(launcher.get(path).text for path in ("/people", f"/people/{name}", f"/people/{stopped}"))
    ids = [str(whose(console.workspace, number)) for number in (AMINA, CHAUSIKU)]
    assert [each for each in ("canary", AMINA[4:], CHAUSIKU[4:], *ids) if each in pages] == []
    assert launcher.get("/people/azure-heron-1").status_code == 404


def test_fields_of_ones_own_are_shown_whatever_they_hold(console: Console, launcher: Signed) -> None:
    table = "phone,district,age,due\n0712000071,kisumu,31,2027-01-31\n"
    place = send(launcher, table).headers["location"]
    meanings = {"column-0": "phone", "column-1": "text:district", "column-2": "number:age", "column-3": "date:due"}
    launcher.post(f"{place}/columns", **meanings)
    launcher.post(place)
    intakes.carry_on(console.workspace)
    told = launcher.text(f"/people/{pseudonym(console, '+254712000071')}")
    for words in ("Tags and fields", "age 31", "district kisumu", "due 2027-01-31"):
        assert words in told


def test_a_number_is_looked_for_with_a_reason_that_is_recorded(console: Console, launcher: Signed) -> None:
    found = launcher.post("/people/by-number", number="0712 000 001", why="she stands before me")
    assert (found.status_code, found.headers["location"]) == (303, f"/people/{pseudonym(console)}")
    told = {
        "no reason": launcher.post("/people/by-number", number=AMINA, why=" "),
        "no number": launcher.post("/people/by-number", number="12", why="calls"),
        "nobody": launcher.post("/people/by-number", number="+254712009999", why="calls"),
    }
    assert {label: answer.status_code for label, answer in told.items()} == dict.fromkeys(told, 409)
    assert "Nobody here has this number." in read(told["nobody"])
    assert "712009999" not in told["nobody"].text, "it is not shown again"
    assert [line for line in record(console) if line[0] == "number_looked_up"] == [
        ("number_looked_up", "she stands before me"),
        ("number_looked_up", "calls"),
    ]


def test_a_table_is_looked_at_before_anybody_is_written_down(console: Console, launcher: Signed) -> None:
    workspace = console.workspace
    sent = send(launcher, TABLE, source="paper form 7")
    place = sent.headers["location"]
    told = launcher.text(place)
    assert "It cannot be taken in as it is" in told
    assert "Say what it means, or leave it out." in told, "nobody can know what a district is"
    assert launcher.post(place).headers["location"] == place, "and so nobody can say yes to it"
    meanings = {"column-0": "phone", "column-1": "language", "column-2": "skip", "column-3": "text:district"}
    assert launcher.post(f"{place}/columns", **meanings, **{"column-4": "tags"}).status_code == 303
    told = launcher.text(place)
    for words in ("rows 3", "new 1", "not taken 2", "Write the language as a code", "Digits are missing"):
        assert words in told
    assert "0712000071" not in launcher.get(place).text
    with workspace.database.read() as session:
        assert people.by_number(session, workspace.vault, "+254712000071") is None
    assert console.as_(Role.COORDINATOR).get(place).status_code == 404, "it is the launcher's"


def test_a_table_is_taken_in_by_a_worker_while_the_page_tells_how_far_it_is(console: Console, launcher: Signed) -> None:
    workspace = console.workspace
    place = send(launcher, "phone,language\n0712000071,en\n0712000072,klingon\n12,en\n").headers["location"]
    going = launcher.post(place).headers["location"]
    assert launcher.post(place).status_code == 409, "twice is once"
    assert launcher.get(place).headers["location"] == going
    assert "It begins as soon as a worker is free" in launcher.text(going)
    assert f'hx-get="{going}"' in launcher.get(going).text
    intakes.carry_on(workspace)
    coordinator = console.as_(Role.COORDINATOR)
    told = coordinator.text(going)
    for words in ("Taken in", "rows 3", "new 1", "not taken 2", "1 Write the language as a code", "wanjiru"):
        assert words in told
    assert "hx-get" not in coordinator.get(going, headers={"HX-Request": "true"}).text, "it asks no more"
    assert "Taken in" in coordinator.text("/people/import"), "it is found again"
    left = coordinator.get(f"{going}/left-out.csv")
    assert list(csv.reader(io.StringIO(left.text.removeprefix("\ufeff")))) == [
        ["Row", "Column", "Why"],
        ["3", "language", "Write the language as a code: en, fr, sw."],
        ["4", "phone", "Digits are missing."],
    ]
    assert ("people_imported", "1 added, 2 refused") in record(console)
    assert coordinator.post(f"{going}/cancel").status_code == 409


def test_an_import_can_be_cancelled_and_a_long_table_is_looked_at_in_part(
    console: Console, launcher: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_import, "LOOKED_AT", 2)
    place = send(launcher, "phone\n" + "".join(f"07120000{each}\n" for each in range(70, 75))).headers["location"]
    assert "Of about 6 rows these are the first 2" in launcher.text(place)
    monkeypatch.setattr(people_import, "LOOKED_AT", 5)
    assert "rows these are the first" not in launcher.text(place), "every row was looked at"
    going = launcher.post(place).headers["location"]
    assert launcher.post(f"{going}/cancel").headers["location"] == going
    assert "Cancelled" in launcher.text(going)
    assert intakes.carry_on(console.workspace) == 0
    assert ("import_cancelled", "nothing") in record(console)


def test_a_table_without_titles_is_not_quoted(console: Console, launcher: Signed) -> None:
    place = send(launcher, "0712000071,en\n0712000072,en\n").headers["location"]
    page = launcher.get(place).text
    assert "The first row holds data" in page
    assert "0712000071" not in page


REFUSED = [
    ("no table", "", {}, "Choose a file first"),
    ("a topic that is none", TABLE, {"topic": "Not A Topic"}, "lower-case letters"),
]


@pytest.mark.parametrize(("label", "table", "form", "told"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_looked_at_says_why(
    label: str, table: str, form: dict[str, str], told: str, console: Console, launcher: Signed
) -> None:
    answer = send(launcher, table, **form)
    assert (answer.status_code, told in read(answer)) == (409, True)


def test_forgetting_asks_for_the_pseudonym_and_is_for_good(console: Console, launcher: Signed) -> None:
    write(console.workspace, BARAKA, "Hello")
    name, coordinator = pseudonym(console, BARAKA), console.as_(Role.COORDINATOR)
    assert launcher.get(f"/people/{name}/forget").status_code == 404, "not a launcher's to do"
    assert "cannot be undone" in coordinator.text(f"/people/{name}/forget")
    slip = coordinator.post(f"/people/{name}/forget", pseudonym="somebody-else-1", why="")
    assert (slip.status_code, "Write the pseudonym as it stands" in read(slip)) == (409, True)
    done = coordinator.post(f"/people/{name}/forget", pseudonym=name, why="she asked")
    assert (done.status_code, done.headers["location"]) == (303, "/people")
    with console.workspace.database.read() as session:
        states = session.scalars(select(Person.state).where(Person.state == PersonState.FORGOTTEN)).all()
    assert len(states) == 1
    assert ("person_forgotten", "she asked") in record(console)
    assert coordinator.get(f"/people/{name}").status_code == 404


def test_an_export_is_recorded_before_anything_is_out_and_holds_neither_number_nor_pseudonym(
    console: Console, launcher: Signed
) -> None:
    with console.workspace.database.write() as session:
        session.execute(update(Person).values(zone="=cmd"))
    answer = console.as_(Role.COORDINATOR).post("/people/export")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert (len(rows), {row["zone"] for row in rows}) == (4, {"'=cmd"}), "no spreadsheet takes it for a formula"
    assert AMINA[4:] not in answer.text
    assert pseudonym(console) not in answer.text
    assert record(console)[-1][0] == "people_exported"
    assert inbox.UNNAMED not in answer.text
