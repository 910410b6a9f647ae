"""What a helper may read of a person's text: what could tell who she is is gone, what a clinician needs is there."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.privacy.redact import identifiers

REDACTED = [
    ("call 0712000001", "call [number]"),
    ("+254 712-000-001 is mine", "[number] is mine"),
    ("(0712) 000 001", "[number]"),
    ("tel0712000001", "tel[number]"),
    ("0712000001ni yangu", "[number]ni yangu"),
    ("2547120000010712000002", "[number]"),
    ("0712–000–001", "[number]"),
    ("0712_000_001", "[number]"),
    ("0712,000,001", "[number]"),
    ("0 7 1 2 0 0 0 0 0 1", "[number]"),
    ("0712   000   001", "[number]"),
    ("0712\n000001", "[number]"),
    ("0712\u200b000\u200b001", "[number]"),
    ("0712.000.001", "[number]"),
    ("٠٧١٢٠٠٠٠٠١", "[number]"),
    ("0712000001/0712000002", "[number]"),
    ("my ID is 23456789", "my ID is [number]"),
    ("120/80/0712000001", "[number]"),
    ("a.b+c@x.co.ke wrote", "[email] wrote"),
    ("see https://fb.example/amina now", "see [link] now"),
    ("www.amina.example", "[link]"),
    ("facebook.com/amina.w", "[link]"),
    ("wa.me/254712000001", "[link]"),
    ("my page is amina.co.ke", "my page is [link]"),
    ("bit.ly/abc", "[link]"),
]
KEPT = [
    "viral load 1200000",
    "VL 1,200,000 copies",
    "CD4 250",
    "CD4 was 250, then 480",
    "1 tablet 2x",
    "2 tabs 3 times a day for 10 days",
    "2026-11-23",
    "23/11/2026",
    "23.11.2026 at 08:00",
    "20261123",
    "23/11/2026 or 24/11/2026",
    "BP 120/80 130/85 125/80",
    "weight 60 61 62 63",
    "on 12, 13, 14, 15, 16",
    "temp 38.5",
    "200mg/245mg",
    "and/or ok.Asante",
    "@ 8am",
    "",
]


@pytest.mark.parametrize(("text", "seen"), REDACTED)
def test_what_could_tell_who_wrote_is_taken_out(text: str, seen: str) -> None:
    assert identifiers(text) == seen


@pytest.mark.parametrize("text", KEPT)
def test_what_a_clinician_needs_stays(text: str) -> None:
    assert identifiers(text) == text


@given(
    st.text("0123456789", min_size=9, max_size=15),
    st.lists(st.sampled_from([" ", "-", ".", "", "/", "  ", "–", "_"]), min_size=15, max_size=15),
    st.text(max_size=20),
)
def test_no_phone_number_survives_whatever_stands_between_its_digits(
    digits: str, marks: list[str], before: str
) -> None:
    """A leading "+" is put, so that no reading as a date is possible."""
    written = "+" + "".join(digit + mark for digit, mark in zip(f"254{digits}", [*marks, *marks], strict=False))
    left = identifiers(f"{before} {written}")
    assert f"254{digits}" not in "".join(each for each in left if each.isdigit())


@pytest.mark.parametrize("piece", ["a", "1 ", "a.", "1/", "a@", "+(", "1,", "x.com", "1-1-", "a.b/"])
def test_no_text_takes_long_to_read(piece: str) -> None:
    started = time.perf_counter()
    identifiers(piece * (60_000 // len(piece)))
    assert time.perf_counter() - started < 2
