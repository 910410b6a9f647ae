"""How many agreed, paused and stopped, by day and topic: from the ledger, which keeps every line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.consent import ALL, Consent, ConsentState
from outreach.reports.contract import DAYS, Column, Measure, Row, Scope

TITLE = f"Consent in the last {DAYS} days"
EMPTY = "Nobody agreed to anything or was invited. Take people in: outreach people import FILE --topic TOPIC"
BY_RUN = False

COLUMNS: Sequence[Column] = (
    Column("day", Measure.DAY, "when it was written down, at the clinic"),
    Column("topic", Measure.TEXT, "what it is about; `all`: a STOP of everything, or the START that lifts it"),
    *(Column(state.value, Measure.COUNT, f"lines of the ledger that say {state}") for state in ConsentState),
)


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per day and topic.

    Lines that were written in one go share their moment, so an import comes from the database as a few groups.
    """
    query = (
        select(Consent.at, Consent.topic, Consent.state, func.count())
        .where(Consent.at >= scope.since)
        .group_by(Consent.at, Consent.topic, Consent.state)
    )
    lines: dict[tuple[date, str], Counter[str]] = defaultdict(Counter)
    for at, topic, state, count in session.execute(query):
        lines[scope.day_of(at), "all" if topic == ALL else topic][state] += count
    return [
        {"day": day, "topic": topic, **{state.value: lines[day, topic][state] for state in ConsentState}}
        for day, topic in sorted(lines)
    ]
