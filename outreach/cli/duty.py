"""`outreach duty`: who is called when somebody is in danger, and when the clinic is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from outreach.cli.terminal import facts, moment, opened, say
from outreach.errors import DefinitionError
from outreach.staff import accounts
from outreach.staff.roles import Role, StaffState
from outreach.threads import duty as rota
from outreach.threads import promises
from outreach.workspace import Workspace


@dataclass(frozen=True, slots=True)
class OnDuty:
    """One of staff who is called. `reachable`: she is among staff, may sign in, and has a phone."""

    staff: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class Now:
    """What holds now. `promise`: when somebody who writes now is told that she will have been read."""

    on_duty: list[OnDuty]
    coordinators: list[OnDuty]
    open: bool
    promise: datetime


def duty(as_json: Annotated[bool, typer.Option("--json", help="Print facts as JSON.")] = False) -> None:
    """Show who is called when somebody is in danger, and when the clinic is open."""
    with opened() as workspace:
        now = _now(workspace)
        zone = workspace.settings.zone
    if as_json:
        facts(now)
        return
    for place, each in enumerate(now.on_duty, 1):
        say(f"{place}. {each.staff}{'' if each.reachable else ': cannot be called (outreach staff list)'}")
    if not now.on_duty:
        say("Nobody is on duty now: every coordinator is called at once. The rota is duty.yaml.")
    names = ", ".join(each.staff for each in now.coordinators if each.reachable)
    say(f"At last: {names}." if names else "No coordinator can be called. Add one with a phone: outreach staff add")
    say(f"The clinic is {'open' if now.open else 'closed'}. Who writes now is read by {moment(now.promise, zone)}.")


def _now(workspace: Workspace) -> Now:
    hours = rota.read(workspace.settings)
    if hours.faults:
        raise DefinitionError(hours.faults)
    with workspace.database.read() as session:
        at = workspace.database.now()
        known = {each.name: each for each in accounts.everybody(session)}
        coordinators = [each.name for each in known.values() if Role.COORDINATOR in each.roles]

        def seen(name: str) -> OnDuty:
            member = known.get(name)
            return OnDuty(name, member is not None and member.has_phone and member.state == StaffState.ACTIVE)

        return Now(
            [seen(name) for name in hours.on_duty(at)],
            [seen(name) for name in coordinators],
            hours.week.covers(at),
            promises.moment(session, workspace, at),
        )
