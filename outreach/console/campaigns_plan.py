"""The plan of a campaign, a test of it on one's own phone, and the two pairs of eyes before its launch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from babel import dates
from fastapi import HTTPException
from fastapi.responses import Response

from outreach.audience import phone
from outreach.audience.phone import PhoneRefusal
from outreach.audience.tables import Openness
from outreach.campaigns import acts, approvals, runs, trial
from outreach.campaigns.approvals import Proposed
from outreach.campaigns.forecast import Forecast
from outreach.campaigns.trial import Trial
from outreach.console import campaigns_words as names
from outreach.console.campaigns_kept import Planned
from outreach.console.people_words import ROW_REFUSALS
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import ConflictError, DefinitionError, NotFoundError, OutreachError

pages = Pages()

MOST_BARS = 45  # days that are drawn as bars; more are a line


@pages.page("/campaigns/{name}/plan", Act.SEE_CAMPAIGNS)
def plan(name: str, visit: Here) -> Response:
    """Who hears what, when, at what price, and who does not and why."""
    return _plan(visit, name)


def _plan(visit: Visit, name: str, status: int = 200, **told: Any) -> Response:
    workspace = visit.workspace
    try:
        planned = visit.desk.plans.of(workspace, name, visit.now, wait=bool(told))  # what is told is told now or never
    except NotFoundError:
        raise HTTPException(404) from None
    except DefinitionError as error:
        return visit.show("campaigns_plan_faults.html", status, name=name, faults=error.faults)
    found, digest = planned.plan, planned.content.digest
    if found is None:
        return _counting(visit, name, planned)
    with workspace.database.read() as session:
        proposal = approvals.latest(session, workspace.vault, name)
    facts = {
        "name": name,
        "found": found,
        "again": planned.again,
        "would": acts.launch_would(found),
        "proposal": proposal,
        "fits": proposal is not None and proposal.content_hash == digest,
        "running": _is_running(visit, name),
        "alone": workspace.settings.approval == "never",
        "bars": len(found.days) <= MOST_BARS,
        "plotted": _plotted(visit, found),
        "steps": [("", visit.words.gettext("The first"))] + [(step, step) for step in found.steps],
        **_clocks(visit),
        "names": names,
        "error": "",
        "tested": None,
        "given": {},
    }
    return visit.show("campaigns_plan.html", status, **{**facts, **told})


def _counting(visit: Visit, name: str, planned: Planned) -> Response:
    """Says that the plan is being counted, and comes again: by a header, so that no script is needed."""
    answer = visit.show("campaigns_plan_counting.html", name=name, title=planned.content.definition.title)
    answer.headers["Refresh"] = "2"
    return answer


def _clocks(visit: Visit) -> dict[str, Any]:
    """How times on the clocks of people are written: as they are there, not as they are at the clinic."""
    words = visit.words

    def wall(at: datetime) -> str:
        short = dates.format_date(at, "EEE d MMM", locale=words.locale)
        year = "" if at.year == visit.now.year else f" {at.year}"
        return f"{short}{year}, {at:%H:%M}"

    def spanned(hours: float) -> str:
        return words.span(timedelta(hours=hours)) if hours * 60 >= 1 else words.gettext("less than a minute")

    return {"wall": wall, "spanned": spanned}


def _plotted(visit: Visit, found: Forecast) -> list[tuple[str, str | int, int]]:
    """Days with their messages. Many of them are a line over time; days without any are part of it."""
    if len(found.days) <= MOST_BARS:
        return [(visit.words.day(each.day), "", each.total.messages) for each in found.days]
    midnight = datetime.min.time().replace(tzinfo=UTC)
    days = {each.day: each.total.messages for each in found.days}
    first, last = min(days), max(days)
    line = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [(visit.words.day(day), int(datetime.combine(day, midnight).timestamp()), days.get(day, 0)) for day in line]


def _is_running(visit: Visit, name: str) -> bool:
    with visit.workspace.database.read() as session:
        try:
            return runs.latest(session, name).state in {"running", "paused"}
        except NotFoundError:
            return False


@pages.deed("/campaigns/{name}/test", Act.WRITE_CAMPAIGNS)
def test(name: str, visit: Here) -> Response:
    """One message to one's own phone, by the way that every message goes."""
    form = visit.form
    number = phone.read(form.get("to", ""), visit.workspace.settings.country)
    if isinstance(number, PhoneRefusal):
        return _plan(visit, name, 422, error=visit.words.gettext(ROW_REFUSALS[number]), given=form)
    openness = Openness.OPEN if form.get("openness") == "open" else Openness.COVERT
    wanted = Trial(name, form.get("step", ""), form.get("language", ""), openness)
    try:
        queued = trial.send(visit.workspace, wanted, number.number, visit.by)
    except OutreachError as error:
        return _plan(visit, name, 422, error=visit.words.told(error), given=form)
    return _plan(visit, name, tested=queued)


