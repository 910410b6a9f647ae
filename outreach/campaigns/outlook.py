"""Where the campaigns of a clinic stand: their files, their newest runs, and what falls due next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.audience.tables import PersonField
from outreach.campaigns import definition as definitions
from outreach.campaigns.check import files
from outreach.campaigns.definition import Definition, thaw
from outreach.campaigns.places import Due, Place, upcoming, zones_of
from outreach.campaigns.timing import Relative
from outreach.errors import DefinitionError
from outreach.messages.status import RunState, State
from outreach.messages.tables import Message, Run
from outreach.workspace import Workspace

AHEAD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign's file. `title` is empty where the file has faults; `state` is None where it was never launched."""

    name: str
    title: str
    topic: str
    state: RunState | None
    launched_at: datetime | None


def listed(workspace: Workspace) -> list[Listed]:
    """Every campaign of the workspace, by name."""
    with workspace.database.read() as session:
        newest = select(func.max(Run.id)).group_by(Run.campaign)
        runs = {run.campaign: run for run in session.scalars(select(Run).where(Run.id.in_(newest)))}
    return [_listed(name, title, topic, runs.get(name)) for name, title, topic in _files(workspace)]


def _files(workspace: Workspace) -> Iterator[tuple[str, str, str]]:
    for path in files([workspace.folder / "campaigns"]):
        try:
            read = definitions.kept(path)
        except DefinitionError:
            yield path.stem, "", ""
        else:
            yield read.name, read.title, read.topic


def _listed(name: str, title: str, topic: str, run: Run | None) -> Listed:
    if run is None:
        return Listed(name, title, topic, None, None)
    return Listed(name, title, topic, RunState(run.state), run.launched_at)


def next_due(session: Session, run: Run, now: datetime) -> datetime | None:
    """When a run has something to send next: what waits already, else what falls due within 90 days."""
    if run.state != RunState.RUNNING:
        return None
    waiting = session.scalar(
        select(func.min(Message.due_at)).where(Message.run_id == run.id, Message.state == State.QUEUED)
    )
    if waiting is not None:
        return waiting
    definition = thaw(run.frozen["definition"])
    zones = zones_of(session)
    days = days_of(session, definition)
    dues = (
        due
        for zone in zones
        for due in upcoming(definition, Place(zone, None), run.launched_at, now, now + AHEAD)
        if due.due > now and is_for_somebody(due, days)
    )
    return min((due.due for due in dues), default=None)


def days_of(session: Session, definition: Definition) -> dict[str, set[object]]:
    """The dates that people have in the fields that steps hang on."""
    names = {step.timing.field for step in definition.steps if isinstance(step.timing, Relative)}
    return {
        name: set(session.scalars(select(PersonField.day).where(PersonField.name == name).distinct())) for name in names
    }


def is_for_somebody(due: Due, days: dict[str, set[object]]) -> bool:
    timing = due.step.timing
    return not isinstance(timing, Relative) or due.day in days[timing.field]
