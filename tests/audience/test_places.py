"""Candidate zones of a number."""

from __future__ import annotations

import phonenumbers
import pytest

from outreach.audience import phone, places
from outreach.audience.tables import Person

LENGTH = Person.__table__.c.zone.type.length  # type: ignore[attr-defined]


def test_the_zones_of_any_country_fit_into_their_column() -> None:
    for country in phonenumbers.SUPPORTED_REGIONS:
        example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
        found = phone.read(f"+{example.country_code}{example.national_number}", country) if example else None
        if isinstance(found, phone.Phone):
            assert 0 < len(found.zone) <= LENGTH, country


def test_zones_whose_clocks_agree_count_as_one() -> None:
    assert places.candidates(("Europe/Berlin", "Europe/Busingen"), "DE") == "Europe/Berlin"


def test_a_prefix_that_says_nothing_leaves_all_zones_of_the_country() -> None:
    assert places.candidates((), "KE") == "Africa/Nairobi"
    assert len(places.candidates((), "BR").split("|")) > 1


def test_nothing_known_is_nothing_said() -> None:
    assert places.candidates((), "ZZ") == ""


@pytest.mark.parametrize(
    ("written", "zone"), [("africa/nairobi", "Africa/Nairobi"), ("UTC", "UTC"), ("Nairobi", ""), ("EAT", "")]
)
def test_capitals_do_not_matter_in_a_zone(written: str, zone: str) -> None:
    assert places.spelt(written) == zone
