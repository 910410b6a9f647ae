"""Claiming: each message once, at the sender's pace, never after a STOP or a pause."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from outreach import consent
from outreach.audience.tables import Endpoint, Person
from outreach.channels.contract import Kind
from outreach.channels.registry import Providers
from outreach.consent import Source
from outreach.delivery import queue, sweep
from outreach.delivery.queue import Batch, allowance, spend
from outreach.messages.status import Lane, Purpose, Refusal, RunState, State
from outreach.messages.tables import Attempt, Message, Run, Sender
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import cast, clinic
from tests.delivery.desk import (
    LEASE,
    change_person,
    claim,
    crowd,
    earlier,
    faults,
    messages,
    rested,
    row,
    run_of,
    sender,
    states,
)

WORKERS = 16


@contextmanager
def elsewhere(work: Callable[[], Any]) -> Iterator[threading.Thread]:
    """Somebody works on another connection while the block runs; at its end that work must be over too."""
    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join(20)
    assert not thread.is_alive()


def pace(workspace: Workspace, each_second: float) -> None:
    with workspace.database.write() as session:
        session.execute(update(Sender).values(pace=each_second))


def queued(workspace: Workspace, people: list[int], run: int | None, **more: Any) -> list[int]:
    with workspace.database.write() as session:
        return messages(session, people, run, **more)


def is_sqlite(workspace: Workspace) -> bool:
    return workspace.database.engine.dialect.name == "sqlite"


def test_a_claim_is_leased_and_its_attempt_committed_before_anybody_is_called(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    [made] = queued(workspace, [amina], run)
    batch = claim(workspace)
    found = row(workspace, made)
    assert [each.id for each in batch.claims] == [made]
    assert (found.state, found.token, found.attempts) == (State.SENDING, batch.token, 1)
    assert found.lease_until == batch.until
    assert found.lease_until is not None
    assert found.lease_until - found.updated_at == timedelta(seconds=LEASE)
    with workspace.database.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.message_id, attempt.number, attempt.token) == (made, 1, batch.token)
    assert claim(workspace).claims == []
    assert faults(workspace) == []


def test_sixteen_workers_claim_every_message_once(workspace: Workspace) -> None:
    run = run_of(workspace)
    people = crowd(workspace, 60 if is_sqlite(workspace) else 250)
    many = [person for person in people for _ in range(8)]
    made = queued(workspace, many, run)
    pace(workspace, 1_000_000.0)
    claimed: list[int] = []

    def work(_: int) -> None:
        idle = 0
        while idle < 3:
            batch = claim(workspace, limit=37)
            claimed.extend(each.id for each in batch.claims)
            idle = 0 if batch.claims else idle + 1

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    assert sorted(claimed) == sorted(made)
    with workspace.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == len(made)
    assert faults(workspace) == []


def test_the_pace_holds_over_all_workers_together(workspace: Workspace) -> None:
    """Over n seconds of the database's clock, no more than pace x (n + burst) are claimed, whoever claims."""
    people = crowd(workspace, 40)
    queued(workspace, people * 8, run_of(workspace))
    pace(workspace, 10.0)
    rested(workspace)
    started = workspace.database.now()

    def work(_: int) -> int:
        return sum(len(claim(workspace).claims) for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        first = sum(pool.map(work, range(8)))
    took = (workspace.database.now() - started).total_seconds()
    assert 20 <= first <= 10 * (took + queue.BURST[Lane.BULK])
    with workspace.database.write() as session:  # seven seconds go by
        session.execute(update(Sender).values(next_at=sender(workspace).next_at - timedelta(seconds=7)))
    with ThreadPoolExecutor(8) as pool:
        second = sum(pool.map(work, range(8)))
    took = (workspace.database.now() - started).total_seconds()
    assert first + 20 <= first + second <= 10 * (took + 7 + queue.BURST[Lane.BULK])


PACES = [
    ("rested, one a second", 1.0, Lane.BULK, 0.0, 2),
    ("rested, a hundred a second", 100.0, Lane.BULK, 0.0, 200),
    ("one a minute is still one", 1 / 60, Lane.BULK, 0.0, 1),
    ("conversations go further", 1.0, Lane.CONVERSATION, 0.0, 6),
    ("bulk has used its burst", 1.0, Lane.BULK, 2.0, 0),
    ("and conversations have not", 1.0, Lane.CONVERSATION, 2.0, 4),
    ("one a minute, bulk just went", 1 / 60, Lane.CONVERSATION, 60.0, 1),
    ("far ahead", 5.0, Lane.CONVERSATION, 100.0, 0),
    ("long idle saves nothing up", 1.0, Lane.BULK, -3600.0, 2),
]


@pytest.mark.parametrize("case", PACES, ids=lambda case: case[0])
def test_what_a_pace_allows(case: tuple[str, float, Lane, float, int]) -> None:
    _, each_second, lane, ahead, allowed = case
    at = datetime.now(UTC)
    given = Sender(name="s", pace=each_second, next_at=at + timedelta(seconds=ahead), halted_until=None)
    assert allowance(given, lane, at) == allowed
    spend(given, allowed, at)
    assert allowance(given, lane, at) == 0


def test_an_answer_overtakes_any_bulk(workspace: Workspace) -> None:
    people = crowd(workspace, 30)
    queued(workspace, people, run_of(workspace))
    pace(workspace, 1.0)
    rested(workspace)
    assert len(claim(workspace).claims) == 2
    assert claim(workspace).claims == []
    replies = queued(workspace, people[-2:], None, purpose=Purpose.REPLY, body=b"sealed")
    [confirmation] = queued(workspace, people[-1:], None, purpose=Purpose.CONFIRMATION, body=b"sealed")
    batch = claim(workspace, Lane.CONVERSATION)
    assert [each.id for each in batch.claims] == [confirmation, *replies]
    assert claim(workspace).claims == []


def test_each_lane_takes_only_its_own(workspace: Workspace) -> None:
    person = crowd(workspace, 1)[0]
    for purpose in Purpose:
        queued(workspace, [person], run_of(workspace) if purpose == Purpose.CAMPAIGN else None, purpose=purpose)
    talk = {each.purpose for each in claim(workspace, Lane.CONVERSATION).claims}
    assert talk == {Purpose.REPLY, Purpose.AUTOMATIC, Purpose.CONFIRMATION, Purpose.TEST, Purpose.CALL, Purpose.APOLOGY}
    assert {each.purpose for each in claim(workspace).claims} == {Purpose.CAMPAIGN, Purpose.KNOCK, Purpose.QUESTION}
    assert states(workspace)[State.REFUSED] == 1  # the invitation: she had agreed already


def test_what_is_not_to_be_claimed(workspace: Workspace) -> None:
    people, run = crowd(workspace, 1), run_of(workspace)
    soon = workspace.database.now() + timedelta(minutes=1)
    quiet = {
        "not due yet": queued(workspace, people, run, due_at=soon),
        "of another sender": queued(workspace, people, run, sender="fcm"),
        "in a paused run": queued(workspace, people, run_of(workspace, RunState.PAUSED)),
        "in a cancelled run": queued(workspace, people, run_of(workspace, RunState.CANCELLED)),
        "in a finished run": queued(workspace, people, run_of(workspace, RunState.FINISHED)),
        "planned only": queued(workspace, people, run, state=State.PLANNED),
    }
    assert claim(workspace).claims == []
    assert claim(workspace, sender="nobody").claims == []
    assert {label: row(workspace, ids[0]).attempts for label, ids in quiet.items()} == dict.fromkeys(quiet, 0)


def test_what_is_too_old_expires_and_what_is_refused_says_why(workspace: Workspace) -> None:
    people, run = crowd(workspace, 2), run_of(workspace)
    now = workspace.database.now()
    [old] = queued(workspace, people[:1], run, expires_at=now)
    [moved] = queued(workspace, people[1:], run, step="refill", occurrence="2026-01-01")
    change_person(workspace, people[0], hours_from=0, hours_to=1440)
    batch = claim(workspace)
    assert (batch.claims, batch.decided) == ([], 2)
    assert row(workspace, old).state == State.EXPIRED
    assert (row(workspace, moved).state, row(workspace, moved).reason) == (State.REFUSED, Refusal.DATE_MOVED)
    assert faults(workspace) == []


def test_what_nobody_claims_expires_all_the_same(workspace: Workspace) -> None:
    people, run = crowd(workspace, 3), run_of(workspace)
    now = workspace.database.now()
    [old] = queued(workspace, people[:1], run, expires_at=now)
    [planned] = queued(workspace, people[1:2], run, expires_at=now, state=State.PLANNED)
    [young] = queued(workspace, people[2:], run)
    assert sweep.sweep(workspace, Providers([]))["expired"] == 2
    assert [row(workspace, each).state for each in (old, planned, young)] == [State.EXPIRED] * 2 + [State.QUEUED]
    assert faults(workspace) == []


def test_outside_her_hours_a_message_waits_for_the_next_lawful_moment(workspace: Workspace) -> None:
    person, run = crowd(workspace, 1)[0], run_of(workspace)
    local = workspace.database.now() + timedelta(hours=3)  # Nairobi keeps no summer time
    opens = (local.hour * 60 + local.minute + 120) % 1440
    change_person(workspace, person, hours_from=opens, hours_to=opens + 1)
    [made] = queued(workspace, [person], run)
    assert claim(workspace).claims == []
    found = row(workspace, made)
    assert (found.state, found.attempts) == (State.QUEUED, 0)
    assert timedelta(minutes=118) < found.due_at - workspace.database.now() <= timedelta(minutes=120)
    assert sender(workspace).next_at <= workspace.database.now()  # it cost the sender nothing


def test_a_stop_between_planning_and_claiming_is_seen(workspace: Workspace) -> None:
    person, run = crowd(workspace, 1)[0], run_of(workspace)
    made = queued(workspace, [person] * 3, run)
    with workspace.database.write() as session:
        consent.stop(session, person, Source.TEXT, "text", dialects.now(session))
    assert claim(workspace).claims == []
    assert {row(workspace, each).reason for each in made} == {Refusal.STOPPED}
    assert faults(workspace) == []


def test_an_endpoint_that_died_is_refused_and_a_newer_one_is_used(workspace: Workspace) -> None:
    person, run = crowd(workspace, 1)[0], run_of(workspace)
    with workspace.database.write() as session:
        session.execute(update(Endpoint).where(Endpoint.person_id == person).values(state="gone"))
    [made] = queued(workspace, [person], run)
    assert claim(workspace).claims == []
    assert row(workspace, made).reason == Refusal.NO_ENDPOINT


def test_due_lanes_hint_at_work_and_only_at_work(workspace: Workspace) -> None:
    person, run = crowd(workspace, 1)[0], run_of(workspace)

    def lanes() -> list[tuple[str, Kind, Lane]]:
        with workspace.database.read() as session:
            return queue.due_lanes(session)

    assert lanes() == []
    queued(workspace, [person], run)
    assert lanes() == [("twilio", Kind.SMS, Lane.BULK)]
    queued(workspace, [person], None, purpose=Purpose.REPLY)
    assert lanes() == [("twilio", Kind.SMS, Lane.CONVERSATION), ("twilio", Kind.SMS, Lane.BULK)]
    with workspace.database.write() as session:
        session.execute(update(Sender).values(halted_until=dialects.now(session) + timedelta(minutes=1)))
    assert lanes() == []
    assert claim(workspace).claims == []


# What follows needs two transactions at once, which SQLite does not have: there a claim simply waits.


@pytest.fixture
def server(migrated_postgres_url: str, tmp_path: Path) -> Iterator[Workspace]:
    with clinic(migrated_postgres_url, tmp_path / "clinic") as made:
        yield made


def test_a_person_whom_somebody_holds_is_passed_over(server: Workspace) -> None:
    held, free = crowd(server, 2)
    run = run_of(server)
    [waits], [goes] = queued(server, [held], run), queued(server, [free], run)
    with server.database.write() as session:
        session.execute(select(Person).where(Person.id == held).with_for_update())
        batch = claim(server)
        assert ([each.id for each in batch.claims], batch.decided) == ([goes], 1)
        nothing = claim(server)
        assert (nothing.claims, nothing.decided) == ([], 0)  # and nobody goes round in circles
    assert [each.id for each in claim(server).claims] == [waits]
    assert faults(server) == []


def test_a_stop_waits_for_a_claim_or_the_claim_for_the_stop(server: Workspace) -> None:
    """Sixty times both at once: what was claimed was committed before the STOP was, each time."""
    people, run = crowd(server, 60), run_of(server)
    queued(server, people * 3, run)
    pace(server, 1_000_000.0)
    stopped: dict[int, int] = {}
    claimed: dict[int, list[int]] = {}
    clock, lock = iter(range(1_000_000)), threading.Lock()

    def tick() -> int:
        with lock:
            return next(clock)

    def stop(person: int) -> None:
        with server.database.write() as session:
            session.execute(select(Person.id).where(Person.id == person).with_for_update())
            consent.stop(session, person, Source.TEXT, "text", dialects.now(session))
            time.sleep(0.001)
        stopped[person] = tick()  # a moment after the commit: whatever is claimed later must not be hers

    def work(_: int) -> None:
        for _ in range(25):
            before = tick()
            for each in claim(server, limit=7).claims:
                claimed.setdefault(each.person_id, []).append(before)

    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(work, place) for place in range(8)] + [pool.submit(stop, each) for each in people]
        for job in jobs:
            job.result()
    late = {person: began for person, began in claimed.items() if max(began) > stopped[person]}
    assert late == {}
    assert stopped.keys() == set(people)


