"""What is said of alerts on pages, in the reader's language: what happened, and the next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from outreach.console.policy import Act
from outreach.console.visit import Visit
from outreach.console.words import N_, Words
from outreach.privacy.alerts import AlertKind, Raised


class Meant(NamedTuple):
    """A kind of alert: its name in a list, what happened, what to do, how grave it is.

    `%(who)s` is a member of staff, `%(which)s` what the alert is about: a program's name.
    """

    label: str
    happened: str
    do: str
    tone: str


KINDS: Mapping[AlertKind, Meant] = {
    AlertKind.NOT_TAKEN: Meant(
        N_("Not taken"),
        N_("Somebody is in danger, and nobody on duty has taken the conversation."),
        N_("Take it, or fetch somebody who can."),
        "bad",
    ),
    AlertKind.PANIC: Meant(
        N_("Panic word"),
        N_("Somebody has texted her panic word."),
        N_("Write nothing. See in another way that she is safe."),
        "bad",
    ),
    AlertKind.UNREACHED: Meant(
        N_("Could not be called"),
        N_("%(who)s could not be called, and somebody is in danger."),
        N_("See that somebody has the conversation. Then find out why: no phone, suspended, misspelled in duty.yaml?"),
        "bad",
    ),
    AlertKind.LOSS: Meant(
        N_("Loss"),
        N_("Somebody has written that a pregnancy has ended."),
        N_("A person should answer her."),
        "warn",
    ),
    AlertKind.PROMISE_MISSED: Meant(
        N_("Promise missed"),
        N_("Nobody had read a conversation by the moment that was promised."),
        N_("She was told that we are sorry. Read it now."),
        "warn",
    ),
    AlertKind.HOOK_FAILING: Meant(
        N_("Webhook"),
        N_("The program %(which)s should be told what happens, and has heard nothing for long."),
        N_("An admin sees why among the webhooks, in Settings."),
        "warn",
    ),
    AlertKind.REVEAL_GRANTED: Meant(
        N_("Reveal"),
        N_("Something sealed was opened to %(who)s."),
        N_("See who asked, why, and who agreed."),
        "calm",
    ),
    AlertKind.REVEAL_ALONE: Meant(
        N_("Reveal, alone"),
        N_("%(who)s saw something sealed alone, in a crisis."),
        N_("Ask how it was, then say whether it was right."),
        "warn",
    ),
    AlertKind.REVEAL_OVERDUE: Meant(
        N_("Reveal, not looked at"),
        N_("Nobody has looked in time at what %(who)s saw alone."),
        N_("Ask how it was, then say whether it was right."),
        "bad",
    ),
    AlertKind.PASSKEY_DOUBTED: Meant(
        N_("Passkey"),
        N_("A passkey of %(who)s seems to be in use twice: there may be a copy."),
        N_(
            "It opens nothing any more. Speak with them, remove it, and read in the record what was done in their name."
        ),
        "bad",
    ),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """An alert as a page shows it. `steps`: (address, words) of what can be gone to. `clears`: whether this member may
    say that it was looked at.
    """

    id: int
    at: datetime
    label: str
    tone: str
    happened: str
    do: str
    steps: list[tuple[str, str]]
    apart: bool  # it is about a conversation, which this member does not read
    seen_by: str
    seen_at: datetime | None
    clears: bool


def kinds(words: Words) -> list[tuple[str, str]]:
    """Every kind, for a field."""
    return [(kind, words.gettext(meant.label)) for kind, meant in KINDS.items()]


def drawn(visit: Visit, each: Raised, names: Mapping[str, str], clears: bool) -> Drawn:
    """An alert; `names`: how staff are called, by staff name."""
    _, meant = visit.words.gettext, KINDS[AlertKind(each.kind)]
    what, _colon, which = each.subject.partition(":")
    return Drawn(
        id=each.id,
        at=each.at,
        label=_(meant.label),
        tone=meant.tone,
        happened=_(meant.happened, who=names.get(each.about, each.about), which=which),
        do=_(meant.do),
        steps=_steps(visit, each),
        apart=what == "thread" and not visit.may(Act.SEE_THREADS),
        seen_by=names.get(each.seen_by, each.seen_by),
        seen_at=each.seen_at,
        clears=clears,
    )


def _steps(visit: Visit, each: Raised) -> list[tuple[str, str]]:
    """Where to go, as far as this member may."""
    _, (what, _colon, which) = visit.words.gettext, each.subject.partition(":")
    found = []
    if what == "thread" and visit.may(Act.SEE_THREADS):
        found.append((f"/inbox/{which}", _("To the conversation")))
    if what == "reveal" and visit.may(Act.SEE_ALL_REVEALS):
        found.append((f"/reveals/{which}", _("To the reveal")))
    if each.kind in {AlertKind.UNREACHED, AlertKind.PASSKEY_DOUBTED} and visit.may(Act.SEE_STAFF):
        found.append((f"/settings/staff/{each.about}", _("To the member of staff")))
    if each.kind == AlertKind.PASSKEY_DOUBTED and visit.may(Act.SEE_RECORD):
        found.append(("/settings/record", _("To the record")))
    if each.kind == AlertKind.HOOK_FAILING and visit.may(Act.SEE_HOOKS):
        found.append(("/settings/hooks", _("To the webhooks")))
    return found
