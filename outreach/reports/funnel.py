"""From the plan to the answer: how far the messages of each run came, and how many people wrote back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.channels.contract import Kind
from outreach.messages.status import RunState, State
from outreach.messages.tables import Run, Tally
from outreach.reports.contract import SO_FAR, Chart, Column, Filter, Measure, Row, Scope, Shape
from outreach.reports.figures import Sum, add_up, of_runs, sums
from outreach.store import dialects
from outreach.threads.inbound import ATTRIBUTED

TITLE = "From plan to answer"
ABOUT = "How far the messages of each campaign came, and how many people wrote back."
EMPTY = "No campaign was launched yet. Launch one: outreach campaign launch NAME"
FILTERS = frozenset(Filter)
CHART = Chart(Shape.BARS, "campaign", ("planned", "sent", "delivered", "replied"))

COLUMNS: Sequence[Column] = (
    Column("campaign", Measure.TEXT, "the campaign"),
    Column("run", Measure.TEXT, "the number of its run"),
    Column("launched", Measure.DAY, "when it was launched, at the clinic"),
    SO_FAR,
    Column("planned", Measure.COUNT, "all messages to people, whatever became of them"),
    Column("sent", Measure.COUNT, "the provider has it"),
    Column("delivered", Measure.COUNT, "of the sent ones: arrived"),
    Column("read", Measure.COUNT, "of the delivered ones: pushes that the app acknowledged; of texts nobody knows"),
    Column("replied", Measure.PEOPLE, "people who wrote back, each counted once in a run"),
)

_OVER = frozenset({RunState.FINISHED, RunState.CANCELLED})
_SETTLES = ATTRIBUTED + timedelta(days=1)  # until then an answer may still belong to it


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per run that was launched on the days asked about, the newest first."""
    query = select(Run.id, Run.campaign, Run.state, Run.launched_at, Run.changed_at)
    found = session.execute(query.where(*of_runs(scope)).order_by(Run.id.desc()))
    runs = [run for run in found if scope.holds(dialects.day(session, run.launched_at))]
    lines: dict[int, list[Sum]] = defaultdict(list)
    for each in sums(session, within=[Tally.run_id.in_([run.id for run in runs])], by=("run_id",)):
        lines[each.cell.run_id].append(each)
    made: list[Row] = []
    for run in runs:
        over = run.state in _OVER and run.changed_at + _SETTLES < scope.at
        launched = dialects.day(session, run.launched_at)
        key = {"campaign": run.campaign, "run": str(run.id), "launched": launched, "so_far": "" if over else "yes"}
        made.append(key | _came(lines[run.id]))
    return made


def _came(cells: list[Sum]) -> dict[str, int]:
    found = add_up(cells)
    read = (each for each in cells if each.cell.state == State.DELIVERED and each.cell.kind == Kind.PUSH)
    return {
        "planned": found.planned,
        "sent": found.sent,
        "delivered": found.delivered,
        "read": sum(each.messages for each in read),
        "replied": sum(each.people for each in cells),
    }
