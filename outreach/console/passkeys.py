"""Passkeys: make one in one's own account, come in with one. The page's script only carries between browser and server.

A challenge is taken out of the session before the answer is looked at, so that each is answered once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import HTTPException
from fastapi.responses import JSONResponse, Response

from outreach.console import guard
from outreach.console.policy import Act
from outreach.console.sign_in import begun, door_again, inside, let_in, place_of, put
from outreach.console.visit import Here, Pages, Visit
from outreach.console.words import N_
from outreach.errors import ConflictError
from outreach.privacy.alerts import AlertKind
from outreach.staff import passkeys, passwords, sessions, tries
from outreach.staff.passkeys import DoubtedError, Party
from outreach.staff.roles import Role
from outreach.staff.sessions import Way
from outreach.threads import calls

pages = Pages()

ANSWERED_WITHIN = timedelta(minutes=5)
COPIED = N_(
    "There may be a copy of this passkey, so it opens nothing any more. Sign in with your password, remove it under"
    " Your account, and speak with an admin: they are told."
)


@pages.deed("/sign-in/passkey/begin", Act.ENTER)
def begin(visit: Here) -> Response:
    """For the page's script: what the browser is asked, in a session that is nobody's yet."""
    here = _party(visit)
    options, challenge = passkeys.ask(here)
    with visit.workspace.database.write() as session:
        if not tries.count(session, visit.workspace.vault, {"place": place_of(visit.request)}, visit.now):
            raise HTTPException(429)
        if visit.member is None:
            sessions.end(session, visit.token)
        token = begun(session, visit, None, Way.PASSKEY, whole=False)
        sessions.hold(session, token, challenge=challenge, until=(visit.now + ANSWERED_WITHIN).isoformat())
    return put(JSONResponse({"options": options, "csrf": guard.masked(token)}), visit, token)


@pages.deed("/sign-in/passkey", Act.ENTER)
def come_in(visit: Here) -> Response:
    """The browser's answer: whose passkey it is, is in, without password or code."""
    _ = visit.words.gettext
    next_, challenge = inside(visit.form.get("next", "/")), _taken(visit)
    if not challenge:
        return door_again(visit, next_, fault=_("That took too long. Try once more."))
    database, vault, given = visit.workspace.database, visit.workspace.vault, visit.form.get("answer", "")
    with database.write() as session:
        try:
            name = passkeys.whose(session, vault, _party(visit), given, challenge, visit.now)
        except DoubtedError as error:
            if error.anew:  # as for whatever admins must know at once: their phones say that there is something
                key = f"{AlertKind.PASSKEY_DOUBTED}:{error.anew}"
                calls.call_all(session, visit.workspace, Role.ADMIN, "alert", key, visit.now)
            return door_again(visit, next_, fault=_(COPIED))
        except ConflictError:
            return door_again(visit, next_, fault=_("This passkey opens nothing here. Sign in with name and password."))
        sessions.end(session, visit.token)
        token = begun(session, visit, name, Way.PASSKEY, whole=True)
    return let_in(visit, token, next_)


@pages.page("/me/passkeys", Act.BE_THERE)
def mine(visit: Here) -> Response:
    """One's own passkeys, and the form for another one."""
    return _mine(visit, "")


@pages.deed("/me/passkeys/begin", Act.BE_THERE)
def begin_adding(visit: Here) -> Response:
    """For the page's script: what the browser is asked to make."""
    with visit.workspace.database.write() as session:
        options, challenge = passkeys.offer(session, _party(visit), visit.by)
        sessions.hold(session, visit.token, challenge=challenge, until=(visit.now + ANSWERED_WITHIN).isoformat())
    return JSONResponse({"options": options, "csrf": visit.csrf()})


@pages.deed("/me/passkeys", Act.BE_THERE)
def add(visit: Here) -> Response:
    """Keep what the browser made. The password is asked for: a browser left open gives nobody a key of their own."""
    _ = visit.words.gettext
    challenge, label = _taken(visit), visit.form.get("label", "").strip()
    if not challenge:
        return _mine(visit, _("That took too long. Try once more."))
    here, given = _party(visit), visit.form.get("answer", "")
    with visit.workspace.database.write() as session:
        if asks_password(visit) and not passwords.fits(session, visit.by, visit.form.get("password", "")):
            return _mine(visit, _("The password is not right. Nothing was changed."))
        try:
            passkeys.add(
                session, visit.workspace.vault, here, visit.by, given, challenge, label or _("Passkey"), visit.now
            )
        except ConflictError:
            return _mine(visit, _("No passkey was made. Try once more, or with another device."))
    return visit.go("/me/passkeys", _("The passkey is kept. Next time, sign in with it."))


@pages.deed("/me/passkeys/{which}/remove", Act.BE_THERE)
def remove(visit: Here, which: int) -> Response:
    """One of one's own opens nothing any more."""
    with visit.workspace.database.write() as session:
        passkeys.remove(session, visit.workspace.vault, visit.by, which, visit.by)
    return visit.go("/me/passkeys", visit.words.gettext("The passkey is removed. Delete it on the device too."))


def asks_password(visit: Visit) -> bool:
    """Whether the password is asked for before a way in is changed: not of whoever came by a link just now."""
    by_link = visit.signed is not None and visit.signed.way == Way.LINK
    return visit.member is not None and visit.member.has_password and not by_link


def _mine(visit: Visit, fault: str) -> Response:
    with visit.workspace.database.read() as session:
        found = passkeys.listed(session, visit.by)
    status = 409 if fault else 200
    return visit.show("me_passkeys.html", status, passkeys=found, fault=fault, asks=asks_password(visit))


def _party(visit: Visit) -> Party:
    here = visit.desk.party
    if here is None:
        raise HTTPException(404)
    return here


def _taken(visit: Visit) -> str:
    """The challenge of this session, once; "" when there is none or it is too old."""
    with visit.workspace.database.write() as session:
        held = sessions.held(session, visit.token)
        sessions.hold(session, visit.token)
    until = held.get("until", "")
    return held.get("challenge", "") if until and visit.now <= datetime.fromisoformat(until) else ""
