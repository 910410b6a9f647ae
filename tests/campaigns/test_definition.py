"""What a campaign's file may say, and where each fault in it is found."""

from __future__ import annotations

import copy
import json
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from outreach.audience.hours import Hours
from outreach.campaigns.definition import Definition, content_hash, freeze, load, thaw
from outreach.campaigns.steps import OnUnknown
from outreach.campaigns.timing import Fixed, Recurring, Relative
from outreach.channels.contract import Kind
from outreach.errors import DefinitionError

GOOD = """\
title: TB treatment support
topic: tb
language: en
audience:
  all: [{tag: on-treatment}, {field: district, in: [kisumu, siaya]}]
channels: [push, sms]
unread_after: 4h
hours: {from: "08:00", to: "20:00"}
expires: 24h
fields: [first_name]
steps:
  - id: welcome
    template: tb/welcome
    at: "2026-12-01 09:00:30"
  - id: weekly
    template: tb/weekly
    every: "FREQ=WEEKLY;BYDAY=MO;COUNT=26"
    at: 09:00
    from: 2026-12-07
    channels: [sms]
    on_unknown: resend
  - id: refill
    template: tb/refill
    before: {field: refill_date, days: 3}
    at: "17:30"
    expires: 6h
  - id: visit
    template: tb/visit
    after: {field: visit, days: 0}
    at: "10:00"
replies: {thread: tb-support, stop_steps: true}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tb-adherence.yaml"


def reading(file: Path, text: str | bytes) -> Definition:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(file)


def faults(file: Path, text: str | bytes) -> list[tuple[int, int, str, str]]:
    with pytest.raises(DefinitionError) as refusal:
        reading(file, text)
    assert {fault.path for fault in refusal.value.faults} == {str(file)}
    assert all(fault.remedy.endswith((".", "?", '"')) for fault in refusal.value.faults)
    return [(fault.line, fault.column, fault.problem, fault.remedy) for fault in refusal.value.faults]


def test_a_campaign_is_read_as_it_is_written(file: Path) -> None:
    campaign = reading(file, GOOD)
    assert (campaign.name, campaign.title, campaign.topic) == ("tb-adherence", "TB treatment support", "tb")
    assert campaign.window == Hours(480, 1200)
    assert (campaign.unread_after, campaign.expires) == (timedelta(hours=4), timedelta(days=1))
    assert [step.timing for step in campaign.steps] == [
        Fixed(datetime.fromisoformat("2026-12-01T09:00:30")),
        Recurring("FREQ=WEEKLY;BYDAY=MO;COUNT=26", time(9), date(2026, 12, 7)),
        Relative("refill_date", -3, time(17, 30)),
        Relative("visit", 0, time(10)),
    ]
    welcome, weekly, refill, _ = campaign.steps
    assert (welcome.on_unknown, weekly.on_unknown) == (OnUnknown.HOLD, OnUnknown.RESEND)
    assert (campaign.channels_of(welcome), campaign.channels_of(weekly)) == ((Kind.PUSH, Kind.SMS), (Kind.SMS,))
    assert (campaign.expires_of(welcome), campaign.expires_of(refill)) == (timedelta(days=1), timedelta(hours=6))
    assert (campaign.thread, campaign.replies.stop_steps) == ("tb-support", True)


SHORT = "title: T\ntopic: tb\naudience: {all: []}\nsteps:\n  - {id: a, template: a, at: 2026-12-01 09:00}\n"


def test_what_is_not_said_has_a_safe_default(file: Path) -> None:
    campaign = reading(file, SHORT)
    assert campaign.channels == (Kind.PUSH, Kind.SMS)
    assert campaign.window == Hours(480, 1200)
    assert (campaign.thread, campaign.replies.stop_steps) == ("tb", False)
    assert campaign.steps[0].on_unknown is OnUnknown.HOLD


def test_what_is_frozen_is_the_whole_and_comes_back_the_same(file: Path) -> None:
    campaign = reading(file, GOOD)
    frozen = json.loads(json.dumps(freeze(campaign)))
    assert thaw(frozen) == campaign
    assert freeze(reading(file, SHORT))["expires"] == "1d"  # a default that changes later must not change a run


def test_the_hash_is_of_the_meaning_not_of_the_writing(file: Path) -> None:
    frozen = freeze(reading(file, GOOD))
    same = freeze(
        reading(file, GOOD.replace("after: 4h", "after: 240m").replace("24h", "1d").replace("title:", "# why\ntitle:"))
    )
    shuffled = dict(sorted(frozen.items(), reverse=True))
    other = copy.deepcopy(frozen)
    other["steps"][0]["at"] = "2026-12-01 09:00:31"
    assert content_hash(frozen) == content_hash(same) == content_hash(shuffled)
    assert content_hash(other) != content_hash(frozen)


def test_something_else_cannot_be_thawed() -> None:
    with pytest.raises(ValueError, match="title"):
        thaw({"name": "x"})


# label, what is replaced in GOOD, by what, line and column of the fault, a word of the problem, a word of the remedy
ONE_FAULT: list[tuple[str, str, str, int, int, str, str]] = [
    ("a misspelt key", "language:", "langauge:", 3, 1, "`langauge` is not known", "`language`"),
    ("a missing key", "topic: tb\n", "", 1, 1, "`topic` is missing", "topic: tb"),
    ("a number for a text", "title: TB treatment support", "title: 3", 1, 8, "wrong type", "quotes"),
    ("a name of its own", "topic: tb", "topic: tb\nname: x", 3, 1, "`name`", "delete"),
    ("a topic in capitals", "topic: tb", "topic: TB", 2, 8, "'TB'", "small letters"),
    ("a language that is none", "language: en", "language: English", 3, 11, "'English'", "en, fr, sw"),
    ("a filter that is none", "{tag: on-treatment}", "{tga: x}", 5, 9, "not a filter", "`tag`"),
    ("a filter's unknown key", "in: [kisumu, siaya]", "is: a, inn: b", 5, 55, "`inn`", "`in`"),
    ("a channel that is none", "[push, sms]", "[push, smss]", 6, 18, "'smss'", "`sms`"),
    ("no channel", "[push, sms]", "[]", 6, 11, "too few", "1"),
    ("a channel twice", "[push, sms]", "[sms, sms]", 6, 11, "twice", "once"),
    ("a length without a unit", "unread_after: 4h", "unread_after: 4", 7, 15, "4 is not a length", "90m, 4h or 2d"),
    ("a length in words", "unread_after: 4h", "unread_after: 4 hours", 7, 15, "'4 hours'", "90m, 4h or 2d"),
    ("waiting longer than it is useful", "unread_after: 4h", "unread_after: 7h", 26, 14, "expired", "shorter"),
    ("hours over midnight", 'from: "08:00"', 'from: "21:00"', 8, 8, "end before they begin", "earlier"),
    ("an hour that is none", 'to: "20:00"', 'to: "24:30"', 8, 28, "'24:30'", '"09:00"'),
    ("useful for ever", "expires: 24h", "expires: 15d", 9, 10, "two weeks", "14d"),
    ("a step's unknown key", "    on_unknown:", "    on_unknwon:", 21, 5, "`on_unknwon`", "`on_unknown`"),
    ("a step's unknown word", "on_unknown: resend", "on_unknown: again", 21, 17, "'again'", "hold, resend"),
    ("an id twice", "id: refill", "id: visit", 22, 9, "Two steps", "its own"),
    ("a time that is none", '"2026-12-01 09:00:30"', '"2026-02-30 09:00"', 14, 9, "2026-02-30", '"2026-12-01 09:00"'),
    ("an hour without its zero", "at: 09:00", "at: 9:00", 18, 9, "'9:00'", "two digits"),
    ("an hour as a number", "at: 09:00", "at: 0900", 18, 9, "900 is not a time", "quotes"),
    ("sexagesimal, as another program wrote it", "at: 09:00", "at: 32400", 18, 9, "32400", "quotes"),
    ("a zone in the time", "at: 09:00", 'at: "09:00+03:00"', 18, 9, "+03:00", '"09:00"'),
    ("a day beside a rule", "at: 09:00", "at: 2026-12-07 09:00", 15, 5, "beside `every`", "time only"),
    ("a time without a day", "    every:", "    # every:", 15, 5, "no day", "`every`"),
    (
        "two ways of timing",
        "    expires: 6h",
        "    after: {field: v, days: 1}",
        22,
        5,
        "before and by after",
        "Keep one",
    ),
    ("`from` without a rule", "    expires: 6h", "    from: 2026-12-01", 22, 5, "without `every`", "Delete"),
    ("a year that is a slip", "2026-12-01 09", "0026-12-01 09", 12, 5, "the year 26", "Correct"),
    ("a rule by the hour", "FREQ=WEEKLY;BYDAY=MO", "FREQ=HOURLY", 17, 12, "several times a day", "DAILY"),
    ("a rule with its own clock", "BYDAY=MO", "BYHOUR=9", 17, 12, "BYHOUR", "at:"),
    ("a rule with two ends", "COUNT=26", "COUNT=26;UNTIL=20261231", 17, 12, "not by both", "Delete"),
    ("a rule that ends at a second", "COUNT=26", "UNTIL=20261231T090000Z", 17, 12, "UNTIL", "UNTIL=20261231"),
    ("a rule for too long", "COUNT=26", "COUNT=99999", 17, 12, "COUNT=99999", "Correct"),
    ("a rule of no weekday", "BYDAY=MO", "BYDAY=XX", 17, 12, "RFC 5545", "FREQ=WEEKLY"),
    ("a rule that never comes", "BYDAY=MO", "BYMONTH=2;BYMONTHDAY=30", 17, 12, "never comes", "30 February"),
    ("a rule with an unknown part", "BYDAY=MO", "BYMOON=1", 17, 12, "BYMOON", "FREQ=WEEKLY"),
    ("a rule of two lines", "BYDAY=MO;COUNT=26", "BYDAY=MO\\nEXDATE:20261207", 17, 12, "not a rule", "FREQ=WEEKLY"),
    ("days in words", "days: 3", "days: three", 24, 40, "wrong type", "whole number"),
    ("days backwards", "days: 3", "days: -3", 24, 40, "too small", "least is 0"),
    ("yes for true", "stop_steps: true", "stop_steps: yes", 31, 43, "wrong type", "true or false"),
    ("no steps", GOOD[GOOD.index("steps:") : GOOD.index("replies:")], "steps: []\n", 11, 8, "too few", "1"),
    ("a template outside its folder", "tb/welcome", "../keys", 13, 15, "'../keys'", "tb/welcome"),
    # YAML's own traps
    ("a tab", "  - id: weekly", "\t- id: weekly", 15, 1, "tab", "spaces"),
    ("a key twice", "topic: tb", "topic: tb\ntopic: hiv", 3, 1, "second time; first in line 2", "Keep one"),
    ("a key without a value", "language: en", "language:", 3, 1, "`language` has no value", "delete the line"),
    ("an anchor", "topic: tb", "topic: &t tb", 2, 8, "Anchors", "quotes"),
    ("a tag", "topic: tb", "topic: !secret tb", 2, 8, "Tags", "quotes"),
    ("a colon in a text", "title: TB", "title: TB: the", 1, 10, "colon", "quotes"),
    ("a bracket left open", "[push, sms]", "[push, sms", 7, 13, "not YAML", "brackets"),
    ("a second document", "topic: tb", "topic: tb\n---", 3, 1, "second document", "delete the line"),
    ("another YAML", "title:", "%YAML 1.1\n---\ntitle:", 1, 1, "another version", "%YAML"),
    ("half a character", "title: TB", 'title: "\\ud83d" #', 1, 8, "Half", "itself"),
    ("a control character", "title: TB", "title: T\x07", 1, 9, "control character", "Delete"),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "problem", "remedy"),
    [row[1:] for row in ONE_FAULT],
    ids=[row[0] for row in ONE_FAULT],
)
def test_a_fault_is_pointed_at(
    file: Path, old: str, new: str, line: int, column: int, problem: str, remedy: str
) -> None:
    assert old in GOOD
    found = faults(file, GOOD.replace(old, new, 1))
    assert found[0][:2] == (line, column), found
    assert problem in found[0][2]
    assert remedy in found[0][3]


def test_one_slip_is_one_fault(file: Path) -> None:
    for label, old, new, *_ in ONE_FAULT:
        if label not in {"an id twice", "another YAML", "a second document"}:
            assert len(faults(file, GOOD.replace(old, new, 1))) == 1, label


def test_every_fault_is_reported_in_the_order_of_the_lines(file: Path) -> None:
    text = (
        GOOD.replace("topic: tb", "topik: tb")
        .replace("after: 4h", "after: soon")
        .replace("days: 3", "days: x")
        .replace("sms]", "fax]")
    )
    assert [found[:2] for found in faults(file, text)] == [(1, 1), (2, 1), (6, 18), (7, 15), (20, 16), (24, 40)]


ALIAS_BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
)

WHOLE_FILES: list[tuple[str, str | bytes, int, str]] = [
    ("nothing", "", 1, "empty"),
    ("only a comment", "# to do\n", 1, "empty"),
    ("a list", "- title: T\n", 1, "wrong type"),
    ("a word", "campaign\n", 1, "wrong type"),
    ("Latin-1", "title: T\ntopic: th\xe9\n".encode("latin-1"), 2, "UTF-8"),
    ("UTF-16", "title: T\n".encode("utf-16"), 1, "UTF-8"),
    ("a picture", b"\x89PNG\r\n\x1a\n\x00\x00", 1, "UTF-8"),
    ("too large", "# " + "x" * 300_000, 0, "256 kB"),
    ("an alias bomb", ALIAS_BOMB, 1, "aliases"),
    ("brackets without end", "a: " + "[" * 100_000, 1, "levels"),
    ("a list as a key", "? [a, b]\n: c\n", 1, "key should"),
    ("a Python object", "a: !!python/object/apply:os.system [ls]\n", 1, "Tags"),
]


@pytest.mark.parametrize(
    ("text", "line", "problem"), [row[1:] for row in WHOLE_FILES], ids=[row[0] for row in WHOLE_FILES]
)
def test_a_file_that_is_no_campaign_is_refused(file: Path, text: str | bytes, line: int, problem: str) -> None:
    found = faults(file, text)
    assert found[0][0] == line
    assert problem in found[0][2]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(file: Path) -> None:
    assert reading(file, b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()) == reading(file, GOOD)


def test_norway_and_switches_are_texts(file: Path) -> None:
    campaign = reading(file, GOOD.replace("{tag: on-treatment}", "{country: [KE, NO]}, {tag: on}, {tag: no}"))
    assert freeze(campaign)["audience"]["all"][:3] == [{"country": ["KE", "NO"]}, {"tag": "on"}, {"tag": "no"}]


def test_a_file_that_is_not_there_and_a_name_that_is_none_are_faults(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot be read"):
        load(tmp_path / "gone.yaml")
    assert "small letters" in faults(tmp_path / "My Campaign.yaml", GOOD)[0][3]
