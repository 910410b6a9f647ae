"""Alerts: what a coordinator or admin must look at, its clear next step, and that somebody has looked at it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path
from fastapi.responses import Response

from outreach.console import alerts_words
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.privacy import alerts
from outreach.privacy.alerts import DOINGS, AlertKind, Raised
from outreach.staff import accounts

pages = Pages()
AlertId = Annotated[int, Path(ge=1, lt=2**63)]

SHOWN = 50


def unseen(visit: Visit) -> int:
    """How many alerts nobody has looked at, 0 for whoever may not see them."""
    if not visit.may(Act.SEE_ALERTS):
        return 0
    with visit.workspace.database.read() as session:
        return alerts.count(session)


@pages.page("/alerts", Act.SEE_ALERTS)
def front(visit: Here) -> Response:
    """What nobody has looked at; or all of them. One kind of them where one asks for it."""
    given = visit.request.query_params
    kind = _kind(given.get("kind", ""))
    every = given.get("list", "") == "all"
    before = visit.before
    with visit.workspace.database.read() as session:
        listed = alerts.all_ if every else alerts.unseen
        found = listed(session, SHOWN + 1, kind=kind, before=before)
        count, names = alerts.count(session), accounts.names(session)
    more = found[SHOWN - 1].id if len(found) > SHOWN else 0
    return visit.show(
        "alerts_list.html" if visit.part else "alerts.html",
        tabs=[
            (address(), visit.words.gettext("To look at"), count),
            (address(every=True), visit.words.gettext("All of them"), None),
        ],
        tab=address(every=every),
        here=address(every=every, kind=kind),
        every=every,
        kind=kind or "",
        kinds=[("", visit.words.gettext("all")), *alerts_words.kinds(visit.words)],
        found=[alerts_words.drawn(visit, each, names, _may_clear(visit, each)) for each in found[:SHOWN]],
        more=address(every=every, kind=kind, before=more) if more else "",
        first=before is None,
    )


def _kind(given: str) -> AlertKind | None:
    return AlertKind(given) if given in set(AlertKind) else None


def address(*, every: bool = False, kind: AlertKind | None = None, before: int = 0) -> str:
    """Where a list of alerts stands."""
    named = {"list": "all" if every else "", "kind": kind or "", "before": str(before) if before else ""}
    query = urlencode({name: value for name, value in named.items() if value})
    return f"/alerts?{query}" if query else "/alerts"


def _owner(each: Raised) -> str | None:
    """Whose doing it tells of: she cannot be the one who has looked at it."""
    return each.about if each.kind in DOINGS else None


def _may_clear(visit: Visit, each: Raised) -> bool:
    return visit.may(Act.CLEAR_ALERTS, _owner(each))


@pages.deed("/alerts/{alert_id}/seen", Act.CLEAR_ALERTS)
def seen(visit: Here, alert_id: AlertId) -> Response:
    """Somebody has looked at one; it is in the record who."""
    with visit.workspace.database.write() as session:
        visit.need(Act.CLEAR_ALERTS, _owner(alerts.get(session, alert_id)))
        alerts.seen(session, visit.workspace.vault, alert_id, visit.by)
    every, kind = visit.form.get("list") == "all", _kind(visit.form.get("kind", ""))
    return visit.go(address(every=every, kind=kind), visit.words.gettext("You have looked at it."))
