"""How many agreed, paused and left, by topic, and why where they said so: from the roll-up of the ledger, which keeps
every line.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.consent import ConsentTally, Source, Turn
from outreach.consent.reasons import Reason
from outreach.messages.status import State
from outreach.messages.tables import Run, Tally
from outreach.reports.contract import SO_FAR, Chart, Column, Filter, Measure, Row, Scope, Shape, Value

TITLE = "Consent"
ABOUT = "How many people agreed to each topic and how many left it."
EMPTY = "Nobody agreed to anything or was invited. Take people in: outreach people import FILE --topic TOPIC"
FILTERS = frozenset({Filter.TOPIC, Filter.DATES})
CHART = Chart(Shape.LINES, "period", ("joined", "left"), split="topic")

_HOW = {
    Source.FILE: "an imported file said so",
    Source.STAFF: "staff wrote it down",
    Source.TEXT: "by a text of theirs",
    Source.PROVIDER: "the provider told us of their STOP",
    Source.IMPORT: "by an import",
}
_WHY = {
    Reason.TOO_MANY: "too many texts",
    Reason.SEEN: "others read the phone",
    Reason.NOT_ME: "it is not their number",
    Reason.DONE: "the treatment is over",
    Reason.USELESS: "the texts are of no use",
    Reason.ELSEWHERE: "cared for elsewhere",
}
_UNSAID = "unsaid"
COLUMNS: Sequence[Column] = (
    Column("period", Measure.DAY, "the first day of the week or month in which it was written down"),
    Column("topic", Measure.TEXT, "what it is about"),
    SO_FAR,
    Column("invited", Measure.PEOPLE, "were asked whether they agree"),
    Column("joined", Measure.PEOPLE, "agree since then and did not before"),
    Column("paused", Measure.PEOPLE, "asked for a pause; they still agree"),
    Column("left", Measure.PEOPLE, "agree no more: to this topic, or to any by a STOP"),
    Column("delivered", Measure.COUNT, "campaign messages of this topic that arrived"),
    Column(
        "stop_rate", Measure.RATE, "who left, for a thousand of these messages; once the period is over", about="left"
    ),
    *(Column(f"left:{source}", Measure.PEOPLE, f"left: {_HOW[source]}", "left") for source in Source),
    Column("why", Measure.PEOPLE, "the same who left, by the reason that they gave by themselves"),
    *(Column(f"why:{reason}", Measure.PEOPLE, f"why they left: {_WHY[reason]}", "why") for reason in Reason),
    Column(f"why:{_UNSAID}", Measure.PEOPLE, "why they left: they gave no reason on that day", "why"),
)

_Line = tuple[date, str]


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per period and topic."""
    lines: dict[_Line, Counter[tuple[str, str]]] = defaultdict(Counter)
    reasons: dict[_Line, Counter[str]] = defaultdict(Counter)
    by = (ConsentTally.day, ConsentTally.topic, ConsentTally.turn, ConsentTally.source, ConsentTally.reason)
    sums = session.execute(select(*by, func.sum(ConsentTally.people)).group_by(*by))
    for day, topic, turn, source, reason, count in sums:
        lines[scope.period.of(day), topic][turn, source] += int(count)
        if turn == Turn.LEFT:
            reasons[scope.period.of(day), topic][reason or _UNSAID] += int(count)
    arrived = _arrived(session, scope)
    wanted = [line for line in sorted(lines) if scope.holds(line[0]) and scope.topic in {"", line[1]}]
    return [{**_row(scope, *line, lines[line], arrived[line]), **_why(reasons[line])} for line in wanted]


def _arrived(session: Session, scope: Scope) -> Counter[_Line]:
    """Messages of campaigns that arrived, by period and topic."""
    query = select(Tally.day, Run.topic, func.sum(Tally.messages)).join(Run, Run.id == Tally.run_id)
    found: Counter[_Line] = Counter()
    for day, topic, count in session.execute(
        query.where(Tally.state == State.DELIVERED).group_by(Tally.day, Run.topic)
    ):
        found[scope.period.of(day), topic] += int(count)
    return found


def _row(scope: Scope, begins: date, topic: str, counts: Counter[tuple[str, str]], arrived: int) -> Row:
    over = scope.is_over(begins)
    turns = {turn.value: sum(counts[turn, source] for source in Source) for turn in Turn}
    row: dict[str, Value] = {
        "period": begins,
        "topic": topic,
        "so_far": "" if over else "yes",
        **{name: turns[name] for name in ("invited", "joined", "paused", "left")},
        "delivered": arrived,
        "stop_rate": round(1000 * turns["left"] / arrived, 2) if arrived and over else None,
    }
    return row | {f"left:{source}": counts[Turn.LEFT, source] for source in Source}


def _why(reasons: Counter[str]) -> Row:
    return {"why": reasons.total(), **{f"why:{each}": reasons[each] for each in (*Reason, _UNSAID)}}
