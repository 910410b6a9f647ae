"""Settings: senders with their health and pace, the clinic's rules, and providers without their secrets.

What stands in the environment or in `.env` is shown and not written here: a page that could write it could also lock
everybody out, and on most machines the process may not write its own configuration. So each page says which line to
change, and where.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from fastapi.responses import Response
from pydantic import SecretStr
from sqlalchemy import select

from outreach.channels.contract import Cause
from outreach.channels.registry import REGISTRY
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.console.words import N_, Words
from outreach.delivery import carriers
from outreach.errors import ConflictError
from outreach.messages.tables import Sender
from outreach.settings import Settings
from outreach.store import pulse

pages = Pages()

#: A job of the beat that is silent for longer has nobody who does it.
SILENT = timedelta(minutes=2)
NEVER = timedelta.max

TABS = (
    ("/settings", N_("Senders"), Act.SEE_SETTINGS),
    ("/settings/rules", N_("Rules"), Act.SEE_SETTINGS),
    ("/settings/providers", N_("Providers"), Act.CHANGE_SETTINGS),
    ("/settings/staff", N_("Staff"), Act.SEE_STAFF),
    ("/settings/tokens", N_("Tokens"), Act.SEE_TOKENS),
    ("/settings/hooks", N_("Webhooks"), Act.SEE_HOOKS),
    ("/settings/record", N_("Record"), Act.SEE_RECORD),
)

#: Why a sender was stopped, in words.
HALTED: dict[str, str] = {
    Cause.ACCOUNT: N_("the provider refuses our account: password, money or suspension"),
    Cause.SENDER: N_("the provider does not let this sender send"),
    Cause.REGION: N_("this account may not send to that country"),
    Cause.THROTTLED: N_("the provider asks us to wait"),
    Cause.QUEUE_FULL: N_("the provider's queue is full"),
}


def tabs(visit: Visit) -> list[tuple[str, str, None]]:
    """The tabs that a member may open."""
    return [(path, visit.words.gettext(label), None) for path, label, act in TABS if visit.may(act)]


@dataclass(frozen=True, slots=True)
class Health:
    """One sender. `halted_until`: None while it sends."""

    name: str
    kind: str
    pace: float
    unit: str
    halted_until: datetime | None
    why: str


def health(visit: Visit) -> list[Health]:
    """Every sender, those in trouble first."""
    with visit.workspace.database.read() as session:
        rows = session.scalars(select(Sender).order_by(Sender.name)).all()
    found = [
        Health(
            each.name,
            each.kind,
            each.pace,
            each.unit,
            each.halted_until if each.halted_until and each.halted_until > visit.now else None,
            visit.words.gettext(HALTED.get(each.halted_for, each.halted_for.replace("_", " ")))
            if each.halted_for
            else "",
        )
        for each in rows
    ]
    return sorted(found, key=lambda each: each.halted_until is None)


@pages.page("/settings", Act.SEE_SETTINGS)
def senders(visit: Here) -> Response:
    """Senders, and whether anybody does the work."""
    with visit.workspace.database.read() as session:
        ages = pulse.ages(session)
    every = {"plan": visit.workspace.settings.plan_every, "sweep": visit.workspace.settings.sweep_every}
    silent = any(ages.get(job, NEVER) > max(SILENT, timedelta(seconds=4 * each)) for job, each in every.items())
    return visit.show("settings.html", tabs=tabs(visit), senders=health(visit), silent=silent)


@pages.deed("/settings/senders/release", Act.CHANGE_SETTINGS)
def release(visit: Here) -> Response:
    """Let a sender that was stopped try again now."""
    _ = visit.words.gettext
    try:
        carriers.release(visit.workspace, visit.form.get("name", ""), by=visit.by)
    except ConflictError:
        return visit.go("/settings", _("It was not stopped any more."), "calm")
    return visit.go("/settings", _("It tries again now."))


@pages.page("/settings/rules", Act.SEE_SETTINGS)
def rules(visit: Here) -> Response:
    """Hours, retention, sign-in: what holds here, and the line that changes it."""
    settings, words = visit.workspace.settings, visit.words
    return visit.show("settings_rules.html", tabs=tabs(visit), groups=_rules(settings, words), file=_file(visit))


def _rules(settings: Settings, words: Words) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Groups of (what it is, how it is, the setting's name)."""
    _ = words.gettext
    hours = _("at any hour") if settings.quiet_hours == "off" else settings.quiet_hours.replace("-", " – ")
    return [
        (
            _("The clinic"),
            [
                (_("Name that people read"), settings.clinic, "CLINIC"),
                (_("Clock"), settings.zone, "ZONE"),
                (_("No campaign text arrives at"), hours, "QUIET_HOURS"),
                (_("First answer promised within"), words.span(settings.answer_within), "ANSWER_WITHIN"),
                (_("Longest text, in parts"), words.number(settings.part_limit), "PART_LIMIT"),
            ],
        ),
        (
            _("How long things are kept"),
            [
                (_("What people wrote"), words.span(settings.keep_texts), "KEEP_TEXTS"),
                (_("What was answered"), words.span(settings.keep_answers), "KEEP_ANSWERS"),
                (_("What providers reported"), words.span(settings.keep_events), "KEEP_EVENTS"),
                (_("Single tries to send"), words.span(settings.keep_attempts), "KEEP_ATTEMPTS"),
                (_("Rows that imports left out"), words.span(settings.keep_imports), "KEEP_IMPORTS"),
            ],
        ),
        (
            _("Signing in"),
            [
                (_("Signed out after no use for"), words.span(settings.session_idle), "SESSION_IDLE"),
                (_("Signed in at most"), words.span(settings.session_longest), "SESSION_LONGEST"),
            ],
        ),
    ]


def _file(visit: Visit) -> Path:
    return visit.workspace.folder.resolve() / ".env"


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a provider. `secret`: only whether it is there is told."""

    name: str
    about: str
    shown: str
    given: bool
    secret: bool


@pages.page("/settings/providers", Act.CHANGE_SETTINGS)
def providers(visit: Here) -> Response:
    """Each provider, what is set of it, and the lines to write."""
    given = visit.workspace.settings.providers
    shown = [(name, name in given, _options(name, given.get(name, {}))) for name in REGISTRY]
    return visit.show("settings_providers.html", tabs=tabs(visit), providers=shown, file=_file(visit))


def _options(provider: str, given: dict[str, object]) -> list[Option]:
    """A provider's settings; only what is known to be no secret is ever shown."""
    found = []
    for name, field in REGISTRY[provider].Options.model_fields.items():
        secret = "SecretStr" in repr(field.annotation)
        value = given.get(name)
        if isinstance(value, SecretStr):
            secret = True
        text = "" if secret or value is None else str(value)
        full = f"OUTREACH_PROVIDERS__{provider.upper()}__{name.upper()}"
        found.append(Option(full, field.description or "", text, value is not None, secret))
    return found
