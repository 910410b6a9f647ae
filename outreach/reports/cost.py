"""What campaigns cost, month by month, by the clinic's own price list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from outreach.messages.status import CARRIED
from outreach.reports.contract import Chart, Column, Filter, Measure, Row, Scope, Shape
from outreach.reports.figures import Sum, add_up, sums, within
from outreach.reports.periods import months
from outreach.reports.ran import named, ran

TITLE = "Cost"
ABOUT = "What was sent and what it cost, by month and campaign."
EMPTY = "Nothing was sent yet. What a campaign will cost: outreach campaign plan NAME"
FILTERS = frozenset(Filter)
CHART = Chart(Shape.LINES, "month", ("cost",))

COLUMNS: Sequence[Column] = (
    Column("month", Measure.MONTH, "of the first due moment, at the clinic"),
    Column("campaign", Measure.TEXT, "the campaign; empty outside campaigns"),
    Column("run", Measure.TEXT, "the number of its run; empty outside campaigns"),
    Column("sent", Measure.COUNT, "messages that the provider has"),
    Column("parts", Measure.COUNT, "SMS parts of these"),
    Column("cost", Measure.MONEY, "of these, by the clinic's price list"),
)


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per month and run in which something was sent."""
    lines: dict[tuple[date, int], list[Sum]] = defaultdict(list)
    for each in sums(session, within=within(scope), by=("run_id", "day")):
        if each.cell.state in CARRIED:
            lines[months(each.cell.day), each.cell.run_id].append(each)
    runs = ran(session, {run for _, run in lines})
    made: list[Row] = []
    for month, run in sorted(lines, key=lambda line: (line[0], line[1] == 0, line[1])):
        found = add_up(lines[month, run])
        costs = {"sent": found.sent, "parts": found.parts, "cost": found.cost}
        made.append({"month": month, **named(runs, run), **costs})
    return made
