"""What stands in one cell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from outreach.audience import cells
from outreach.audience.cells import CellError, FieldValue, TagWishes
from outreach.audience.discretion import Manner
from outreach.audience.hours import Hours
from outreach.audience.verdicts import RowRefusal

READ: list[tuple[Callable[[str], object], str, object]] = [
    (cells.language, "en", "en"),
    (cells.language, "SW", "sw"),
    (cells.language, "pt-BR", "pt"),
    (cells.language, "fr_CD", "fr"),
    (cells.language, "luo", "luo"),
    (cells.language, "Kiswahili", "sw"),
    (cells.language, "Français", "fr"),
    (cells.zone, "Africa/Nairobi", "Africa/Nairobi"),
    (cells.zone, "america/new york", "America/New_York"),
    (cells.hours, "08:00-12:00", Hours(480, 720)),
    (cells.hours, "8-12", Hours(480, 720)),
    (cells.hours, "8h – 12h30", Hours(480, 750)),
    (cells.hours, "17.30 - 24:00", Hours(1050, 1440)),
    (cells.hours, "20:00-02:00", Hours(1200, 120)),
    (cells.hours, "Morning", Hours(480, 720)),
    (cells.hours, "soir", Hours(1020, 1200)),
    (cells.hours, "mchana", Hours(720, 840)),
    (cells.hours, "-", None),
    (cells.openness, "Open", Manner.OPEN),
    (cells.openness, "discret", Manner.COVERT),
    (cells.openness, "On request", Manner.REQUEST),
    (cells.openness, "sur demande", Manner.REQUEST),
    (cells.tags, "a", TagWishes(give=frozenset({"a"}))),
    (cells.tags, "On treatment; ADULT|x,", TagWishes(give=frozenset({"on-treatment", "adult", "x"}))),
    (cells.tags, "a, -b", TagWishes(give=frozenset({"a"}), take=frozenset({"b"}))),
    (cells.tags, "-", TagWishes(clear=True)),
    (cells.text, "Kisumu", FieldValue(text="Kisumu")),
    (cells.text, "e\u0301", FieldValue(text="é")),
    (cells.number, "42", FieldValue(number=42)),
    (cells.number, "-1.5", FieldValue(number=-1.5)),
    (cells.number, "1,5", FieldValue(number=1.5)),
    (cells.day, "2026-12-31", FieldValue(day=date(2026, 12, 31))),
    (cells.day, "2026/1/2", FieldValue(day=date(2026, 1, 2))),
    (cells.day, "2026-12-31 00:00:00", FieldValue(day=date(2026, 12, 31))),
    (cells.day, "31/12/2026", FieldValue(day=date(2026, 12, 31))),
    (cells.day, "13.1.2026", FieldValue(day=date(2026, 1, 13))),
    (cells.day, "5-5-2026", FieldValue(day=date(2026, 5, 5))),
    (cells.consent, "paper form 7", "paper form 7"),
    (cells.consent, "Yes", True),
    (cells.consent, "Oui.", True),
    (cells.consent, "NO", False),
    (cells.consent, "hapana", False),
    (cells.consent, "-", ""),
    (cells.consent, "n/a", ""),
]

REFUSED: list[tuple[Callable[[str], object], str, RowRefusal]] = [
    (cells.language, "xx", RowRefusal.LANGUAGE),
    (cells.language, "klingon", RowRefusal.LANGUAGE),
    (cells.language, "-", RowRefusal.LANGUAGE),
    (cells.zone, "EAT", RowRefusal.ZONE),
    (cells.zone, "../../etc/passwd", RowRefusal.ZONE),
    (cells.hours, "25:00-26:00", RowRefusal.HOURS),
    (cells.hours, "08:70-09:00", RowRefusal.HOURS),
    (cells.hours, "08:00-08:00", RowRefusal.HOURS),
    (cells.hours, "late", RowRefusal.HOURS),
    (cells.openness, "maybe", RowRefusal.OPENNESS),
    (cells.tags, "a/b", RowRefusal.TAG),
    (cells.tags, "a" * 65, RowRefusal.TAG),
    (cells.tags, "=1+1", RowRefusal.TAG),
    (cells.push, "has a space", RowRefusal.PUSH),
    (cells.push, "-", RowRefusal.PUSH),
    (cells.push, "é" * 20, RowRefusal.PUSH),
    (cells.text, "x" * 401, RowRefusal.TEXT),
    (cells.text, "two\nlines", RowRefusal.TEXT),
    (cells.text, "nul\0", RowRefusal.TEXT),
    (cells.number, "forty", RowRefusal.NUMBER),
    (cells.number, "nan", RowRefusal.NUMBER),
    (cells.number, "1e9", RowRefusal.NUMBER),
    (cells.number, "1,000", RowRefusal.NUMBER_AMBIGUOUS),
    (cells.number, "1 000", RowRefusal.NUMBER_AMBIGUOUS),
    (cells.number, "1,000,000.5", RowRefusal.NUMBER_AMBIGUOUS),
    (cells.day, "05/06/2026", RowRefusal.DATE_AMBIGUOUS),
    (cells.day, "12/31/2026", RowRefusal.DATE),
    (cells.day, "31/12/26", RowRefusal.DATE),
    (cells.day, "2026-02-30", RowRefusal.DATE),
    (cells.day, "0000-01-01", RowRefusal.DATE),
    (cells.day, "46000", RowRefusal.DATE),
    (cells.day, "tomorrow", RowRefusal.DATE),
    (cells.consent, "x" * 181, RowRefusal.CONSENT_LONG),
]


@pytest.mark.parametrize(("reads", "cell", "value"), READ, ids=[f"{row[0].__name__}-{row[1]}" for row in READ])
def test_a_cell_is_read(reads: Callable[[str], object], cell: str, value: object) -> None:
    assert reads(cell) == value


@pytest.mark.parametrize(
    ("reads", "cell", "reason"), REFUSED, ids=[f"{row[0].__name__}-{row[1][:20]!r}" for row in REFUSED]
)
def test_a_cell_that_cannot_be_read_is_refused_by_name(
    reads: Callable[[str], object], cell: str, reason: RowRefusal
) -> None:
    with pytest.raises(CellError) as refused:
        reads(cell)
    assert refused.value.reason is reason
    assert str(refused.value) == reason.value
