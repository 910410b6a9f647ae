"""A campaign as a form shows it: texts in fields. What the form does not know of stays in the file as it is.

A file that cannot be shown as a form has none (`of` gives None) and is edited as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from outreach.campaigns import repeats
from outreach.campaigns.repeats import NEVER, Timing
from outreach.campaigns.source import Plain

Keys = dict[str, Plain]  # None: the key is taken out

#: In which order new keys are put into a file: of the campaign, of a step.
ORDERS = (
    (
        *("title", "topic", "language", "audience", "fields", "channels", "unread_after", "hours", "expires"),
        *("steps", "replies"),
    ),
    ("id", "template", "every", "from", "before", "after", "at", "expires", "channels", "on_unknown"),
)


@dataclass(frozen=True, slots=True)
class StepForm:
    """One step. `origin`: which step of the file it is; None for a new one. Empty: the file does not say it."""

    origin: int | None = None
    id: str = ""
    template: str = ""
    timing: Timing = NEVER
    expires: str = ""
    channels: str = ""
    on_unknown: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A campaign. `audience` is shown by a form of its own (`builder`). Empty: the file does not say it."""

    title: str = ""
    topic: str = ""
    language: str = ""
    fields: str = ""
    channels: str = ""
    unread_after: str = ""
    hours_from: str = ""
    hours_to: str = ""
    expires: str = ""
    thread: str = ""
    stop_steps: bool = False
    steps: tuple[StepForm, ...] = ()


def of(written: Plain) -> Form | None:
    """The form of what a file says; None where it says something that no form can show."""
    if not isinstance(written, dict):
        return None
    steps, hours, replies = written.get("steps", []), written.get("hours", {}), written.get("replies", {})
    if not isinstance(steps, list) or not isinstance(hours, dict) or not isinstance(replies, dict):
        return None
    shown = [_step(place, each) for place, each in enumerate(steps)]
    if None in shown:
        return None
    return Form(
        title=_text(written.get("title")),
        topic=_text(written.get("topic")),
        language=_text(written.get("language")),
        fields=_listed(written.get("fields")),
        channels=_listed(written.get("channels")),
        unread_after=_text(written.get("unread_after")),
        hours_from=_text(hours.get("from")),
        hours_to=_text(hours.get("to")),
        expires=_text(written.get("expires")),
        thread=_text(replies.get("thread")),
        stop_steps=replies.get("stop_steps") is True,
        steps=tuple([each for each in shown if each is not None]),
    )


def merged(written: Mapping[str, Plain], form: Form) -> Keys:
    """What the file is to say after the form was filled in. Only what differs from its own form is changed."""
    before = of(dict(written)) or Form()
    changed = {each.name for each in fields(Form) if getattr(before, each.name) != getattr(form, each.name)}
    wanted: Keys = dict(written)
    for name in changed & {"title", "topic", "language", "unread_after", "expires"}:
        wanted[name] = getattr(form, name) or None
    for name in changed & {"fields", "channels"}:
        wanted[name] = _split(getattr(form, name)) or None
    if changed & {"hours_from", "hours_to"}:
        wanted["hours"] = _kept({"from": form.hours_from or None, "to": form.hours_to or None}) or None
    if changed & {"thread", "stop_steps"}:
        replies = written.get("replies")
        given: Keys = {"thread": form.thread or None, "stop_steps": form.stop_steps}
        wanted["replies"] = _kept({**(replies if isinstance(replies, dict) else {}), **given})
    if "steps" in changed:
        wanted["steps"] = _steps(written.get("steps"), form.steps)
    return _kept(wanted)


def _step(place: int, written: Plain) -> StepForm | None:
    if not isinstance(written, dict):
        return None
    timing = repeats.of(written)
    if timing is None:
        return None
    return StepForm(
        origin=place,
        id=_text(written.get("id")),
        template=_text(written.get("template")),
        timing=timing,
        expires=_text(written.get("expires")),
        channels=_listed(written.get("channels")),
        on_unknown=_text(written.get("on_unknown")),
    )


def _steps(written: Plain, forms: tuple[StepForm, ...]) -> list[Plain]:
    known = dict(enumerate(written if isinstance(written, list) else []))
    return [_merged_step(known.get(-1 if form.origin is None else form.origin, {}), form) for form in forms]


def _merged_step(written: Plain, form: StepForm) -> Keys:
    origin = written if isinstance(written, dict) else {}
    before = (_step(0, origin) if origin else None) or StepForm()
    if origin and replace(before, origin=form.origin) == form:
        return origin
    wanted: Keys = dict(origin)
    for name in ("id", "template", "expires", "on_unknown"):
        if getattr(before, name) != getattr(form, name):
            wanted[name] = getattr(form, name) or None
    if before.channels != form.channels:
        wanted["channels"] = _split(form.channels) or None
    if before.timing != form.timing or not origin:
        wanted |= repeats.keys(form.timing)
    kept = _kept(wanted)
    return {key: kept[key] for key in [*ORDERS[1], *kept] if key in kept}


def _kept(keys: Mapping[str, Plain]) -> Keys:
    return {key: value for key, value in keys.items() if value is not None}


def _text(value: Plain) -> str:
    return "" if isinstance(value, list | dict | bool) or value is None else str(value)


def _listed(value: Plain) -> str:
    return ", ".join(_text(each) for each in value) if isinstance(value, list) else _text(value)


def _split(text: str) -> list[Plain]:
    return [word.strip() for word in text.split(",") if word.strip()]
