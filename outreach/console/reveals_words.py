"""What is said of reveals on pages, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from outreach.console.words import N_, Words
from outreach.threads.reveal_lists import Asked
from outreach.threads.reveals import Stage

LISTS: Mapping[str, str] = {
    "waiting": N_("To decide"),
    "mine": N_("Mine"),
    "all": N_("All of them"),
}

STAGES: Mapping[Stage, tuple[str, str]] = {
    Stage.ASKED: (N_("waits for a colleague"), "warn"),
    Stage.OPEN: (N_("open"), "good"),
    Stage.OVER: (N_("closed again"), "plain"),
    Stage.LAPSED: (N_("nobody answered in time"), "plain"),
    Stage.REFUSED: (N_("refused"), "bad"),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A reveal as a row: who is meant, why, what by whom, its states as (words, tone)."""

    id: int
    pseudonym: str
    why: str = field(repr=False)
    under: str
    at: datetime
    pills: list[tuple[str, str]]


def drawn(words: Words, each: Asked, names: Mapping[str, str]) -> Drawn:
    """A reveal as a row; `names`: how staff are called, by staff name."""
    _ = words.gettext
    who = names.get(each.asked_by, each.asked_by)
    what = _("her number, for %(who)s", who=who) if each.message is None else _("one text, for %(who)s", who=who)
    return Drawn(each.id, each.pseudonym, words.said(each.why), what, each.asked_at, pills(words, each))


def pills(words: Words, each: Asked) -> list[tuple[str, str]]:
    """Where it stands."""
    _, (stage, tone) = words.gettext, STAGES[each.stage]
    found = [(_(stage), tone)]
    if each.disputed:
        found.append((_("disputed"), "bad"))
    elif each.overdue:
        found.append((_("nobody has looked at it"), "bad"))
    elif each.alone and not each.reviewed_by:
        found.append((_("taken alone"), "warn"))
    return found


def facts(words: Words, each: Asked, names: Mapping[str, str]) -> list[tuple[str, str | datetime]]:
    """Who, when and why, as names and values; a moment is drawn by the page."""
    _ = words.gettext

    def called(name: str) -> str:
        return names.get(name, name)

    rows: list[tuple[str, str | datetime | None]] = [
        (_("Asked by"), called(each.asked_by)),
        (_("Asked"), each.asked_at),
        (_("Why"), words.said(each.why) or _("not kept")),
        (_("Granted by"), _("nobody: taken alone, in a crisis") if each.alone else called(each.granted_by)),
        (_("Refused by"), called(each.refused_by)),
        (_("Open until"), each.until),
        (_("Seen"), words.ngettext("%(num)s time", "%(num)s times", each.shown) if each.shown else ""),
        (_("To be looked at by"), each.review_by if each.alone and not each.reviewed_by else None),
        (_("Disputed by") if each.disputed else _("Approved by"), called(each.reviewed_by)),
        (_("Their answer"), words.said(each.answer)),
    ]
    return [(label, value) for label, value in rows if value]
