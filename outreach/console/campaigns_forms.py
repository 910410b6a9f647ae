"""Reads the fields of the campaign's forms: plain names with numbers, as a browser without script sends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from outreach.campaigns import builder
from outreach.campaigns.builder import Row
from outreach.campaigns.form import Form, StepForm
from outreach.campaigns.repeats import Timing, When

MOST = 500

_OF_STEP = ("id", "template", "expires", "channels", "on_unknown")
_OF_TIMING = ("day", "every", "times", "monthday", "rule", "field", "days")

Fields = Mapping[str, str]


def campaign(form: Fields, fields: Sequence[tuple[str, str]], do: str) -> Form:
    """The campaign's form as it was sent, after what its button does to the steps."""
    given = {
        name: form.get(name, "").strip()
        for name in (
            *("title", "topic", "language", "fields", "channels", "unread_after"),
            *("hours_from", "hours_to", "expires", "thread"),
        )
    }
    steps = [_step(form, fields, place) for place in range(_count(form, "steps"))]
    return Form(**given, stop_steps="stop_steps" in form, steps=tuple(_moved(steps, do)))


def audience(form: Fields, do: str) -> builder.Groups:
    """The audience's form as it was sent, after what its button does to the rows."""
    groups = [
        [_row(form, f"g{group}r{row}-") for row in range(_count(form, f"g{group}-rows"))]
        for group in range(_count(form, "groups"))
    ]
    word, _, place = do.partition(" ")
    numbers = [int(each) for each in place.split() if each.isascii() and each.isdigit()]
    if word == "and":
        groups.append([Row("tag")])
    elif word == "or" and len(numbers) == 1 and numbers[0] < len(groups):
        groups[numbers[0]].append(Row("tag"))
    elif word == "without" and len(numbers) == 2:
        with suppress(IndexError):
            del groups[numbers[0]][numbers[1]]
    return tuple([tuple(group) for group in groups if group])


def _count(form: Fields, name: str) -> int:
    text = form.get(name, "0")
    return min(int(text), MOST) if text.isascii() and text.isdigit() else 0


def _row(form: Fields, at: str) -> Row:
    return Row(
        kind=form.get(f"{at}kind", "tag"),
        name=form.get(f"{at}name", "").strip(),
        comparison=form.get(f"{at}comparison", "is"),
        value=form.get(f"{at}value", "").strip(),
        negated=form.get(f"{at}not", "") == "not",
    )


def _step(form: Fields, fields: Sequence[tuple[str, str]], place: int) -> StepForm:
    at = f"s{place}-"
    origin = form.get(f"{at}origin", "")
    given = {name: form.get(f"{at}{name}", "").strip() for name in _OF_STEP}
    return StepForm(
        origin=int(origin) if origin.isascii() and origin.isdigit() else None,
        timing=_timing(form, at, tuple([value for name, value in fields if name == f"{at}weekdays"])),
        **given,
    )


def _timing(form: Fields, at: str, weekdays: tuple[str, ...]) -> Timing:
    """Only the fields of the chosen way count: the others may still hold what was there before."""
    text = {name: form.get(f"{at}{name}", "").strip() for name in _OF_TIMING}
    chosen = form.get(f"{at}when", "")
    when = When(chosen) if chosen in set(When) else When.ONCE
    keeps = {
        When.ONCE: ("day",),
        When.DAILY: ("day", "every", "times"),
        When.WEEKLY: ("day", "every", "times"),
        When.MONTHLY: ("day", "every", "times", "monthday"),
        When.RULE: ("day", "rule"),
        When.BEFORE: ("field", "days"),
        When.AFTER: ("field", "days"),
    }[when]
    kept = {name: text[name] for name in keeps}
    return Timing(when, at=form.get(f"{at}at", "").strip(), weekdays=weekdays if when is When.WEEKLY else (), **kept)


def _moved(steps: list[StepForm], do: str) -> list[StepForm]:
    word, _, place = do.partition(" ")
    at = int(place) if place.isascii() and place.isdigit() else -1
    if word == "add" and len(steps) < MOST:
        return [*steps, StepForm(id=_fresh(steps), timing=Timing(When.DAILY, at="09:00", times="1"))]
    if not 0 <= at < len(steps):
        return steps
    if word == "remove":
        return steps[:at] + steps[at + 1 :]
    other = at - 1 if word == "up" else at + 1
    if word in {"up", "down"} and 0 <= other < len(steps):
        steps[at], steps[other] = steps[other], steps[at]
    return steps


def _fresh(steps: Sequence[StepForm]) -> str:
    """An id that no step has yet."""
    taken = {step.id for step in steps}
    return next(name for number in range(len(steps) + 1, MOST * 3) if (name := f"step-{number}") not in taken)
