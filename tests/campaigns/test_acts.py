"""What an act would do is what it then does."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from outreach.campaigns import acts, forecast, runs
from outreach.campaigns.acts import TurnWould
from outreach.messages.status import RunState
from outreach.messages.tables import Message
from outreach.workspace import Workspace
from tests.campaigns.test_planning import NAME, step, wall
from tests.campaigns.test_runs import started
from tests.clinic import cast, write_campaign
from tests.delivery.desk import claim


def would(workspace: Workspace) -> TurnWould:
    now = workspace.database.now()
    with workspace.database.read() as session:
        return acts.turn_would(session, runs.latest(session, NAME), now)


def test_what_waits_is_what_is_held_goes_on_and_is_cancelled(workspace: Workspace) -> None:
    started(workspace, people=4)
    claim(workspace, limit=1)
    before = would(workspace)
    assert (before.waiting, before.under_way, before.late, before.ahead) == (3, 1, 0, 0)
    assert runs.pause(workspace, NAME, "test") == before.waiting
    held = would(workspace)
    assert (held.state, held.waiting) == (RunState.PAUSED, 3)
    with workspace.database.write() as session:
        waiting = Message.state == "planned"
        session.execute(update(Message).where(waiting).values(expires_at=workspace.database.now() - timedelta(hours=1)))
    assert would(workspace).late == 3
    assert runs.cancel(workspace, NAME, "test") == 3
    assert (would(workspace).waiting, would(workspace).ahead) == (0, 0)


def test_a_launch_tells_beforehand_whom_it_reaches_and_when(workspace: Workspace) -> None:
    cast(workspace)
    ahead = workspace.database.now() + timedelta(days=2)
    text = (
        "title: T\ntopic: tb\naudience: {all: []}\nchannels: [sms]\nsteps:\n"
        + step(wall(ahead))
        + step('every: "FREQ=DAILY;COUNT=3"\n    at: "09:00"', "daily")
    )
    write_campaign(workspace, NAME, text)
    planned = forecast.of(workspace, NAME)
    told = acts.launch_would(planned)
    assert (told.people, told.messages, told.refused, told.ends) == (2, 8, 0, True)
    assert told.first is not None
    assert told.last is not None
    assert told.first < told.last
    runs.launch(workspace, NAME, "test")
    assert would(workspace).ahead == 4