def test_a_pause_that_is_committed_lets_nothing_through(server: Workspace) -> None:
    people, run = crowd(server, 20), run_of(server)
    queued(server, people * 5, run)
    paused = threading.Event()
    after: list[Batch] = []

    def work() -> None:
        while not paused.is_set():
            claim(server, limit=3)
        after.extend(claim(server) for _ in range(3))

    with elsewhere(work):
        time.sleep(0.1)
        with server.database.write() as session:
            session.execute(select(Run.id).where(Run.id == run).with_for_update())
            session.execute(update(Run).where(Run.id == run).values(state=RunState.PAUSED))
        paused.set()
    assert [batch.claims for batch in after] == [[], [], []]


def test_a_run_that_is_being_paused_holds_a_claim_up_and_then_gets_it(server: Workspace) -> None:
    """The claim found its rows before the pause was committed, and must still see it."""
    person, run = crowd(server, 1)[0], run_of(server)
    [made] = queued(server, [person], run)
    batches: list[Batch] = []
    with server.database.write() as session:
        session.execute(update(Run).where(Run.id == run).values(state=RunState.PAUSED))
        thread = threading.Thread(target=lambda: batches.append(claim(server)))
        thread.start()
        time.sleep(0.3)
        assert batches == []
    thread.join(10)
    assert batches[0].claims == []
    assert row(server, made).state == State.PLANNED
    assert faults(server) == []


