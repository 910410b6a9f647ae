"""Webhooks: other programs that are told what happened; how each fares, and everything an operator does with one."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import HTTPException
from fastapi.responses import Response
from sqlalchemy.orm import Session

from outreach.console.policy import Act
from outreach.console.settings import tabs
from outreach.console.visit import Here, Pages, Visit
from outreach.console.words import N_
from outreach.errors import ConflictError
from outreach.hooks import health, targets
from outreach.hooks.events import CHOSEN, Kind
from outreach.privacy.vault import Vault

pages = Pages()

KINDS: dict[Kind, str] = {
    Kind.THREAD_WAITING: N_("Somebody waits for an answer"),
    Kind.THREAD_ANSWERED: N_("A conversation was answered"),
    Kind.THREAD_CLOSED: N_("A conversation has ended"),
    Kind.RUN_LAUNCHED: N_("A campaign goes out"),
    Kind.RUN_PAUSED: N_("A campaign is paused"),
    Kind.RUN_RESUMED: N_("A campaign goes on"),
    Kind.RUN_CANCELLED: N_("A campaign is cancelled"),
    Kind.RUN_FINISHED: N_("A campaign is over"),
    Kind.CONSENT_CHANGED: N_("Somebody joined, paused, stopped or came back"),
    Kind.PERSON_FORGOTTEN: N_("Somebody is forgotten"),
}

#: Why a call came to nothing; a status is told as it is.
FAILURES: dict[str, str] = {
    "name_unknown": N_("its host name means nothing here"),
    "address_private": N_("its host lies in a private network"),
    "address_refused": N_("its address may not be called"),
    "certificate": N_("its certificate does not hold"),
    "timeout": N_("it answered too late"),
    "unreachable": N_("nothing answers there"),
    "too_old": N_("it was paused for too long"),
}

_Deed = Callable[[Session, Vault, str, str], object]


@pages.page("/settings/hooks", Act.SEE_HOOKS)
def every_hook(visit: Here) -> Response:
    """All of them, with how they fare; those that ended last."""
    with visit.workspace.database.read() as session:
        found = sorted(health.everyone(session), key=lambda each: each.ended_at is not None)
        hosts = targets.hosts(session, visit.workspace.vault)
    name = "settings_hooks_now.html" if visit.part else "settings_hooks.html"
    words = {kind: visit.words.gettext(label) for kind, label in KINDS.items()}
    why = {each.name: _why(visit, each.failure) for each in found}
    return visit.show(name, tabs=tabs(visit), found=found, hosts=hosts, kinds=words, why=why)


def _why(visit: Visit, failure: str) -> str:
    if failure.isdecimal():
        return visit.words.gettext("it answered %(status)s", status=failure)
    return visit.words.gettext(FAILURES[failure]) if failure in FAILURES else failure


@pages.page("/settings/hooks/new", Act.CHANGE_HOOKS)
def new(visit: Here) -> Response:
    """The form."""
    return _new(visit)


def _new(visit: Visit, fault: str = "") -> Response:
    kinds = [(kind, visit.words.gettext(KINDS[kind]), kind) for kind in CHOSEN]
    chosen = [value for name, value in visit.fields if name == "kind"]
    return visit.show("settings_hooks_new.html", 409 if fault else 200, fault=fault, kinds=kinds, chosen=chosen)


@pages.deed("/settings/hooks/new", Act.CHANGE_HOOKS)
def make(visit: Here) -> Response:
    """Tell a program from now on, and show its secret this once."""
    name, url = visit.form.get("name", "").strip().lower(), visit.form.get("url", "").strip()
    chosen = [Kind(value) for field, value in visit.fields if field == "kind" and value in set(CHOSEN)]
    there = visit.workspace
    try:
        with there.database.write() as session:
            inside = there.settings.hooks_inside
            secret = targets.add(session, there.vault, name, url, chosen, visit.by, inside=inside)
    except ConflictError:
        fault = N_(
            "Choose of what to tell it, a name that no webhook ever had (small letters, digits, no spaces), and an"
            " address that begins with https:// and lies in no private network."
        )
        return _new(visit, visit.words.gettext(fault))
    return visit.show("settings_hooks_secret.html", name=name, secret=secret, another=False)


def _do(visit: Visit, name: str, deed: _Deed, done: str, not_done: str) -> Response:
    """Do something to a webhook, or say that it was done already."""
    gettext = visit.words.gettext
    try:
        with visit.workspace.database.write() as session:
            deed(session, visit.workspace.vault, name, visit.by)
    except ConflictError:
        return visit.go("/settings/hooks", gettext(not_done, name=name), "calm")
    return visit.go("/settings/hooks", gettext(done, name=name))


_OVER = N_("%(name)s is not told any more, or is paused.")


@pages.deed("/settings/hooks/{name}/ping", Act.CHANGE_HOOKS)
def ping(visit: Here, name: str) -> Response:
    """Try it out."""
    return _do(
        visit, name, targets.ping, N_("A ping is on its way to %(name)s. What came of it stands here soon."), _OVER
    )


@pages.deed("/settings/hooks/{name}/pause", Act.CHANGE_HOOKS)
def pause(visit: Here, name: str) -> Response:
    """Tell it nothing for now."""
    done = N_("%(name)s is paused. What happens meanwhile waits, for thirty days at most.")
    return _do(visit, name, targets.pause, done, N_("%(name)s was paused already, or ended."))


@pages.deed("/settings/hooks/{name}/resume", Act.CHANGE_HOOKS)
def resume(visit: Here, name: str) -> Response:
    """Go on telling it."""
    done = N_("%(name)s is told again, first what waits.")
    return _do(visit, name, targets.resume, done, N_("%(name)s was not paused, or has ended."))


@pages.deed("/settings/hooks/{name}/redeliver", Act.CHANGE_HOOKS)
def redeliver(visit: Here, name: str) -> Response:
    """Tell it once more what was given up."""
    done = N_("What %(name)s has not heard is on its way once more.")
    return _do(visit, name, targets.redeliver, done, N_("Nothing that %(name)s should hear is left over."))


_NO_OTHER = N_("%(name)s was given a new secret within a day, or ended: let the program learn that one first.")


@pages.deed("/settings/hooks/{name}/rotate", Act.CHANGE_HOOKS)
def rotate(visit: Here, name: str) -> Response:
    """Give it another secret, and show it this once."""
    try:
        with visit.workspace.database.write() as session:
            secret = targets.rotate(session, visit.workspace.vault, name, visit.by)
    except ConflictError:
        return visit.go("/settings/hooks", visit.words.gettext(_NO_OTHER, name=name), "calm")
    return visit.show("settings_hooks_secret.html", name=name, secret=secret, another=True)


@pages.page("/settings/hooks/{name}/end", Act.CHANGE_HOOKS)
def ask(visit: Here, name: str) -> Response:
    """What ending it would do."""
    with visit.workspace.database.read() as session:
        found = [each for each in health.everyone(session) if each.name == name and each.ended_at is None]
    if not found:
        raise HTTPException(404)
    return visit.show("settings_hooks_end.html", each=found[0])


@pages.deed("/settings/hooks/{name}/end", Act.CHANGE_HOOKS)
def end(visit: Here, name: str) -> Response:
    """Tell it no more."""
    return _do(visit, name, targets.end, N_("%(name)s is told no more."), N_("%(name)s was ended already."))
