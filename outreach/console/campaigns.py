"""Campaigns: the list, one campaign with its run, and what may be done to a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.campaigns import acts, approvals, editing, outlook, runs
from outreach.campaigns.approvals import Proposed
from outreach.campaigns.outlook import Listed
from outreach.console import campaigns_words as names
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import ConflictError, DefinitionError, NotFoundError
from outreach.messages.status import RunState
from outreach.messages.tables import Run
from outreach.reports.figures import Figures, figures
from outreach.workspace import Workspace

pages = Pages()

LIVE = (RunState.RUNNING, RunState.PAUSED)


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of the list."""

    listed: Listed
    proposal: Proposed | None
    figures: Figures | None

    @property
    def pill(self) -> tuple[str, str]:
        """The word for where it stands, and its tone."""
        if self.listed.state in LIVE:
            return names.RUN[str(self.listed.state)]
        if self.proposal is not None:
            return names.PROPOSAL[self.proposal.state]
        if not self.listed.title:
            return names.FAULTY
        return names.RUN[str(self.listed.state)] if self.listed.state else names.DRAFT


@pages.page("/campaigns", Act.SEE_CAMPAIGNS)
def campaigns(visit: Here) -> Response:
    """Every campaign: those that run first, then what waits for somebody."""
    return visit.show("campaigns.html", rows=_rows(visit.workspace))


def _rows(workspace: Workspace) -> list[Shown]:
    listed = outlook.listed(workspace)
    with workspace.database.read() as session:
        live = approvals.live(session, workspace.vault)
        running = session.execute(select(Run.campaign, Run.id).where(Run.state.in_(LIVE)))
        going = {name: figures(session, number) for name, number in running}
    rows = [Shown(each, live.get(each.name), going.get(each.name)) for each in listed]
    return sorted(rows, key=_urgency)


def _urgency(row: Shown) -> tuple[bool, bool, str]:
    return row.listed.state not in LIVE, row.proposal is None, row.listed.title.casefold()


@pages.page("/campaigns/new", Act.WRITE_CAMPAIGNS)
def new(visit: Here) -> Response:
    """The form of a new campaign."""
    return visit.show("campaigns_new.html", given={}, error="")


@pages.deed("/campaigns/new", Act.WRITE_CAMPAIGNS)
def make(visit: Here) -> Response:
    """Make a campaign with one step, and open it."""
    name, title, topic = (visit.form.get(field, "").strip() for field in ("name", "title", "topic"))
    try:
        editing.create(visit.workspace, name, title, topic, visit.by)
    except ConflictError as error:
        return visit.show("campaigns_new.html", 422, given=visit.form, error=visit.words.told(error))
    done = visit.words.gettext("The campaign is there. Say who hears what, and when.")
    return visit.go(f"/campaigns/{name}/edit", done)


@pages.page("/campaigns/{name}", Act.SEE_CAMPAIGNS)
def campaign(name: str, visit: Here) -> Response:
    """One campaign: where it stands, and the next thing to do."""
    return visit.show("campaigns_one.html", **facts_of(visit, name))


@pages.page("/campaigns/{name}/progress", Act.SEE_CAMPAIGNS)
def progress(name: str, visit: Here) -> Response:
    """How far its run is: a part that the page asks for again and again."""
    return visit.show("campaigns_progress.html", **facts_of(visit, name))


def facts_of(visit: Visit, name: str) -> dict[str, Any]:
    """What the page of a campaign shows. Raises HTTPException 404."""
    workspace = visit.workspace
    try:
        draft = editing.opened(workspace, name)
    except (NotFoundError, ConflictError):
        raise HTTPException(404) from None
    with workspace.database.read() as session:
        past = list(session.scalars(select(Run).where(Run.campaign == name).order_by(Run.id.desc()).limit(20)))
        proposal = approvals.latest(session, workspace.vault, name)
        run = past[0] if past else None
        return {
            "name": name,
            "title": draft.form.title if draft.form and draft.form.title else name,
            "draft": draft,
            "run": run,
            "live": run is not None and run.state in LIVE,
            "past": past,
            "proposal": proposal,
            "figures": figures(session, run.id) if run else None,
            "next_due": outlook.next_due(session, run, visit.now) if run else None,
            "alone": workspace.settings.approval == "never",
            "names": names,
        }


_TURNS = {"pause": runs.pause, "resume": runs.resume, "cancel": runs.cancel}


@pages.page("/campaigns/{name}/run/{turn}", Act.RUN_CAMPAIGNS)
def question(name: str, turn: str, visit: Here) -> Response:
    """What an act on a run would do, before it is done."""
    if turn not in _TURNS:
        raise HTTPException(404)
    with visit.workspace.database.read() as session:
        run = _run(session, name)
        would = acts.turn_would(session, run, visit.now)
    return visit.show("campaigns_turn.html", name=name, turn=turn, would=would, run=run)


@pages.deed("/campaigns/{name}/run/{turn}", Act.RUN_CAMPAIGNS)
def turned(name: str, turn: str, visit: Here) -> Response:
    """Pause, resume or cancel a run."""
    if turn not in _TURNS:
        raise HTTPException(404)
    try:
        count = _TURNS[turn](visit.workspace, name, visit.by)
    except NotFoundError:
        raise HTTPException(404) from None
    except ConflictError:
        gone = visit.words.gettext("Somebody else was quicker: look at where the campaign stands now.")
        return visit.go(f"/campaigns/{name}", gone, "warn")
    return visit.go(f"/campaigns/{name}", _done(visit, turn, count))


def _done(visit: Visit, turn: str, count: int) -> str:
    words = visit.words
    if turn == "pause":
        return words.ngettext("Paused: %(num)s message is held.", "Paused: %(num)s messages are held.", count)
    if turn == "resume":
        return words.ngettext("It goes on: %(num)s message waits.", "It goes on: %(num)s messages wait.", count)
    return words.ngettext("Cancelled: %(num)s message will not go.", "Cancelled: %(num)s messages will not go.", count)


def _run(session: Session, name: str) -> Run:
    try:
        return runs.latest(session, name)
    except NotFoundError:
        raise HTTPException(404) from None


@pages.page("/campaigns/{name}/clone", Act.WRITE_CAMPAIGNS)
def clone(name: str, visit: Here) -> Response:
    """The form of a copy."""
    facts = facts_of(visit, name)
    return visit.show("campaigns_clone.html", name=name, title=facts["title"], given={}, error="")


@pages.deed("/campaigns/{name}/clone", Act.WRITE_CAMPAIGNS)
def cloned(name: str, visit: Here) -> Response:
    """Copy a campaign, and open the copy."""
    new_name, title = visit.form.get("name", "").strip(), visit.form.get("title", "").strip()
    try:
        editing.clone(visit.workspace, name, new_name, title, visit.by)
    except NotFoundError:
        raise HTTPException(404) from None
    except (ConflictError, DefinitionError) as error:
        title = facts_of(visit, name)["title"]
        return visit.show(
            "campaigns_clone.html", 422, name=name, title=title, given=visit.form, error=visit.words.told(error)
        )
    return visit.go(f"/campaigns/{new_name}/edit", visit.words.gettext("The copy is there. Nothing of it is launched."))
