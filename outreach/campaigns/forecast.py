"""The dry run of a campaign: who gets what, when, at what price, and who does not and why. Sends and writes nothing.

It asks the planner's own conditions and times, so that what is forecast is what would be planned; people count as they
stand now. Parts are measured on people's own values (`measure`); `exact` says whether on everybody's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from outreach.campaigns import content, crowd, drains, examples, measure, schedule
from outreach.campaigns.crowd import Crowd, Questions
from outreach.campaigns.definition import Definition
from outreach.campaigns.drains import Drain
from outreach.campaigns.examples import Example
from outreach.campaigns.measure import Sampled, Texts, Unwritten, Words
from outreach.campaigns.members import carried, members
from outreach.campaigns.reckon import Account, Amount, Gap, Reckoning, Span, Sum, Why, amount, at_place
from outreach.campaigns.timing import Relative
from outreach.channels.contract import Kind
from outreach.messages.library import Library
from outreach.messages.status import Refusal
from outreach.workspace import Workspace

Key = TypeVar("Key")

#: How far ahead is counted where a campaign has no end, and at most where it has one.
ENDLESS = timedelta(days=90)
LONGEST = timedelta(days=366)

_MARGIN = timedelta(days=3)  # a local day is less than that from the same day in UTC


@dataclass(frozen=True, slots=True)
class Refused:
    """Why something would not be sent. `people` is None where the reason lies in the hours; `name`: a field's."""

    reason: Refusal | Gap
    name: str
    people: int | None
    messages: int  # that are planned and would be refused; none for people who are never planned


