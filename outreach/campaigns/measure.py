"""What texts cost, measured by writing them for some of the people who would get them; and three of them to look at.

Some: about `MOST` of each language and openness, taken evenly over all of them. Where everybody who is alike was
written to, what they get is known; elsewhere the average stands for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from outreach import parts
from outreach.audience.tables import Openness, Person
from outreach.campaigns.check import ALWAYS_KNOWN
from outreach.campaigns.crowd import Questions, Traits, columns, traits_of
from outreach.channels.contract import Kind
from outreach.delivery.facts import fields_of
from outreach.messages import templates
from outreach.messages.frozen import Frozen
from outreach.messages.pieces import Value
from outreach.messages.templates import Body, Rendered, RenderError, Template

MOST = 200
LEAST = 10
TEXTS = 40_000  # written for one forecast, about: a second or two
_AT_ONCE = 1000  # values in one IN (...)

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sampled:
    """One of the people looked at."""

    id: int
    pseudonym: str
    traits: Traits
    fields: Fields = field(repr=False)

    def day(self, name: str) -> date | None:
        """Her date in a field."""
        value = self.fields.get(name)
        return value if isinstance(value, date) else None


class Words:
    """The texts of a campaign, chosen and written as they would be when it is sent."""

    def __init__(self, frozen: Frozen, clinic: str) -> None:
        self._language = frozen.language
        self._clinic = clinic
        self._templates = {name: Template.thaw(each) for name, each in frozen.templates.items()}
        self._needs: dict[tuple[str, Kind, str, Openness], frozenset[str]] = {}

    def body(self, template: str, kind: Kind, traits: Traits) -> Body | None:
        """The body that such people get."""
        return self._templates[template].choose(kind, traits.language, self._language, traits.openness)

    def needs(self, template: str, kind: Kind, traits: Traits) -> frozenset[str]:
        """The fields without which their text cannot be written, whatever else is known of them."""
        key = (template, kind, traits.language, traits.openness)
        if key not in self._needs:
            body = self.body(template, kind, traits)
            self._needs[key] = frozenset() if body is None else _needs(body)
        return self._needs[key]

    def all_needs(self) -> tuple[str, ...]:
        """The fields that some text cannot be written without."""
        bodies = (body for template in self._templates.values() for body in template.bodies)
        return tuple(sorted(frozenset().union(*map(_needs, bodies))))

    def write(self, template: str, kind: Kind, one: Sampled) -> Rendered:
        """Her text. Raises RenderError."""
        body = self.body(template, kind, one.traits)
        if body is None:
            raise RenderError(f"{template}: no body for {kind} in this language or in {self._language}.")
        return templates.compile(body).render({**one.fields, "clinic": self._clinic})


def _needs(body: Body) -> frozenset[str]:
    found = (piece for piece in templates.compile(body).pieces if isinstance(piece, Value) and piece.default is None)
    return frozenset(piece.name for piece in found) - ALWAYS_KNOWN


def sample(
    session: Session, condition: ColumnElement[bool], questions: Questions, crowd: Mapping[Traits, int], texts: int
) -> list[Sampled]:
    """People of each language and openness, in order of id. `texts`: how many each of them would be written."""
    groups: Counter[tuple[str, Openness]] = Counter()
    for traits, n in crowd.items():
        groups[traits.language, traits.openness] += n
    if not groups:
        return []
    most = max(LEAST, min(MOST, TEXTS // (max(texts, 1) * len(groups))))
    # The low digits of an id are random, so that each remainder is a fair choice.
    taken = [
        and_(Person.language == language, Person.openness == openness, Person.id % -(-n // most) == 0)
        for (language, openness), n in groups.items()
    ]
    query = select(Person.id, Person.pseudonym, *columns(questions)).where(or_(*taken), condition).order_by(Person.id)
    rows = [tuple(row) for row in session.execute(query)]
    fields = _fields(session, [row[0] for row in rows])
    return [Sampled(row[0], row[1], traits_of(row[2:], questions), fields.get(row[0], {})) for row in rows]


def _fields(session: Session, ids: Sequence[int]) -> dict[int, dict[str, object]]:
    found: dict[int, dict[str, object]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        found |= fields_of(session, ids[start : start + _AT_ONCE])
    return found


@dataclass(slots=True)
class _Seen:
    people: int = 0
    parts: int = 0

    @property
    def mean(self) -> float:
        return self.parts / self.people if self.people else 1.0


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Texts that could not be written for people who have what the text surely needs."""

    step: str
    people: int  # of those looked at
    problem: str  # names the file and the variable, never a value


class Measures:
    """Parts of the SMS of each step: for people alike in everything, else for those of one language and openness."""

    def __init__(self) -> None:
        self.exact = True
        self._alike: dict[tuple[str, Traits, date | None], _Seen] = defaultdict(_Seen)
        self._broad: dict[tuple[str, str, Openness], _Seen] = defaultdict(_Seen)
        self._unwritten: Counter[tuple[str, str]] = Counter()

    def note(self, step: str, one: Sampled, day: date | None, counted: int) -> None:
        """Keep what one text costs."""
        alike, broad = (step, one.traits, day), (step, one.traits.language, one.traits.openness)
        for seen in (self._alike[alike], self._broad[broad]):
            seen.people += 1
            seen.parts += counted

    def fail(self, step: str, problem: str) -> None:
        """Keep that a text could not be written."""
        self._unwritten[step, problem] += 1

    def parts(self, step: str, traits: Traits, day: date | None, people: int) -> float:
        """How many parts the step's texts to these people have together, about; `exact` says whether about."""
        alike = self._alike.get((step, traits, day))
        if alike is not None and alike.people == people:
            return alike.parts
        self.exact = False
        return people * self._broad[step, traits.language, traits.openness].mean

    @property
    def unwritten(self) -> tuple[Unwritten, ...]:
        """What could not be written, the worst first."""
        return tuple(Unwritten(step, n, problem) for (step, problem), n in self._unwritten.most_common())


@dataclass(frozen=True, slots=True)
class Texts:
    """What a step's texts are made of. `dated`: the field that the step hangs on, or empty."""

    step: str
    template: str
    channels: tuple[Kind, ...]
    dated: str


def measure(words: Words, steps: Iterable[Texts], sampled: Sequence[Sampled]) -> Measures:
    """Write every step's texts for everybody who was sampled, and count parts."""
    measures = Measures()
    for step in steps:
        for one in sampled:
            day = one.day(step.dated) if step.dated else None
            if not step.dated or day is not None:
                _measure_one(measures, words, step, one, day)
    return measures


def _measure_one(measures: Measures, words: Words, step: Texts, one: Sampled, day: date | None) -> None:
    for kind in step.channels:
        if words.needs(step.template, kind, one.traits) & set(one.traits.lacks):
            continue
        try:
            text = words.write(step.template, kind, one).text
        except RenderError as error:
            measures.fail(step.step, str(error))
            continue
        if kind is Kind.SMS:
            measures.note(step.step, one, day, parts.count(text).parts)
