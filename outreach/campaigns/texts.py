"""The texts of the messages as staff edit them: what there is in which language, what is missing, what each costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from outreach import parts
from outreach.audience import filters
from outreach.campaigns import definition as definitions
from outreach.campaigns import trial
from outreach.campaigns.check import files, known_fields
from outreach.campaigns.definition import Definition
from outreach.campaigns.shelf import Manner, Place
from outreach.channels.contract import Kind
from outreach.errors import DefinitionError, Fault
from outreach.messages import checks, library, templates
from outreach.messages.templates import Body, RenderError, Template
from outreach.workspace import Workspace

SHIPPED = ("en", "fr", "sw")


class Presence(StrEnum):
    """Whether a text is there."""

    THERE = "there"
    MISSING = "missing"  # somebody would get it in another language, or in the other wording
    ABSENT = "absent"  # and nobody needs it


@dataclass(frozen=True, slots=True)
class Cell:
    """One text of a message. `parts` is 0 for a push and for what is not there or cannot be read."""

    language: str
    manner: Manner
    presence: Presence
    parts: int
    over: bool  # dearer than the clinic allows


@dataclass(frozen=True, slots=True)
class Listed:
    """A message with all its texts. `used`: the campaigns whose steps send it."""

    name: str
    used: tuple[str, ...]
    languages: tuple[str, ...]
    cells: dict[tuple[str, Manner], Cell]

    @property
    def missing(self) -> list[Cell]:
        """What is not there and should be."""
        return [cell for cell in self.cells.values() if cell.presence is Presence.MISSING]

    @property
    def dearest(self) -> int:
        """The parts of its dearest text."""
        return max((cell.parts for cell in self.cells.values()), default=0)

    @property
    def over(self) -> bool:
        """Whether some text is dearer than the clinic allows."""
        return any(cell.over for cell in self.cells.values())


@dataclass(frozen=True, slots=True)
class Measured:
    """What a text would be. `longest` is the dearest way it can read; `text` what an example person would read."""

    faults: tuple[Fault, ...]
    parts: int
    units: int
    encoding: str
    cost: float
    currency: str
    limit: int
    cheaper: tuple[str, ...]
    title: str = field(repr=False)
    text: str = field(repr=False)
    longest: str = field(repr=False)


def listed(workspace: Workspace) -> list[Listed]:
    """Every message of the workspace, by name; the answers that the system gives by itself among them."""
    found = library.kept(workspace.folder / "templates").templates
    campaigns = _campaigns(workspace)
    return [_listed(workspace, found[name], campaigns) for name in sorted(found)]


def one(workspace: Workspace, name: str) -> Listed:
    """One message; with no text at all when there is none of that name."""
    found = library.kept(workspace.folder / "templates").templates.get(name, Template(name, ()))
    return _listed(workspace, found, _campaigns(workspace))


def _campaigns(workspace: Workspace) -> list[Definition]:
    found = []
    for path in files([workspace.folder / "campaigns"]):
        try:
            found.append(definitions.kept(path))
        except DefinitionError:  # it has its own page of faults
            continue
    return found


def _listed(workspace: Workspace, template: Template, campaigns: Collection[Definition]) -> Listed:
    using = [each for each in campaigns if any(step.template == template.name for step in each.steps)]
    wanted = _wanted(workspace, template, using)
    languages = sorted({*(body.language for body in template.bodies), *SHIPPED})
    there = {(body.language, _manner(body)): body for body in template.bodies}
    cells = {
        (language, manner): _cell(workspace, there.get((language, manner)), language, manner, wanted)
        for language in languages
        for manner in Manner
    }
    return Listed(template.name, tuple([each.name for each in using]), tuple(languages), cells)


def _wanted(workspace: Workspace, template: Template, using: Collection[Definition]) -> set[tuple[str, Manner]]:
    """The texts that people of these campaigns would need in order to read their own language, discreetly."""
    found: set[tuple[str, Manner]] = set()
    for each in using:
        kinds = {kind for step in each.steps if step.template == template.name for kind in each.channels_of(step)}
        spoken = filters.languages(each.audience) or {each.language, *SHIPPED}
        manners = {Manner.OPEN} if Kind.SMS in kinds else set()
        if Kind.SMS in kinds and each.topic in workspace.settings.sensitive_topics:
            manners.add(Manner.COVERT)
        manners |= {Manner.PUSH} if Kind.PUSH in kinds else set()
        found |= {(language, manner) for language in spoken for manner in manners}
    return found


def _cell(
    workspace: Workspace, body: Body | None, language: str, manner: Manner, wanted: set[tuple[str, Manner]]
) -> Cell:
    if body is None:
        missing = (language, manner) in wanted
        return Cell(language, manner, Presence.MISSING if missing else Presence.ABSENT, 0, over=False)
    counted = _parts(body)
    return Cell(language, manner, Presence.THERE, counted, over=counted > workspace.settings.part_limit)


@lru_cache(maxsize=4096)
def _parts(body: Body) -> int:
    if body.kind is Kind.PUSH or templates.faults(body):
        return 0
    return parts.count(checks.longest(body)).parts


def _manner(body: Body) -> Manner:
    return Manner.PUSH if body.kind is Kind.PUSH else Manner(body.openness.value)


def measure(
    workspace: Workspace, name: str, place: Place, text: str, now: datetime, stops: Collection[str] = ()
) -> Measured:
    """What a text that is being written would be: its faults, what it costs at its longest, how it reads."""
    body, faults = library.parse(place.path, text)
    if body is None or faults:
        return _unread(workspace, faults, text)
    faults = _faults_in_use(workspace, name, body, stops)
    longest = checks.longest(body)
    counted = parts.count(longest)
    texted = body.kind is Kind.SMS
    title, shown = _preview(workspace, body, now)
    return replace(
        _unread(workspace, faults, shown),
        parts=counted.parts if texted else 0,
        units=counted.units,
        encoding=counted.encoding,
        cost=_price(workspace) * counted.parts if texted else 0.0,
        cheaper=tuple([each.said() for each in parts.suggest(longest)]) if texted else (),
        title=title,
        longest=longest,
    )


def _unread(workspace: Workspace, faults: Collection[Fault], text: str) -> Measured:
    settings = workspace.settings
    return Measured(tuple(faults), 0, 0, "", 0.0, settings.currency, settings.part_limit, (), "", text, "")


def _price(workspace: Workspace) -> float:
    prices = workspace.settings.prices
    return prices.get(workspace.settings.country, prices.get("*", 0.0))


def _preview(workspace: Workspace, body: Body, now: datetime) -> tuple[str, str]:
    """The text as somebody would read it who has every field."""
    try:
        values = trial.made_up(body, {"clinic": workspace.settings.clinic}, now)
        written = templates.compile(body).render(values)
    except RenderError:
        return body.title, body.text
    return written.title, written.text


def _faults_in_use(workspace: Workspace, name: str, body: Body, stops: Collection[str]) -> list[Fault]:
    """What is wrong with a text where it is used; where it is not, with the text by itself."""
    using = [each for each in _campaigns(workspace) if any(step.template == name for step in each.steps)]
    template = Template(name, (body,))
    known: set[str] = set().union(*map(known_fields, using)) if using else templates.names(body)
    found = checks.check(
        template,
        known=known,
        languages=(),
        fallback=body.language,
        sensitive=False,
        part_limit=workspace.settings.part_limit,
        stop_words=stops,
        kinds=(),
    )
    return list(dict.fromkeys(found))


def by_folder(found: Collection[Listed]) -> dict[str, list[Listed]]:
    """Messages by the folder they lie in."""
    folders: dict[str, list[Listed]] = defaultdict(list)
    for each in found:
        folders[each.name.rpartition("/")[0]].append(each)
    return dict(folders)
