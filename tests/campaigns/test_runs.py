"""Launching, pausing, resuming, cancelling and finishing a run, by several people at once if need be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from outreach.campaigns import planning, runs
from outreach.channels.contract import Kind
from outreach.delivery import sweep
from outreach.delivery.moves import Move
from outreach.errors import ConflictError, DefinitionError, NotFoundError
from outreach.messages.frozen import Frozen
from outreach.messages.status import RunState, State, Withdrawal
from outreach.messages.tables import Message, Run, Tally
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.campaigns.test_planning import HEAD, NAME, back, faults, launch, step, wall
from tests.clinic import cast, write_campaign
from tests.delivery.desk import claim, crowd, message, states


def started(workspace: Workspace, people: int = 3) -> int:
    """A run with everything of it written."""
    crowd(workspace, people)
    run = launch(workspace, step(wall(workspace.database.now())))
    assert planning.plan(workspace) == people
    return run


def state_of(workspace: Workspace, run: int) -> RunState:
    with workspace.database.read() as session:
        return RunState(session.scalars(select(Run.state).where(Run.id == run)).one())


def test_a_launch_freezes_definition_and_texts(workspace: Workspace) -> None:
    run = launch(workspace, step(wall(workspace.database.now()), more="on_unknown: resend"))
    with workspace.database.read() as session:
        found = runs.latest(session, NAME)
        frozen = Frozen.model_validate(found.frozen)
    assert (found.id, found.state, found.launched_by, found.topic) == (run, RunState.RUNNING, "test", "tb")
    assert frozen.steps["welcome"].channels == (Kind.PUSH, Kind.SMS)
    assert (frozen.steps["welcome"].expires, frozen.steps["welcome"].on_unknown) == (6 * 3600, "resend")
    assert frozen.templates.keys() == {"tb/welcome"}
    assert len(found.content_hash) == 64


def test_what_cannot_be_launched_says_why(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="There is no campaign 'nothing'"):
        runs.launch(workspace, "nothing", by="test")
    write_campaign(workspace, "broken", "title: Trial\n")
    with pytest.raises(DefinitionError) as raised:
        runs.launch(workspace, "broken", by="test")
    assert len(raised.value.faults) > 1
    with pytest.raises(ConflictError, match="lies in the past"):
        launch(workspace, step('at: "2020-01-01 09:00"'))
    with workspace.database.read() as session, pytest.raises(NotFoundError, match="never launched"):
        runs.latest(session, NAME)


def test_of_many_launches_at_once_one_goes_through(workspace: Workspace) -> None:
    write_campaign(workspace, NAME, HEAD + step(wall(workspace.database.now())))

    def attempt(_: int) -> int:
        try:
            runs.launch(workspace, NAME, by="test")
        except ConflictError:
            return 0
        return 1

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1
    with pytest.raises(ConflictError, match="running already"):
        runs.launch(workspace, NAME, by="test")
    runs.cancel(workspace, NAME, "test")
    runs.launch(workspace, NAME, by="test")
    with pytest.raises(ConflictError, match="running already"):
        runs.launch(workspace, NAME, by="test")


def test_a_paused_run_waits_and_a_resumed_one_goes_on(workspace: Workspace) -> None:
    run = started(workspace)
    assert runs.pause(workspace, NAME, "test") == 3
    assert (states(workspace), state_of(workspace, run)) == ({State.PLANNED: 3}, RunState.PAUSED)
    assert claim(workspace).claims == []
    assert planning.plan(workspace) == 0
    with pytest.raises(ConflictError, match="is paused"):
        runs.pause(workspace, NAME, "test")
    with pytest.raises(ConflictError, match="paused already"):
        runs.launch(workspace, NAME, by="test")
    assert runs.resume(workspace, NAME, "test") == 3
    assert len(claim(workspace).claims) == 3
    with pytest.raises(ConflictError, match="is running"):
        runs.resume(workspace, NAME, "test")
    assert faults(workspace) == []


def test_a_cancelled_run_ends_for_good(workspace: Workspace) -> None:
    run = started(workspace, people=4)
    going = claim(workspace, limit=1)
    assert runs.cancel(workspace, NAME, "test") == 3
    assert states(workspace) == {State.SENDING: 1, State.CANCELLED: 3}
    assert len(going.claims) == 1  # what was on its way stays there
    with workspace.database.read() as session:
        reasons = set(session.scalars(select(Message.reason).where(Message.state == State.CANCELLED)))
    assert reasons == {Withdrawal.RUN_CANCELLED}
    for turn in (runs.pause, runs.resume, runs.cancel):
        with pytest.raises(ConflictError, match="is cancelled"):
            turn(workspace, NAME, "test")
    assert state_of(workspace, run) == RunState.CANCELLED
    assert faults(workspace) == []


def test_stragglers_of_a_cancelled_run_are_withdrawn(workspace: Workspace) -> None:
    run = started(workspace, people=2)
    with workspace.database.write() as session:
        session.execute(update(Run).values(state=RunState.CANCELLED))
        assert sweep._withdraw(session) == 2
        assert sweep._withdraw(session) == 0
    assert states(workspace) == {State.CANCELLED: 2}
    assert state_of(workspace, run) == RunState.CANCELLED


def test_whoever_is_cut_off_while_resuming_leaves_nobody_behind(workspace: Workspace) -> None:
    started(workspace)
    runs.pause(workspace, NAME, "test")
    with workspace.database.write() as session:  # resumed, and killed before the messages were moved
        session.execute(update(Run).values(state=RunState.RUNNING))
        assert sweep._resume(session) == 3
    assert states(workspace) == {State.QUEUED: 3}
    assert faults(workspace) == []


def test_a_pause_that_is_overtaken_by_a_resume_holds_nothing(workspace: Workspace) -> None:
    """Its remaining chunks must not be moved once somebody has let the run go on."""
    run = started(workspace)
    runs.pause(workspace, NAME, "test")
    runs.resume(workspace, NAME, "test")
    late = runs._move_chunk(workspace, run, RunState.PAUSED, Move(0, State.PLANNED), (State.QUEUED,))
    assert late == 0
    assert states(workspace) == {State.QUEUED: 3}


def test_pause_and_resume_by_many_hands_lose_nothing(workspace: Workspace) -> None:
    run = started(workspace, people=120)

    def turn(place: int) -> None:
        with suppress(ConflictError):
            (runs.pause if place % 2 else runs.resume)(workspace, NAME, "test")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(turn, range(24)))
    if state_of(workspace, run) == RunState.PAUSED:
        runs.resume(workspace, NAME, "test")
    with workspace.database.write() as session:
        sweep._resume(session)
    assert states(workspace) == {State.QUEUED: 120}
    assert faults(workspace) == []


def test_a_run_finishes_when_nothing_of_it_lies_ahead_and_nothing_is_on_its_way(workspace: Workspace) -> None:
    [person] = crowd(workspace, 1)
    run = launch(workspace, step(wall(workspace.database.now())))
    assert runs.finish(workspace) == 0  # its only step may still be planned
    with workspace.database.write() as session:
        frozen = session.scalars(select(Run.frozen).where(Run.id == run)).one()
        past = workspace.database.now() - timedelta(hours=9)
        frozen["definition"]["steps"][0]["at"] = f"{past:%Y-%m-%d %H:%M:%S}"
        session.execute(update(Run).values(frozen=frozen))
    back(workspace, run, 10)
    with workspace.database.write() as session:
        waiting = message(session, person, run)
    assert runs.finish(workspace) == 0
    with workspace.database.write() as session:
        session.execute(update(Message).where(Message.id == waiting).values(state=State.DELIVERED))
        session.execute(update(Tally).values(state=State.DELIVERED))
    assert runs.finish(workspace) == 1
    assert state_of(workspace, run) == RunState.FINISHED
    assert runs.finish(workspace) == 0
    assert planning.plan(workspace) == 0
    with pytest.raises(ConflictError, match="is finished"):
        runs.pause(workspace, NAME, "test")
    launch(workspace, step(wall(workspace.database.now())))


@pytest.mark.parametrize(
    "timing",
    ['before: {field: refill_date, days: 1}\n    at: "09:00"', 'every: "FREQ=DAILY"\n    at: "09:00"'],
    ids=["dates", "without end"],
)
def test_a_run_without_an_end_goes_on(workspace: Workspace, timing: str) -> None:
    cast(workspace)
    run = launch(workspace, step(timing))
    back(workspace, run, 24 * 400)
    assert runs.finish(workspace) == 0
    with workspace.database.write() as session:
        assert dialects.now(session) > session.scalars(select(Run.launched_at)).one()
