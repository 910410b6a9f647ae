"""Titles of columns, and what the command line says of them."""

from __future__ import annotations

import pytest

from outreach.audience import headers
from outreach.audience.headers import TITLES, Role, Wishes, match
from outreach.errors import SheetError

UNDERSTOOD = [
    # title, role, name
    ("Phone", Role.PHONE, ""),
    ("PHONE_NUMBER", Role.PHONE, ""),
    ("Numéro de téléphone", Role.PHONE, ""),
    ("Namba ya simu", Role.PHONE, ""),
    ("MSISDN", Role.PHONE, ""),
    ("Tel.", Role.PHONE, ""),
    ("Langue", Role.LANGUAGE, ""),
    ("lugha", Role.LANGUAGE, ""),
    ("Time zone", Role.ZONE, ""),
    ("tags", Role.TAGS, ""),
    ("push_token", Role.PUSH_TOKEN, ""),
    ("push-fid", Role.PUSH_FID, ""),
    ("Preferred hours", Role.HOURS, ""),
    ("Consentement", Role.CONSENT, ""),
    ("consent_date", Role.CONSENT_DATE, ""),
    ("openness", Role.OPENNESS, ""),
    ("text:district", Role.TEXT, "district"),
    ("Text: District of birth", Role.TEXT, "district_of_birth"),
    ("number:age", Role.NUMBER, "age"),
    ("date:refill_date", Role.DATE, "refill_date"),
    ("text:facility name", Role.TEXT, "facility_name"),
    ("Refill Date", Role.DATE, "refill_date"),  # a field that people have already
]
KNOWN = {"refill_date": Role.DATE, "district": Role.TEXT}
PLAIN = Wishes()


@pytest.mark.parametrize(("title", "role", "name"), UNDERSTOOD, ids=[row[0] for row in UNDERSTOOD])
def test_a_title_is_understood(title: str, role: Role, name: str) -> None:
    rest = [] if role is Role.PHONE else ["phone"]
    column = match([title, *rest], PLAIN, KNOWN)[0]
    assert (column.role, column.name) == (role, name)


def test_every_title_is_written_as_it_is_compared() -> None:
    titles = [title for each in TITLES.values() for title in each]
    assert titles == [headers.fold(title) for title in titles]
    assert len(titles) == len(set(titles))


REFUSED = [
    # label, titles, what the error says
    ("unknown", ["phone", "village"], ['Column B, "village"', '--map "village=text:village"', '--skip "village"']),
    ("misspelt", ["phone", "langauge"], ["Did you mean language?"]),
    ("misspelt field", ["phone", "refil date"], ["Did you mean refill_date?"]),
    ("every one at once", ["phone", "abc", "xyz"], ["Column B", "Column C"]),
    ("no phone", ["language"], ["No column holds the phone number", "--map"]),
    ("twice", ["phone", "mobile"], ["Two columns mean phone", '--skip "mobile"']),
    ("a field twice", ["phone", "text:a", "number:a"], ["Two columns mean a"]),
    ("a name", ["phone", "Name"], ["no names of people", '--skip "Name"']),
    ("a first name", ["phone", "Patient first name"], ["no names of people"]),
    ("a French name", ["phone", "Nom et prénom"], ["no names of people"]),
    ("a Swahili name", ["phone", "Jina la mgonjwa"], ["no names of people"]),
    ("a name as a field", ["phone", "text:full_name"], ["no names of people"]),
    ("a field without a usable name", ["phone", "text:1st"], ["begins with a letter"]),
    ("a field without a name", ["phone", "text:"], ["begins with a letter"]),
]


@pytest.mark.parametrize(("label", "titles", "says"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_title_that_is_not_understood_is_told_with_its_place_and_remedy(
    label: str, titles: list[str], says: list[str]
) -> None:
    with pytest.raises(SheetError) as refused:
        match(titles, PLAIN, KNOWN)
    for words in says:
        assert words in str(refused.value)


@pytest.mark.parametrize("first", [["0712 345 678", "Amina"], ["Amina", "+254712345678"], ["a@example.org", "x"]])
def test_a_first_row_of_data_is_never_quoted(first: list[str]) -> None:
    with pytest.raises(SheetError, match="holds data, not titles") as refused:
        match(first, PLAIN, {})
    assert not any(cell in str(refused.value) for cell in first)


def test_the_command_line_says_what_a_column_means_and_which_to_leave_out() -> None:
    wishes = Wishes.parse(["Tel no=phone", "Village = home=text:village"], ["Patient name"])
    columns = match(["Patient name", "TEL NO", "village = home"], wishes, {})
    assert [(column.index, column.role, column.name) for column in columns] == [
        (1, Role.PHONE, ""),
        (2, Role.TEXT, "village"),
    ]


WRONG = [
    ("no meaning", ["Tel"], [], "--map takes a title"),
    ("a column that is not there", ["Tel no=phone"], [], "which the table does not have"),
    ("nearly there", ["Phon=phone"], [], 'Did you mean "phone"?'),
    ("left out, not there", [], ["Adress"], "which the table does not have"),
    ("a meaning that is none", ["phone=telefax"], [], "not a column that is known"),
]


@pytest.mark.parametrize(("label", "maps", "skips", "says"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wish_that_cannot_be_kept_is_told(label: str, maps: list[str], skips: list[str], says: str) -> None:
    with pytest.raises(SheetError, match=says.replace("?", r"\?")):
        match(["phone"], Wishes.parse(maps, skips), {})


def test_columns_without_a_title_are_passed_over() -> None:
    assert [column.index for column in match(["", "phone", ""], PLAIN, {})] == [1]
