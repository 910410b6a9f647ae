"""Coming in by an OpenID provider. Nobody is let in whom a one-time link did not bring first: there one's account is
connected, and from then on it is known by its subject, never by a name or an address that somebody could take over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import HTTPException
from fastapi.responses import RedirectResponse, Response

from outreach.console.policy import Act
from outreach.console.sign_in import begun, door_again, inside, let_in, place_of, put
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import ConflictError
from outreach.staff import accounts, sessions, tries
from outreach.staff.openid import OpenId, Question
from outreach.staff.sessions import Way

pages = Pages()

BACK_WITHIN = timedelta(minutes=10)


@pages.page("/sign-in/oidc", Act.ENTER)
def begin(visit: Here, next: str = "/") -> Response:  # noqa: A002 (it is the parameter's name in the address)
    """On to the provider. A link, as no form may lead elsewhere; it makes nothing but a session of nobody."""
    _ = visit.words.gettext
    provider, next_ = _provider(visit), inside(next)
    if visit.member is not None:
        return visit.go("/")
    with visit.workspace.database.write() as session:
        within = tries.count(session, visit.workspace.vault, {"place": place_of(visit.request)}, visit.now)
    if not within:
        return door_again(visit, next_, fault=_("Too many tries. Wait a quarter of an hour, then try again."))
    question = _question(provider)
    if question is None:
        told = _("%(name)s does not answer. Sign in with name and password, or try again later.", name=provider.name)
        return door_again(visit, next_, fault=told)
    with visit.workspace.database.write() as session:
        sessions.end(session, visit.token)
        token = begun(session, visit, None, Way.OIDC, whole=False)
    _hold(visit, token, question, next_)
    return put(RedirectResponse(question.address, 303), visit, token)


@pages.deed("/me/oidc", Act.BE_THERE)
def connect(visit: Here) -> Response:
    """Whoever came by a one-time link connects an account: a page with the way to the provider."""
    provider = _provider(visit)
    if not _by_link(visit):
        raise HTTPException(404)
    question = _question(provider)
    if question is not None:
        _hold(visit, visit.token, question, "")
    return visit.show("me_oidc.html", 409 if question is None else 200, question=question, provider=provider)


@pages.page("/sign-in/oidc/back", Act.ENTER)
def back(visit: Here, code: str = "", state: str = "", iss: str = "") -> Response:
    """Where the provider sends the browser back to."""
    _ = visit.words.gettext
    provider, held = _provider(visit), _taken(visit)
    if not code or not held or held["state"] != state:
        return _again(visit, _("That sign-in was broken off, or took too long. Try once more."))
    try:
        subject = provider.subject(code, held["nonce"], held["verifier"], iss)
    except ConflictError:
        return _again(visit, _("%(name)s does not say who you are. Ask an admin.", name=provider.name))
    return _connected(visit, subject) if visit.member is not None else _in(visit, subject, held["next"])


def _connected(visit: Visit, subject: str) -> Response:
    _ = visit.words.gettext
    if not _by_link(visit):
        raise HTTPException(404)
    try:
        with visit.workspace.database.write() as session:
            accounts.connect(session, visit.workspace.vault, visit.by, subject, visit.by)
    except ConflictError:
        return visit.go("/me", _("That account is connected with another member of staff."), "bad")
    return visit.go("/", _("Your account is connected. Next time, sign in with it."))


def _in(visit: Visit, subject: str, next_: str) -> Response:
    _ = visit.words.gettext
    with visit.workspace.database.write() as session:
        member = accounts.by_subject(session, subject)
        if member is None:
            told = _("Nobody here has that account yet. An admin can give you a sign-in link, which connects it.")
            return door_again(visit, next_, fault=told)
        sessions.end(session, visit.token)
        token = begun(session, visit, member.name, Way.OIDC, whole=not member.has_totp)
    return let_in(visit, token, f"/sign-in/code?next={next_}" if member.has_totp else next_)


def _again(visit: Visit, fault: str) -> Response:
    return visit.go("/me", fault, "bad") if visit.member is not None else door_again(visit, "/", fault=fault)


def _by_link(visit: Visit) -> bool:
    return visit.signed is not None and visit.member is not None and visit.signed.way == Way.LINK


def _provider(visit: Visit) -> OpenId:
    if visit.desk.openid is None:
        raise HTTPException(404)
    return visit.desk.openid


def _question(provider: OpenId) -> Question | None:
    try:
        return provider.ask()
    except ConflictError:
        return None


def _hold(visit: Visit, token: str, question: Question, next_: str) -> None:
    until = (visit.now + BACK_WITHIN).isoformat()
    kept = {"state": question.state, "nonce": question.nonce, "verifier": question.verifier}
    with visit.workspace.database.write() as session:
        sessions.hold(session, token, **kept, next=next_, until=until)


def _taken(visit: Visit) -> dict[str, str]:
    """What this browser's session remembers of its question, once; nothing when there is none or it is too old."""
    with visit.workspace.database.write() as session:
        held = sessions.held(session, visit.token)
        sessions.hold(session, visit.token)
    known = "state" in held and visit.now <= datetime.fromisoformat(held["until"])
    return held if known else {}
