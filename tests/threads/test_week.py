"""Hours as staff write them: spans, holidays, midnight, clocks that change, and every fault by line and column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from outreach.errors import Fault
from outreach.settings import Settings
from outreach.staff.accounts import Member
from outreach.staff.roles import StaffState
from outreach.threads import duty
from outreach.threads.week import Span, Week, always

NAIROBI, PARIS = "Africa/Nairobi", "Europe/Paris"
HOURS = """\
open:
  mon-fri: ["08:00-12:30", "13:30-17:00"]
  sat: ["09:00-12:00"]
holidays: ["2026-12-25", "01-01"]
"""
DUTY = """\
duty:
  - {staff: wanjiru, days: mon-fri, hours: ["08:00-17:00"]}
  - {staff: otieno, days: [sat, sun], hours: ["00:00-24:00"]}
  - {staff: achieng, days: daily, hours: ["20:00-06:00"], holidays: true}
holidays: ["2026-12-25"]
"""


def there(text: str) -> datetime:
    """A moment on Nairobi's clock: "Mon 23 Nov 2026" is the week of most of these."""
    return datetime.fromisoformat(f"{text}+03:00").astimezone(UTC)


def clinic(folder: Path, hours: str = "", rota: str = "", zone: str = NAIROBI) -> duty.Hours:
    for name, text in ((duty.HOURS, hours), (duty.DUTY, rota)):
        if text:
            (folder / name).write_text(text, encoding="utf-8")
    return duty.read(Settings(_env_file=None).model_copy(update={"workspace": folder, "zone": zone}))


@pytest.mark.parametrize(("label", "at", "hours", "then"), [
    ("within a span", "2026-11-23 09:00", 2, "2026-11-23 11:00"),
    ("over lunch", "2026-11-23 12:00", 1, "2026-11-23 14:00"),
    ("before it opens", "2026-11-23 06:00", 1, "2026-11-23 09:00"),
    ("over the night", "2026-11-23 16:30", 1, "2026-11-24 08:30"),
    ("from Friday to Saturday", "2026-11-27 16:30", 2, "2026-11-28 10:30"),
    ("over Sunday", "2026-11-28 11:00", 2, "2026-11-30 09:00"),
    ("over a holiday", "2026-12-24 16:30", 1, "2026-12-26 09:30"),
    ("over one that comes each year", "2027-12-31 16:30", 1, "2028-01-03 08:30"),
    ("to the end of a span", "2026-11-23 08:00", 4.5, "2026-11-23 12:30"),
])  # fmt: skip
def test_time_passes_only_while_the_clinic_is_open(
    label: str, at: str, hours: float, then: str, tmp_path: Path
) -> None:
    week = clinic(tmp_path, HOURS).week
    assert week.after(there(at), timedelta(hours=hours)) == there(then)


def test_without_a_file_it_is_always_open_and_nobody_is_on_duty(tmp_path: Path) -> None:
    found = clinic(tmp_path)
    assert found.week == always(NAIROBI)
    assert found.week.after(there("2026-11-22 23:30"), timedelta(hours=1)) == there("2026-11-23 00:30")
    assert found.on_duty(there("2026-11-23 09:00")) == []
    assert found.faults == ()


@pytest.mark.parametrize(("at", "names"), [
    ("2026-11-23 09:00", ["wanjiru"]),
    ("2026-11-23 17:00", []),
    ("2026-11-23 21:00", ["achieng"]),
    ("2026-11-24 05:59", ["achieng"]),
    ("2026-11-28 21:00", ["otieno", "achieng"]),
    ("2026-11-29 03:00", ["otieno", "achieng"]),
    ("2026-12-25 09:00", []),
    ("2026-12-25 21:00", ["achieng"]),
])  # fmt: skip
def test_who_is_on_duty_in_the_order_of_the_rota(at: str, names: list[str], tmp_path: Path) -> None:
    assert clinic(tmp_path, rota=DUTY).on_duty(there(at)) == names


def test_clocks_that_go_back_or_jump_neither_lose_nor_double_an_hour() -> None:
    week = Week(PARIS, (Span(6, 0, 24 * 60),))  # Sundays
    long, short = (next(week.stretches(datetime(2026, month, day, tzinfo=UTC))) for month, day in ((10, 25), (3, 29)))
    assert long[1] - datetime(2026, 10, 24, 22, tzinfo=UTC) == timedelta(hours=25)
    assert short[1] - datetime(2026, 3, 28, 23, tzinfo=UTC) == timedelta(hours=23)


def test_spans_that_overlap_count_once() -> None:
    week = Week("UTC", (Span(0, 480, 720), Span(0, 600, 780)))
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert week.after(monday, timedelta(hours=5)) == monday.replace(hour=13)


