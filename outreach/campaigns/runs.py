"""Launching a campaign, and what staff may do with a run afterwards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach import failpoints, log
from outreach.campaigns import approvals, content, schedule
from outreach.campaigns import definition as definitions
from outreach.campaigns.content import Content
from outreach.campaigns.definition import Definition
from outreach.campaigns.places import Place, places_of, upcoming
from outreach.campaigns.timing import Relative
from outreach.delivery.moves import Move, advance
from outreach.errors import ConflictError, NotFoundError, worded
from outreach.hooks import events
from outreach.hooks.events import Kind
from outreach.messages.status import RunState, State, Withdrawal
from outreach.messages.tables import Message, Run
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.store import dialects
from outreach.workspace import Workspace

logger = log.get("campaigns")

CHUNK = 1000


def launch(workspace: Workspace, name: str, by: str, *, approved: bool = False) -> int:
    """Launch a campaign as its files stand now. Gives the run's id.

    `approved`: refuse it unless a second person approved exactly what the files say now.
    Raises NotFoundError, DefinitionError, ConflictError when it runs already or nothing of it lies ahead.
    """
    stands = content.of(workspace, name)
    with workspace.database.write() as session:
        at = dialects.now(session)
        _refuse_second(session, name)
        if approved:
            approvals.require(session, name, stands.digest)
        places = places_of(session) or [Place(workspace.settings.zone, None)]
        if not any(_lies_ahead(stands.definition, place, at) for place in places):
            raise ConflictError(
                worded("Every step of %(name)s lies in the past. Move the times in campaigns/%(name)s.yaml.", name=name)
            )
        run = _run(stands, by, at)
        session.add(run)
        _write_first(session, run)
        approvals.settle(session, workspace.vault, run)
        events.tell(session, Kind.RUN_LAUNCHED, at, run=run.id)
        audit.append(session, workspace.vault, by, Action.CAMPAIGN_LAUNCHED, f"run:{run.id}")
        logger.info("launched", run=run.id, campaign=name)
        return run.id


def _run(stands: Content, by: str, at: datetime) -> Run:
    return Run(
        campaign=stands.definition.name,
        topic=stands.definition.topic,
        frozen=stands.frozen,
        content_hash=stands.digest,
        state=RunState.RUNNING,
        launched_by=by,
        launched_at=at,
        changed_at=at,
    )


def _write_first(session: Session, run: Run) -> None:
    """Write a run. Of two launches at the same moment the database lets one through: nobody is written to twice."""
    try:
        session.flush()
    except IntegrityError:
        raise ConflictError(
            worded("%(name)s was launched by somebody else at this moment.", name=run.campaign)
        ) from None


def _refuse_second(session: Session, name: str) -> None:
    live = session.scalar(
        select(Run.state).where(Run.campaign == name, Run.state.in_([RunState.RUNNING, RunState.PAUSED]))
    )
    if live is not None:
        raise ConflictError(
            worded(
                "%(name)s is %(state)s already. Cancel that run first: outreach campaign cancel %(name)s",
                name=name,
                state=_IS[live],
            )
        )


def _lies_ahead(definition: Definition, place: Place, at: datetime) -> bool:
    """Whether some step can still reach somebody."""
    if any(isinstance(step.timing, Relative) for step in definition.steps):
        return True
    far = at + definitions.MAX_EXPIRY
    if next(upcoming(definition, place, at, at, far), None) is not None:
        return True
    ends = [schedule.last(step, zone=place.zone, launched=at) for step in definition.steps]
    return any(end is None or end >= at for end in ends)


def latest(session: Session, name: str) -> Run:
    """The newest run of a campaign. Raises NotFoundError."""
    run = session.scalar(select(Run).where(Run.campaign == name).order_by(Run.id.desc()).limit(1))
    if run is None:
        raise NotFoundError(
            worded("%(name)s was never launched. Launch it: outreach campaign launch %(name)s", name=name)
        )
    return run


_IS = {
    RunState.RUNNING: worded("running"),
    RunState.PAUSED: worded("paused"),
    RunState.CANCELLED: worded("cancelled"),
    RunState.FINISHED: worded("finished"),
}

#: From which states staff may bring a run into another.
_MAY: dict[RunState, frozenset[RunState]] = {
    RunState.PAUSED: frozenset({RunState.RUNNING}),
    RunState.RUNNING: frozenset({RunState.PAUSED}),
    RunState.CANCELLED: frozenset({RunState.RUNNING, RunState.PAUSED}),
}

_EVENT: dict[RunState, Kind] = {
    RunState.PAUSED: Kind.RUN_PAUSED,
    RunState.RUNNING: Kind.RUN_RESUMED,
    RunState.CANCELLED: Kind.RUN_CANCELLED,
}

_TOLD: dict[RunState, Action] = {
    RunState.PAUSED: Action.CAMPAIGN_PAUSED,
    RunState.RUNNING: Action.CAMPAIGN_RESUMED,
    RunState.CANCELLED: Action.CAMPAIGN_CANCELLED,
}


def pause(workspace: Workspace, name: str, by: str) -> int:
    """Hold everything that waits. From the moment this returns nothing of the run is claimed. Gives how many wait."""
    return _turn(workspace, name, by, RunState.PAUSED, Move(0, State.PLANNED), (State.QUEUED,))


def resume(workspace: Workspace, name: str, by: str) -> int:
    """Let a paused run go on. Gives how many wait."""
    return _turn(workspace, name, by, RunState.RUNNING, Move(0, State.QUEUED), (State.PLANNED,))


def cancel(workspace: Workspace, name: str, by: str) -> int:
    """End a run: nothing that waits will go. Gives how many were cancelled."""
    move = Move(0, State.CANCELLED, Withdrawal.RUN_CANCELLED)
    return _turn(workspace, name, by, RunState.CANCELLED, move, (State.QUEUED, State.PLANNED))


def _turn(workspace: Workspace, name: str, by: str, to: RunState, move: Move, waiting: tuple[State, ...]) -> int:
    """Change a run's state and commit, so that no claim follows; then move what waits, a thousand rows at a time."""
    with workspace.database.write() as session:
        run = latest(session, name)
        session.scalar(dialects.take(select(Run.id).where(Run.id == run.id), wait=True))
        session.refresh(run)
        if run.state not in _MAY[to]:
            raise ConflictError(
                worded("%(name)s is %(state)s: it cannot become %(to)s.", name=name, state=_IS[run.state], to=_IS[to])
            )
        run.state, run.changed_at = to, dialects.now(session)
        events.tell(session, _EVENT[to], run.changed_at, run=run.id)
        audit.append(session, workspace.vault, by, _TOLD[to], f"run:{run.id}")
    failpoints.reach("turn.committed")
    moved = 0
    while count := _move_chunk(workspace, run.id, to, move, waiting):
        moved += count
    logger.info("run changed", run=run.id, state=to, count=moved)
    return moved


