"""Why messages did not arrive or did not go: one line for each reason, the commonest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.orm import Session

from outreach.messages.status import State
from outreach.reports.contract import Chart, Column, Filter, Measure, Row, Scope, Shape
from outreach.reports.delivery import ACTS, REASONS, UNNAMED
from outreach.reports.figures import sums, within
from outreach.reports.ran import named, ran

TITLE = "Reasons"
ABOUT = "Why messages did not arrive, or why we did not send them."
EMPTY = "Every message that was sent has arrived or is on its way: there is no reason to tell."
FILTERS = frozenset(Filter)
CHART = Chart(Shape.BARS, "reason", ("messages",))

COLUMNS: Sequence[Column] = (
    Column("campaign", Measure.TEXT, "the campaign; empty outside campaigns"),
    Column("run", Measure.TEXT, "the number of its run; empty outside campaigns"),
    Column("became", Measure.TEXT, "undelivered, failed, refused or cancelled"),
    Column("reason", Measure.TEXT, "the provider's word, or ours"),
    Column("messages", Measure.COUNT, "how many"),
    Column("share", Measure.SHARE, "of all messages that were planned in this run"),
)


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per run, what became of messages, and why."""
    counts: Counter[tuple[int, str, str]] = Counter()
    planned: Counter[int] = Counter()
    for cell, messages, *_ in sums(session, within=within(scope), by=("run_id",)):
        if cell.state == State.RECEIVED:
            continue
        planned[cell.run_id] += messages
        if cell.state in REASONS:
            known = cell.reason in REASONS[cell.state] or cell.reason in ACTS
            counts[cell.run_id, cell.state, cell.reason if known else UNNAMED] += messages
    counts = _told(counts, scope)
    runs = ran(session, planned)
    order = sorted(counts, key=lambda each: (each[0] == 0, each[0], -counts[each], each))
    return [
        named(runs, run)
        | {
            "became": str(became),
            "reason": str(reason),
            "messages": counts[run, became, reason],
            "share": round(counts[run, became, reason] / planned[run], 4),
        }
        for run, became, reason in order
    ]


def _told(counts: Counter[tuple[int, str, str]], scope: Scope) -> Counter[tuple[int, str, str]]:
    """The same, with what few people did among the unnamed; and all that people did where days were asked about, of
    which one could be taken from another.
    """
    narrowed = scope.first is not None or scope.last is not None
    told: Counter[tuple[int, str, str]] = Counter()
    for (run, became, reason), count in counts.items():
        hidden = reason in ACTS and (narrowed or count < scope.few)
        told[run, became, UNNAMED if hidden else reason] += count
    return told
