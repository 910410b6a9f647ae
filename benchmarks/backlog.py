"""What a claim costs in front of a backlog, and in front of twice as long a one. A row of the bench."""

from __future__ import annotations

import time
from datetime import timedelta
from statistics import median

from sqlalchemy import func, select, text, update

from benchmarks import crowd
from benchmarks.contract import Figures, Size
from benchmarks.plan import DEFINITION
from outreach.campaigns import planning, runs
from outreach.delivery import queue
from outreach.messages.status import Lane
from outreach.messages.tables import Message, Sender
from outreach.workspace import Workspace
from tests.clinic import write_campaign

BATCH, CLAIMS = 500, 20


def grown(size: Size) -> list[Figures]:
    """Milliseconds of a claim of 500 at `count` queued rows and at twice as many; the second over the first."""
    with crowd.a_clinic(plan_ahead=timedelta(days=2)) as workspace:
        crowd.counted(workspace, size.count)
        write_campaign(workspace, "bench", DEFINITION)
        runs.launch(workspace, "bench", by="bench")
        planning.plan(workspace)
        single = [_claims(workspace) for _ in range(size.runs)]
        _twice(workspace)
        double = [_claims(workspace) for _ in range(size.runs)]
    return [{"single": one, "double": two, "grown": two / one} for one, two in zip(single, double, strict=True)]


def _twice(workspace: Workspace) -> None:
    columns = [each.name for each in Message.__table__.columns if each.name not in {"id", "dedupe_key"}]
    with workspace.database.write() as session:
        at = session.scalar(select(func.max(Message.id))) or 0
        names = ", ".join(columns)
        session.execute(
            text(
                f"INSERT INTO message (id, dedupe_key, {names}) "
                f"SELECT :at + row_number() OVER (), 'again:' || dedupe_key, {names} FROM message WHERE id <= :at"
            ),
            {"at": at},
        )
    crowd.analyze(workspace)


def _claims(workspace: Workspace) -> float:
    """The median of some claims, each given back afterwards, so that the backlog stays as long as it is."""
    with workspace.database.write() as session:
        session.execute(update(Message).values(due_at=func.now()))
        session.execute(update(Sender).values(pace=100_000))
    crowd.analyze(workspace)
    took = []
    for _ in range(CLAIMS):
        with workspace.database.read() as session:
            begun = time.perf_counter()
            queue.claim(session, "twilio", Lane.BULK, BATCH, 60, None)
            took.append(1000 * (time.perf_counter() - begun))
            session.rollback()
    return median(took)
