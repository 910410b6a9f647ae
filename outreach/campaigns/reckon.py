"""Adding up a plan: what falls due at each place, for the people who are there, by step, day and kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from outreach.audience.hours import lawful, quiet_hours
from outreach.audience.tables import EndpointState
from outreach.campaigns.crowd import Crowd, Questions, Traits
from outreach.campaigns.definition import Definition
from outreach.campaigns.measure import Measures, Words
from outreach.campaigns.places import Due, Place, due_for, upcoming
from outreach.campaigns.steps import Step
from outreach.campaigns.timing import Relative
from outreach.channels.contract import Kind
from outreach.messages.status import Refusal
from outreach.settings import Settings


class Gap(StrEnum):
    """What somebody lacks for a text; the field is named beside it."""

    MISSING_FIELD = "missing_field"  # the text names it
    MISSING_DATE = "missing_date"  # the step hangs on it


Why = tuple[Refusal | Gap, str]  # the field's name for a gap, else empty


@dataclass(slots=True)
class Sum:
    """Messages and what they cost. `planned` counts those that will be refused as well."""

    planned: int = 0
    messages: int = 0
    parts: float = 0.0
    cost: float = 0.0

    def add(self, other: Sum) -> None:
        """Add another sum to this one."""
        self.planned += other.planned
        self.messages += other.messages
        self.parts += other.parts
        self.cost += other.cost


@dataclass(frozen=True, slots=True)
class Amount:
    """Messages as the planner would write them, those of them that can go, the parts of the SMS, and their price."""

    planned: int
    messages: int
    parts: int
    cost: float


@dataclass(slots=True)
class Load:
    """One occurrence of a step at a place. `fallbacks`: the texts, if no push is read."""

    kinds: dict[Kind, Sum] = field(default_factory=lambda: defaultdict(Sum))
    refused: Counter[Why] = field(default_factory=Counter)
    fallbacks: Sum = field(default_factory=Sum)

    def shut_out(self) -> Load:
        """The same without a lawful hour. Of several reasons the gate's first counts, and the text is written last."""
        refused: Counter[Why] = Counter({why: n for why, n in self.refused.items() if isinstance(why[0], Refusal)})
        kinds = {kind: Sum(planned=each.planned) for kind, each in self.kinds.items()}
        refused[Refusal.OUTSIDE_HOURS, ""] = sum(each.planned for each in kinds.values()) - refused.total()
        return Load(kinds, refused)


@dataclass(slots=True)
class Span:
    """The first and the last moment at which something goes out in a zone."""

    first: datetime
    last: datetime


