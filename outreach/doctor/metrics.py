"""Figures for Prometheus, read from the database at each scrape: counts and ages, by closed lists of names.

Nothing here names a person, a number or a text; labels are states, lanes, senders and jobs, which staff chose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.delivery import due, retention
from outreach.messages.status import RunState, State
from outreach.messages.tables import Message, ProviderEvent, Run, Sender, Tally
from outreach.store import dialects, pulse
from outreach.threads.tables import Thread, ThreadState
from outreach.workspace import Workspace

#: Content type of the text format.
TEXT = "text/plain; version=0.0.4; charset=utf-8"


def exposed(workspace: Workspace) -> bytes:
    """All figures in Prometheus's text format. Raises SQLAlchemy's errors when the database is away."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(workspace))
    return generate_latest(registry)


class _Collector:
    """Reads everything in one transaction, so that the figures belong together."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: a registry must not ask the database when it is made."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The figures."""
        with self._workspace.database.read() as session:
            now = dialects.now(session)
            yield from (_messages(session), _runs(session), _threads(session))
            yield from (_oldest(session, now), _senders(session, now), _upkeep(session))
            yield from (_parked(session), _kept(session, now))


def _gauge(name: str, help_: str, labels: list[str], values: Iterable[tuple[list[str], float]]) -> Metric:
    family = GaugeMetricFamily(f"outreach_{name}", help_, labels=labels)
    for labelled, value in values:
        family.add_metric(labelled, value)
    return family


def _messages(session: Session) -> Metric:
    """From the roll-ups: as cheap at ten million messages as at ten thousand."""
    query = select(Tally.kind, Tally.state, func.sum(Tally.messages)).group_by(Tally.kind, Tally.state)
    rows = (([kind, str(state)], float(count)) for kind, state, count in session.execute(query))
    return _gauge("messages", "Messages by kind and state.", ["kind", "state"], rows)


def _runs(session: Session) -> Metric:
    found = dict.fromkeys(RunState, 0)
    for state, count in session.execute(select(Run.state, func.count()).group_by(Run.state)):
        found[RunState(state)] = count
    return _gauge("runs", "Launched campaigns by state.", ["state"], (([state], n) for state, n in found.items()))


def _threads(session: Session) -> Metric:
    going = (ThreadState.WAITING, ThreadState.ANSWERED)
    found = dict.fromkeys(going, 0)
    query = select(Thread.state, func.count()).where(Thread.state.in_(going)).group_by(Thread.state)
    for state, count in session.execute(query):
        found[ThreadState(state)] = count
    return _gauge("threads", "Open threads by state.", ["state"], (([state], n) for state, n in found.items()))


def _oldest(session: Session, now: datetime) -> Metric:
    """Ages of what waits; 0 where nothing does."""
    since = {f"due_{lane}": at for lane, at in due.oldest(session, now).items()} | {
        "unknown": session.scalar(select(func.min(Message.updated_at)).where(Message.state == State.UNKNOWN)),
        "thread_waiting": session.scalar(
            select(func.min(Thread.waiting_since)).where(Thread.state == ThreadState.WAITING)
        ),
    }
    rows = (([what], _seconds(now - at) if at else 0.0) for what, at in since.items())
    return _gauge("oldest_seconds", "Age of the oldest that waits: due messages, doubt, threads.", ["what"], rows)


def _senders(session: Session, now: datetime) -> Metric:
    senders = session.scalars(select(Sender).order_by(Sender.name))
    rows = (([each.name], float(each.halted_until is not None and each.halted_until > now)) for each in senders)
    return _gauge("sender_halted", "Whether a sender is stopped (1) or may send (0).", ["sender"], rows)


def _upkeep(session: Session) -> Metric:
    rows = (([job], _seconds(age)) for job, age in sorted(pulse.ages(session).items()))
    return _gauge("upkeep_age_seconds", "Since each kind of upkeep was last done.", ["job"], rows)


def _parked(session: Session) -> Metric:
    count = session.scalar(select(func.count()).where(ProviderEvent.parked != "")) or 0
    return _gauge("receipts_set_aside", "Receipts that fit no message.", [], [([], float(count))])


def _kept(session: Session, now: datetime) -> Metric:
    found = retention.oldest(session)
    rows = (([str(kind)], _seconds(now - at) if at else 0.0) for kind, at in found.items())
    return _gauge("kept_oldest_seconds", "Age of the oldest row of each kind of data.", ["kind"], rows)


def _seconds(age: timedelta) -> float:
    return max(0.0, age.total_seconds())
