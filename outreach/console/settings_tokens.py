"""Tokens of other programs: what each is for, when it was last used, and taking it back."""

from __future__ import annotations

from datetime import timedelta

from fastapi.responses import Response

from outreach.console.api.app import PREFIX
from outreach.console.policy import Act
from outreach.console.settings import tabs
from outreach.console.visit import Here, Pages, Visit
from outreach.console.words import N_
from outreach.errors import ConflictError
from outreach.staff import tokens
from outreach.staff.tokens import Scope

pages = Pages()

SCOPES = {
    Scope.PEOPLE_READ: N_("Find people, by pseudonym"),
    Scope.PEOPLE_WRITE: N_("Take people in"),
    Scope.CONSENT_READ: N_("Read what somebody agreed to"),
    Scope.CONSENT_WRITE: N_("Write down that somebody agreed, or not"),
    Scope.CAMPAIGNS_READ: N_("Read campaigns, plans and runs"),
    Scope.CAMPAIGNS_WRITE: N_("Propose campaigns; a person approves them"),
    Scope.CAMPAIGNS_RUN: N_("Launch what is approved, pause, resume, cancel"),
    Scope.REPORTS_READ: N_("Read reports"),
    Scope.THREADS_READ: N_("Read conversations, without numbers and names"),
    Scope.THREADS_WRITE: N_("Answer, take and close conversations"),
}

DAYS = (30, 90, 180, 366)


@pages.page("/settings/tokens", Act.SEE_TOKENS)
def every_token(visit: Here) -> Response:
    """All of them, the newest first; those that are over too."""
    with visit.workspace.database.read() as session:
        found = tokens.everyone(session)
    document = f"{PREFIX}/openapi.json"
    return visit.show("settings_tokens.html", tabs=tabs(visit), found=found, document=document, scopes=_words(visit))


def _words(visit: Visit) -> dict[Scope, str]:
    return {scope: visit.words.gettext(label) for scope, label in SCOPES.items()}


@pages.page("/settings/tokens/new", Act.CHANGE_TOKENS)
def new(visit: Here) -> Response:
    """The form."""
    return _new(visit)


def _new(visit: Visit, fault: str = "") -> Response:
    words = visit.words
    days = [(str(each), words.ngettext("%(num)s day", "%(num)s days", each)) for each in DAYS]
    scopes = [(scope, label, scope) for scope, label in _words(visit).items()]
    chosen = [value for name, value in visit.fields if name == "scope"]
    status = 409 if fault else 200
    return visit.show("settings_tokens_new.html", status, fault=fault, days=days, scopes=scopes, chosen=chosen)


@pages.deed("/settings/tokens/new", Act.CHANGE_TOKENS)
def make(visit: Here) -> Response:
    """Make it, and show it this once."""
    name, days = visit.form.get("name", "").strip().lower(), visit.form.get("days", "")
    chosen = [Scope(value) for field, value in visit.fields if field == "scope" and value in set(Scope)]
    lasts = timedelta(days=int(days) if days in {str(each) for each in DAYS} else 90)
    try:
        with visit.workspace.database.write() as session:
            made, token = tokens.make(session, visit.workspace.vault, name, chosen, lasts, visit.by)
    except ConflictError:
        fault = N_("Choose what it is for, and a name that no token ever had: small letters, digits, no spaces.")
        return _new(visit, visit.words.gettext(fault))
    return visit.show("settings_tokens_made.html", made=made, token=token)


@pages.deed("/settings/tokens/{name}/revoke", Act.CHANGE_TOKENS)
def revoke(visit: Here, name: str) -> Response:
    """Take it back."""
    _ = visit.words.gettext
    try:
        with visit.workspace.database.write() as session:
            tokens.revoke(session, visit.workspace.vault, name, visit.by)
    except ConflictError:
        return visit.go("/settings/tokens", _("It was taken back already."), "calm")
    return visit.go("/settings/tokens", _("%(name)s opens nothing any more.", name=name))
