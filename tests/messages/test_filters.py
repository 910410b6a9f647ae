"""How days and numbers are said in each language we ship."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from outreach import parts
from outreach.messages import filters

SAID = [
    ("en", "date", date(2026, 3, 3), "3 March"),
    ("en-GB", "date", date(2026, 12, 31), "31 December"),
    ("fr", "date", date(2026, 3, 3), "3 mars"),
    ("fr", "date", date(2026, 8, 1), "1er aout"),
    ("fr-CA", "date", datetime(2026, 2, 9, 12, tzinfo=UTC), "9 février"),
    ("sw", "date", date(2026, 3, 3), "3 Machi"),
    ("es", "date", date(2026, 3, 3), "3 de marzo"),
    ("pt", "date", date(2026, 3, 3), "3 de mar."),
    ("en", "date", "2026-03-03", "3 March"),
    ("en", "number", 1234567, "1,234,567"),
    ("fr", "number", 1234.5, "1 234,5"),
    ("es", "number", Decimal("0.125"), "0,125"),
    ("pt", "number", "1234.50", "1.234,5"),
    ("sw", "number", 12.0, "12"),
    ("en", "number", 600, "600"),
    ("en", "number", -40.25, "-40.25"),
    ("en", "upper", "amina", "AMINA"),
    ("en", "lower", "AMINA", "amina"),
    ("en", "title", "anne-marie ODHIAMBO", "Anne-Marie Odhiambo"),
]


@pytest.mark.parametrize(("language", "name", "value", "said"), SAID)
def test_a_value_is_said_as_the_language_says_it(language: str, name: str, value: object, said: str) -> None:
    assert filters.known(language)[name].apply(value) == said


UNFIT = [
    ("date", 3),
    ("date", "soon"),
    ("date", True),
    ("number", True),
    ("number", "many"),
    ("number", float("nan")),
    ("number", float("inf")),
    ("number", "1e999999999"),
    ("number", "1e-999999999"),
]


@pytest.mark.parametrize(("name", "value"), UNFIT)
def test_what_is_no_day_or_number_is_refused_at_once(name: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError, ArithmeticError)):
        filters.known("en")[name].apply(value)


@pytest.mark.parametrize("language", sorted(filters.MANNERS))
def test_no_day_of_the_year_makes_a_text_cost_double(language: str) -> None:
    said = filters.known(language)["date"].apply
    days = {said(date(2028, month, day)) for month in range(1, 13) for day in range(1, 29)}
    assert len(days) == 12 * 28
    assert {parts.count(day).encoding for day in days} == {parts.Encoding.GSM_7}