def _move_chunk(workspace: Workspace, run_id: int, to: RunState, move: Move, waiting: tuple[State, ...]) -> int:
    with workspace.database.write() as session:
        state = session.scalar(dialects.take(select(Run.state).where(Run.id == run_id), wait=True, share=True))
        if state != to:  # somebody has turned the run again meanwhile
            return 0
        query = select(Message.id).where(Message.run_id == run_id, Message.state.in_(waiting)).limit(CHUNK)
        ids = list(session.scalars(dialects.take(query.order_by(Message.id))))
        moves = [Move(each, move.to, move.reason) for each in ids]
        return len(advance(session, moves, dialects.now(session)))


def finish(workspace: Workspace) -> int:
    """Close runs that have nothing left to do: no occurrence ahead and no message on its way. Gives how many."""
    with workspace.database.write() as session:
        at = dialects.now(session)
        places = places_of(session) or [Place(workspace.settings.zone, None)]
        running = session.scalars(dialects.take(select(Run).where(Run.state == RunState.RUNNING)))
        over = [run for run in running if _is_over(session, run, places, at)]
        for run in over:
            run.state, run.changed_at = RunState.FINISHED, at
            events.tell(session, Kind.RUN_FINISHED, at, run=run.id)
    return len(over)


def _is_over(session: Session, run: Run, places: list[Place], at: datetime) -> bool:
    definition = definitions.thaw(run.frozen["definition"])
    for step in definition.steps:
        for place in places:
            end = schedule.last(step, zone=place.zone, launched=run.launched_at)
            if end is None or end + definition.expires_of(step) > at:
                return False
    going = [State.PLANNED, State.QUEUED, State.SENDING, State.UNKNOWN]
    return session.scalar(select(Message.id).where(Message.run_id == run.id, Message.state.in_(going)).limit(1)) is None
