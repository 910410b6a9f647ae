"""When steps are due, in zones whose clocks do odd things."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.audience.hours import instant
from outreach.campaigns.schedule import anchors, last, occurrences
from outreach.campaigns.steps import Step
from outreach.campaigns.timing import MAX_COUNT, days_of
from tests.audience.test_hours import ZONES

LAUNCHED = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)  # a Monday
FOR_EVER = datetime(2040, 1, 1, tzinfo=UTC)


def step(**timing: Any) -> Step:
    return Step.model_validate({"id": "one", "template": "tb/one", **timing})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(
    one: Step, zone: str = "Africa/Nairobi", since: datetime = LAUNCHED, until: datetime = FOR_EVER
) -> list[datetime]:
    return [each.due for each in occurrences(one, zone=zone, launched=LAUNCHED, since=since, until=until)]


FIXED = step(at="2026-12-01 09:00:30")
MONDAYS = step(every="FREQ=WEEKLY;BYDAY=MO;COUNT=3", at="09:00")
ENDLESS = step(every="FREQ=DAILY", at="09:00")
REFILL = step(before={"field": "refill_date", "days": 3}, at="17:30")
VISIT = step(after={"field": "visit", "days": 1}, at="10:00")


def test_a_fixed_step_is_due_once_at_everybodys_own_time() -> None:
    assert due(FIXED) == [utc("2026-12-01 06:00:30")]
    assert due(FIXED, "Asia/Kathmandu") == [utc("2026-12-01 03:15:30")]


def test_a_step_has_the_same_key_in_every_zone() -> None:
    for zone in ZONES:
        found = occurrences(FIXED, zone=zone, launched=LAUNCHED, since=utc("2026-11-29 00:00"), until=FOR_EVER)
        assert [each.key for each in found] == ["2026-12-01T09:00:30"]


def test_a_window_holds_its_beginning_and_not_its_end() -> None:
    moment = utc("2026-12-01 06:00:30")
    assert due(FIXED, since=moment, until=moment + timedelta(seconds=1)) == [moment]
    assert due(FIXED, since=moment - timedelta(days=1), until=moment) == []


def test_a_rule_counts_from_the_first_time_that_lay_ahead_at_the_launch() -> None:
    assert due(MONDAYS) == [utc("2026-12-07 06:00"), utc("2026-12-14 06:00"), utc("2026-12-21 06:00")]
    assert due(MONDAYS, "America/New_York")[0] == utc("2026-11-30 14:00")  # still that Monday's morning there


def test_a_launch_at_the_very_moment_of_a_time_is_in_time_for_it_even_where_it_is_a_day_earlier() -> None:
    one = step(every="FREQ=DAILY;COUNT=1", at="09:00")
    for zone, moment in [("Africa/Nairobi", "2026-12-01 06:00"), ("Pacific/Apia|America/New_York", "2026-12-01 14:00")]:
        found = occurrences(one, zone=zone, launched=utc(moment), since=utc(moment), until=FOR_EVER)
        assert [each.due for each in found] == [utc(moment)]


def test_a_rule_with_a_first_day_counts_from_there_whatever_the_launch() -> None:
    one = step(every="FREQ=WEEKLY;BYDAY=MO;COUNT=3", at="09:00", **{"from": "2026-11-16"})
    assert due(one) == []
    assert due(one, since=utc("2026-11-01 00:00")) == [
        utc("2026-11-16 06:00"),
        utc("2026-11-23 06:00"),
        utc("2026-11-30 06:00"),
    ]


RULES = [
    ("every other day", "FREQ=DAILY;INTERVAL=2;COUNT=3", ["2026-12-01", "2026-12-03", "2026-12-05"]),
    ("until a day, that day included", "FREQ=DAILY;UNTIL=20261203", ["2026-12-01", "2026-12-02", "2026-12-03"]),
    ("last Friday of the month", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", ["2026-12-25", "2027-01-29"]),
    (
        "months without a 31st are left out",
        "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3",
        ["2026-12-31", "2027-01-31", "2027-03-31"],
    ),
    ("leap days", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2", ["2028-02-29", "2032-02-29"]),
    ("two days a week", "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", ["2026-12-01", "2026-12-03", "2026-12-08"]),
    ("first working day", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=2", ["2026-12-01", "2027-01-01"]),
]


@pytest.mark.parametrize(("rule", "gives"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_a_rule_has_these_days(rule: str, gives: list[str]) -> None:
    assert [day.isoformat() for day in days_of(rule, date(2026, 12, 1))] == gives


def test_a_rule_without_an_end_is_bounded_and_one_that_never_comes_is_found_out_quickly() -> None:
    assert len(days_of("FREQ=DAILY", date(2026, 12, 1))) == MAX_COUNT
    assert days_of("FREQ=DAILY;INTERVAL=7;BYDAY=MO", date(2026, 12, 1)) == ()  # a Tuesday, and every Tuesday after


LASTS = [
    ("fixed", FIXED, utc("2026-12-01 06:00:30")),
    ("counted", MONDAYS, utc("2026-12-21 06:00")),
    ("until", step(every="FREQ=DAILY;UNTIL=20261203", at="09:00"), utc("2026-12-03 06:00")),
    ("over before the launch", step(every="FREQ=DAILY;UNTIL=20201203", at="09:00"), LAUNCHED),
    ("endless", ENDLESS, None),
    ("on people's dates", REFILL, None),
]


@pytest.mark.parametrize(("one", "gives"), [row[1:] for row in LASTS], ids=[row[0] for row in LASTS])
def test_the_last_time_of_a_step(one: Step, gives: datetime | None) -> None:
    assert last(one, zone="Africa/Nairobi", launched=LAUNCHED) == gives


def test_steps_before_and_after_say_which_dates_are_due() -> None:
    since, until = utc("2026-12-01 00:00"), utc("2026-12-02 00:00")
    [before] = anchors(REFILL, zone="Africa/Nairobi", since=since, until=until)
    assert (before.day, before.key, before.due) == (date(2026, 12, 4), "2026-12-01T17:30:00", utc("2026-12-01 14:30"))
    [after] = anchors(VISIT, zone="Africa/Nairobi", since=since, until=until)
    assert (after.day, after.key, after.due) == (date(2026, 11, 30), "2026-12-01T10:00:00", utc("2026-12-01 07:00"))


def test_each_kind_of_step_is_asked_its_own_question() -> None:
    assert anchors(MONDAYS, zone="Africa/Nairobi", since=LAUNCHED, until=FOR_EVER) == []
    assert due(REFILL) == []


spans = st.tuples(
    st.datetimes(datetime.fromisoformat("2009-01-01"), datetime.fromisoformat("2036-01-01")).map(
        lambda wall: wall.replace(tzinfo=UTC)
    ),
    st.lists(st.integers(1, 9 * 24 * 60), min_size=1, max_size=6),
)
clocks = st.times().map(lambda at: at.replace(microsecond=0))


@given(st.sampled_from(ZONES), spans, clocks)
def test_windows_that_touch_neither_lose_nor_double_an_anchor(
    zone: str, span: tuple[datetime, list[int]], at: time
) -> None:
    one = step(before={"field": "refill_date", "days": 2}, at=at)
    edges = [span[0]]
    for minutes in span[1]:
        edges.append(edges[-1] + timedelta(minutes=minutes))
    whole = anchors(one, zone=zone, since=edges[0], until=edges[-1])
    parts = [each for since, until in pairwise(edges) for each in anchors(one, zone=zone, since=since, until=until)]
    assert parts == whole
    assert len({each.key for each in whole}) == len(whole)


@given(
    st.sampled_from(ZONES),
    spans,
    clocks,
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU", "FREQ=MONTHLY;BYMONTHDAY=-1"]),
)
def test_every_day_of_a_rule_comes_once_in_order_and_no_earlier_than_its_time(
    zone: str, span: tuple[datetime, list[int]], at: time, rule: str
) -> None:
    launched, until = span[0], span[0] + timedelta(minutes=sum(span[1]))
    one = step(every=rule, at=at)
    found = occurrences(one, zone=zone, launched=launched, since=launched, until=until)
    walls = [datetime.fromisoformat(each.key) for each in found]
    assert walls == sorted(set(walls))
    assert [each.due for each in found] == [instant(zone, wall.date(), wall.time()) for wall in walls]
    assert all(launched <= each.due < until for each in found)


@given(st.sampled_from(ZONES), spans, clocks)
def test_a_count_is_the_number_of_messages_wherever_one_lives(
    zone: str, span: tuple[datetime, list[int]], at: time
) -> None:
    one = step(every="FREQ=DAILY;COUNT=5", at=at)
    found = occurrences(one, zone=zone, launched=span[0], since=span[0], until=span[0] + timedelta(days=9))
    assert len(found) == 5
    assert last(one, zone=zone, launched=span[0]) == found[-1].due
