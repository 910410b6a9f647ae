"""Home: what needs this member now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi.responses import Response
from sqlalchemy import select

from outreach.audience.tables import Endpoint, lost
from outreach.campaigns import approvals
from outreach.campaigns.approvals import Proposed
from outreach.console import alerts, reveals, settings
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.threads import inbox, reveal_lists
from outreach.threads.inbox import Summary
from outreach.threads.reveals import Stage
from outreach.threads.tables import ThreadState

pages = Pages()

SHOWN = 5
MANY = 100


@pages.page("/", Act.BE_THERE)
def home(visit: Here) -> Response:
    """What needs me now."""
    waiting: list[Summary] = []
    if visit.may(Act.SEE_THREADS):
        with visit.workspace.database.read() as session:
            waiting = inbox.waiting(session, [ThreadState.WAITING], limit=SHOWN)
    trouble = [each for each in settings.health(visit) if each.halted_until] if visit.may(Act.SEE_SETTINGS) else []
    page = "home_now.html" if visit.part else "home.html"
    return visit.show(
        page,
        waiting=waiting,
        proposals=_to_approve(visit),
        trouble=trouble,
        phone=_to_phone(visit),
        unseen=alerts.unseen(visit),
        **_reveals(visit),
    )


def _to_phone(visit: Visit) -> int:
    """How many numbers stopped working this week, counted up to MANY: somebody should phone their owners."""
    if not visit.may(Act.SEE_FAILED_PEOPLE):
        return 0
    week = visit.now - timedelta(days=7)
    new = select(Endpoint.person_id).where(lost(), Endpoint.changed_at > week)
    with visit.workspace.database.read() as session:
        return len(session.scalars(new.limit(MANY)).all())


def _reveals(visit: Visit) -> dict[str, Any]:
    """Reveals that wait for this member's yes, no or second look, and what may be looked at now."""
    decide = reveals.to_decide(visit, SHOWN + 1)
    with visit.workspace.database.read() as session:
        mine = reveal_lists.mine(session, visit.by) if visit.may(Act.ASK_REVEAL) else {}
    ready = [each for each in mine.values() if each.stage is Stage.OPEN]
    return {"decide": reveals.drawn(visit, decide[:SHOWN]), "more_to_decide": len(decide) > SHOWN, "ready": ready}


def _to_approve(visit: Visit) -> list[Proposed]:
    """Campaigns that wait for this member's yes or no: what somebody else proposed."""
    if not visit.may(Act.APPROVE_CAMPAIGNS):
        return []
    with visit.workspace.database.read() as session:
        found = approvals.waiting(session, visit.workspace.vault)
    return [each for each in found if visit.may(Act.APPROVE_CAMPAIGNS, each.proposed_by)]
