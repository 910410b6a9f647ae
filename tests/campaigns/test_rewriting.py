"""A form's changes in a file: what is said afterwards is what was wanted, and nothing else moved."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.campaigns import form, rewriting, source, spelling
from outreach.messages.samples import samples

SHIPPED = {path.stem: path.read_text(encoding="utf-8") for path in sorted((samples() / "campaigns").glob("*.yaml"))}
ODD = """\
# a campaign as somebody wrote it by hand
title: 'Two  spaces'   # kept
topic:   tb
audience:
  all:
  # who
  - {tag: "x"}   # her
  - field: district
    in:
      - kisumu
steps:
# the first
- template: tb/welcome   # no id first
  id: one
  at: >-
    2027-01-01
    09:00
- {id: two, template: tb/refill, after: {field: refill_date, days: 1}, at: "09:00"}
# the end
"""


def said(text: str) -> Any:
    return source.parse(text, "campaigns/some.yaml").value


def rewritten(text: str, wanted: Any) -> str:
    return rewriting.rewrite(text, wanted, (), form.ORDERS)


def notes(text: str) -> list[str]:
    """Comments that stand on lines of their own."""
    return sorted(line.strip() for line in text.splitlines() if line.strip().startswith("#"))


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
scalars = st.one_of(words, st.integers(-99, 99), st.booleans(), st.sampled_from(["no", "12", "a: b", "x #y", "09:00"]))
filters = st.one_of(
    st.builds(lambda tag: {"tag": tag}, words),
    st.builds(lambda values: {"field": "district", "in": values}, st.lists(scalars, min_size=1, max_size=9)),
    st.builds(lambda tag: {"all": [{"not": {"tag": tag}}, {"any": [{"language": ["en"]}]}]}, words),
)
timings = st.one_of(
    st.builds(lambda days: {"before": {"field": "due_date", "days": days}, "at": "08:00"}, st.integers(0, 9)),
    st.just({"every": "FREQ=DAILY;COUNT=2", "from": "2027-01-01", "at": "09:00"}),
    st.just({"at": "2027-01-01 09:00"}),
)
steps = st.builds(
    lambda timing, more, number: {"id": f"new-{number}", "template": "tb/welcome", **timing, **more},
    timings,
    st.sampled_from([{}, {"channels": ["sms"]}, {"expires": "2d", "on_unknown": "resend"}]),
    st.integers(0, 9),
)
TOP = st.fixed_dictionaries(
    {},
    optional={
        "title": words,
        "language": st.sampled_from(["fr", "no"]),
        "audience": filters,
        "hours": st.just({"from": "07:00", "to": "24:00"}),
        "fields": st.lists(words, min_size=1, max_size=4),
        "replies": st.sampled_from([{"thread": "some"}, {"stop_steps": True}]),
        "channels": st.just(["sms"]),
    },
)
LEFT_OUT = st.sets(st.sampled_from(["language", "channels", "hours", "replies", "expires", "unread_after"]), max_size=2)


@st.composite
def wishes(draw: st.DrawFn, written: dict[str, Any]) -> dict[str, Any]:
    """What a file could be wanted to say: other values, steps taken out, put in, changed, moved."""
    wanted = copy.deepcopy(written) | draw(TOP)
    kept = [each for each in wanted["steps"] if draw(st.integers(0, 5))]
    for place in draw(st.sets(st.integers(0, max(len(kept) - 1, 0)), max_size=2)) if kept else ():
        kept[place] = {"id": kept[place]["id"], "template": "tb/other", **draw(timings)}
    for new in draw(st.lists(steps, max_size=2, unique_by=lambda each: str(each["id"]))):
        kept.insert(draw(st.integers(0, len(kept))), new)
    if len(kept) > 1 and draw(st.booleans()):
        kept.append(kept.pop(0))
    wanted["steps"] = kept or written["steps"]
    return {key: value for key, value in wanted.items() if key not in draw(LEFT_OUT)}


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("text", [SHIPPED["mood"], SHIPPED["antenatal-malaria"], ODD], ids=["mood", "malaria", "odd"])
@settings(max_examples=15)
@given(data=st.data())
def test_the_file_says_what_was_wanted_and_keeps_its_comments(text: str, ends: str, data: st.DataObject) -> None:
    text = text.replace("\n", ends)
    wanted = data.draw(wishes(said(text)))
    after = rewritten(text, wanted)
    assert rewriting.same(said(after), wanted)
    assert set(notes(text)) <= set(notes(after))
    assert (ends == "\r\n") == ("\r\n" in after)
    assert "\n" not in after.replace(ends, "")


@pytest.mark.parametrize("text", [*SHIPPED.values(), ODD], ids=[*SHIPPED, "odd"])
def test_what_changes_nothing_changes_no_letter(text: str) -> None:
    written = said(text)
    assert rewritten(text, written) == text
    assert rewritten(text.rstrip("\n"), written) == text.rstrip("\n")
    shown = form.of(written)
    assert shown is not None
    assert rewriting.rewrite(text, form.merged(written, shown), (), form.ORDERS) == text


CHANGES: list[tuple[str, Any, str, str]] = [
    ("a quoted value", lambda v: v.update(title="Three"), "'Two  spaces'   # kept", "Three   # kept"),
    ("a text that looks like a number", lambda v: v.update(title="12"), "'Two  spaces'", '"12"'),
    ("a value inside", lambda v: v["audience"]["all"][0].update(tag="z"), '{tag: "x"}', "{tag: z}"),
    ("a list in a list", lambda v: v["audience"]["all"][1].update({"in": ["siaya"]}), "- kisumu", "- siaya"),
    (
        "a folded text",
        lambda v: v["steps"][0].update(at="2027-01-01 10:00"),
        ">-\n    2027-01-01\n    09:00",
        '"2027-01-01 10:00"',
    ),
    ("a step in braces", lambda v: v["steps"][1].update(at="10:00"), 'at: "09:00"}', 'at: "10:00"}'),
    ("a key gone", lambda v: v["steps"][0].pop("template"), "template: tb/welcome   # no id first\n  id", "id"),
    ("a step gone", lambda v: v["steps"].pop(0), ODD[ODD.index("- template") : ODD.index("- {id: two")], ""),
]


@pytest.mark.parametrize(("change", "old", "new"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_one_change_is_one_place(change: Any, old: str, new: str) -> None:
    wanted = said(ODD)
    change(wanted)
    assert ODD.count(old) == 1
    assert rewritten(ODD, wanted) == ODD.replace(old, new)


def test_new_keys_come_where_staff_would_put_them() -> None:
    wanted = said(ODD) | {"expires": "2d", "language": "sw"}
    wanted["steps"][0]["channels"] = ["sms"]
    after = rewritten(ODD, wanted)
    assert list(said(after)) == ["title", "topic", "language", "audience", "expires", "steps"]
    assert "09:00\n  channels: [sms]\n- {id: two" in after


def test_a_step_that_moves_takes_the_comments_above_it_along() -> None:
    text = SHIPPED["antenatal-malaria"]
    wanted = said(text)
    wanted["steps"].insert(0, wanted["steps"].pop(4))
    after = rewritten(text, wanted)
    assert re.search(r"steps:\s+# Net and fever.*\n  - id: net-1\n", after)


def test_a_renamed_step_keeps_its_lines_when_its_origin_is_told() -> None:
    wanted = said(ODD)
    wanted["steps"][0]["id"] = "renamed"
    assert rewriting.rewrite(ODD, wanted, [0, 1], form.ORDERS) == ODD.replace("id: one", "id: renamed")


@settings(max_examples=60)
@given(
    value=st.recursive(
        scalars | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(words, inner),
    )
)
def test_what_is_spelled_reads_as_what_it_was(value: Any) -> None:
    assert rewriting.same(said(f"value: {spelling.spell(value)}"), {"value": value})
