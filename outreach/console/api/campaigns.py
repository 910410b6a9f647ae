"""Campaigns and their runs: looked at, planned, proposed, held; launched once a person has approved. No token does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.campaigns import approvals, forecast, outlook, runs
from outreach.console.api import cursors, shapes
from outreach.console.api.cursors import Cursor, Limit
from outreach.console.api.door import ABSENT, REFUSED, Api, Here
from outreach.console.policy import Act
from outreach.errors import NotFoundError
from outreach.messages.status import RunState
from outreach.messages.tables import Run
from outreach.reports.figures import figures
from outreach.workspace import Workspace

api = Api("campaigns")

_Name = Annotated[str, Path(max_length=60)]


@api.shows("/campaigns", Act.SEE_CAMPAIGNS)
def campaigns(call: Here, limit: Limit = 50, cursor: Cursor = "") -> shapes.Campaigns:
    """Every campaign, by name."""
    after = cursors.unpack("campaigns", cursor)
    left = [each for each in sorted(outlook.listed(call.workspace), key=lambda one: one.name) if each.name > after]
    data = [shapes.Campaign.model_validate(each) for each in left[:limit]]
    return shapes.Campaigns(data=data, next=cursors.pack("campaigns", data[-1].name) if len(left) > limit else None)


@api.shows("/campaigns/{name}", Act.SEE_CAMPAIGNS, responses=ABSENT)
def campaign(call: Here, name: _Name) -> shapes.WholeCampaign:
    """One campaign, its newest proposal and run."""
    listed = next((each for each in outlook.listed(call.workspace) if each.name == name), None)
    if listed is None:
        raise NotFoundError("There is no such campaign.")
    with call.workspace.database.read() as session:
        proposal = approvals.latest(session, call.workspace.vault, name)
        run = session.scalar(select(Run.id).where(Run.campaign == name).order_by(Run.id.desc()).limit(1))
    known = shapes.Campaign.model_validate(listed).model_dump()
    told = shapes.Proposal.model_validate(proposal) if proposal else None
    return shapes.WholeCampaign(**known, proposal=told, run=run)


@api.shows("/campaigns/{name}/plan", Act.SEE_CAMPAIGNS, responses={**ABSENT, **REFUSED})
def plan(call: Here, name: _Name) -> shapes.Plan:
    """What it would do if it were launched now: the dry run. Nothing is sent and nothing is written."""
    _there(call.workspace, name)
    return shapes.Plan.model_validate(forecast.of(call.workspace, name))


def _there(workspace: Workspace, name: str) -> None:
    """Raise NotFoundError where there is no such file: a campaign's name becomes a path."""
    if all(each.name != name for each in outlook.listed(workspace)):
        raise NotFoundError("There is no such campaign.")


@api.does("/campaigns/{name}/propose", Act.WRITE_CAMPAIGNS, responses=ABSENT)
def propose(call: Here, name: _Name) -> shapes.Proposed:
    """Propose it as its files stand now. Somebody of staff approves it in the console."""
    _there(call.workspace, name)
    return shapes.Proposed(campaign=name, proposal=approvals.propose(call.workspace, name, call.by))


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    why: Annotated[str, Field(min_length=1, max_length=approvals.LONGEST_REASON, pattern=r"\S")]


@api.does("/campaigns/{name}/withdraw", Act.WRITE_CAMPAIGNS, responses=ABSENT)
def withdraw(call: Here, name: _Name, reason: Reason) -> shapes.Proposed:
    """Take a proposal or its approval back."""
    _there(call.workspace, name)
    return shapes.Proposed(campaign=name, proposal=approvals.withdraw(call.workspace, name, call.by, reason.why).id)


@api.does("/campaigns/{name}/launch", Act.RUN_CAMPAIGNS, responses=ABSENT)
def launch(call: Here, name: _Name) -> shapes.Launched:
    """Launch exactly what a second person approved."""
    _there(call.workspace, name)
    needed = call.workspace.settings.approval != "never"
    return shapes.Launched(campaign=name, run=runs.launch(call.workspace, name, call.by, approved=needed))


@api.does("/campaigns/{name}/pause", Act.RUN_CAMPAIGNS, responses=ABSENT)
def pause(call: Here, name: _Name) -> shapes.Turned:
    """Hold everything that waits: when this is answered, nothing more is sent."""
    return _turn(call, name, runs.pause)


@api.does("/campaigns/{name}/resume", Act.RUN_CAMPAIGNS, responses=ABSENT)
def resume(call: Here, name: _Name) -> shapes.Turned:
    """Let a paused run go on."""
    return _turn(call, name, runs.resume)


@api.does("/campaigns/{name}/cancel", Act.RUN_CAMPAIGNS, responses=ABSENT)
def cancel(call: Here, name: _Name) -> shapes.Turned:
    """End a run: nothing that waits will go."""
    return _turn(call, name, runs.cancel)


def _turn(call: Here, name: str, turn: Callable[[Workspace, str, str], int]) -> shapes.Turned:
    moved = turn(call.workspace, name, call.by)
    with call.workspace.database.read() as session:
        run = runs.latest(session, name)
    return shapes.Turned(campaign=name, run=run.id, state=run.state, messages=moved)


# --- runs ------------------------------------------------------------------------------------------------------------


@api.shows("/runs", Act.SEE_CAMPAIGNS)
def every_run(
    call: Here,
    campaign: Annotated[str, Query(max_length=64)] = "",
    state: RunState | None = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> shapes.Runs:
    """Runs with what became of their messages, the newest first."""
    before = cursors.number("runs", cursor)
    query = select(Run).order_by(Run.id.desc()).limit(limit + 1)
    query = query.where(Run.campaign == campaign) if campaign else query
    query = query.where(Run.state == state) if state else query
    query = query.where(Run.id < before) if before else query
    with call.workspace.database.read() as session:
        rows = list(session.scalars(query))
        data = [_run(session, run) for run in rows[:limit]]
    return shapes.Runs(data=data, next=cursors.pack("runs", data[-1].id) if len(rows) > limit else None)


@api.shows("/runs/{run_id}", Act.SEE_CAMPAIGNS, responses=ABSENT)
def one_run(call: Here, run_id: Annotated[int, Path(ge=1, lt=2**63)]) -> shapes.Run:
    """One run."""
    with call.workspace.database.read() as session:
        run = session.get(Run, run_id)
        if run is None:
            raise NotFoundError("There is no such run.")
        return _run(session, run)


def _run(session: Session, run: Run) -> shapes.Run:
    tally = shapes.Tally.model_validate(figures(session, run.id))
    named = {name: getattr(run, name) for name in shapes.Run.model_fields if name != "tally"}
    return shapes.Run(**named, tally=tally)
