"""The record of what staff did: read it, and check that no line was edited, removed, moved or added."""

from __future__ import annotations

from fastapi.responses import Response
from sqlalchemy import func, select

from outreach.console.policy import Act
from outreach.console.settings import tabs
from outreach.console.visit import Here, Pages, Visit
from outreach.console.words import N_
from outreach.privacy import audit, verify
from outreach.privacy.tables import AuditLine
from outreach.privacy.verify import Verdict, Wrong

pages = Pages()

SHOWN = 50

WRONG = {
    Wrong.EDITED: N_("was edited"),
    Wrong.MISSING: N_("comes after lines that are missing"),
    Wrong.OUT_OF_PLACE: N_("does not follow the line before it"),
    Wrong.CUT_OFF: N_("was there when a checkpoint was signed, and is not there now"),
    Wrong.REWRITTEN: N_("is not the line that a checkpoint was signed over"),
    Wrong.FORGED: N_("is named by a checkpoint that this clinic did not sign"),
}


@pages.page("/settings/record", Act.SEE_RECORD)
def record(visit: Here, before: int = 0) -> Response:
    """The newest lines first."""
    return _record(visit, before, None)


@pages.deed("/settings/record/verify", Act.SEE_RECORD)
def check(visit: Here) -> Response:
    """Look at the whole chain. It changes nothing, but is work, so it is asked for."""
    with visit.workspace.database.read() as session:
        verdict = verify.verify(session, visit.workspace.vault)
    return _record(visit, 0, verdict)


def _record(visit: Visit, before: int, verdict: Verdict | None) -> Response:
    with visit.workspace.database.read() as session:
        last = session.scalar(select(func.max(AuditLine.id))) or 0
        found = audit.entries(session, visit.workspace.vault, SHOWN, before=before or last + 1)
    wrong = [(each.line, visit.words.gettext(WRONG[each.wrong])) for each in verdict.findings] if verdict else []
    older = found[0].id if found and found[0].id > 1 else 0
    return visit.show(
        "settings_record.html", tabs=tabs(visit), entries=found[::-1], older=older, verdict=verdict, wrong=wrong
    )
