"""Home: what needs this member now."""

from __future__ import annotations

from fastapi.responses import Response

from outreach.console.policy import Act
from outreach.console.visit import Here, Pages
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
    return visit.show("home_now.html" if visit.part else "home.html", waiting=waiting)
