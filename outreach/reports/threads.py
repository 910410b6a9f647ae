"""How long people waited for a helper's answer, and whether the promise was kept: from roll-ups, never from threads."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.messages.tables import ThreadTally
from outreach.reports.contract import Chart, Column, Filter, Measure, Row, Scope, Shape
from outreach.threads import waits
from outreach.threads.waits import Event

TITLE = "Answers"
ABOUT = "How long people waited for an answer, and whether the promised time was kept."
EMPTY = "Nobody has written yet. Whoever answers a campaign opens a conversation."
FILTERS = frozenset({Filter.DATES})
CHART = Chart(Shape.LINES, "period", ("median", "slowest_tenth"), split="programme")

_OURS = {"about": "asked"}
COLUMNS: Sequence[Column] = (
    Column("period", Measure.DAY, "the first day of the week or month in which they wrote"),
    Column("programme", Measure.TEXT, "whose helpers answer"),
    Column("opened", Measure.PEOPLE, "conversations that began"),
    Column("asked", Measure.PEOPLE, "times that somebody wrote and waited for an answer"),
    Column("answered", Measure.COUNT, "of these: answered by a helper since", **_OURS),
    Column("in_time", Measure.COUNT, "of the answered ones: within the promised time", **_OURS),
    Column("closed", Measure.COUNT, "closed without an answer", **_OURS),
    Column("waiting", Measure.COUNT, "still waiting", **_OURS),
    Column("kept", Measure.SHARE, "answered in time, of all who asked", **_OURS),
    Column("median", Measure.MINUTES, "half of the answers came within so long, give or take a twentieth", **_OURS),
    Column("slowest_tenth", Measure.MINUTES, "nine of ten answers came within so long", **_OURS),
)

_ANSWERS = (Event.ANSWERED, Event.LATE)


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per period and programme."""
    query = select(
        ThreadTally.day, ThreadTally.programme, ThreadTally.what, ThreadTally.span, func.sum(ThreadTally.count)
    )
    by = (ThreadTally.day, ThreadTally.programme, ThreadTally.what, ThreadTally.span)
    lines: dict[tuple[date, str], Counter[tuple[str, int]]] = defaultdict(Counter)
    for day, programme, what, span, count in session.execute(query.group_by(*by)):
        lines[scope.period.of(day), programme][what, span] += int(count)
    return [_row(scope, *line, lines[line]) for line in sorted(lines) if scope.holds(line[0])]


def _row(scope: Scope, begins: date, programme: str, counts: Counter[tuple[str, int]]) -> Row:
    seen: Counter[str] = Counter()
    spans: Counter[int] = Counter()
    for (what, span), count in counts.items():
        seen[what] += count
        spans[span] += count if what in _ANSWERS else 0
    asked, answered = seen[Event.ASKED], sum(seen[event] for event in _ANSWERS)
    return {
        "period": begins,
        "programme": programme,
        "opened": seen[Event.OPENED],
        "asked": asked,
        "answered": answered,
        "in_time": seen[Event.ANSWERED],
        "closed": seen[Event.CLOSED],
        "waiting": asked - answered - seen[Event.CLOSED],
        "kept": round(seen[Event.ANSWERED] / asked, 4) if asked else None,
        "median": _within(spans, 0.5),
        "slowest_tenth": _within(spans, 0.9),
    }


def _within(spans: Counter[int], share: float) -> float | None:
    """Minutes within which this share of the answers came."""
    wanted, reached = share * spans.total(), 0
    for span in sorted(spans):
        reached += spans[span]
        if reached >= wanted and reached:
            return round(waits.seconds(span) / 60, 1)
    return None
