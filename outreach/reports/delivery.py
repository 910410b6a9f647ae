"""What became of every message, by step and day: read from the roll-ups, so that ten million cost what a thousand do.

Days are of the first due moment. Messages outside runs (answers of helpers, confirmations, invitations) have no
campaign, and what they are for stands as their step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy.orm import Session

from outreach.channels.contract import Cause
from outreach.messages.status import Failure, Refusal, State, Withdrawal
from outreach.reports.contract import Chart, Column, Filter, Measure, Row, Scope, Shape, Value
from outreach.reports.figures import Figures, Sum, add_up, sums, within
from outreach.reports.ran import Ran, ran

TITLE = "Delivery"
ABOUT = "What became of every message, by campaign, step and day."
EMPTY = "Nothing is planned yet: a step is written into the queue shortly before it is due."
FILTERS = frozenset(Filter)
CHART = Chart(Shape.LINES, "day", ("sent", "delivered", "failed"))

#: What people did or what happened to them, rather than to a line: never told by day, as it may be of one person.
ACTS = frozenset(
    {
        *(Refusal.STOPPED, Refusal.FORGOTTEN, Refusal.SILENT),
        *(Withdrawal.PAUSED, Withdrawal.LOSS, Withdrawal.ENDED, Withdrawal.HANDED_OVER),
        Cause.OPTED_OUT,
    }
)

#: Every other reason there is, by the figure that it explains. A new one shows up as a column by itself.
REASONS: Mapping[str, tuple[str, ...]] = {
    "undelivered": tuple(reason for reason in (*Cause, *Failure) if reason not in ACTS),
    "failed": tuple(reason for reason in (*Cause, *Failure) if reason not in ACTS),
    "refused": tuple(reason for reason in Refusal if reason not in ACTS),
    "cancelled": tuple(reason for reason in Withdrawal if reason not in ACTS),
}
UNNAMED = "unnamed"  # an act of somebody, no reason, or one that is in no list any more: the sum holds all the same


def _reasons() -> Iterable[Column]:
    for of, reasons in REASONS.items():
        for reason in (*reasons, UNNAMED):
            yield Column(f"{of}:{reason}", Measure.COUNT, f"{of}: {reason.replace('_', ' ')}", of)


COLUMNS: Sequence[Column] = (
    Column("campaign", Measure.TEXT, "the campaign; empty outside campaigns"),
    Column("run", Measure.TEXT, "the number of its run; empty outside campaigns"),
    Column("step", Measure.TEXT, "the step; outside campaigns what the message is for"),
    Column("day", Measure.DAY, "of the first due moment, at the clinic"),
    Column("kind", Measure.TEXT, "sms or push"),
    Column("planned", Measure.COUNT, "all messages to people, whatever became of them"),
    Column("waiting", Measure.COUNT, "not yet handed over"),
    Column("sent", Measure.COUNT, "the provider has it"),
    Column("delivered", Measure.COUNT, "of the sent ones: arrived"),
    Column("undelivered", Measure.COUNT, "of the sent ones: did not arrive, or nobody read the push in time"),
    Column("unknown", Measure.COUNT, "handed over, perhaps: evidence is being looked for"),
    Column("failed", Measure.COUNT, "will not arrive"),
    Column("refused", Measure.COUNT, "we did not send, for a reason of ours"),
    Column("cancelled", Measure.COUNT, "withdrawn while waiting"),
    Column("expired", Measure.COUNT, "too old to be useful when its turn came"),
    Column("parts", Measure.COUNT, "SMS parts of what was sent"),
    Column("cost", Measure.MONEY, "of what was sent, by the clinic's price list"),
    *_reasons(),
)


class _Line(NamedTuple):
    """What one row is about."""

    run_id: int
    step: str
    day: date
    kind: str


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per run, step, day and kind; steps in the order of the campaign's file."""
    lines: dict[_Line, list[Sum]] = defaultdict(list)
    for each in sums(session, within=within(scope), by=_Line._fields):
        if each.cell.state != State.RECEIVED:
            lines[_Line(*each.cell[:4])].append(each)
    runs = ran(session, {line.run_id for line in lines})
    return [_row(line, runs, add_up(lines[line])) for line in sorted(lines, key=lambda line: _place(line, runs))]


def _place(line: _Line, runs: Mapping[int, Ran]) -> tuple[bool, int, int, _Line]:
    """Where a line stands: runs by number, what belongs to none at the end; then by the campaign's own order."""
    steps = runs[line.run_id].steps if line.run_id in runs else []
    return line.run_id == 0, line.run_id, steps.index(line.step) if line.step in steps else len(steps), line


def _row(line: _Line, runs: Mapping[int, Ran], found: Figures) -> Row:
    row: dict[str, Value] = {
        "campaign": runs[line.run_id].campaign if line.run_id in runs else "",
        "run": str(line.run_id) if line.run_id else "",
        "step": line.step,
        "day": line.day,
        "kind": line.kind,
    }
    row |= zip(_FIGURES, _figures(found), strict=True)
    row |= _NO_REASONS  # most of them: a row names what did happen
    for of in REASONS:
        rest = getattr(found, of)
        for reason, count in found.reasons.get(of, {}).items():
            if (name := f"{of}:{reason}") in _NO_REASONS and reason != UNNAMED:
                row[name] = count
                rest -= count
        row[f"{of}:{UNNAMED}"] = rest
    return row


_FIGURES = [column.name for column in COLUMNS if not column.is_key and not column.of]
_figures = attrgetter(*_FIGURES)
_NO_REASONS: Mapping[str, int] = {column.name: 0 for column in COLUMNS if column.of}
