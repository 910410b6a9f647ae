"""What each act would do, as figures, so that whoever is about to do it knows beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.campaigns import outlook
from outreach.campaigns.definition import thaw
from outreach.campaigns.forecast import Forecast
from outreach.campaigns.places import Due, Place, upcoming, zones_of
from outreach.messages.status import RunState, State
from outreach.messages.tables import Message, Run, Tally

_WAITING = (State.PLANNED, State.QUEUED)


@dataclass(frozen=True, slots=True)
class LaunchWould:
    """What a launch would do. `first` and `last` are on the clocks of those who hear first and last."""

    people: int
    messages: int
    refused: int
    parts: int
    cost: float
    currency: str
    first: datetime | None
    last: datetime | None
    ends: bool


@dataclass(frozen=True, slots=True)
class TurnWould:
    """What pausing, resuming or cancelling a run would touch.

    `waiting`: messages written and not sent, which are held, go on, or are cancelled; `late`: those of them that are
    too old by now to be sent; `under_way`: those that no act reaches any more; `ahead`: sendings (a step on a day) of
    the next 90 days that are not written yet.
    """

    run: int
    state: RunState
    waiting: int
    late: int
    under_way: int
    ahead: int
    next_due: datetime | None


def launch_would(forecast: Forecast) -> LaunchWould:
    """What a launch of what was forecast would do."""
    firsts = [zone.first for zone in forecast.zones if zone.first is not None]
    lasts = [zone.last for zone in forecast.zones if zone.last is not None]
    return LaunchWould(
        people=forecast.people,
        messages=forecast.total.messages,
        refused=forecast.total.planned - forecast.total.messages,
        parts=forecast.total.parts,
        cost=forecast.total.cost,
        currency=forecast.currency,
        first=min(firsts, default=None),
        last=max(lasts, default=None),
        ends=forecast.ends,
    )


def turn_would(session: Session, run: Run, now: datetime) -> TurnWould:
    """What an act on a run would do now; from the roll-ups, so that it costs the same for ten million messages."""
    counts = _counts(session, run.id)
    ahead = {(due.step.id, due.occurrence) for due in _ahead(session, run, now)}
    return TurnWould(
        run=run.id,
        state=RunState(run.state),
        waiting=sum(counts.get(state, 0) for state in _WAITING),
        late=_late(session, run.id, now),
        under_way=sum(counts.get(state, 0) for state in (State.SENDING, State.UNKNOWN)),
        ahead=len(ahead),
        next_due=outlook.next_due(session, run, now),
    )


def _counts(session: Session, run_id: int) -> dict[State, int]:
    query = select(Tally.state, func.sum(Tally.messages)).where(Tally.run_id == run_id).group_by(Tally.state)
    return {State(state): int(n) for state, n in session.execute(query)}


def _late(session: Session, run_id: int, now: datetime) -> int:
    waiting = Message.run_id == run_id, Message.state.in_(_WAITING)
    late = Message.due_at <= now, Message.expires_at <= now  # what is not due yet is not late: the index knows
    return session.scalar(select(func.count()).where(*waiting, *late)) or 0


def _ahead(session: Session, run: Run, now: datetime) -> list[Due]:
    """Sendings that are not written yet, at the place where most of them are due; none once the run has ended."""
    if run.state not in {RunState.RUNNING, RunState.PAUSED}:
        return []
    definition = thaw(run.frozen["definition"])
    days = outlook.days_of(session, definition)
    zones = zones_of(session)
    return [
        due
        for zone in zones
        for due in upcoming(definition, Place(zone, None), run.launched_at, now, now + outlook.AHEAD)
        if due.due > now and outlook.is_for_somebody(due, days)
    ]
