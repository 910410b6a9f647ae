"""Handsets: in the demo, the phones of simulated people in the simulator's own page, and beside them what the clinic
sees: a report that fills up, and conversations under made-up names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.console.policy import Act
from outreach.console.reports_words import SAID
from outreach.console.visit import Here, Pages, Visit
from outreach.messages.status import State
from outreach.messages.tables import Message, Run
from outreach.reports.figures import Figures, figures
from outreach.threads import inbox
from outreach.threads.tables import Thread

pages = Pages()

SHOWN = 6  # conversations
_NOT_ARRIVED = (State.UNDELIVERED, State.FAILED, State.REFUSED, State.CANCELLED, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Launch:
    """What was launched last, and what became of it so far. `mishaps`: how often, why; the most frequent first."""

    name: str
    title: str
    figures: Figures
    mishaps: list[tuple[int, str]]


@pages.page("/handsets", Act.SEE_HANDSETS)
def handsets(visit: Here) -> Response:
    """The phones; outside the demo there are none."""
    if not visit.desk.demo:
        raise HTTPException(404)
    launch = _launch(visit) if visit.may(Act.SEE_CAMPAIGNS) else None
    page = "handsets_now.html" if visit.part else "handsets.html"
    return visit.show(page, launch=launch, **_threads(visit))


def _launch(visit: Visit) -> Launch | None:
    with visit.workspace.database.read() as session:
        run = session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one_or_none()
        if run is None:
            return None
        found = figures(session, run.id)
        name, title = run.campaign, str(run.frozen["title"])
    return Launch(name, title, found, mishaps(visit, found))


def mishaps(visit: Visit, found: Figures) -> list[tuple[int, str]]:
    """What did not arrive, by reason, in words."""
    made = [
        (count, visit.words.gettext(SAID[reason]) if reason in SAID else reason.replace("_", " "))
        for state in _NOT_ARRIVED
        for reason, count in found.reasons.get(state, {}).items()
    ]
    return sorted(made, key=lambda each: (-each[0], each[1]))


def _threads(visit: Visit) -> dict[str, Any]:
    """Conversations, those with the newest text from a person first."""
    if not visit.may(Act.SEE_THREADS):
        return {"newest": [], "last": {}}
    with visit.workspace.database.read() as session:
        ids = _newest(session)
    shown = [inbox.show(visit.workspace, thread_id).summary for thread_id in ids]
    return {"newest": shown, "last": inbox.last_words(visit.workspace, ids)}


def _newest(session: Session) -> list[int]:
    newest = (
        select(Thread.id)
        .join(Message, Message.thread_id == Thread.id)
        .where(Message.direction == "in")
        .group_by(Thread.id)
        .order_by(func.max(Message.id).desc())
        .limit(SHOWN)
    )
    return list(session.scalars(newest))
