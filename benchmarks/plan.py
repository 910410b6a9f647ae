"""Planning a campaign of a million people in eight time zones: `python -m benchmarks.plan [--people N]`."""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from datetime import timedelta

from sqlalchemy import func, select, text

from benchmarks import crowd
from outreach.campaigns import planning, runs
from outreach.messages.tables import Message
from outreach.workspace import Workspace
from tests.clinic import write_campaign

DEFINITION = """\
title: bench
topic: tb
audience: {all: []}
channels: [sms]
hours: {from: "00:00", to: "24:00"}
steps:
  - {id: one, template: tb/welcome, every: "FREQ=DAILY;COUNT=1", at: "00:00"}
"""


def main() -> None:
    """Print seconds and rows a second; the median of three."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    with crowd.a_clinic(plan_ahead=timedelta(days=2)) as workspace:
        crowd.counted(workspace, chosen.people)
        write_campaign(workspace, "bench", DEFINITION)
        figures = [_once(workspace, chosen.people) for _ in range(chosen.runs)]
    seconds = statistics.median(each for each, _ in figures)
    cpu = statistics.median(each for _, each in figures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"planned {chosen.people:,} people: {seconds:.1f} s, {chosen.people / seconds:,.0f} rows/s")
    print(f"database CPU {1000 * cpu / chosen.people:.3f} ms a row; this process's peak {peak:.0f} MB")


def _once(workspace: Workspace, people: int) -> tuple[float, float]:
    runs.launch(workspace, "bench", by="bench")
    cpu, begun = crowd.database_cpu(), time.perf_counter()
    assert planning.plan(workspace) == people
    seconds, spent = time.perf_counter() - begun, crowd.database_cpu() - cpu
    with workspace.database.write() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == people
        session.execute(text("TRUNCATE message, attempt, fire, tally, run CASCADE"))
    return seconds, spent


if __name__ == "__main__":
    main()