@dataclass(slots=True)
class Account:
    """The whole plan. Days are the clinic's, as reports count them."""

    days: dict[tuple[date, str, Kind], Sum] = field(default_factory=lambda: defaultdict(Sum))
    refused: Counter[Why] = field(default_factory=Counter)
    fallbacks: Sum = field(default_factory=Sum)
    spans: dict[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What adding up looks at."""

    definition: Definition
    settings: Settings
    questions: Questions
    crowd: Crowd
    words: Words
    measures: Measures
    now: datetime
    until: datetime

    def account(self) -> Account:
        """Add up every occurrence at every place."""
        account = Account()
        ahead: dict[str, list[Due]] = {}  # a zone's occurrences are the same whatever hours people chose
        for place, crowd in self.crowd.at_places().items():
            if place.zone not in ahead:
                ahead[place.zone] = list(self.upcoming(place))
            for due, load in self._loads(crowd, ahead[place.zone]):
                self._enter(account, place, due, load)
        return account

    def upcoming(self, place: Place) -> Iterator[Due]:
        """What the planner would find there if the campaign were launched now."""
        return upcoming(self.definition, place, self.now, self.now, self.until)

    def goes_at(self, place: Place, due: Due) -> datetime | None:
        """When an occurrence really goes out; None: there is no lawful moment before it expires."""
        planned = max(due_for(self.definition, place, due, self.settings), self.now)
        hours = place.hours or self.definition.window
        moment = lawful(planned, place.zone, hours, quiet_hours(self.settings.quiet_hours))
        expires_at = due.due + self.definition.expires_of(due.step)
        return None if moment is None or moment >= expires_at else moment

    def why_not(self, step: Step, traits: Traits) -> Why | None:
        """Why a step would not reach such people, whenever it is due."""
        kind = self.kind(step, traits)
        state = self._state(kind, traits)
        if state is EndpointState.GONE:
            return Refusal.NO_ENDPOINT, ""
        if state is EndpointState.QUARANTINED:
            return Refusal.QUARANTINED, ""
        lacking = self._lacking(step, kind, traits)
        return (Gap.MISSING_FIELD, min(lacking)) if lacking else None

    def _lacking(self, step: Step, kind: Kind, traits: Traits) -> frozenset[str]:
        """Fields missing for a text. Who has no date for the step is never planned, and counted by that."""
        own = {step.timing.field} if isinstance(step.timing, Relative) else set()
        return self.words.needs(step.template, kind, traits).intersection(traits.lacks) - own

    def kind(self, step: Step, traits: Traits) -> Kind:
        """By which kind a step reaches such people."""
        return traits.kinds[self.questions.choices.index(self.questions.channels[step.id])]

    def _state(self, kind: Kind, traits: Traits) -> EndpointState:
        return traits.states[self.questions.kinds.index(kind)]

    def _loads(self, crowd: Crowd, ahead: Sequence[Due]) -> Iterator[tuple[Due, Load]]:
        """Each occurrence with what it is for the people of one place; those that are for nobody are left out."""
        by_date = {name: _by_date(people) for name, people in crowd.dated.items()}
        known: dict[str, Load] = {}  # every occurrence of a step that hangs on no date is for the same people
        for due in ahead:
            timing = due.step.timing
            if isinstance(timing, Relative):
                people = by_date.get(timing.field, {}).get(due.day, {})
                load = self._load(due.step, people, due.day)
            else:
                load = known.get(due.step.id) or self._load(due.step, crowd.plain, None)
                known[due.step.id] = load
            if load.kinds:
                yield due, load

    def _load(self, step: Step, people: Mapping[Traits, int], day: date | None) -> Load:
        load = Load()
        for traits, n in people.items():
            kind, why = self.kind(step, traits), self.why_not(step, traits)
            load.kinds[kind].planned += n
            if why is not None:
                load.refused[why] += n
                continue
            text = self._text(step, kind, traits, day, n)
            load.kinds[kind].add(text if kind is Kind.SMS else Sum(messages=n))
            if kind is Kind.PUSH:
                load.fallbacks.add(text)
        return load

    def _text(self, step: Step, kind: Kind, traits: Traits, day: date | None, n: int) -> Sum:
        """The SMS that go to so many people, at once or in the place of unread pushes."""
        if not self._texted(step, kind, traits):
            return Sum()
        parts = self.measures.parts(step.id, traits, day, n)
        prices = self.settings.prices
        return Sum(0, n, parts, parts * prices.get(traits.country, prices.get("*", 0.0)))

    def _texted(self, step: Step, kind: Kind, traits: Traits) -> bool:
        if kind is Kind.SMS:
            return True
        channels = self.questions.channels[step.id]
        follows = Kind.SMS in channels[channels.index(kind) + 1 :]
        reachable = follows and self._state(Kind.SMS, traits) is EndpointState.OK
        return reachable and not self._lacking(step, Kind.SMS, traits)

    def _enter(self, account: Account, place: Place, due: Due, load: Load) -> None:
        day = due.due.astimezone(ZoneInfo(self.settings.zone)).date()
        moment = self.goes_at(place, due)
        load = load if moment is not None else load.shut_out()
        account.refused.update(load.refused)
        account.fallbacks.add(load.fallbacks)
        for kind, each in load.kinds.items():
            account.days[day, due.step.id, kind].add(each)
        if moment is not None and any(each.messages for each in load.kinds.values()):
            _stretch(account.spans, place.zone, moment)


def _by_date(people: Mapping[tuple[Traits, date | None], int]) -> dict[date | None, dict[Traits, int]]:
    dates: dict[date | None, dict[Traits, int]] = defaultdict(dict)
    for (traits, day), n in people.items():
        dates[day][traits] = n
    return dates


def _stretch(spans: dict[str, Span], zone: str, moment: datetime) -> None:
    span = spans.setdefault(zone, Span(moment, moment))
    span.first, span.last = min(span.first, moment), max(span.last, moment)


def amount(sums: Iterable[Sum]) -> Amount:
    """Add sums up and round them, once."""
    total = Sum()
    for each in sums:
        total.add(each)
    return Amount(total.planned, total.messages, round(total.parts), round(total.cost, 2))


def at_place(moment: datetime, zone: str) -> datetime:
    """A moment on the clock of a zone; of the first one, where several are possible."""
    return moment.astimezone(ZoneInfo(zone.split("|")[0]))