def test_a_claim_that_waited_for_a_run_to_go_on_says_that_it_came_after(server: Workspace) -> None:
    """Its attempts bear the moment at which nothing could turn any more, not that at which it began to wait."""
    person, run = crowd(server, 1)[0], run_of(server)
    queued(server, [person], run)
    with server.database.write() as session:
        session.execute(select(Run.id).where(Run.id == run).with_for_update())
        thread = threading.Thread(target=lambda: claim(server))
        thread.start()
        time.sleep(0.3)
        turned = dialects.now(session)
    thread.join(10)
    with server.database.read() as session:
        assert turned < session.scalars(select(Attempt.started_at)).one()


def test_parts_beyond_one_are_paid_for_later(workspace: Workspace) -> None:
    """A sender that is paced in parts cannot know them before the text is written."""
    given = Sender(name="s", pace=1.0, next_at=workspace.database.now(), halted_until=None)
    at = workspace.database.now()
    spend(given, 1, at)
    spend(given, 2, at)
    assert timedelta(seconds=2.9) < given.next_at - at <= timedelta(seconds=3.1)


def test_waiting_moves_nothing_but_the_clock(workspace: Workspace) -> None:
    person, run = crowd(workspace, 1)[0], run_of(workspace)
    [made] = queued(workspace, [person], run, due_at=workspace.database.now() + timedelta(hours=1))
    earlier(workspace, 3601, Message.due_at)
    assert [each.id for each in claim(workspace).claims] == [made]
