"""An audience and a campaign as forms, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from outreach.audience.filters import Filter
from outreach.campaigns import builder, form, repeats, source
from outreach.campaigns.builder import Row
from outreach.campaigns.form import Form, StepForm
from outreach.campaigns.repeats import Timing, When

A_FILTER: TypeAdapter[Any] = TypeAdapter(Filter)

AUDIENCES: list[tuple[str, Any, builder.Groups]] = [
    ("everybody", {"all": []}, ()),
    ("one tag", {"all": [{"tag": "a"}]}, ((Row("tag", "a"),),)),
    ("either", {"any": [{"tag": "a"}, {"tag": "b"}]}, ((Row("tag", "a"), Row("tag", "b")),)),
    (
        "both, one of them a choice",
        {"all": [{"any": [{"tag": "a"}, {"language": ["en", "sw"]}]}, {"not": {"country": ["KE"]}}]},
        ((Row("tag", "a"), Row("language", value="en, sw")), (Row("country", value="KE", negated=True),)),
    ),
    ("a text", {"all": [{"field": "d", "is": "kisumu"}]}, ((Row("field", "d", "is", "kisumu"),),)),
    ("a number", {"all": [{"field": "age", "is": 5}]}, ((Row("field", "age", "is", "5"),),)),
    ("a text like a number", {"all": [{"field": "ward", "is": "5"}]}, ((Row("field", "ward", "is", '"5"'),),)),
    ("some values", {"all": [{"field": "d", "in": ["a, b", "c", 2]}]}, ((Row("field", "d", "in", '"a, b", c, 2'),),)),
    ("a day", {"all": [{"field": "due", "before": "2027-01-02"}]}, ((Row("field", "due", "before", "2027-01-02"),),)),
    ("there", {"all": [{"field": "due", "present": True}]}, ((Row("field", "due", "present"),),)),
    ("not there", {"all": [{"field": "due", "present": False}]}, ((Row("field", "due", "absent"),),)),
]


@pytest.mark.parametrize(("written", "groups"), [row[1:] for row in AUDIENCES], ids=[row[0] for row in AUDIENCES])
def test_an_audience_as_a_form_and_back(written: Any, groups: builder.Groups) -> None:
    assert builder.of(written) == groups
    assert builder.filter_of(groups) == written
    A_FILTER.validate_json(A_FILTER.dump_json(A_FILTER.validate_python(written)))


def test_two_comparisons_of_a_field_are_two_rows() -> None:
    shown = builder.of({"field": "age", "above": 17, "below": 65})
    assert shown == ((Row("field", "age", "above", "17"),), (Row("field", "age", "below", "65"),))


@pytest.mark.parametrize(
    "written",
    [
        {"all": [{"all": [{"any": []}]}]},
        {"not": {"all": []}},
        {"any": [{"all": [{"tag": "a"}]}]},
        {"any": [{"field": "age", "above": 1, "below": 3}]},
        {"field": "a", "is": 'a "quoted" word'},
        "text",
        {},
    ],
)
def test_what_nests_deeper_has_no_form(written: Any) -> None:
    assert builder.of(written) is None


words = st.text(st.sampled_from('ab1." ,-'), min_size=1, max_size=6)


@settings(max_examples=60)
@given(values=st.lists(st.one_of(words, st.integers(-99, 10**9), st.floats(-1e6, 1e6)), min_size=1, max_size=4))
def test_every_value_comes_back_as_it_was_or_has_no_form(values: list[Any]) -> None:
    written: Any = {"all": [{"field": "d", "in": values}]}
    if (shown := builder.of(written)) is not None:
        assert builder.filter_of(shown) == written


TIMINGS: list[tuple[str, dict[str, Any], Timing]] = [
    ("once", {"at": "2027-01-01 09:00"}, Timing(When.ONCE, at="09:00", day="2027-01-01")),
    ("daily", {"every": "FREQ=DAILY;COUNT=3", "at": "09:00"}, Timing(When.DAILY, at="09:00", times="3")),
    (
        "weekly",
        {"every": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "from": "2027-01-01", "at": "09:00"},
        Timing(When.WEEKLY, at="09:00", day="2027-01-01", every="2", weekdays=("MO", "TH")),
    ),
    ("monthly", {"every": "FREQ=MONTHLY;BYMONTHDAY=1", "at": "09:00"}, Timing(When.MONTHLY, at="09:00", monthday="1")),
    (
        "a rule of its own",
        {"every": "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "at": "09:00"},
        Timing(When.RULE, at="09:00", rule="FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO"),
    ),
    (
        "before a date",
        {"before": {"field": "due", "days": 3}, "at": "09:00"},
        Timing(When.BEFORE, at="09:00", field="due", days="3"),
    ),
]


@pytest.mark.parametrize(("written", "timing"), [row[1:] for row in TIMINGS], ids=[row[0] for row in TIMINGS])
def test_a_timing_as_a_form_and_back(written: dict[str, Any], timing: Timing) -> None:
    assert repeats.of({"id": "one", **written}) == timing
    assert {key: value for key, value in repeats.keys(timing).items() if value is not None} == written


CAMPAIGN: dict[str, Any] = {
    "title": "Trial",
    "topic": "tb",
    "audience": {"all": []},
    "steps": [{"id": "one", "template": "tb/welcome", "every": "BYDAY=MO;FREQ=WEEKLY", "at": "09:00"}],
}


def shown() -> Form:
    found = form.of(CAMPAIGN)
    assert found is not None
    return found


def merged(**changes: Any) -> dict[str, Any]:
    return form.merged(CAMPAIGN, replace(shown(), **changes))


MERGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing", {}, {}),
    ("a title", {"title": "Other"}, {"title": "Other"}),
    ("lists", {"channels": "push, sms", "fields": "a,b"}, {"channels": ["push", "sms"], "fields": ["a", "b"]}),
    ("hours", {"hours_from": "07:00", "hours_to": "19:00"}, {"hours": {"from": "07:00", "to": "19:00"}}),
    ("an answer ends it", {"stop_steps": True}, {"replies": {"stop_steps": True}}),
]


@pytest.mark.parametrize(("changes", "adds"), [row[1:] for row in MERGES], ids=[row[0] for row in MERGES])
def test_a_form_changes_what_was_changed_in_it(changes: dict[str, Any], adds: dict[str, Any]) -> None:
    assert merged(**changes) == CAMPAIGN | adds


def test_an_emptied_field_is_taken_out_of_the_file() -> None:
    assert "topic" not in merged(topic="")


def test_steps_are_changed_added_and_taken_out() -> None:
    [one] = shown().steps
    two = StepForm(id="two", template="tb/refill", timing=Timing(When.DAILY, at="10:00"), channels="sms")
    assert merged(steps=(two, one))["steps"] == [
        {"id": "two", "template": "tb/refill", "every": "FREQ=DAILY", "at": "10:00", "channels": ["sms"]},
        CAMPAIGN["steps"][0],
    ]
    assert merged(steps=(replace(one, expires="2d"),))["steps"] == [CAMPAIGN["steps"][0] | {"expires": "2d"}]
    assert merged(steps=()) == CAMPAIGN | {"steps": []}


@pytest.mark.parametrize("text", ["- a list", "title: x\nsteps: [a]", "steps: {a: b}", "hours: no"])
def test_what_is_no_campaign_at_all_has_no_form(text: str) -> None:
    assert form.of(source.parse(text, "").value) is None
