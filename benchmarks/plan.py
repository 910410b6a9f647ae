"""Planning a campaign in eight time zones, on the server. A row of the bench."""

from __future__ import annotations

import resource
import time
from datetime import timedelta

from sqlalchemy import func, select, text

from benchmarks import crowd
from benchmarks.contract import Figures, Size
from outreach.campaigns import planning, runs
from outreach.messages.tables import Message
from outreach.workspace import Workspace
from tests.clinic import write_campaign

MILLION = 1_000_000

DEFINITION = """\
title: bench
topic: tb
audience: {all: []}
channels: [sms]
hours: {from: "00:00", to: "24:00"}
steps:
  - {id: one, template: tb/welcome, every: "FREQ=DAILY;COUNT=1", at: "00:00"}
"""


def planned(size: Size) -> list[Figures]:
    """Seconds, as they would be for a million people; ms of the database's CPU a row; this process's memory in MB."""
    with crowd.a_clinic(plan_ahead=timedelta(days=2)) as workspace:
        crowd.counted(workspace, size.count)
        write_campaign(workspace, "bench", DEFINITION)
        return [_once(workspace, size.count) for _ in range(size.runs)]


def _once(workspace: Workspace, people: int) -> Figures:
    runs.launch(workspace, "bench", by="bench")
    cpu, begun = crowd.database_cpu(), time.perf_counter()
    assert planning.plan(workspace) == people
    seconds, spent = time.perf_counter() - begun, crowd.database_cpu() - cpu
    with workspace.database.write() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == people
        session.execute(text("TRUNCATE message, attempt, fire, tally, run CASCADE"))
    return {
        "seconds": seconds * MILLION / people,
        "cpu_database": 1000 * spent / people,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
