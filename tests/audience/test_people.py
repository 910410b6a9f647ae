"""Finding people, taking in those who write, loading many at once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, func, select

from outreach import consent
from outreach.audience import people, pseudonyms
from outreach.audience.headers import Role
from outreach.audience.tables import Person, Suppression
from outreach.channels.contract import Kind
from outreach.errors import ConflictError, KeyringError, NotFoundError
from outreach.privacy.keyring import Keyring
from outreach.privacy.tables import PersonKey
from outreach.privacy.vault import Vault
from tests.audience.conftest import Clinic

AMINA, BARAKA = "+254712345678", "+254722345678"
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def adopt(clinic: Clinic, number: str) -> int:
    with clinic.database.write() as session:
        return people.adopt(session, clinic.vault, number, clinic.settings, AT)


def test_somebody_unknown_who_writes_becomes_a_person_without_consent(clinic: Clinic) -> None:
    amina = adopt(clinic, AMINA)
    with clinic.database.read() as session:
        found = session.get(Person, amina)
        assert found is not None
        assert (found.language, found.zone, found.country) == ("en", "Africa/Nairobi", "KE")
        assert (found.openness, found.state, found.created_at) == ("covert", "active", AT)
        assert not consent.standing(session, [amina])
        key = people.keys_of(session, clinic.vault, [amina])[amina]
        [reach] = people.endpoints_of(session, [amina])[amina]
        assert people.value_of(key, reach) == AMINA


def test_somebody_known_is_found_and_not_made_twice(clinic: Clinic) -> None:
    assert adopt(clinic, AMINA) == adopt(clinic, AMINA)
    with clinic.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1


PLACES = [
    ("a neighbour", "+256772123456", "UG", "Africa/Kampala"),
    ("a short code", "22345", "KE", "Africa/Nairobi"),
    ("a sender's name", "Safaricom", "KE", "Africa/Nairobi"),
]


@pytest.mark.parametrize(("label", "number", "country", "zone"), PLACES, ids=[row[0] for row in PLACES])
def test_whoever_writes_has_a_place(clinic: Clinic, label: str, number: str, country: str, zone: str) -> None:
    person_id = adopt(clinic, number)
    with clinic.database.read() as session:
        found = session.get(Person, person_id)
    assert found is not None
    assert (found.country, found.zone) == (country, zone)


def test_two_first_texts_at_once_are_of_one_person(server: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other worker commits between our look and our write."""
    draw, rival = pseudonyms.draw, []

    def slow(session: object, count: int) -> list[str]:
        monkeypatch.setattr(pseudonyms, "draw", draw)
        rival.append(adopt(server, AMINA))
        return ["azure-heron-42"]

    monkeypatch.setattr(pseudonyms, "draw", slow)
    assert [adopt(server, AMINA)] == rival


def test_a_pseudonym_that_was_taken_meanwhile_is_drawn_again(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["azure-heron-42"], ["azure-heron-42"], ["calm-otter-17"]])
    monkeypatch.setattr(pseudonyms, "draw", lambda _session, _count: next(answers))
    assert adopt(clinic, AMINA) != adopt(clinic, BARAKA)
    with clinic.database.read() as session:
        assert people.by_pseudonym(session, "calm-otter-17").id == people.by_number(session, clinic.vault, BARAKA)


def test_taking_somebody_in_is_not_tried_for_ever(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudonyms, "draw", lambda _session, _count: ["azure-heron-42"])
    adopt(clinic, AMINA)
    with pytest.raises(ConflictError):
        adopt(clinic, BARAKA)


def test_somebody_forgotten_who_writes_again_is_answered_as_somebody_new(clinic: Clinic) -> None:
    with clinic.database.write() as session:
        session.add(Suppression(lookup=people.lookup(clinic.vault, Kind.SMS, AMINA), created_at=AT))
    amina = adopt(clinic, AMINA)
    assert clinic.told(f"phone\n{AMINA}\n") == ["refused: forgotten"], "only she herself came back"
    with clinic.database.read() as session:
        assert people.by_number(session, clinic.vault, AMINA) == amina


def test_a_pseudonym_finds_its_person_however_it_is_typed(clinic: Clinic) -> None:
    amina = adopt(clinic, AMINA)
    with clinic.database.read() as session:
        pseudonym = session.scalars(select(Person.pseudonym)).one()
        assert people.by_pseudonym(session, f" {pseudonym.upper()} ").id == amina
        with pytest.raises(NotFoundError, match="Check its spelling"):
            people.by_pseudonym(session, "nobody-here-10")


def test_another_clinics_keys_find_nobody_and_open_nothing(clinic: Clinic) -> None:
    amina, other = adopt(clinic, AMINA), Vault(Keyring.new())
    with clinic.database.read() as session:
        assert people.by_number(session, other, AMINA) is None
        with pytest.raises(KeyringError):
            people.keys_of(session, other, [amina])


def test_who_is_forgotten_has_no_key(clinic: Clinic) -> None:
    amina, baraka = adopt(clinic, AMINA), adopt(clinic, BARAKA)
    with clinic.database.write() as session:
        session.execute(delete(PersonKey).where(PersonKey.person_id == amina))
    with clinic.database.read() as session:
        assert set(people.keys_of(session, clinic.vault, [amina, baraka])) == {baraka}


def test_values_come_by_person_and_name_in_their_kind(clinic: Clinic) -> None:
    clinic.told(
        "phone,text:district,number:age,number:weight,date:refill_date\n"
        f"{AMINA},Kisumu,34,61.5,2026-12-31\n"
        f"{BARAKA},,,,\n"
    )
    amina, baraka = adopt(clinic, AMINA), adopt(clinic, BARAKA)
    with clinic.database.read() as session:
        values = people.values_of(session, [amina, baraka], ["district", "age", "weight", "refill_date", "other"])
        kinds = people.field_kinds(session, ["district", "age", "refill_date", "other"])
    assert values == {
        amina: {"district": "Kisumu", "age": 34, "weight": 61.5, "refill_date": date(2026, 12, 31)},
        baraka: {},
    }
    assert kinds == {"district": Role.TEXT, "age": Role.NUMBER, "refill_date": Role.DATE}


def test_the_newest_way_to_reach_somebody_comes_first(clinic: Clinic) -> None:
    clinic.told(f"phone,push_token\n{AMINA},the-older-token\n")
    clinic.told(f"phone,push_token\n{AMINA},the-newer-token\n")
    amina = adopt(clinic, AMINA)
    with clinic.database.read() as session:
        key = people.keys_of(session, clinic.vault, [amina])[amina]
        reaches = people.endpoints_of(session, [amina, 7])
    assert [people.value_of(key, each) for each in reaches[amina]] == ["the-newer-token", "the-older-token", AMINA]
    assert reaches[7] == []
