"""The product as an operator runs it: processes of their own, killed, cut off and told to end."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import func, select

from outreach.audience.tables import Person
from outreach.channels.contract import Kind
from outreach.consent import ConsentState, Standing
from outreach.messages.status import Purpose, State
from outreach.messages.tables import Message
from tests.invariants import broken
from tests.processes import Program, Site, answers, outreach, site, wait_until
from tests.relay import Relay

PEOPLE = 60
SLOW = {"OUTREACH_PROVIDERS__TWILIO__PACE": "15", "OUTREACH_PROVIDERS__TWILIO__TIMEOUT": "5"}

GOING = [State.PLANNED, State.QUEUED, State.SENDING, State.UNKNOWN]


def is_done(place: Site) -> bool:
    """Whether both messages to everybody who agreed are on their way or refused, and nothing is in doubt."""
    with place.workspace.database.read() as session:
        going = session.scalar(select(func.count()).where(Message.direction == "out", Message.state.in_(GOING)))
        steps = set(session.scalars(select(Message.step).where(Message.purpose == Purpose.CAMPAIGN).distinct()))
    return going == 0 and steps == {"welcome", "every-day"}


def held(place: Site, program: Program) -> set[int]:
    """Freeze a worker; what was claimed at that moment and has no answer yet."""
    program.send(signal.SIGSTOP)
    with place.workspace.database.read() as session:
        return set(session.scalars(select(Message.id).where(Message.state == State.SENDING)))


def check(place: Site, held: AbstractSet[int] = frozenset()) -> None:
    """Everybody who agreed has each step once, whatever became of it; the carrier took no message twice. Only what a
    dead worker `held` may be given up: claimed, and never called for.
    """
    with place.workspace.database.read() as session:
        if session.get_bind().dialect.name == "postgresql":
            # Everything of one moment, as on SQLite: a last receipt may still be on its way.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        people = session.scalar(select(func.count()).select_from(Person))
        agreed = set(
            session.scalars(
                select(Standing.person_id).where(Standing.topic == "tb", Standing.state == ConsentState.GRANTED)
            )
        )
        campaign = select(Message.person_id, Message.step).where(
            Message.purpose == Purpose.CAMPAIGN, Message.fallback_of.is_(None)
        )
        steps = Counter(tuple(row) for row in session.execute(campaign))
        # A push in doubt is never sent again: a text takes its place.
        not_found = (Message.state == State.FAILED, Message.reason == "not_found", Message.kind == Kind.SMS)
        lost = set(session.scalars(select(Message.id).where(*not_found)))
        faults = broken(session, place.notes())
    assert people == PEOPLE
    assert steps == Counter({(person, step): 1 for person in agreed for step in ("welcome", "every-day")})
    taken = place.taken()
    assert lost <= held
    assert not {str(each) for each in lost} & set(taken)
    assert faults == []
    assert {message: count for message, count in taken.items() if count > 1} == {}


def half_way(place: Site) -> bool:
    """Whether the campaign is in the middle of going out."""
    return len(place.taken()) >= PEOPLE // 3


@pytest.fixture
def split(postgres_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Site, Relay]]:
    """A clinic on PostgreSQL whose broker, behind a relay, is the fixture that the test names."""
    relay = Relay(request.getfixturevalue(request.param))
    with site(tmp_path / "clinic", postgres_url, relay.url.geturl(), **SLOW) as place:
        yield place, relay


@pytest.mark.parametrize("split", ["redis_url", "amqp_url"], indirect=True)
def test_a_campaign_goes_out_once_though_a_worker_is_killed_and_the_broker_goes_away(
    split: tuple[Site, Relay], request: pytest.FixtureRequest
) -> None:
    place, relay = split
    with ExitStack() as stack:
        begun = [stack.enter_context(place.running(word)) for word in ("web", "worker", "worker", "beat", "beat")]
        wait_until(lambda: answers(f"http://127.0.0.1:{place.port}/ready"), what="the web's start")
        place.launch(PEOPLE, gap=4)
        wait_until(lambda: half_way(place), what="the first third")
        in_hand = held(place, begun[1])
        begun.pop(1).kill()
        relay.cut()
        if "redis" in str(relay.url.scheme):
            with Redis.from_url(request.getfixturevalue("redis_url")) as server:
                server.flushall()
        wait_until(lambda: all(program.said for program in begun if "beat" in program.words), what="a word about it")
        relay.mend()
        wait_until(lambda: is_done(place), 90, "the end of the campaign")
        check(place, in_hand)
        for program in begun:
            program.send(signal.SIGTERM)
        assert [program.ended() for program in begun] == [0] * len(begun)
        for program in begun:
            assert "Traceback" not in program.said, program.said[program.said.index("Traceback") :][:4000]
            assert "task failed" not in program.said
            assert program.said.count("\n") < 150


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Site]:
    """A clinic of one process."""
    folder = tmp_path / "clinic"
    with site(folder, f"sqlite:///{folder / 'outreach.db'}", **SLOW) as place:
        yield place


def test_a_clinic_of_one_process_is_killed_and_goes_on(small: Site) -> None:
    with small.running("up") as first:
        wait_until(lambda: answers(f"http://127.0.0.1:{small.port}/health"), what="the start")
        small.launch(PEOPLE, gap=4)
        wait_until(lambda: half_way(small), what="the first third")
        in_hand = held(small, first)
        first.kill()
    with small.running("up") as second:
        wait_until(lambda: answers(f"http://127.0.0.1:{small.port}/health"), what="the second start")
        wait_until(lambda: is_done(small), 90, "the end of the campaign")
        check(small, in_hand)
        assert f"Outreach is up at http://127.0.0.1:{small.port}" in second.said
        third = outreach("up", folder=small.folder)
        assert third.returncode == 2
        assert third.stderr == (
            f"outreach: Nothing can be served at 127.0.0.1:{small.port}: Address already in use. Choose another port.\n"
        )
        second.send(signal.SIGINT)
        assert second.ended() == 0
        assert "Traceback" not in second.said
        assert "task failed" not in second.said


@pytest.mark.parametrize("word", ["worker", "beat"])
def test_a_process_of_its_own_needs_a_broker_and_says_so_in_one_line(word: str, tmp_path: Path) -> None:
    done = outreach(word, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("outreach: OUTREACH_BROKER_URL: separate processes need a broker, such as redis://")
    assert done.stderr.count("\n") == 1


def test_a_worker_does_not_start_on_a_database_that_was_never_set_up(tmp_path: Path) -> None:
    done = outreach("worker", folder=tmp_path, env={"OUTREACH_BROKER_URL": "redis://127.0.0.1:1/0"})
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "outreach init" in done.stderr
