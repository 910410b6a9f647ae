"""The clock at a person's place: hours, jumps of the clocks, several candidate zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.audience.hours import Hours, instant, lawful, quiet_hours
from outreach.errors import SettingError

# Each has a habit of its own: summer time of half an hour, a jump at midnight or for Ramadan, a day left out.
ZONES = [
    "Europe/Paris",
    "America/New_York",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Nairobi",
    "America/Havana",
]
COMPOSITE = [
    "America/New_York|America/Chicago",
    "Europe/Lisbon|Atlantic/Azores|Europe/Paris",
    "Pacific/Apia|Pacific/Pago_Pago",
]

walls = st.datetimes(
    min_value=datetime.fromisoformat("2005-01-01"), max_value=datetime.fromisoformat("2037-12-31")
).map(lambda wall: wall.replace(microsecond=0))
moments = walls.map(lambda wall: wall.replace(tzinfo=UTC))
zones = st.sampled_from(ZONES + COMPOSITE)


def local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


KNOWN = [
    ("an ordinary morning", "Africa/Nairobi", "2026-12-01 09:00", "2026-12-01 06:00"),
    (
        "summer time begins: 02:30 is left out and comes at the jump",
        "Europe/Paris",
        "2026-03-29 02:30",
        "2026-03-29 01:00",
    ),
    ("the first minute after the jump", "Europe/Paris", "2026-03-29 03:00", "2026-03-29 01:00"),
    ("summer time ends: 02:30 is shown twice and comes first", "Europe/Paris", "2026-10-25 02:30", "2026-10-25 00:30"),
    ("the first time after the second 02:xx", "Europe/Paris", "2026-10-25 03:00", "2026-10-25 02:00"),
    ("a jump at midnight", "America/Havana", "2026-03-08 00:30", "2026-03-08 05:00"),
    ("half an hour left out", "Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30"),
    ("half an hour shown twice", "Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45"),
    ("a whole day left out", "Pacific/Apia", "2011-12-30 09:00", "2011-12-30 10:00"),
    ("an odd offset", "Asia/Kathmandu", "2026-06-01 09:00", "2026-06-01 03:15"),
    (
        "two candidates: the one where it is later",
        "America/New_York|America/Chicago",
        "2026-12-01 09:00",
        "2026-12-01 15:00",
    ),
    ("the order of candidates is nothing", "America/Chicago|America/New_York", "2026-12-01 09:00", "2026-12-01 15:00"),
]


@pytest.mark.parametrize(("zone", "wall", "due"), [row[1:] for row in KNOWN], ids=[row[0] for row in KNOWN])
def test_a_wall_time_is_this_instant(zone: str, wall: str, due: str) -> None:
    at = datetime.fromisoformat(wall)
    assert instant(zone, at.date(), at.time()) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@given(zones, walls)
def test_a_wall_time_comes_at_the_first_second_at_which_every_candidate_shows_it_or_later(
    zone: str, wall: datetime
) -> None:
    due = instant(zone, wall.date(), wall.time())
    names = zone.split("|")
    assert due.utcoffset() == timedelta(0)
    assert all(local(due, name) >= wall for name in names)
    assert any(local(due - timedelta(seconds=1), name) < wall for name in names)


@given(st.sampled_from(ZONES), walls)
def test_a_wall_time_that_exists_is_kept_to_the_second(zone: str, wall: datetime) -> None:
    exists = local(wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), zone) == wall
    assert (local(instant(zone, wall.date(), wall.time()), zone) == wall) is exists


@given(zones, walls, walls)
def test_order_is_kept(zone: str, one: datetime, other: datetime) -> None:
    earlier, later = sorted([one, other])
    assert instant(zone, earlier.date(), earlier.time()) <= instant(zone, later.date(), later.time())


@given(st.sampled_from(ZONES), st.dates(date(2005, 1, 1), date(2037, 12, 30)), st.times())
def test_the_same_clock_time_of_two_days_comes_twice_unless_a_whole_day_is_left_out(
    zone: str, day: date, at: time
) -> None:
    at = at.replace(microsecond=0)
    today, tomorrow = instant(zone, day, at), instant(zone, day + timedelta(days=1), at)
    skipped = zone == "Pacific/Apia" and day in {date(2011, 12, 29), date(2011, 12, 30)}
    assert skipped or timedelta(hours=22) <= tomorrow - today <= timedelta(hours=26)


def test_a_zone_that_is_none_is_an_error() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        instant("Africa/Atlantis", date(2026, 1, 1), time(9))


DAY = Hours(8 * 60, 20 * 60)
NIGHT = Hours(21 * 60, 8 * 60)
US = "America/New_York|America/Phoenix"  # three hours apart in summer, two in winter

LAWFUL = [
    ("within the hours", "Africa/Nairobi", "2026-12-01 06:00", DAY, NIGHT, "2026-12-01 06:00"),
    ("too early: the morning of that day", "Africa/Nairobi", "2026-12-01 02:00", DAY, NIGHT, "2026-12-01 05:00"),
    ("the last minute counts", "Africa/Nairobi", "2026-12-01 16:59", DAY, NIGHT, "2026-12-01 16:59"),
    ("the end does not: the next morning", "Africa/Nairobi", "2026-12-01 17:00", DAY, NIGHT, "2026-12-02 05:00"),
    (
        "quiet hours cut longer hours off",
        "Africa/Nairobi",
        "2026-12-01 02:00",
        Hours(0, 1440),
        NIGHT,
        "2026-12-01 05:00",
    ),
    ("no quiet hours", "Africa/Nairobi", "2026-12-01 02:00", Hours(0, 1440), None, "2026-12-01 02:00"),
    ("her own hours pass midnight", "Africa/Nairobi", "2026-12-01 12:00", Hours(1320, 120), None, "2026-12-01 19:00"),
    ("her own hours lie in the quiet ones", "Africa/Nairobi", "2026-12-01 12:00", Hours(1320, 120), NIGHT, None),
    (
        "two candidates: day in both",
        "America/New_York|America/Los_Angeles",
        "2026-12-01 14:00",
        DAY,
        NIGHT,
        "2026-12-01 16:00",
    ),
    (
        "candidates that never share an hour",
        "Pacific/Auckland|Europe/London",
        "2026-07-01 00:00",
        Hours(540, 600),
        None,
        None,
    ),
    ("the clocks go back into the hours", "Europe/Paris", "2026-10-25 00:45", Hours(60, 150), None, "2026-10-25 01:00"),
    ("in a week, when one goes back", US, "2026-10-25 15:00", Hours(480, 630), None, "2026-11-01 15:00"),
    ("no more than a week ahead", US, "2026-10-25 14:59", Hours(480, 630), None, None),
    (
        "the hours begin in a jump of the clocks",
        "Europe/Paris",
        "2026-03-29 00:30",
        Hours(150, 240),
        None,
        "2026-03-29 01:00",
    ),
]


@pytest.mark.parametrize(
    ("zone", "asked", "hours", "quiet", "gives"), [row[1:] for row in LAWFUL], ids=[row[0] for row in LAWFUL]
)
def test_the_next_lawful_instant(zone: str, asked: str, hours: Hours, quiet: Hours | None, gives: str | None) -> None:
    wanted = None if gives is None else datetime.fromisoformat(gives).replace(tzinfo=UTC)
    assert lawful(datetime.fromisoformat(asked).replace(tzinfo=UTC), zone, hours, quiet) == wanted


windows = (
    st.tuples(st.integers(0, 1439), st.integers(0, 1440))
    .filter(lambda ends: ends[0] != ends[1])
    .map(lambda ends: Hours(*ends))
)


def within(moment: datetime, zone: str, hours: Hours, quiet: Hours | None) -> bool:
    minutes = [place.hour * 60 + place.minute for name in zone.split("|") for place in [local(moment, name)]]
    return all(minute in hours and not (quiet and minute in quiet) for minute in minutes)


@given(zones, moments, windows, st.none() | windows)
def test_a_lawful_instant_is_lawful_and_none_before_it_is(
    zone: str, asked: datetime, hours: Hours, quiet: Hours | None
) -> None:
    asked = asked.replace(second=0)
    found = lawful(asked, zone, hours, quiet)
    end = found or asked + timedelta(days=7)
    assert found is None or within(found, zone, hours, quiet)
    step = timedelta(
        minutes=7 if end - asked > timedelta(days=2) else 1
    )  # a week by the minute is too slow to try often
    moment = asked
    while moment < end:
        assert not within(moment, zone, hours, quiet), moment
        moment += step


DST_DAYS = [
    ("Europe/Paris", "2026-10-24 22:00"),
    ("Europe/Paris", "2026-03-28 22:00"),
    ("Australia/Lord_Howe", "2026-04-04 12:00"),
]


@pytest.mark.parametrize(("zone", "asked"), DST_DAYS)
@given(hours=windows, quiet=st.none() | windows, late=st.integers(0, 600))
def test_no_lawful_minute_is_missed_in_the_night_of_a_change(
    zone: str, asked: str, hours: Hours, quiet: Hours | None, late: int
) -> None:
    start = datetime.fromisoformat(asked).replace(tzinfo=UTC) + timedelta(minutes=late)
    found = lawful(start, zone, hours, quiet)
    minutes = (start + timedelta(minutes=ahead) for ahead in range(26 * 60))
    first = next((moment for moment in minutes if within(moment, zone, hours, quiet)), None)
    assert first is None or found == first


QUIET = [("21:00-08:00", Hours(1260, 480)), ("off", None), ("00:00-06:30", Hours(0, 390))]


@pytest.mark.parametrize(("text", "gives"), QUIET)
def test_quiet_hours_are_read_from_the_setting(text: str, gives: Hours | None) -> None:
    assert quiet_hours(text) == gives


@pytest.mark.parametrize("text", ["08:00-08:00", "21:00", "late", "21:00-08:00-09:00", "25:00-26:00"])
def test_quiet_hours_that_are_none_are_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(SettingError, match="21:00-08:00, or off"):
        quiet_hours(text)
