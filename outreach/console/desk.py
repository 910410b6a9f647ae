"""What all pages of one process share: the clinic, the built files, the languages, how pages are drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from outreach.console import nav
from outreach.console.assets import Assets
from outreach.console.campaigns_kept import Plans
from outreach.console.guard import Place
from outreach.console.policy import Act
from outreach.console.words import LANGUAGES, N_, Words, catalogue
from outreach.staff import passkeys
from outreach.staff.accounts import Member
from outreach.staff.openid import OpenId
from outreach.staff.passkeys import Party
from outreach.staff.roles import Role
from outreach.staff.sessions import Limits, Way
from outreach.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Face:
    """A soft picture that only a pseudonym decides: hues in degrees, places in hundredths of its width."""

    hues: tuple[int, int, int]
    places: tuple[int, int, int, int]


@dataclass
class Desk:
    """One clinic's console. `carrier`: in the demo, the simulator's URL, whose phones are shown; else ""."""

    workspace: Workspace
    assets: Assets
    place: Place
    limits: Limits
    carrier: str = ""
    openid: OpenId | None = None  # the provider that staff may sign in with
    paths: frozenset[str] = frozenset()  # of pages
    plans: Plans = field(default_factory=Plans)

    @property
    def party(self) -> Party | None:
        """Whom passkeys are for; None where browsers make none."""
        settings = self.workspace.settings
        return passkeys.party(settings.public_url, settings.clinic)

    @property
    def demo(self) -> bool:
        """Whether this is the demo, where one click signs in."""
        return bool(self.carrier)

    def must_choose(self, member: Member, way: Way) -> bool:
        """Whether somebody must choose a password first: who came by a link and has none yet."""
        return not member.has_password and not member.has_subject and way == Way.LINK

    def words(self, language: str) -> Words:
        """A language on the clinic's clock."""
        settings = self.workspace.settings
        return Words(language, ZoneInfo(settings.zone), settings.currency)

    def render(self, words: Words, page: str, facts: Mapping[str, Any]) -> str:
        """Draw a page."""
        return _environment(words).get_template(page).render(desk=self, **facts)

    def entries(self, visit: Any) -> list[nav.Entry]:
        """What the bar shows."""
        shown = [each for each in nav.NAV if each.path in self.paths and visit.may(each.act)]
        return [each for each in shown if self.demo or each.act != Act.SEE_HANDSETS]


@cache
def _environment(words: Words) -> Environment:
    """One for each language, so that templates are compiled with its words once a process."""
    made = Environment(
        loader=PackageLoader("outreach.console", "pages"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    known = catalogue(words.language)
    made.install_gettext_callables(known.gettext, known.ngettext, newstyle=True)  # type: ignore[attr-defined]
    for name in ("number", "percent", "money", "moment", "day", "clock", "span", "listed", "said"):
        made.filters[name] = getattr(words, name)
    made.globals["role_words"] = lambda member: role_words(words, member)
    made.globals |= {"words": words, "face_of": face_of, "when": _when, "languages": LANGUAGES, "initials": initials}
    return made


@pass_context
def _when(context: Context, at: datetime | None) -> Markup:
    """A time as people say it, the exact one on hover and on paper."""
    if at is None:
        return Markup("")
    words: Words = context["words"]
    now: datetime = context["visit"].now
    exact = words.moment(at)
    return Markup('<time datetime="{}" title="{}" data-exact="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), exact, exact, words.ago(at, now)
    )


def face_of(pseudonym: str) -> Face:
    """The same face for the same pseudonym, each time."""
    drawn = hashlib.sha256(pseudonym.encode()).digest()
    hue = drawn[0] * 360 // 256
    x, y, u, v = (20 + each * 60 // 256 for each in drawn[1:5])
    return Face((hue, (hue + 25 + drawn[5] // 8) % 360, (hue + 310 + drawn[6] // 8) % 360), (x, y, u, v))


ROLES: Mapping[Role, str] = {
    Role.LAUNCHER: N_("launches campaigns"),
    Role.HELPER: N_("answers"),
    Role.COORDINATOR: N_("coordinates"),
    Role.ADMIN: N_("admin"),
    Role.AUDITOR: N_("reads the record"),
}


def role_words(words: Words, member: Member) -> str:
    """What somebody is here for, in words."""
    return words.listed([words.gettext(ROLES[role]) for role in Role if role in member.roles])


def initials(name: str) -> str:
    """Of a member of staff."""
    found = [word[0] for word in name.split() if word[0].isalpha()]
    return "".join(found[:2]).upper() or "?"


def limits_of(workspace: Workspace) -> Limits:
    """How long sessions last here."""
    settings = workspace.settings
    return Limits(settings.session_idle, settings.session_longest)
