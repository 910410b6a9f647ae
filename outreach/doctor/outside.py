"""Others whom we call: programs that are told what happened, and the provider that says who somebody of staff is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from outreach.doctor.contract import Finding, fault, ok, told, warning
from outreach.errors import ConflictError
from outreach.hooks import health
from outreach.hooks.health import Told
from outreach.hooks.tables import Telling
from outreach.staff import openid
from outreach.workspace import Workspace

#: What was never tried for so long has nobody who does it; what fails for so long is no passing fault.
UNTRIED = timedelta(minutes=5)
FAILING = timedelta(hours=1)
PAUSED = timedelta(days=1)

#: What to do, by how the last call ended; a status is told apart below.
_REMEDIES = {
    "name_unknown": "Its host name means nothing here: see DNS, or end the webhook.",
    "address_private": "Its host name leads into a private network, which is not called from here.",
    "address_refused": "Its address is not https, or is a private one: end it and add it anew.",
    "certificate": "Its certificate does not hold: renew it on the other side.",
    "timeout": "It answers too late: it should say 2xx at once and do its work afterwards.",
    "too_old": "It waited for thirty days, as while a webhook is paused: nobody may miss it any more.",
    "unreachable": "See that its program runs and that this machine's workers may reach it.",
}


def hooks(workspace: Workspace) -> Iterator[Finding]:
    """Whether every program that is to be told hears it."""
    with workspace.database.read() as session:
        found = [each for each in health.everyone(session) if each.ended_at is None]
    now = workspace.database.now()
    for each in found:
        yield _hook(each, now, workspace.settings.hooks_alert_after)


def _hook(each: Told, now: datetime, alert_after: timedelta) -> Finding:
    waiting, given_up = (each.counts.get(state, 0) for state in (Telling.WAITING, Telling.GIVEN_UP))
    waited = now - each.due_since if each.due_since else timedelta()
    if each.paused_at is not None:
        seen = f"{each.name}: paused for {told(now - each.paused_at)}, {waiting} wait"
        late = waiting and now - each.paused_at > PAUSED
        return warning("hooks", seen, f"outreach hooks resume {each.name}, or end it.") if late else ok("hooks", seen)
    fails = health.fails_for(each, now)
    if fails > FAILING:
        seen = f"{each.name}: hears nothing for {told(fails)}, {waiting} wait ({each.failure})"
        return (fault if fails > alert_after else warning)("hooks", seen, _remedy(each))
    if waited > UNTRIED:
        seen = f"{each.name}: {waiting} wait, for {told(waited)}, and nobody tries"
        return fault("hooks", seen, "Start a beat and a worker: `outreach up`, or both by themselves.")
    if given_up:
        remedy = f"{_remedy(each)} Then: outreach hooks redeliver {each.name}"
        return warning("hooks", f"{each.name}: {given_up} were given up ({each.failure})", remedy)
    last = f", last heard {told(now - each.told_at)} ago" if each.told_at else ""
    return ok("hooks", f"{each.name}: {waiting} wait{last}")


def _remedy(each: Told) -> str:
    if each.failure in {"401", "403"}:
        return f"It does not believe our signature: give it the secret anew (outreach hooks rotate {each.name})."
    if each.failure.isdecimal():
        return f"It answers {each.failure}, not 2xx: look at its own log."
    return _REMEDIES.get(each.failure, "See that its program runs.")


def sign_in(workspace: Workspace) -> Iterator[Finding]:
    """Whether the provider that staff sign in with answers as one, if one is set."""
    settings = workspace.settings
    if bool(settings.oidc_issuer) != bool(settings.oidc_client):
        remedy = "Set both OUTREACH_OIDC_ISSUER and OUTREACH_OIDC_CLIENT, or neither."
        yield fault("sign-in", "of the provider only one half is set, so nobody can use it", remedy)
    provider = openid.configured(settings)
    if provider is None:
        return
    try:
        count = provider.look()
    except ConflictError as error:
        remedy = (
            f"Open {settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration from this machine: its issuer"
            " must be OUTREACH_OIDC_ISSUER letter by letter, and its addresses https. Staff sign in with a password"
            " or a passkey meanwhile."
        )
        yield fault("sign-in", f"{settings.oidc_name}: {str(error)[0].lower()}{str(error)[1:].rstrip('.')}", remedy)
        return
    keys = f"{count} key{'' if count == 1 else 's'}"
    yield ok("sign-in", f"{settings.oidc_name} answers as the issuer that is set, with {keys}")
