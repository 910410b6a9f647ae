"""One's own account: language, password, second factor, where one is signed in."""

from __future__ import annotations

import segno
from fastapi.responses import Response
from markupsafe import Markup

from outreach.console.passkeys import asks_password
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.console.words import LANGUAGES, N_
from outreach.errors import ConflictError
from outreach.staff import accounts, factors, passkeys, passwords, sessions
from outreach.staff.passwords import Poor

pages = Pages()

POOR = {
    Poor.SHORT: N_("The password is too short: take at least 10 characters. Three or four words are easy to keep."),
    Poor.LONG: N_("The password is too long: take at most 200 characters."),
    Poor.EASY: N_("The password is easy to guess. Three or four words that do not belong together are better."),
}


@pages.page("/me", Act.BE_THERE)
def me(visit: Here) -> Response:
    """Everything about oneself."""
    with visit.workspace.database.read() as session:
        count = sessions.count(session, visit.by, visit.now, visit.desk.limits)
        codes = factors.codes_left(session, visit.by)
        keys = passkeys.listed(session, visit.by)
    return visit.show("me.html", sessions=count, codes=codes, passkeys=keys)


@pages.deed("/me/language", Act.BE_THERE)
def language(visit: Here) -> Response:
    """Choose the language of one's pages."""
    chosen = visit.form.get("language", "")
    if chosen in LANGUAGES:
        with visit.workspace.database.write() as session:
            accounts.set_language(session, visit.by, chosen)
    return visit.go("/me")


@pages.page("/me/password", Act.BE_THERE)
def password_form(visit: Here) -> Response:
    """Choose a password."""
    return _password(visit, "")


@pages.deed("/me/password", Act.BE_THERE)
def password(visit: Here) -> Response:
    """A new password: the old one is asked for, unless one came by a link just now. Ends every other session."""
    _ = visit.words.gettext
    new, again = visit.form.get("new", ""), visit.form.get("again", "")
    with visit.workspace.database.write() as session:
        if asks_password(visit) and not passwords.fits(session, visit.by, visit.form.get("old", "")):
            return _password(visit, _("The old password is not right."))
        if new != again:
            return _password(visit, _("The two new passwords are not the same."))
        if poor := passwords.poor(visit.by, new):
            return _password(visit, _(POOR[poor]))
        passwords.choose(session, visit.workspace.vault, visit.by, new)
        sessions.end_all(session, visit.by, but=visit.token)
    return visit.go("/", _("Your password is set."))


def _password(visit: Visit, fault: str) -> Response:
    return visit.show("me_password.html", 409 if fault else 200, fault=fault, asks_old=asks_password(visit))


@pages.page("/me/second-factor", Act.BE_THERE)
def factor_form(visit: Here) -> Response:
    """Set up an authenticator app: a fresh secret each time the page is opened."""
    secret = factors.fresh_secret()
    with visit.workspace.database.write() as session:
        sessions.hold(session, visit.token, secret=secret)
    return _factor(visit, secret, "")


@pages.deed("/me/second-factor", Act.BE_THERE)
def factor(visit: Here) -> Response:
    """The app's first code turns it on; the recovery codes are shown once."""
    _ = visit.words.gettext
    with visit.workspace.database.write() as session:
        secret = sessions.held(session, visit.token).get("secret", "")
        if not secret:
            return visit.go("/me/second-factor")
        try:
            codes = factors.turn_on(
                session, visit.workspace.vault, visit.by, secret, visit.form.get("code", ""), visit.now
            )
        except ConflictError:
            told = _("That code does not fit. Check the clock of the phone, and type the newest code.")
            return _factor(visit, secret, told)
        sessions.hold(session, visit.token)
    return visit.show("me_codes.html", codes=codes)


@pages.deed("/me/second-factor/off", Act.BE_THERE)
def factor_off(visit: Here) -> Response:
    """No code any more; the password is asked for."""
    _ = visit.words.gettext
    with visit.workspace.database.write() as session:
        if not passwords.fits(session, visit.by, visit.form.get("password", "")):
            return visit.go("/me", _("The password is not right. Nothing was changed."), "bad")
        factors.turn_off(session, visit.workspace.vault, visit.by, visit.by)
    return visit.go("/me", _("Signing in asks for no code any more."))


def _factor(visit: Visit, secret: str, fault: str) -> Response:
    uri = factors.address(secret, visit.by, visit.workspace.settings.clinic)
    drawn = segno.make(uri, error="m").svg_inline(omitsize=True, border=2, svgclass=None, lineclass=None)
    grouped = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    status = 409 if fault else 200
    return visit.show("me_factor.html", status, qr=Markup(drawn), secret=grouped, fault=fault)  # noqa: S704 (our own SVG)


@pages.deed("/me/sign-out-everywhere", Act.BE_THERE)
def everywhere(visit: Here) -> Response:
    """End every other session."""
    with visit.workspace.database.write() as session:
        sessions.end_all(session, visit.by, but=visit.token)
    return visit.go("/me", visit.words.gettext("You are signed in here only."))