def test_a_change_of_the_file_counts_at_once(tmp_path: Path) -> None:
    assert clinic(tmp_path, rota=DUTY).on_duty(there("2026-11-23 09:00")) == ["wanjiru"]
    assert clinic(tmp_path, rota=DUTY.replace("wanjiru", "njeri ")).on_duty(there("2026-11-23 09:00")) == ["njeri"]


FAULTS = [
    ("not YAML", duty.HOURS, "open: [", 0, "not YAML"),
    ("nothing", duty.HOURS, "zone: Africa/Nairobi\n", 0, "no hour at which"),
    ("an unknown key", duty.HOURS, 'open: {mon: ["08:00-09:00"]}\nclosed: x\n', 2, "'closed' is not known"),
    ("no such day", duty.HOURS, 'open:\n  mon-fry: ["08:00-17:00"]\n', 2, "is no day"),
    ("no such time", duty.HOURS, 'open:\n  mon: ["08:00-25:00"]\n', 2, "no stretch of a day"),
    ("no such minute", duty.HOURS, 'open:\n  mon: ["08:60-17:00"]\n', 2, "no stretch of a day"),
    ("no list", duty.HOURS, "open:\n  mon: 08:00-17:00\n", 2, "A list is missing"),
    ("no such date", duty.HOURS, 'open: {mon: ["08:00-09:00"]}\nholidays: ["2026-02-30"]\n', 2, "no day of"),
    ("no such zone", duty.HOURS, 'open: {mon: ["08:00-09:00"]}\nzone: Africa/Nairoby\n', 2, "not an IANA time zone"),
    ("twice", duty.HOURS, 'open: {mon: ["08:00-09:00"]}\nopen: {}\n', 2, "stands here twice"),
    ("nobody", duty.DUTY, "duty: []\n", 1, "Nobody is on duty"),
    ("no name", duty.DUTY, 'duty:\n  - {days: mon, hours: ["08:00-09:00"]}\n', 2, "`staff` is missing"),
    ("no hours", duty.DUTY, "duty:\n  - {staff: wanjiru, days: mon}\n", 2, "`hours` is missing"),
    ("maybe", duty.DUTY, 'duty:\n  - {staff: a, days: mon, hours: ["08:00-09:00"], holidays: x}\n', 2, "true or"),
    ("a word", duty.DUTY, "duty:\n  - wanjiru\n", 2, "Names with values"),
    ("bytes", duty.DUTY, "\x00", 0, "cannot be read"),
]  # fmt: skip


@pytest.mark.parametrize(("label", "name", "text", "line", "problem"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_fault_is_told_by_line_and_the_file_then_says_nothing(
    label: str, name: str, text: str, line: int, problem: str, tmp_path: Path
) -> None:
    found = clinic(tmp_path, text) if name == duty.HOURS else clinic(tmp_path, rota=text)
    fault = next(fault for fault in found.faults if problem in fault.problem)
    assert (fault.path, fault.remedy != "") == (name, True)
    assert line in {0, fault.line}
    assert (found.week, found.rota) == (always(NAIROBI), ())


def test_a_name_that_cannot_be_called_is_told_where_it_stands_and_why(tmp_path: Path) -> None:
    def member(name: str, state: StaffState = StaffState.ACTIVE, *, phone: bool = True) -> Member:
        return Member(
            name, name.title(), frozenset(), "en", state, phone, True, False, False, there("2026-11-23 09:00")
        )

    rota = """\
duty:
  - {staff: wanjiru, days: mon, hours: ["08:00-09:00"]}
  - {staff: nobody, days: mon, hours: ["08:00-09:00"]}
  - {days: mon, staff: otieno, hours: ["08:00-09:00"]}
  - {staff: achieng, days: mon, hours: ["08:00-09:00"]}
"""
    staff = [member("wanjiru"), member("otieno", StaffState.SUSPENDED), member("achieng", phone=False)]
    told = [
        (3, 13, "'nobody' is nobody of staff.", "Names: outreach staff list"),
        (4, 24, "'otieno' is suspended and would not be called.", "Take the line out, or let her in again."),
        (5, 13, "'achieng' has no phone to be called on.", "Give her one: outreach staff --help"),
    ]
    assert duty.strangers(clinic(tmp_path, rota=rota), staff) == [Fault("duty.yaml", *each) for each in told]


def test_a_clinic_that_never_opens_covers_no_moment_and_promises_all_the_same() -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert not Week("UTC", ()).covers(monday)
    assert Week("UTC", ()).after(monday, timedelta(hours=1)) == monday.replace(hour=1)
    assert Week("UTC", (Span(0, 0, 60),)).covers(monday)
    assert not Week("UTC", (Span(0, 0, 60),)).covers(monday.replace(hour=1))
