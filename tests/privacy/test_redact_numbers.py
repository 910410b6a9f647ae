"""Where a number ends and a figure begins, as people write both: a helper may lose no dose, and see no number."""

from __future__ import annotations

import pytest

from outreach.privacy.redact import redact

ROWS = [
    # So many digits are a number: eight in a row, nine in groups, six where the words say so.
    ("a 12345678 b", "a [number] b"),
    ("a 1234567 b", "a 1234567 b"),
    ("712 000 001", "[number]"),
    ("71 200 001", "71 200 001"),
    ("call 123456", "call [number]"),
    ("call 123 456", "call [number]"),
    ("call 12345", "call 12345"),
    ("call 12 34 5", "call 12 34 5"),
    ("at 7 and 8 o'clock, then 0712000001", "at 7 and 8 o'clock, then [number]"),
    ("0712 000 001, I said, and 0713 000 002", "[number], I said, and [number]"),
    ("I have written to you from here before, 0712000001", "I have written to you from here before, [number]"),
    ("my results came, CD4 250, call me on 0712000001", "my results came, CD4 250, call me on [number]"),
    # Eight, as some countries write them.
    ("97 00 00 01", "[number]"),
    ("97.00.00.01", "[number]"),
    ("97-00-00-01", "[number]"),
    ("5550-0101", "[number]"),
    ("55500-101", "55500-101"),
    ("550-00101", "550-00101"),
    ("5550 0101", "5550 0101"),
    ("97-00 00-01", "97-00 00-01"),
    ("97/00/00/01", "97/00/00/01"),
    ("197 00 00 1", "197 00 00 1"),
    ("97 000 00 1", "97 000 00 1"),
    ("97 00 000 1", "97 00 000 1"),
    ("9 00 00 001", "9 00 00 001"),
    # A comma, a line or a dash between figures parts them, unless the number began with its 0.
    ("12 - 0712 000 001", "12 - [number]"),
    ("12\n712 000 001", "12\n[number]"),
    ("60, 70, 712 000 001", "60, 70, [number]"),
    ("712 000 001, 60, 70", "[number], 60, 70"),
    ("0712, 000, 001", "[number]"),
    ("call 0712, 33", "call [number]"),
    ("call me 55, 01, 23", "call me 55, 01, 23"),
    ("55, 0712, 33", "55, 0712, 33"),
    # What stands beside a number that is whole by itself stays, but for its country.
    ("712000001 2 712000002 3", "[number] 2 [number] 3"),
    ("712000001 712000002", "[number] [number]"),
    ("712000001 0713 000 002", "[number] [number]"),
    ("call 0712 331 0713000002", "call [number] [number]"),
    ("712000001 call 0712 33 then", "[number] call [number] then"),
    ("2 712000001", "2 [number]"),
    ("25 712000001", "[number]"),
    ("254 712000001", "[number]"),
    ("2547 712000001", "2547 [number]"),
    ("254 0712000001", "254 [number]"),
    ("0 254 712000001", "[number]"),
    ("0 712000001", "[number]"),
    ("00 0712000001", "[number]"),
    ("60 254 712000001", "[number]"),
    ("+1 2345678901", "[number]"),
    ("+2547 712000001", "[number]"),
    ("+(254) 712000001", "[number]"),
    ("+ 254 712000001", "[number]"),
    # A dose or a year before a number stays.
    ("2 0712 000 001", "2 [number]"),
    ("1 2 3 4 0712 000 001", "1 2 3 4 [number]"),
    ("1 2 3 4 5 0712 000 001", "[number]"),
    ("2024 0712 000 001", "2024 [number]"),
    ("20245 0712 000 001", "[number]"),
    ("2 071 200 000", "2 [number]"),
    ("2 07 120 0000", "2 [number]"),
    ("2 071 20 000", "[number]"),
    ("2 0 712 000 001", "[number]"),
    ("2 712 000 001", "[number]"),
    ("+2 0712 000 001", "[number]"),
    # A figure of one or two digits after it stays.
    ("0712 000 001 3", "[number] 3"),
    ("0712 000 001 30", "[number] 30"),
    ("0712 000 001 300", "[number]"),
    ("0712 000001 2", "[number] 2"),
    ("0712 00 00 01", "[number]"),
    ("0712 000 00 2", "[number]"),
    ("0712-000-001-2", "[number]"),
    ("712 000 001 2", "[number] 2"),
    ("712 000 00 2", "[number]"),
    ("+254 712 000 00 2", "[number] 2"),
    ("+254 712 00 02 3", "[number]"),
    ("+(254) 712 00 02 3", "[number]"),
    ("+ 254 712 00 02 3", "[number]"),
    ("0712 0000 01 300", "[number]"),
    # Days, weights and doses one after the other are none.
    ("12 14 16 18 20", "12 14 16 18 20"),
    ("20 18 16 14 12", "[number]"),
    ("12 14 16 16 20", "[number]"),
    ("12,14,16,18,16", "12,14,16,18,16"),
    ("1 2 3 4 5 6 7 8 9", "1 2 3 4 5 6 7 8 9"),
    ("01 02 03 04 05", "[number]"),
    ("+12 14 16 18 20", "[number]"),
    ("200 300 400", "200 300 400"),
    ("200 300 401", "[number]"),
    ("200 000 400", "[number]"),
    ("1500 2050 3000", "1500 2050 3000"),
    ("1500 2051 3000", "[number]"),
    ("10000 20000 30000", "[number]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "seen"), ROWS)
def test_a_number_is_taken_out_and_the_figure_beside_it_stays(text: str, seen: str) -> None:
    assert redact(text).text == seen
