"""People as a table for other programs."""

from __future__ import annotations

import csv
import io

from sqlalchemy import select, update

from outreach import consent
from outreach.audience import exports
from outreach.audience.tables import Person, PersonState
from outreach.consent import Source
from outreach.store import dialects, loose
from tests.audience.conftest import Clinic

TABLE = (
    "phone,language,zone,tags,hours,text:district,number:change,date:refill_date,consent\n"
    '+254712345678,sw,Africa/Nairobi,"b,a",08:00-12:00,=HYPERLINK(1),-1.5,2026-12-31,form\n'
    "+254722345678,en,,,,,,,\n"
)


def exported(clinic: Clinic) -> tuple[str, list[dict[str, str]]]:
    sink = io.StringIO(newline="")
    count = exports.export(clinic.database, sink)
    rows = list(csv.DictReader(io.StringIO(sink.getvalue())))
    assert count == len(rows)
    return sink.getvalue(), sorted(rows, key=lambda row: row["language"])


def test_what_is_known_and_agreed_is_given_out(clinic: Clinic) -> None:
    clinic.take_in(TABLE)
    _, [baraka, amina] = exported(clinic)
    assert {key: value for key, value in amina.items() if key != "id"} == {
        "language": "sw",
        "zone": "Africa/Nairobi",
        "country": "KE",
        "openness": "covert",
        "hours": "08:00-12:00",
        "tags": "a,b",
        "stopped": "",
        "consent:tb": "granted",
        "district": "'=HYPERLINK(1)",
        "change": "-1.5",
        "refill_date": "2026-12-31",
    }
    assert (baraka["consent:tb"], baraka["hours"], baraka["tags"], baraka["district"]) == ("invited", "", "", "")


def test_neither_number_nor_pseudonym_nor_our_own_id_is_given_out(clinic: Clinic) -> None:
    clinic.take_in(TABLE)
    text, _ = exported(clinic)
    with clinic.database.read() as session:
        persons = list(session.scalars(select(Person)))
    secret = ["712345678", "722345678", *(each.pseudonym for each in persons), *(str(each.id) for each in persons)]
    assert not [each for each in secret if each in text]


def test_two_exports_share_no_id(clinic: Clinic) -> None:
    clinic.take_in(TABLE)
    first, second = ({row["id"] for row in exported(clinic)[1]} for _ in range(2))
    assert len(first) == 2
    assert not first & second


def test_the_order_says_nothing(clinic: Clinic) -> None:
    rows = "".join(f"+2547123456{each:02},{each}\n" for each in range(40))
    clinic.take_in("phone,number:n\n" + rows)
    orders = [[row["n"] for row in csv.DictReader(io.StringIO(exported(clinic)[0]))] for _ in range(2)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_a_stop_shows_beside_what_was_agreed(clinic: Clinic) -> None:
    clinic.take_in(TABLE)
    with clinic.database.write() as session:
        amina = session.scalars(select(Person).where(Person.language == "sw")).one()
        consent.stop(session, amina.id, Source.TEXT, "", dialects.now(session))
    _, rows = exported(clinic)
    assert [(row["stopped"], row["consent:tb"]) for row in rows] == [("", "invited"), ("yes", "granted")]


def test_who_is_forgotten_is_not_given_out(clinic: Clinic) -> None:
    clinic.take_in(TABLE)
    with clinic.database.write() as session:
        session.execute(update(Person).where(Person.language == "sw").values(state=PersonState.FORGOTTEN))
    assert [row["language"] for row in exported(clinic)[1]] == ["en"]


def test_nobody_is_an_empty_table(clinic: Clinic) -> None:
    assert exported(clinic)[0].startswith("id,language,")


def test_no_field_is_left_out_however_many_there_are(clinic: Clinic) -> None:
    names = [f"field_{number:03}" for number in range(loose.MOST + 1)]
    for some in (names[:100], names[100:]):  # more than a table may have
        titles = ",".join(f"text:{name}" for name in some)
        clinic.take_in(f"phone,{titles}\n+254712345678{',x' * len(some)}\n")
    _, [amina] = exported(clinic)
    assert [amina[name] for name in names] == ["x"] * len(names)
