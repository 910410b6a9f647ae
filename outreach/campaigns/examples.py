"""What a few people would read first: the same words, values and choices as when it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from outreach import parts
from outreach.audience.tables import Openness
from outreach.campaigns.measure import Sampled
from outreach.campaigns.places import Due
from outreach.campaigns.reckon import Reckoning, at_place
from outreach.campaigns.timing import Relative
from outreach.channels.contract import Kind
from outreach.messages.templates import RenderError

EXAMPLES = 3
LOOKED_AT = 30  # people, before it is said that nobody gets anything


@dataclass(frozen=True, slots=True)
class Example:
    """What one person would get first. The text never appears in `repr`."""

    pseudonym: str
    language: str
    openness: Openness
    zone: str
    step: str
    kind: Kind
    at: datetime  # on her clock
    parts: int
    title: str = field(repr=False)
    text: str = field(repr=False)


def of(reckoning: Reckoning, sampled: Sequence[Sampled]) -> tuple[Example, ...]:
    """People as different as can be: another language and openness first, then another zone."""
    found: list[Example] = []
    waiting = list(sampled)
    for _ in range(min(LOOKED_AT, len(sampled))):
        one = max(waiting, key=lambda each: _novelty(each, found))
        waiting.remove(one)
        found += _first_text(reckoning, one)
        if len(found) == EXAMPLES:
            break
    return tuple(found)


def _novelty(one: Sampled, found: Sequence[Example]) -> tuple[bool, bool, bool, bool]:
    traits = one.traits
    return (
        all((traits.language, traits.openness) != (each.language, each.openness) for each in found),
        all(traits.language != each.language for each in found),
        all(traits.openness != each.openness for each in found),
        all(traits.zone != each.zone for each in found),
    )


def _first_text(reckoning: Reckoning, one: Sampled) -> Iterator[Example]:
    """The first message that she would get, if there is one."""
    place = one.traits.place
    coming = [(reckoning.goes_at(place, due), due) for due in reckoning.upcoming(place) if _is_for(due, one)]
    timed = [(at, due) for at, due in coming if at is not None]
    for at, due in sorted(timed, key=lambda each: each[0]):
        if reckoning.why_not(due.step, one.traits) is None:
            with suppress(RenderError):
                yield _example(reckoning, one, due, at)
                return


def _is_for(due: Due, one: Sampled) -> bool:
    timing = due.step.timing
    return not isinstance(timing, Relative) or one.day(timing.field) == due.day


def _example(reckoning: Reckoning, one: Sampled, due: Due, at: datetime) -> Example:
    traits = one.traits
    kind = reckoning.kind(due.step, traits)
    written = reckoning.words.write(due.step.template, kind, one)
    counted = parts.count(written.text).parts if kind is Kind.SMS else 0
    return Example(
        one.pseudonym,
        traits.language,
        traits.openness,
        traits.zone,
        due.step.id,
        kind,
        at_place(at, traits.zone),
        counted,
        written.title,
        written.text,
    )
