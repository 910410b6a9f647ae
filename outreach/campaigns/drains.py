"""How long our senders need for what a campaign asks of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from outreach.campaigns.definition import Definition
from outreach.campaigns.reckon import Account, Amount, Sum, amount
from outreach.channels.contract import Kind, SenderSpec, Unit
from outreach.delivery import carriers
from outreach.messages.tables import Sender
from outreach.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Drain:
    """How long the senders of a kind need for the busiest day. `hours` is None where no sender is set up."""

    kind: Kind
    senders: tuple[str, ...]
    day: date
    messages: int
    parts: int  # none for pushes
    hours: float | None
    expires: float  # hours after which a message of that day is dropped


def of(senders: Sequence[Sender | SenderSpec], definition: Definition, account: Account) -> tuple[Drain, ...]:
    """One for each kind that has messages to go."""
    by_day: dict[Kind, dict[date, list[Sum]]] = defaultdict(lambda: defaultdict(list))
    steps: dict[tuple[Kind, date], set[str]] = defaultdict(set)
    for (day, step, kind), each in account.days.items():
        if each.messages:
            by_day[kind][day].append(each)
            steps[kind, day].add(step)
    found = []
    for kind, days in sorted(by_day.items()):
        amounts = {day: amount(sums) for day, sums in days.items()}
        own = [spec for spec in senders if spec.kind == kind]
        busiest = max(sorted(amounts), key=lambda day: (amounts[day].parts, amounts[day].messages))
        shortest = min(definition.expires_of(step) for step in definition.steps if step.id in steps[kind, busiest])
        found.append(_drain(kind, own, busiest, amounts[busiest], shortest))
    return tuple(found)


def senders_of(workspace: Workspace) -> Sequence[Sender | SenderSpec]:
    """The senders as workers share them; before the first start nobody has written them down.

    Raises SettingError.
    """
    with workspace.database.read() as session:
        known = list(session.scalars(select(Sender).order_by(Sender.name)))
    return known or carriers.build(workspace).senders


def _drain(kind: Kind, senders: Sequence[Sender | SenderSpec], day: date, load: Amount, expires: timedelta) -> Drain:
    """People are shared out evenly over the senders; the slowest is the last to be done."""
    hours = [
        (load.parts if spec.unit == Unit.PARTS else load.messages) / len(senders) / spec.pace / 3600 for spec in senders
    ]
    names = tuple(spec.name for spec in senders)
    longest = round(max(hours), 2) if hours else None
    return Drain(kind, names, day, load.messages, load.parts, longest, expires.total_seconds() / 3600)
