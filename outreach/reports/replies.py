"""What people wrote, day by day: how it was understood, and how long they waited for the first answer of a helper."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.messages.status import Purpose, State
from outreach.messages.tables import Message, Tally
from outreach.reports.contract import DAYS, Column, Measure, Row, Scope
from outreach.reports.figures import IN_THREADS
from outreach.threads.keywords import Verb
from outreach.threads.tables import Thread

TITLE = f"Replies in the last {DAYS} days"
EMPTY = "Nobody has written yet."
BY_RUN = False

COLUMNS: Sequence[Column] = (
    Column("day", Measure.DAY, "when the text came or the thread was opened, at the clinic"),
    Column("texts", Measure.COUNT, "texts from people"),
    Column("threads", Measure.COUNT, "of the texts: went into a conversation"),
    Column("keywords", Measure.COUNT, "of the texts: understood as a keyword"),
    Column("opened", Measure.COUNT, "conversations that began"),
    Column("answered", Measure.COUNT, "of the opened ones: answered by a helper since"),
    Column("first_answer", Measure.MINUTES, "median minutes from the opening to the helper's first answer"),
    *(Column(f"keywords:{verb}", Measure.COUNT, f"understood as {verb.upper()}", "keywords") for verb in Verb),
)


@dataclass(slots=True)
class _Day:
    """What one day saw. `waits`: minutes until the first answer, of the threads that have one."""

    outcomes: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    waits: list[float] = field(default_factory=list)


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per day on which somebody wrote."""
    days: dict[date, _Day] = defaultdict(_Day)
    _outcomes(session, scope, days)
    _threads(session, scope, days)
    return [_row(day, days[day]) for day in sorted(days)]


def _outcomes(session: Session, scope: Scope, days: dict[date, _Day]) -> None:
    query = (
        select(Tally.day, Tally.reason, func.sum(Tally.messages))
        .where(Tally.state == State.RECEIVED, Tally.day >= scope.first_day)
        .group_by(Tally.day, Tally.reason)
    )
    for day, outcome, count in session.execute(query):
        days[day].outcomes[outcome] += int(count)


def _threads(session: Session, scope: Scope, days: dict[date, _Day]) -> None:
    answer = (Message.thread_id == Thread.id) & (Message.purpose == Purpose.REPLY) & (Message.direction == "out")
    query = (
        select(Thread.opened_at, func.min(Message.created_at))
        .outerjoin(Message, answer)
        .where(Thread.opened_at >= scope.since)
        .group_by(Thread.id, Thread.opened_at)
    )
    for opened, answered in session.execute(query):
        day = days[scope.day_of(opened)]
        day.opened += 1
        if answered is not None:
            day.waits.append((answered - opened).total_seconds() / 60)


def _row(day: date, seen: _Day) -> Row:
    keywords = {f"keywords:{verb}": seen.outcomes[f"keyword:{verb}"] for verb in Verb}
    return {
        "day": day,
        "texts": sum(seen.outcomes.values()),
        "threads": sum(seen.outcomes[outcome] for outcome in IN_THREADS),
        "keywords": sum(keywords.values()),
        "opened": seen.opened,
        "answered": len(seen.waits),
        "first_answer": round(median(seen.waits), 1) if seen.waits else None,
        **keywords,
    }
