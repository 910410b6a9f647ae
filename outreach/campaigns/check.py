"""Checks campaigns together with the templates they use: every fault of every file, at once.

What is checked stands in the files and the settings, never in the calendar: the same files have the same faults in any
year. Whether a step lies in the past is asked at the launch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from outreach.audience import filters
from outreach.campaigns import definition as definitions
from outreach.campaigns.definition import Definition
from outreach.campaigns.faults import near
from outreach.campaigns.source import Source, read
from outreach.campaigns.timing import Relative
from outreach.channels.contract import Kind
from outreach.errors import DefinitionError, Fault, join, worded
from outreach.messages import checks, library
from outreach.messages.checks import Taken
from outreach.messages.library import Library
from outreach.messages.templates import Template
from outreach.settings import Settings

ALWAYS_KNOWN = frozenset({"clinic"})
ANSWERS = "answers/"  # what helpers send (`threads.canned`): no campaign uses them


def check(
    paths: Sequence[Path],
    workspace: Path,
    settings: Settings,
    *,
    stops: Callable[[str], Taken | None] = lambda word: None,
) -> list[Fault]:
    """Every fault of the campaigns, and of the templates that they use, by file and line.

    `paths`: campaigns, folders of campaigns, templates or folders of templates; none: everything in the workspace.
    `stops`: what an answer of this one word does, if it does anything, so that no text asks for it by mistake.
    """
    texts = workspace.resolve() / "templates"
    templates = library.load(texts)
    stop_words = {word: does for word in _words(templates) if (does := stops(word))}
    wanted = [path.resolve() for path in paths or [workspace / "campaigns", texts]]
    of_templates = [path for path in wanted if path.is_relative_to(texts)]
    of_campaigns = [path for path in wanted if not path.is_relative_to(texts)]
    asked = files(of_campaigns)
    using = files([workspace.resolve() / "campaigns"]) if of_templates else []
    found = [fault for fault in templates.faults if _lies_in(texts.parent / fault.path, of_templates)]
    for path in dict.fromkeys([*asked, *using]):
        faults = check_one(path, templates, settings, stop_words)
        found += [each for each in faults if path in asked or _lies_in(texts.parent / each.path, of_templates)]
    ready = _answer_faults(templates, settings, stop_words) if of_templates else []
    found += [each for each in ready if _lies_in(texts.parent / each.path, of_templates)]
    shown = [replace(fault, path=_shown(fault.path, workspace.resolve())) for fault in found]
    return sorted(dict.fromkeys(shown), key=lambda fault: (fault.path, fault.line, fault.column))


def files(paths: Sequence[Path]) -> list[Path]:
    """The campaigns' files among paths, each once. A folder stands for the YAML files in it."""
    found: list[Path] = []
    for path in paths:
        a_file = path.is_file() or (path.suffix and not path.is_dir())
        found += [path] if a_file else sorted(path.glob("*.y*ml"))
    return list(dict.fromkeys(found))


def check_one(path: Path, templates: Library, settings: Settings, stop_words: Collection[str] = ()) -> list[Fault]:
    """Every fault of one campaign and of the templates that it uses. `stop_words`: see `messages.checks.check`."""
    try:
        return check_read(read(path), path.stem, templates, settings, stop_words)
    except DefinitionError as error:
        return list(error.faults)


def check_read(
    source: Source, stem: str, templates: Library, settings: Settings, stop_words: Collection[str] = ()
) -> list[Fault]:
    """The same for a text that need not stand in a file yet. Raises DefinitionError when it is no campaign at all."""
    campaign = definitions.of(source, stem)
    found = _missing(campaign, source, templates)
    for name in dict.fromkeys(step.template for step in campaign.steps):
        if template := templates.templates.get(name):
            found += _template_faults(campaign, template, settings, stop_words)
    return found


def known_fields(campaign: Definition) -> set[str]:
    """The variables that a campaign's templates may name."""
    timed = {step.timing.field for step in campaign.steps if isinstance(step.timing, Relative)}
    return {*ALWAYS_KNOWN, *filters.fields(campaign.audience), *timed, *campaign.fields}


def _missing(campaign: Definition, source: Source, templates: Library) -> list[Fault]:
    """Steps whose template is nowhere."""
    lost = {
        index: step.template for index, step in enumerate(campaign.steps) if step.template not in templates.templates
    }
    return [
        source.fault(
            source.values["steps", index, "template"],
            worded("There is no template `%(name)s`.", name=name),
            join(
                near(name, templates.templates),
                worded(
                    "Its words stand in templates/%(name)s.%(language)s.txt.", name=name, language=campaign.language
                ),
            ),
        )
        for index, name in lost.items()
    ]


def _template_faults(
    campaign: Definition, template: Template, settings: Settings, stop_words: Collection[str]
) -> list[Fault]:
    wanted = filters.languages(campaign.audience)
    # Whoever may be in the audience gets her own language if it is there, else the campaign's: that one must be.
    shipped = {campaign.language}.union(*(template.languages(kind) for kind in Kind))
    return checks.check(
        template,
        known=known_fields(campaign),
        languages=shipped if wanted is None else wanted,
        fallback=campaign.language,
        sensitive=campaign.topic in settings.sensitive_topics,
        part_limit=settings.part_limit,
        stop_words=stop_words,
        kinds=_kinds(campaign, template.name),
    )


def _answer_faults(templates: Library, settings: Settings, stop_words: Collection[str]) -> list[Fault]:
    """What is wrong with the answers that are ready for helpers; one may be there in some languages only."""
    return [
        fault
        for name, template in templates.templates.items()
        if name.startswith(ANSWERS)
        for fault in checks.check(
            template,
            known=ALWAYS_KNOWN,
            languages=template.languages(Kind.SMS),
            fallback=settings.language,
            sensitive=False,
            part_limit=settings.part_limit,
            stop_words=stop_words,
        )
    ]


def _kinds(campaign: Definition, name: str) -> list[Kind]:
    """The kinds by which any step sends a template."""
    used = {kind for step in campaign.steps if step.template == name for kind in campaign.channels_of(step)}
    return sorted(used)


def _words(templates: Library) -> set[str]:
    """Every word of every body, in small letters."""
    bodies = (body for template in templates.templates.values() for body in template.bodies)
    return {word for body in bodies for word in re.findall(r"\w+", body.text.casefold())}


def _lies_in(path: Path, places: Sequence[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def _shown(path: str, workspace: Path) -> str:
    """A path as people know it: from the workspace, where it lies in there."""
    return Path(path).relative_to(workspace).as_posix() if Path(path).is_relative_to(workspace) else path
