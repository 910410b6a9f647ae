"""Coming in and going out: password, second factor, one-time link; in the demo one click."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.console.words import LANGUAGES
from outreach.staff import accounts, factors, links, passwords, sessions, tries
from outreach.staff.roles import Role
from outreach.staff.sessions import Way

pages = Pages()


@pages.page("/sign-in", Act.ENTER)
def door(visit: Here, next: str = "/") -> Response:  # noqa: A002 (it is the parameter's name in the address)
    """The form."""
    if visit.member is not None:
        return visit.go("/")
    return door_again(visit, next)


def door_again(visit: Visit, next_: str, *, fault: str = "", name: str = "") -> Response:
    """The form, with what was wrong."""
    demo = []
    if visit.desk.demo:
        with visit.workspace.database.read() as session:
            demo = [each for role in Role for each in accounts.everybody(session, role, active=True)]
    keys = visit.desk.party is not None and not demo
    facts = {"next": inside(next_), "fault": fault, "name": name, "demo": demo, "passkeys": keys}
    return visit.show("sign_in.html", 409 if fault else 200, **facts)


@pages.deed("/sign-in", Act.ENTER)
def sign_in(visit: Here) -> Response:
    """Name and password."""
    _ = visit.words.gettext
    name, password = visit.form.get("name", "").strip().lower()[:64], visit.form.get("password", "")
    next_ = inside(visit.form.get("next", "/"))
    if not counted(visit, name):
        return door_again(
            visit, next_, fault=_("Too many tries. Wait a quarter of an hour, then try again."), name=name
        )
    with visit.workspace.database.read() as session:
        good = passwords.fits(session, name, password)
    if not good:
        told = _("Name or password is not right. If you have lost the password, ask an admin for a sign-in link.")
        return door_again(visit, next_, fault=told, name=name)
    with visit.workspace.database.write() as session:
        member = accounts.find(session, name)
        tries.forgive(session, visit.workspace.vault, {"name and place": _where(visit, name)})
        token = begun(session, visit, name, Way.PASSWORD, whole=not member.has_totp)
    return let_in(visit, token, f"/sign-in/code?next={next_}" if member.has_totp else next_)


@pages.page("/sign-in/code", Act.ENTER)
def code_form(visit: Here, next: str = "/") -> Response:  # noqa: A002
    """The second factor."""
    if visit.signed is None or visit.signed.whole or visit.signed.member is None:
        return visit.go("/sign-in")
    return visit.show("sign_in_code.html", next=inside(next), fault="")


@pages.deed("/sign-in/code", Act.ENTER)
def code(visit: Here) -> Response:
    """A code by the clock, or a recovery code."""
    _ = visit.words.gettext
    next_ = inside(visit.form.get("next", "/"))
    signed = visit.signed
    if signed is None or signed.whole or signed.member is None:
        return visit.go("/sign-in")
    name, fault = signed.member.name, ""
    if not counted(visit, name):
        fault = _("Too many tries. Wait a quarter of an hour, then try again.")
    else:
        with visit.workspace.database.write() as session:
            if factors.fits(session, visit.workspace.vault, name, visit.form.get("code", ""), visit.now):
                sessions.end(session, visit.token)
                token = begun(session, visit, name, Way.PASSWORD, whole=True)
                return let_in(visit, token, next_)
        fault = _("That code does not fit. Each code works once; wait for the next one.")
    return visit.show("sign_in_code.html", 409, next=next_, fault=fault)


@pages.page("/welcome", Act.ENTER)
def welcome(visit: Here) -> Response:
    """Where a one-time link leads: its code stands behind the #, and the page puts it into the form."""
    return visit.show("welcome.html", fault="")


@pages.deed("/welcome", Act.ENTER)
def redeem(visit: Here) -> Response:
    """Come in by a code, once."""
    _ = visit.words.gettext
    if not counted(visit, "welcome"):
        return visit.show("welcome.html", 409, fault=_("Too many tries. Wait a quarter of an hour, then try again."))
    with visit.workspace.database.write() as session:
        member = links.redeem(session, visit.form.get("code", ""), visit.now)
        if member is not None:
            sessions.end(session, visit.token)
            token = begun(session, visit, member.name, Way.LINK, whole=True)
    if member is None:
        told = _("This link was used already, or is older than a day. Ask whoever gave it to you for a new one.")
        return visit.show("welcome.html", 409, fault=told)
    return let_in(visit, token, "/me/password")


@pages.deed("/sign-in/as/{name}", Act.ENTER)
def step_in(visit: Here, name: str) -> Response:
    """In the demo: be one of its staff."""
    if not visit.desk.demo:
        raise HTTPException(404)
    with visit.workspace.database.write() as session:
        member = accounts.find(session, name)
        sessions.end(session, visit.token)
        token = begun(session, visit, member.name, Way.DEMO, whole=True)
    return let_in(visit, token, inside(visit.form.get("next", "/")))


@pages.deed("/sign-out", Act.ENTER)
def sign_out(visit: Here) -> Response:
    """Leave."""
    with visit.workspace.database.write() as session:
        sessions.end(session, visit.token)
    answer = RedirectResponse("/sign-in", 303, headers={"Clear-Site-Data": '"cache", "storage"'})
    answer.delete_cookie(visit.desk.place.cookie, secure=visit.desk.place.secure)
    return answer


@pages.deed("/language", Act.ENTER)
def language(visit: Here) -> Response:
    """Before signing in: another language, kept by the browser."""
    chosen = visit.form.get("language", "")
    answer = visit.go(inside(visit.form.get("back", "/sign-in")))
    if chosen in LANGUAGES:
        answer.set_cookie("language", chosen, 31536000, httponly=True, samesite="lax", secure=visit.desk.place.secure)
    return answer


def begun(session: Session, visit: Visit, name: str | None, way: Way, *, whole: bool) -> str:
    """A new session, with a new token each time somebody becomes more than they were; old ones are cleared away."""
    sessions.sweep(session, visit.now, visit.desk.limits)
    tries.sweep(session, visit.now)
    return sessions.begin(session, name, way, visit.now, whole=whole)


def let_in(visit: Visit, token: str, path: str) -> Response:
    """On to a page, with a session in the browser."""
    return put(RedirectResponse(path, 303), visit, token)


def put(answer: Response, visit: Visit, token: str) -> Response:
    """An answer that leaves a session in the browser."""
    place = visit.desk.place
    longest = int(visit.desk.limits.longest.total_seconds())
    answer.set_cookie(place.cookie, token, longest, httponly=True, samesite="lax", secure=place.secure, path="/")
    return answer


def counted(visit: Visit, name: str) -> bool:
    """Count a try; whether it is within bounds."""
    what = {"name and place": _where(visit, name), "place": place_of(visit.request), "name": name}
    with visit.workspace.database.write() as session:
        return tries.count(session, visit.workspace.vault, what, visit.now)


def _where(visit: Visit, name: str) -> str:
    return f"{name}|{place_of(visit.request)}"


def place_of(request: Request) -> str:
    """Where a request comes from."""
    client: Any = request.client
    return client.host if client else ""


def inside(path: str) -> str:
    """A path of this console, whatever was asked for."""
    parts = urlsplit(path)
    plain = parts.path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
    return plain if not parts.scheme and not parts.netloc and "\\" not in plain else "/"
