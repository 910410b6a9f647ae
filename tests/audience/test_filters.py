"""Who a filter finds, on both databases, and what it refuses to be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine, create_engine, func, insert, select
from sqlalchemy.orm import Session

from outreach.audience.filters import Filter, fields, languages, where
from outreach.audience.tables import Person, PersonField, PersonTag
from outreach.store.base import Base

FILTERS: TypeAdapter[Filter] = TypeAdapter(Filter)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def read(written: Any) -> Filter:
    return FILTERS.validate_json(json.dumps(written))


# name: language, zone, country, tags, fields
PEOPLE: dict[str, tuple[str, str, str, list[str], dict[str, Any]]] = {
    "amina": (
        "sw",
        "Africa/Nairobi",
        "KE",
        ["on-treatment"],
        {"district": "kisumu", "age": 31.0, "due": date(2026, 12, 1)},
    ),
    "brenda": ("en", "Africa/Nairobi", "KE", ["on-treatment", "vip"], {"district": "siaya", "age": 17.0}),
    "carl": ("en", "Africa/Kampala|Africa/Nairobi", "UG", [], {"district": "31", "due": date(2026, 12, 24)}),
    "dalia": ("fr", "Europe/Paris", "FR", ["vip"], {}),
}


@pytest.fixture
def people(database_url: str) -> Iterator[Session]:
    """A database with everybody of PEOPLE in it."""
    engine: Engine = create_engine(database_url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for number, (name, (language, zone, country, tags, known)) in enumerate(PEOPLE.items(), start=1):
            session.execute(
                insert(Person).values(
                    id=number,
                    pseudonym=name,
                    language=language,
                    zone=zone,
                    country=country,
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
            session.flush()
            for tag in tags:
                session.execute(insert(PersonTag).values(person_id=number, tag=tag))
            for field, value in known.items():
                column = {str: "text", float: "number", date: "day"}[type(value)]
                session.execute(insert(PersonField).values(person_id=number, name=field, **{column: value}))
        yield session
    engine.dispose()


FINDS: list[tuple[str, dict[str, Any], str]] = [
    ("everybody", {"all": []}, "amina brenda carl dalia"),
    ("a tag", {"tag": "on-treatment"}, "amina brenda"),
    ("two at once", {"all": [{"tag": "on-treatment"}, {"tag": "vip"}]}, "brenda"),
    ("one of two", {"any": [{"tag": "on-treatment"}, {"tag": "vip"}]}, "amina brenda dalia"),
    ("none of it", {"not": {"tag": "vip"}}, "amina carl"),
    ("not everybody", {"not": {"all": []}}, ""),
    ("a field is", {"field": "district", "is": "kisumu"}, "amina"),
    ("capitals matter", {"field": "district", "is": "Kisumu"}, ""),
    ("a field is one of", {"field": "district", "in": ["kisumu", "siaya", 31]}, "amina brenda"),
    ("a text is no number", {"field": "district", "is": "31"}, "carl"),
    ("a number is no text", {"field": "age", "is": "31"}, ""),
    ("a number", {"field": "age", "is": 31}, "amina"),
    ("above leaves the bound out", {"field": "age", "above": 17}, "amina"),
    ("below leaves the bound out", {"field": "age", "below": 31}, "brenda"),
    ("between", {"field": "age", "above": 16.5, "below": 30}, "brenda"),
    ("before leaves the day out", {"field": "due", "before": "2026-12-24"}, "amina"),
    ("after leaves the day out", {"field": "due", "after": "2026-12-01"}, "carl"),
    ("a field is there", {"field": "due", "present": True}, "amina carl"),
    ("a field is not there", {"field": "due", "present": False}, "brenda dalia"),
    ("who lacks a field is not before", {"not": {"field": "due", "before": "2026-12-24"}}, "brenda carl dalia"),
    ("languages", {"language": ["en", "fr"]}, "brenda carl dalia"),
    ("a guessed zone does not count", {"zone": ["Africa/Nairobi", "Africa/Kampala"]}, "amina brenda"),
    ("countries", {"country": ["UG", "FR"]}, "carl dalia"),
    ("a quote is only a text", {"tag": "'; DROP TABLE person; --"}, ""),
    ("deep", {"not": {"any": [{"not": {"language": ["en"]}}, {"all": [{"tag": "vip"}, {"country": ["KE"]}]}]}}, "carl"),
]


def test_a_filter_finds_exactly_these_people(people: Session) -> None:
    for label, written, names in FINDS:
        found = people.scalars(select(Person.pseudonym).where(where(read(written))).order_by(Person.pseudonym))
        assert " ".join(found) == names, label


def test_a_filter_speaks_of_the_people_outside_even_from_deep_inside_a_statement(people: Session) -> None:
    inner = select(func.count()).where(PersonTag.person_id == Person.id, where(read({"tag": "vip"}))).scalar_subquery()
    counted = people.execute(select(Person.pseudonym, inner.correlate(Person)).order_by(Person.pseudonym))
    assert [tuple(row) for row in counted] == [("amina", 0), ("brenda", 2), ("carl", 0), ("dalia", 1)]


def test_values_never_stand_in_the_statement_itself() -> None:
    for _, written, _ in FINDS:
        statement = str(select(Person.id).where(where(read(written))))
        assert not any(word in statement for word in ("kisumu", "DROP", "2026", "'en'", "on-treatment"))


@pytest.mark.parametrize("written", [row[1] for row in FINDS], ids=[row[0] for row in FINDS])
def test_what_is_read_is_written_back_the_same(written: dict[str, Any]) -> None:
    assert FILTERS.dump_python(read(written), mode="json", exclude_none=True) == written


REFUSED: list[tuple[str, Any, str]] = [
    ("nothing", {}, "filter"),
    ("two forms", {"tag": "a", "language": ["en"]}, "filter"),
    ("an unknown form", {"tags": "a"}, "filter"),
    ("no mapping", "on-treatment", "filter"),
    ("an unknown key", {"tag": "a", "colour": "red"}, "extra_forbidden"),
    ("a tag that is a number", {"tag": 3}, "string_type"),
    ("an empty any", {"any": []}, "too_short"),
    ("a comparison with nothing", {"field": "age"}, "comparison"),
    ("present beside another comparison", {"field": "age", "present": True, "above": 3}, "comparison"),
    ("a day that is none", {"field": "due", "before": "2026-02-30"}, "day"),
    ("a day in another form", {"field": "due", "before": "1.12.2026"}, "day"),
    ("a number in quotes", {"field": "age", "above": "17"}, "int_type"),
    ("a field's name with a blank", {"field": "my field", "is": "x"}, "string_pattern_mismatch"),
    ("a language in capitals", {"language": ["EN"]}, "string_pattern_mismatch"),
    ("a fault deep inside", {"all": [{"not": {"any": [{"tag": ""}]}}]}, "string_too_short"),
]


@pytest.mark.parametrize(("written", "kind"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_no_filter_is_refused(written: Any, kind: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        read(written)
    assert kind in {error["type"] for error in refusal.value.errors()}


def test_a_filter_names_its_fields() -> None:
    deep = {"all": [{"field": "a", "is": 1}, {"not": {"any": [{"field": "b", "present": True}, {"tag": "c"}]}}]}
    assert fields(read(deep)) == {"a", "b"}


LANGUAGES: list[tuple[dict[str, Any], set[str] | None]] = [
    ({"language": ["en", "sw"]}, {"en", "sw"}),
    ({"tag": "a"}, None),
    ({"all": [{"tag": "a"}, {"language": ["en", "sw"]}, {"language": ["sw", "fr"]}]}, {"sw"}),
    ({"any": [{"language": ["en"]}, {"language": ["fr"]}]}, {"en", "fr"}),
    ({"any": [{"language": ["en"]}, {"tag": "a"}]}, None),
    ({"not": {"language": ["en"]}}, None),
    ({"all": []}, None),
]


@pytest.mark.parametrize(("written", "gives"), LANGUAGES)
def test_the_languages_an_audience_can_have(written: dict[str, Any], gives: set[str] | None) -> None:
    assert languages(read(written)) == gives
