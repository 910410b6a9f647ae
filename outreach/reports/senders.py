"""What became of messages by the sender that carried them: which number or provider is in trouble."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.messages.status import State
from outreach.messages.tables import Sender
from outreach.reports.contract import Chart, Column, Filter, Measure, Row, Scope, Shape
from outreach.reports.figures import Sum, add_up, sums, within

TITLE = "Senders"
ABOUT = "What became of messages by the sender that carried them."
EMPTY = "Nothing was sent yet. Which senders are set up: outreach campaign plan NAME"
FILTERS = frozenset(Filter)
CHART = Chart(Shape.BARS, "sender", ("delivered", "undelivered", "failed"))

_COUNTS = ("planned", "waiting", "sent", "delivered", "undelivered", "unknown", "failed", "parts")

COLUMNS: Sequence[Column] = (
    Column("sender", Measure.TEXT, "one of our numbers, services or push projects; empty: before senders were counted"),
    Column("provider", Measure.TEXT, "who carries for it; empty where it is no longer set up"),
    Column("kind", Measure.TEXT, "sms or push"),
    Column("planned", Measure.COUNT, "all messages to people"),
    Column("waiting", Measure.COUNT, "not yet handed over"),
    Column("sent", Measure.COUNT, "the provider has it"),
    Column("delivered", Measure.COUNT, "of the sent ones: arrived"),
    Column("undelivered", Measure.COUNT, "of the sent ones: did not arrive, or nobody read the push in time"),
    Column("unknown", Measure.COUNT, "handed over, perhaps: evidence is being looked for"),
    Column("failed", Measure.COUNT, "will not arrive"),
    Column("arrived", Measure.SHARE, "delivered, of what was sent"),
    Column("parts", Measure.COUNT, "SMS parts of what was sent"),
    Column("cost", Measure.MONEY, "of what was sent, by the clinic's price list"),
)


def rows(session: Session, scope: Scope) -> list[Row]:
    """One row per sender and kind."""
    lines: dict[tuple[str, str], list[Sum]] = defaultdict(list)
    for each in sums(session, within=within(scope), by=("sender",)):
        if each.cell.state != State.RECEIVED:
            lines[each.cell.sender, each.cell.kind].append(each)
    providers = {sender.name: sender.provider for sender in session.scalars(select(Sender))}
    return [_row(*line, providers.get(line[0], ""), lines[line]) for line in sorted(lines)]


def _row(sender: str, kind: str, provider: str, cells: list[Sum]) -> Row:
    found = add_up(cells)
    row: dict[str, str | int | float | None] = {"sender": sender, "provider": provider, "kind": str(kind)}
    row |= {name: getattr(found, name) for name in _COUNTS}
    arrived = round(found.delivered / found.sent, 4) if found.sent else None
    return {column.name: (row | {"arrived": arrived, "cost": found.cost})[column.name] for column in COLUMNS}