@dataclass(frozen=True, slots=True)
class Local:
    """When people of a zone get the first and the last message, on their clocks; None: nothing is due there."""

    zone: str
    people: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    """One day at the clinic, as reports count it."""

    day: date
    total: Amount
    steps: dict[str, Amount]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a campaign would do if it were launched now. `fallbacks`: more texts at most, if no push is read."""

    campaign: str
    title: str
    topic: str
    at: datetime
    until: datetime
    ends: bool  # whether all of it lies before `until`
    people: int
    languages: dict[str, int]
    total: Amount
    kinds: dict[Kind, Amount]
    steps: dict[str, Amount]
    days: tuple[Day, ...]
    fallbacks: Amount
    currency: str
    exact: bool
    sampled: int  # people for whom the texts were written
    refused: tuple[Refused, ...]
    zones: tuple[Local, ...]
    drains: tuple[Drain, ...]
    examples: tuple[Example, ...]
    unwritten: tuple[Unwritten, ...]


def of(workspace: Workspace, name: str) -> Forecast:
    """What a campaign would do as its files stand now. Raises NotFoundError, DefinitionError, SettingError."""
    return made(workspace, *content.read(workspace, name))


def made(workspace: Workspace, definition: Definition, templates: Library) -> Forecast:
    """The same for what `content` has read and found without a fault. Raises SettingError."""
    words = Words(content.freeze(definition, templates), workspace.settings.clinic)
    now = workspace.database.now()
    senders = drains.senders_of(workspace)
    questions = _questions(definition, words, {Kind(each.kind) for each in senders}, now)
    with workspace.database.read() as session:
        people = crowd.count(session, definition, questions, now)
        left_out = crowd.left_out(session, definition, now)
        sampled = _sample(session, definition, questions, people, now)
    until, ends = _horizon(definition, {traits.zone for traits in people.plain} or {workspace.settings.zone}, now)
    measures = measure.measure(words, _texts(definition, questions), sampled)
    reckoning = Reckoning(definition, workspace.settings, questions, people, words, measures, now, until)
    account = reckoning.account()
    return Forecast(
        campaign=definition.name,
        title=definition.title,
        topic=definition.topic,
        at=now,
        until=until,
        ends=ends,
        people=sum(people.plain.values()),
        languages=_languages(people),
        total=amount(account.days.values()),
        kinds=_grouped((kind, each) for (_, _, kind), each in account.days.items()),
        steps=_grouped((step, each) for (_, step, _), each in account.days.items()),
        days=_days(account),
        fallbacks=amount([account.fallbacks]),
        currency=workspace.settings.currency,
        exact=measures.exact,
        sampled=len(sampled),
        refused=_refused(reckoning, account, left_out),
        zones=_zones(people, account),
        drains=drains.of(senders, definition, account),
        examples=examples.of(reckoning, sampled),
        unwritten=measures.unwritten,
    )


def _questions(definition: Definition, words: Words, kinds: Collection[Kind], now: datetime) -> Questions:
    """What to ask of people. Of dates, only those matter that some step within reach hangs on."""
    days: dict[str, list[int]] = defaultdict(list)
    for step in definition.steps:
        if isinstance(step.timing, Relative):
            days[step.timing.field].append(step.timing.days)
    return Questions(
        channels={step.id: carried(definition.channels_of(step), kinds) for step in definition.steps},
        fields=words.all_needs(),
        dates={
            name: (
                (now - _MARGIN).date() - timedelta(days=max(offsets)),
                (now + ENDLESS + _MARGIN).date() - timedelta(days=min(offsets)),
            )
            for name, offsets in days.items()
        },
    )


def _horizon(definition: Definition, zones: Iterable[str], now: datetime) -> tuple[datetime, bool]:
    ends = [schedule.last(step, zone=zone, launched=now) for step in definition.steps for zone in zones]
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return now + ENDLESS, False
    last = max(now, *known) + timedelta(seconds=1)
    return min(last, now + LONGEST), last <= now + LONGEST


def _texts(definition: Definition, questions: Questions) -> list[Texts]:
    return [
        Texts(
            step.id,
            step.template,
            questions.channels[step.id],
            step.timing.field if isinstance(step.timing, Relative) else "",
        )
        for step in definition.steps
    ]


def _sample(
    session: Session, definition: Definition, questions: Questions, people: Crowd, now: datetime
) -> list[Sampled]:
    texts = sum(map(len, questions.channels.values()))
    return measure.sample(session, members(definition, now), questions, people.plain, texts)


def _languages(people: Crowd) -> dict[str, int]:
    found: Counter[str] = Counter()
    for traits, n in people.plain.items():
        found[traits.language] += n
    return dict(found.most_common())


def _grouped(entries: Iterable[tuple[Key, Sum]]) -> dict[Key, Amount]:
    groups: dict[Key, list[Sum]] = defaultdict(list)
    for key, each in entries:
        groups[key].append(each)
    return {key: amount(sums) for key, sums in groups.items()}


def _days(account: Account) -> tuple[Day, ...]:
    totals = _grouped((day, each) for (day, _, _), each in account.days.items())
    steps: dict[date, dict[str, Amount]] = defaultdict(dict)
    for (day, step), found in _grouped(((day, step), each) for (day, step, _), each in account.days.items()).items():
        steps[day][step] = found
    return tuple(Day(day, totals[day], steps[day]) for day in sorted(totals))


def _refused(reckoning: Reckoning, account: Account, left_out: dict[Refusal, int]) -> tuple[Refused, ...]:
    people: Counter[Why] = Counter({(reason, ""): n for reason, n in left_out.items()})
    for traits, n in reckoning.crowd.plain.items():
        reasons = {reckoning.why_not(step, traits) for step in reckoning.definition.steps}
        for why in reasons:
            if why is not None:
                people[why] += n
    for name, dated in reckoning.crowd.dated.items():
        people[Gap.MISSING_DATE, name] += sum(n for (_, day), n in dated.items() if day is None)
    found = sorted({why for counts in (people, account.refused) for why, n in counts.items() if n})
    return tuple(Refused(*why, people.get(why), account.refused[why]) for why in found)


def _zones(people: Crowd, account: Account) -> tuple[Local, ...]:
    counts: Counter[str] = Counter()
    for traits, n in people.plain.items():
        counts[traits.zone] += n
    return tuple(_zone(zone, n, account.spans.get(zone)) for zone, n in counts.most_common())


def _zone(zone: str, people: int, span: Span | None) -> Local:
    if span is None:
        return Local(zone, people, None, None)
    return Local(zone, people, at_place(span.first, zone), at_place(span.last, zone))
