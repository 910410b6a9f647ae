"""Numbers as people and spreadsheets write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.audience import phone
from outreach.audience.phone import Phone, PhoneRefusal

KENYAN = "+254712345678"

READ = [
    # label, country, cell, number
    ("as it should be", "KE", "+254712345678", KENYAN),
    ("national", "KE", "0712345678", KENYAN),
    ("national in groups", "KE", "0712 345 678", KENYAN),
    ("with dots", "KE", "0712.345.678", KENYAN),
    ("with hyphens and brackets", "KE", "(+254) 712-345-678", KENYAN),
    ("with the national zero in brackets", "KE", "+254 (0)712 345 678", KENYAN),
    ("own country code without plus", "KE", "254712345678", KENYAN),
    ("a spreadsheet dropped the zero", "KE", "712345678", KENYAN),
    ("a spreadsheet made a float of it", "KE", "254712345678.0", KENYAN),
    ("a float with two zeros", "KE", "254712345678.00", KENYAN),
    ("a float with a decimal comma", "KE", "254712345678,0", KENYAN),
    ("scientific with every digit", "KE", "2.54712345678E+11", KENYAN),
    ("scientific with a comma", "KE", "2,54712345678E+11", KENYAN),
    ("separated thousands", "KE", "254,712,345,678", KENYAN),
    ("leading apostrophe", "KE", "'+254712345678", KENYAN),
    ("leading curly apostrophe", "KE", "’+254712345678", KENYAN),
    ("formula that keeps a zero", "KE", '="0712345678"', KENYAN),
    ("no-break spaces", "KE", "+254\u00a0712\u00a0345\u00a0678", KENYAN),
    ("narrow no-break spaces", "KE", "+254\u202f712\u202f345\u202f678", KENYAN),
    ("invisible marks of a contact list", "KE", "\u202a+254712345678\u202c", KENYAN),
    ("byte order mark", "KE", "\ufeff0712345678", KENYAN),
    ("no-break hyphens", "KE", "0712\u2011345\u2011678", KENYAN),
    ("en dashes", "KE", "0712–345–678", KENYAN),
    ("minus signs", "KE", "0712−345−678", KENYAN),
    ("Arabic digits", "KE", "٠٧١٢٣٤٥٦٧٨", KENYAN),
    ("Persian digits", "KE", "۰۷۱۲۳۴۵۶۷۸", KENYAN),
    ("Bengali digits", "KE", "০৭১২৩৪৫৬৭৮", KENYAN),
    ("full-width digits", "KE", "＋２５４７１２３４５６７８", KENYAN),
    ("00 for plus", "KE", "00254712345678", KENYAN),
    ("Kenya's own 000 for plus", "KE", "000254712345678", KENYAN),
    ("link", "KE", "tel:+254712345678", KENYAN),
    ("spaces around", "KE", "  0712345678\t", KENYAN),
    ("another country", "KE", "+256772123456", "+256772123456"),
    ("another country with 00", "KE", "00256772123456", "+256772123456"),
    ("Uganda at home", "UG", "0772123456", "+256772123456"),
    ("Tanzania at home", "TZ", "0754 123 456", "+255754123456"),
    ("South Africa at home", "ZA", "082 123 4567", "+27821234567"),
    ("France at home", "FR", "06 12 34 56 78", "+33612345678"),
    ("United States: mobile or landline, nobody can tell", "US", "(201) 555-0123", "+12015550123"),
    ("United States with 011", "US", "011254712345678", KENYAN),
    ("Mexico: the same", "MX", "55 1234 5678", "+525512345678"),
    ("Twilio's magic number", "US", "+15005550006", "+15005550006"),
]

REFUSED = [
    # label, country, cell, reason
    ("nothing", "KE", "", PhoneRefusal.EMPTY),
    ("blanks", "KE", " \u00a0 ", PhoneRefusal.EMPTY),
    ("a dash for nothing", "KE", "-", PhoneRefusal.EMPTY),
    ("a word", "KE", "none", PhoneRefusal.LETTERS),
    ("letter O for zero", "KE", "O712345678", PhoneRefusal.LETTERS),
    ("a number in letters", "US", "1-800-FLOWERS", PhoneRefusal.LETTERS),
    ("a name beside it", "KE", "0712345678 Amina", PhoneRefusal.LETTERS),
    ("extension", "KE", "0712345678 ext 5", PhoneRefusal.EXTENSION),
    ("extension by x", "US", "201 555 0123 x12", PhoneRefusal.EXTENSION),
    ("extension by hash", "US", "201 555 0123 #12", PhoneRefusal.EXTENSION),
    ("extension of RFC 3966", "KE", "tel:+254712345678;ext=12", PhoneRefusal.EXTENSION),
    ("two with a slash", "KE", "0712345678/0722345678", PhoneRefusal.SEVERAL),
    ("two with a comma", "KE", "0712 345 678, 0722 345 678", PhoneRefusal.SEVERAL),
    ("two with or", "KE", "0712345678 or 0722345678", PhoneRefusal.SEVERAL),
    ("two with a blank", "KE", "0712345678 0722345678", PhoneRefusal.SEVERAL),
    ("two on two lines", "KE", "0712345678\n0722345678", PhoneRefusal.SEVERAL),
    ("two with plus", "KE", "+254712345678+254722345678", PhoneRefusal.SEVERAL),
    ("scientific, digits lost", "KE", "2.54712E+11", PhoneRefusal.LOST_DIGITS),
    ("scientific, one digit lost", "KE", "2.5471234567E+11", PhoneRefusal.LOST_DIGITS),
    ("scientific, no fraction", "KE", "3E+11", PhoneRefusal.LOST_DIGITS),
    ("scientific in small letters", "KE", "2,54712e11", PhoneRefusal.LOST_DIGITS),
    ("short code", "KE", "22345", PhoneRefusal.SHORT_CODE),
    ("emergency", "KE", "999", PhoneRefusal.SHORT_CODE),
    ("too short", "KE", "+25471", PhoneRefusal.TOO_SHORT),
    ("one digit", "KE", "7", PhoneRefusal.TOO_SHORT),
    ("three digits too many", "KE", "0712345678901", PhoneRefusal.TOO_LONG),
    ("a card's number", "KE", "4111 1111 1111 1111 11", PhoneRefusal.TOO_LONG),
    ("another country without plus", "KE", "256772123456", PhoneRefusal.NO_PLUS),
    ("zeros", "KE", "0000000000", PhoneRefusal.INVALID),
    ("plus in the middle", "KE", "0712+345678", PhoneRefusal.INVALID),
    ("service code", "KE", "*144*0712345#", PhoneRefusal.INVALID),
    ("a country code that is none", "KE", "+999712345678", PhoneRefusal.INVALID),
    ("landline at home", "KE", "020 2345678", PhoneRefusal.LANDLINE),
    ("landline abroad", "KE", "+442079460958", PhoneRefusal.LANDLINE),
    ("premium", "FR", "+33899123456", PhoneRefusal.PREMIUM),
    ("toll-free", "KE", "0800 720 000", PhoneRefusal.TOLL_FREE),
    ("shared cost", "FR", "+33810123456", PhoneRefusal.SHARED_COST),
    ("internet", "GB", "+445612345678", PhoneRefusal.INTERNET),
    ("forwarding", "GB", "+447012345678", PhoneRefusal.PERSONAL),
    ("pager", "GB", "+447640123456", PhoneRefusal.SERVICE),
    ("satellite", "KE", "+881631234567", PhoneRefusal.NO_COUNTRY),
]


@pytest.mark.parametrize(("label", "country", "cell", "number"), READ, ids=[row[0] for row in READ])
def test_what_can_get_a_text_is_read(label: str, country: str, cell: str, number: str) -> None:
    found = phone.read(cell, country)
    assert isinstance(found, Phone), found
    assert found.number == number


@pytest.mark.parametrize(("label", "country", "cell", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_get_a_text_is_refused_by_name(label: str, country: str, cell: str, reason: PhoneRefusal) -> None:
    assert phone.read(cell, country) is reason


def test_every_refusal_has_a_row_above_and_a_remedy() -> None:
    assert {reason for *_, reason in REFUSED} == set(PhoneRefusal) == set(phone.REMEDIES)


@given(st.text(max_size=40), st.sampled_from(["KE", "US", "FR"]))
def test_any_text_is_read_or_refused_and_never_raises(cell: str, country: str) -> None:
    found = phone.read(cell, country)
    if isinstance(found, Phone):
        assert phone.read(found.number, "ZZ") == found, "what is stored is read as the same number everywhere"


def test_a_number_does_not_show_in_a_traceback() -> None:
    assert "712345678" not in repr(phone.read(KENYAN, "KE"))


ZONES = [
    ("one zone", KENYAN, "KE", "Africa/Nairobi"),
    ("by area code", "+12015550123", "US", "America/New_York"),
    ("an island whose prefix says all of North America", "+17672251234", "DM", "America/Dominica"),
    (
        "a country of several",
        "+61412345678",
        "AU",
        "Australia/Adelaide|Australia/Brisbane|Australia/Eucla|Australia/Lord_Howe|Australia/Perth|Australia/Sydney",
    ),
]


@pytest.mark.parametrize(("label", "number", "country", "zone"), ZONES, ids=[row[0] for row in ZONES])
def test_a_number_says_where_its_clock_may_be(label: str, number: str, country: str, zone: str) -> None:
    found = phone.read(number, "KE")
    assert isinstance(found, Phone)
    assert (found.country, found.zone) == (country, zone) == phone.locate(number)


@pytest.mark.parametrize("sender", ["22345", "Safaricom", "+881631234567", ""])
def test_who_writes_without_a_number_of_a_country_has_no_place(sender: str) -> None:
    assert phone.locate(sender) == ("", "")