@pages.deed("/campaigns/{name}/propose", Act.WRITE_CAMPAIGNS)
def propose(name: str, visit: Here) -> Response:
    """Ask for a second person's yes."""
    done = visit.words.gettext("Proposed. Somebody else looks at it now.")
    return _turn(visit, name, lambda: approvals.propose(visit.workspace, name, visit.by), done)


@pages.deed("/campaigns/{name}/approve", Act.APPROVE_CAMPAIGNS)
def approve(name: str, visit: Here) -> Response:
    """Say yes to what somebody else proposed."""
    visit.need(Act.APPROVE_CAMPAIGNS, _live(visit, name).proposed_by)
    done = visit.words.gettext("Approved. It can be launched as long as nothing of it is changed.")
    return _turn(visit, name, lambda: approvals.approve(visit.workspace, name, visit.by), done)


@pages.deed("/campaigns/{name}/decline", Act.APPROVE_CAMPAIGNS)
def decline(name: str, visit: Here) -> Response:
    """Say no, and why."""
    visit.need(Act.APPROVE_CAMPAIGNS, _live(visit, name).proposed_by)
    why = visit.form.get("why", "")
    done = visit.words.gettext("Declined. Whoever proposed it reads why.")
    return _turn(visit, name, lambda: approvals.decline(visit.workspace, name, visit.by, why), done)


@pages.deed("/campaigns/{name}/withdraw", Act.WRITE_CAMPAIGNS)
def withdraw(name: str, visit: Here) -> Response:
    """Take a proposal or an approval back, and say why."""
    why = visit.form.get("why", "")
    done = visit.words.gettext("Withdrawn. Before a launch it has to be proposed again.")
    return _turn(visit, name, lambda: approvals.withdraw(visit.workspace, name, visit.by, why), done)


@pages.page("/campaigns/{name}/launch", Act.RUN_CAMPAIGNS)
def ready(name: str, visit: Here) -> Response:
    """What a launch would do, before it is done."""
    try:
        planned = visit.desk.plans.of(visit.workspace, name, visit.now)
    except NotFoundError:
        raise HTTPException(404) from None
    except DefinitionError as error:
        return visit.show("campaigns_plan_faults.html", name=name, faults=error.faults)
    found = planned.plan
    if found is None:
        return _counting(visit, name, planned)
    would = acts.launch_would(found)
    return visit.show(
        "campaigns_launch.html", name=name, found=found, again=planned.again, would=would, **_clocks(visit)
    )


@pages.deed("/campaigns/{name}/launch", Act.RUN_CAMPAIGNS)
def launch(name: str, visit: Here) -> Response:
    """Launch what was approved."""
    needed = visit.workspace.settings.approval != "never"
    done = visit.words.gettext("Launched. From now on it goes by itself.")
    return _turn(visit, name, lambda: runs.launch(visit.workspace, name, visit.by, approved=needed), done)


def _live(visit: Visit, name: str) -> Proposed:
    with visit.workspace.database.read() as session:
        found = approvals.latest(session, visit.workspace.vault, name)
    if found is None or not found.live:
        raise HTTPException(404)
    return found


def _turn(visit: Visit, name: str, act: Callable[[], object], done: str) -> Response:
    """Do it, and show where the campaign stands; what stands in the way is told on the plan."""
    try:
        act()
    except (NotFoundError, DefinitionError):
        raise HTTPException(404) from None
    except ConflictError as error:
        return _plan(visit, name, 409, error=visit.words.told(error))
    return visit.go(f"/campaigns/{name}", done)
