"""What a campaign is: the YAML that staff write, read strictly, and frozen when it is launched.

`load` reads a file and finds every fault in it. Hours run within one day: a campaign that writes over midnight is
nearly always a slip of the pen. The clinic's quiet hours and a person's own may pass it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field, StrictStr, ValidationError, model_validator

from outreach.audience.filters import FieldName, Filter
from outreach.audience.hours import Hours
from outreach.campaigns.faults import explained
from outreach.campaigns.source import Path_, Place, Source, read
from outreach.campaigns.steps import NAME, Channels, Name, Step, Written
from outreach.campaigns.timing import Clock, Duration, fault
from outreach.channels.contract import Kind
from outreach.errors import DefinitionError, Fault, worded

MAX_EXPIRY = timedelta(days=14)
NAMELESS = "unnamed"  # stands in while a file is read: its own name is looked at by itself

Contradiction = tuple[Path_, str, str]  # where, problem, remedy


class DayHours(Written):
    """A part of the day, in the person's own time zone."""

    from_: Clock = Field(alias="from", description="The first minute.", examples=["08:00"])
    to: Clock = Field(description="The minute after the last; may be 24:00.", examples=["20:00"])

    @model_validator(mode="after")
    def _within_a_day(self) -> DayHours:
        if self.from_ >= self.to:
            raise fault(
                worded("The hours end before they begin."),
                worded("`from` is earlier than `to`; hours do not pass midnight."),
            )
        return self


class Replies(Written):
    """What becomes of what people answer."""

    thread: Name | None = Field(
        None, description="The programme whose helpers read the answers; else the topic.", examples=["tb-support"]
    )
    stop_steps: bool = Field(
        False, strict=True, description="Whether an answer ends the remaining steps for that person."
    )
    wait: bool = Field(
        True, strict=True, description="Whether messages wait while the person waits for a helper's answer."
    )


class Definition(Written):
    """A campaign: who hears what about which topic, when, and by which channels."""

    name: Name  # the file's stem
    title: StrictStr = Field(
        min_length=1, max_length=120, description="What staff call the campaign.", examples=["TB treatment support"]
    )
    topic: Name = Field(description="What people agreed to hear about; only they are written to.", examples=["tb"])
    language: StrictStr = Field(
        "en",
        pattern=r"^[a-z]{2,3}$",
        description="Language used where a template lacks a person's own.",
        examples=["en", "fr"],
    )
    audience: Filter = Field(
        description="Who of those who agreed to the topic; `all: []` is everybody.",
        examples=[{"all": [{"tag": "on-treatment"}, {"field": "district", "in": ["kisumu", "siaya"]}]}],
    )
    channels: Channels = (Kind.PUSH, Kind.SMS)
    unread_after: Duration = Field(
        timedelta(hours=4), description="A push unread for so long is followed by the next channel."
    )
    hours: DayHours = Field(
        DayHours(**{"from": "08:00", "to": "20:00"}),
        description="When messages may arrive; a person's own hours win, the clinic's quiet hours hold always.",
    )
    expires: Duration = Field(
        timedelta(hours=24), description="A message that could not go out for so long is dropped."
    )
    fields: tuple[FieldName, ...] = Field(
        (), description="Further custom fields that the templates name.", examples=[["first_name", "visit_place"]]
    )
    steps: tuple[Step, ...] = Field(min_length=1, max_length=500, description="The messages, in order.")
    replies: Replies = Replies()

    @property
    def window(self) -> Hours:
        """The campaign's hours."""
        return Hours(self.hours.from_, self.hours.to)

    @property
    def thread(self) -> str:
        """The programme whose helpers read the answers."""
        return self.replies.thread or self.topic

    def channels_of(self, step: Step) -> tuple[Kind, ...]:
        """The channels of a step, in order."""
        return step.channels or self.channels

    def expires_of(self, step: Step) -> timedelta:
        """How long a message of the step is useful."""
        return step.expires or self.expires


def load(path: Path) -> Definition:
    """Read a campaign from its file. Raises DefinitionError with every fault and where it stands."""
    return of(read(path), path.stem)


