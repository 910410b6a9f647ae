"""The figures of a run or of the clinic, added up from the roll-ups: one arithmetic for reports, status and demo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import Session

from outreach.channels.contract import Kind
from outreach.delivery.tally import Cell
from outreach.messages.status import CARRIED, State
from outreach.messages.tables import Run, Tally
from outreach.reports.contract import Scope

#: In which figure an outgoing message of each state is counted. Together they are everything that was planned.
COUNTED: dict[State, str] = {
    State.PLANNED: "waiting",
    State.QUEUED: "waiting",
    State.SENDING: "waiting",
    State.UNKNOWN: "unknown",
    **dict.fromkeys(CARRIED, "sent"),
    State.FAILED: "failed",
    State.REFUSED: "refused",
    State.CANCELLED: "cancelled",
    State.EXPIRED: "expired",
}

#: Outcomes of a text from a person that end in a thread (`threads.inbound`); the others begin with `keyword:`.
IN_THREADS = frozenset({"thread", "needs_person"})
STOP = "keyword:stop"


class Sum(NamedTuple):
    """What one cell of the roll-ups comes to."""

    cell: Cell
    messages: int
    parts: int
    cost: float
    people: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of messages. `sent`: the provider has it, so `delivered` and `undelivered` are among them.

    `parts` (SMS) and `cost` are of what was sent. `states`: of what was planned. `reasons`: counts by state and reason,
    where there was one. `below_zero`: cells from which more messages were taken than ever came in: our mistake, always.
    """

    planned: int = 0
    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    undelivered: int = 0
    unknown: int = 0
    failed: int = 0
    refused: int = 0
    cancelled: int = 0
    expired: int = 0
    replies: int = 0
    threads: int = 0  # replies that went into a thread
    keywords: int = 0  # replies that were understood as STOP, START, YES or HELP
    stops: int = 0
    parts: int = 0
    cost: float = 0.0
    states: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, dict[str, int]] = field(default_factory=dict)
    below_zero: int = 0

    def adds_up(self) -> list[str]:
        """What does not add up, one sentence each; nothing when every message and every reply is accounted for."""
        named = self.waiting + self.sent + self.unknown + self.failed + self.refused + self.cancelled + self.expired
        faults = [f"cells of the roll-ups that are below zero: {self.below_zero}"] if self.below_zero else []
        if self.planned != named:
            faults.append(f"planned is {self.planned}, but its states come to {named}")
        if self.replies != self.threads + self.keywords:
            faults.append(
                f"replies are {self.replies}, but threads and keywords come to {self.threads + self.keywords}"
            )
        return faults


def figures(session: Session, run_id: int | None = None) -> Figures:
    """The figures of one run; None: of the whole clinic, messages outside runs included."""
    return add_up(sums(session, run_id))


#: What always stands in a sum's cell, because the figures are told apart by it.
_KEPT = frozenset({"kind", "state", "reason"})

#: What stands in a cell for what was not asked about.
_BLANK: dict[str, Any] = {"run_id": 0, "step": "", "day": date.min, "sender": ""}


def sums(
    session: Session,
    run_id: int | None = None,
    *,
    within: Collection[ColumnElement[bool]] = (),
    by: Collection[str] = Cell._fields,
) -> list[Sum]:
    """The roll-ups of one run, or of the whole clinic, one sum per cell; cells that came back to nothing are left out.

    `by`: the columns that cells are told apart by; the others are blank. One statement, so that what it gives is of one
    moment.
    """
    named = [name for name in Cell._fields if name in _KEPT or name in by]
    query = _query(named, [*within, *([] if run_id is None else [Tally.run_id == run_id])])
    blank = [name for name in Cell._fields if name not in named]
    given = [*named, "messages", "parts", "cost", "people", *blank]
    cell = itemgetter(*[given.index(name) for name in Cell._fields])
    rest = tuple(_BLANK[name] for name in blank)
    return [_sum(cell((*row, *rest)), row[len(named) :]) for row in session.execute(query)]


def _query(named: list[str], within: Collection[ColumnElement[bool]]) -> Select[Any]:
    cell = [getattr(Tally, name) for name in named]
    messages = func.sum(Tally.messages)
    added = (messages, func.sum(Tally.parts), func.sum(Tally.cost), func.sum(Tally.people))
    return select(*cell, *added).where(*within, literal(True)).group_by(*cell).having(messages != 0)


def _sum(cell: Sequence[Any], added: Iterable[Any]) -> Sum:
    messages, parts, cost, people = added
    run_id, step, day, kind, state, reason, sender = cell
    told = Cell(run_id, step, day, kind, State(state), reason, sender)
    return Sum(told, int(messages), int(parts), float(cost), int(people))


def of_runs(scope: Scope) -> list[ColumnElement[bool]]:
    """Which runs are asked about: conditions on `run`; none where it is all of them."""
    conditions = {
        Run.id == scope.run_id: scope.run_id is not None,
        Run.campaign == scope.campaign: scope.campaign,
        Run.topic == scope.topic: scope.topic,
        Run.launched_by == scope.launched_by: scope.launched_by,
    }
    return [condition for condition, wanted in conditions.items() if wanted]


def within(scope: Scope) -> list[ColumnElement[bool]]:
    """Which sums are asked about: conditions on the roll-up of messages."""
    runs = of_runs(scope)
    days = [Tally.day >= scope.first] if scope.first else []
    days += [Tally.day <= scope.last] if scope.last else []
    return [*days, Tally.run_id.in_(select(Run.id).where(*runs))] if runs else days


def add_up(cells: Iterable[Sum]) -> Figures:
    """Bring cells together."""
    counts: dict[str, int] = defaultdict(int)
    states: dict[str, int] = defaultdict(int)
    reasons: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    cost = 0.0
    for cell, messages, parts, money, _ in cells:
        counts["below_zero"] += messages < 0
        if cell.state != State.RECEIVED:
            states[cell.state.value] += messages
        if cell.reason:
            reasons[cell.state.value][cell.reason] += messages
        for name in _named(cell):
            counts[name] += messages
        if cell.state in CARRIED:
            counts["parts"] += parts if cell.kind == Kind.SMS else 0
            cost += money
    return Figures(
        **counts,
        cost=round(cost, 6),
        states=dict(sorted(states.items())),
        reasons={state: dict(sorted(found.items())) for state, found in sorted(reasons.items())},
    )


def _named(cell: Cell) -> list[str]:
    """The figures in which a message of this cell counts."""
    if cell.state == State.RECEIVED:
        return ["replies", *_understood(cell.reason)]
    names = ["planned", COUNTED[cell.state]]
    return [*names, cell.state.value] if cell.state in {State.DELIVERED, State.UNDELIVERED} else names


def _understood(outcome: str) -> list[str]:
    if outcome in IN_THREADS:
        return ["threads"]
    if not outcome.startswith("keyword:"):
        return []
    return ["keywords", "stops"] if outcome == STOP else ["keywords"]
