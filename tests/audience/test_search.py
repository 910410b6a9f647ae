"""Finding people by pseudonym, tag, field, language and topic; page by page; never by number."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import select, update

from outreach.audience import search
from outreach.audience.search import Asked
from outreach.audience.tables import Person, PersonState
from outreach.store import dialects
from tests.audience.conftest import Clinic

TABLE = """phone,language,tags,text:district,number:age,date:refill_date,consent
+254712000001,en,on-treatment,kisumu,31,2026-12-01,form 7
+254712000002,sw,"on-treatment, adult",siaya,28,2026-12-01,form 7
+254712000003,sw,,kisumu,31,,
+254712000004,fr,adult,100,,2026-12-02,form 7
"""


@pytest.fixture
def names(clinic: Clinic) -> dict[str, int]:
    """The four people by pseudonym: first, second, third, fourth."""
    clinic.take_in(TABLE)
    with clinic.database.write() as session:
        ids = list(session.scalars(select(Person.id).order_by(Person.id)))
        names = ["azure-heron-42", "azure-heron-43", "amber-wolf-10", "calm_reed-11"]
        for person_id, name in zip(ids, names, strict=True):
            session.execute(update(Person).where(Person.id == person_id).values(pseudonym=name))
    return dict(zip(names, ids, strict=True))


def found(clinic: Clinic, asked: Asked, size: int = 50) -> list[str]:
    pseudonyms: list[str] = []
    after = 0
    with clinic.database.read() as session:
        while True:
            some, after = search.page(session, asked, dialects.now(session), after=after, size=size)
            pseudonyms += [each.pseudonym for each in some]
            if not after:
                return sorted(pseudonyms)


ASKED = [
    (Asked(), "azure-heron-42 azure-heron-43 amber-wolf-10 calm_reed-11"),
    (Asked(pseudonym=" Azure-Heron-42 "), "azure-heron-42"),
    (Asked(pseudonym="azure"), "azure-heron-42 azure-heron-43"),
    (Asked(pseudonym="calm_"), "calm_reed-11"),
    (Asked(pseudonym="%"), ""),
    (Asked(pseudonym="+254712000001"), ""),
    (Asked(tag="On-Treatment"), "azure-heron-42 azure-heron-43"),
    (Asked(tag="adult", language="sw"), "azure-heron-43"),
    (Asked(field="district", value="kisumu"), "azure-heron-42 amber-wolf-10"),
    (Asked(field="district", value="100"), "calm_reed-11"),
    (Asked(field="age", value="31"), "azure-heron-42 amber-wolf-10"),
    (Asked(field="refill_date", value="2026-12-01"), "azure-heron-42 azure-heron-43"),
    (Asked(field="phone", value="+254712000001"), ""),
    (Asked(topic="tb"), "azure-heron-42 azure-heron-43 calm_reed-11"),
    (Asked(topic="hiv"), ""),
]


@pytest.mark.parametrize(("asked", "wanted"), ASKED, ids=str)
def test_people_are_found_by_what_staff_may_know(
    asked: Asked, wanted: str, clinic: Clinic, names: dict[str, int]
) -> None:
    assert found(clinic, asked) == sorted(wanted.split())
    assert found(clinic, asked, size=1) == sorted(wanted.split()), "and page by page"


def test_a_person_in_a_list_shows_what_she_agreed_to_and_no_number(clinic: Clinic, names: dict[str, int]) -> None:
    with clinic.database.read() as session:
        [first], _ = search.page(session, Asked(pseudonym="azure-heron-42"), dialects.now(session))
        [third], _ = search.page(session, Asked(pseudonym="amber"), dialects.now(session))
        fields = search.fields_of(session, first.id)
    assert (first.tags, first.topics, first.stopped, third.topics) == (["on-treatment"], ["tb"], False, [])
    assert {name: str(value) for name, value in fields.items()} == {
        "age": "31",
        "district": "kisumu",
        "refill_date": "2026-12-01",
    }
    assert "254712" not in str(dataclasses.asdict(first))


def test_who_is_forgotten_is_not_found(clinic: Clinic, names: dict[str, int]) -> None:
    with clinic.database.write() as session:
        session.execute(update(Person).values(state=PersonState.FORGOTTEN))
    assert found(clinic, Asked()) == []


def test_the_names_of_fields(clinic: Clinic, names: dict[str, int]) -> None:
    with clinic.database.read() as session:
        assert search.names_of_fields(session) == ["age", "district", "refill_date"]
