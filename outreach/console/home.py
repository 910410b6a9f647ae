"""Home: what needs this member now."""

from __future__ import annotations

from fastapi.responses import Response

from outreach.campaigns import approvals
from outreach.campaigns.approvals import Proposed
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.threads import inbox
from outreach.threads.inbox import Summary
from outreach.threads.tables import ThreadState

pages = Pages()

SHOWN = 5


@pages.page("/", Act.BE_THERE)
def home(visit: Here) -> Response:
    """What needs me now."""
    waiting: list[Summary] = []
    if visit.may(Act.SEE_THREADS):
        with visit.workspace.database.read() as session:
            waiting = inbox.waiting(session, [ThreadState.WAITING], limit=SHOWN)
    page = "home_now.html" if visit.part else "home.html"
    return visit.show(page, waiting=waiting, proposals=_to_approve(visit))


def _to_approve(visit: Visit) -> list[Proposed]:
    """Campaigns that wait for this member's yes or no: what somebody else proposed."""
    if not visit.may(Act.APPROVE_CAMPAIGNS):
        return []
    with visit.workspace.database.read() as session:
        found = approvals.waiting(session, visit.workspace.vault)
    return [each for each in found if visit.may(Act.APPROVE_CAMPAIGNS, each.proposed_by)]