def kept(path: Path) -> Definition:
    """The same, read anew only when the file has changed: for pages that are asked for again and again."""
    try:
        stat = path.stat()
    except OSError:
        return load(path)  # which says what is wrong
    return _kept(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _kept(path: Path, changed: int, size: int) -> Definition:
    return load(path)


def of(source: Source, stem: str) -> Definition:
    """The campaign that was read. `stem`: the file's name without its ending. Raises like `load`."""
    faults = list(_name_faults(source, stem))
    written = {**source.value, "name": NAMELESS} if isinstance(source.value, dict) else source.value
    try:
        # By way of JSON: strict as to types, yet dates are texts and lists may become tuples.
        definition = Definition.model_validate_json(json.dumps(written)).model_copy(update={"name": stem})
        faults += [source.fault(source.values[place], *words) for place, *words in _contradictions(definition)]
    except ValidationError as error:
        faults += explained(error, source, json_schema())
    if faults:
        raise DefinitionError(sorted(faults, key=lambda fault: (fault.line, fault.column)))
    return definition


@cache
def json_schema() -> dict[str, Any]:
    """What a file may say, as pydantic's JSON Schema (without `name`, which is the file's own)."""
    schema = Definition.model_json_schema()
    del schema["properties"]["name"]
    schema["required"].remove("name")
    return schema


def _name_faults(source: Source, stem: str) -> Iterator[Fault]:
    if not re.fullmatch(NAME, stem):
        problem = worded("The file's name is the campaign's, and this one cannot be.")
        yield source.fault(
            Place(0, 0), problem, worded("Rename it to small letters, digits and hyphens: tb-adherence.yaml.")
        )
    if ("name",) in source.keys:
        yield source.fault(
            source.keys["name",],
            worded("`name` is not known here."),
            worded("The file's name is the campaign's: delete the line."),
        )


def freeze(definition: Definition) -> dict[str, Any]:
    """The whole definition as JSON values, defaults included: what a run keeps."""
    return definition.model_dump(mode="json", by_alias=True, exclude_none=True)


def thaw(frozen: dict[str, Any]) -> Definition:
    """The definition that was frozen. Raises ValueError if it is not one."""
    return Definition.model_validate_json(json.dumps(frozen))


def content_hash(frozen: dict[str, Any]) -> str:
    """SHA-256 (hex) of what was frozen, whatever the order of its keys."""
    text = json.dumps(frozen, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _contradictions(definition: Definition) -> Iterator[Contradiction]:
    """What is right in each part and wrong together: place, problem, remedy."""
    counted = Counter(step.id for step in definition.steps)
    for index, step in enumerate(definition.steps):
        if counted[step.id] > 1:
            yield (
                ("steps", index, "id"),
                worded("Two steps are called `%(id)s`.", id=step.id),
                worded("Give each step an id of its own."),
            )
        yield from _waits(definition, index, step)
    yield from _channels(("channels",), definition.channels)
    yield from _expiry(("expires",), definition.expires)


def _waits(definition: Definition, index: int, step: Step) -> Iterator[Contradiction]:
    if step.channels:
        yield from _channels(("steps", index, "channels"), step.channels)
    if step.expires:
        yield from _expiry(("steps", index, "expires"), step.expires)
    if len(definition.channels_of(step)) > 1 and definition.unread_after >= definition.expires_of(step):
        place: Path_ = ("steps", index, "expires") if step.expires else ("unread_after",)
        problem = worded("The second channel of step `%(id)s` would follow after the message has expired.", id=step.id)
        yield place, problem, worded("Make `unread_after` shorter than `expires`.")


def _channels(place: Path_, channels: tuple[Kind, ...]) -> Iterator[Contradiction]:
    if len(set(channels)) < len(channels):
        yield place, worded("A channel is named twice."), worded("Name each once, in the order they are tried.")


def _expiry(place: Path_, expires: timedelta) -> Iterator[Contradiction]:
    if expires > MAX_EXPIRY:
        yield place, worded("No message is useful for longer than two weeks."), worded("Write 14d or less.")
