"""Doubt settled by evidence: against a real carrier, over real HTTP, with the two official libraries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from outreach.audience.tables import Endpoint, EndpointState
from outreach.channels import http
from outreach.channels.contract import Cause, Kind, Receipt
from outreach.channels.registry import Providers
from outreach.cli.simulator import ACCOUNT, provider_settings, write_account
from outreach.delivery import carriers, reconcile, send, sweep
from outreach.delivery.moves import Move, advance
from outreach.messages.status import Failure, Lane, Purpose, Refusal, RunState, State
from outreach.messages.tables import Attempt, Message, ProviderEvent, Run, Sender
from outreach.simulator.app import create_app
from outreach.simulator.options import Options, Script, Span, Weather
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import BARAKA, TOKEN, Cast, cast
from tests.delivery.desk import claim, earlier, faults, message, messages, rested, row, run_of, states
from tests.simulator.clinic import soon
from tests.simulator.running import running

AUTH = "a-token-for-tests"


@dataclass
class Stage:
    """A clinic whose providers lead to a carrier of its own. No receipt ever finds its way: nobody listens."""

    workspace: Workspace
    providers: Providers
    carrier: httpx.Client
    people: Cast

    def weather(self, **changes: Any) -> None:
        self.carrier.put("/simulator/weather", json=Weather(**changes).model_dump()).raise_for_status()

    def log(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = self.carrier.get("/simulator/log").json()
        return lines

    def taken(self, made: int) -> int:
        """How often the carrier took this message."""
        return sum(1 for line in self.log() if line["event"] == "call" and line["sid"] and line["message"] == str(made))

    def queue(self, person: int, run: int | None = None, **more: Any) -> int:
        with self.workspace.database.write() as session:
            return message(session, person, run, **more)

    def drain(self, sender: str = "twilio", lane: Lane = Lane.BULK) -> int:
        rested(self.workspace)
        return send.drain(self.workspace, self.providers, sender, lane)

    def sweep(self) -> dict[str, int]:
        return sweep.sweep(self.workspace, self.providers)

    def later(self, seconds: float) -> None:
        """Time passes for every message."""
        earlier(self.workspace, seconds, Message.updated_at, Message.lease_until, Message.fallback_at, Message.due_at)

    def faults(self) -> list[str]:
        return faults(self.workspace, self.log())


@contextmanager
def set_up(workspace: Workspace, folder: Path) -> Iterator[Stage]:
    options = Options(
        account_sid=ACCOUNT,
        auth_token=SecretStr(AUTH),
        inbound_url="http://127.0.0.1:9/hooks/twilio/inbound",
        ack_url="http://127.0.0.1:9/hooks/push/ack",
        log=folder / "carrier.db",
        cast={Script.QUIET: 1.0},
        network=Span(least=0.0, most=0.01),
        carrier_stop=True,
    )
    with running(create_app(options)) as base:
        for name, value in provider_settings(base, AUTH, write_account(folder, base)).items():
            provider, option = name.removeprefix("OUTREACH_PROVIDERS__").lower().split("__")
            workspace.settings.providers.setdefault(provider, {})[option] = value
        workspace.settings.providers["twilio"] |= {"timeout": "5", "pace": "1000"}
        workspace.settings.public_url = "http://127.0.0.1:9"
        providers = carriers.build(workspace)
        with workspace.database.write() as session:
            carriers.enrol(session, providers)
        with httpx.Client(base_url=base, timeout=10) as client:
            client.post("/simulator/handsets", json={"number": BARAKA, "token": TOKEN}).raise_for_status()
            yield Stage(workspace, providers, client, cast(workspace))
        providers.close()


@pytest.fixture
def stage(workspace: Workspace, tmp_path: Path) -> Iterator[Stage]:
    workspace.settings.providers = {}
    with set_up(workspace, tmp_path) as made:
        yield made


def test_what_is_due_is_sent_once_and_costs_what_it_costs(stage: Stage) -> None:
    run = run_of(stage.workspace)
    amina, baraka = stage.people.amina, stage.people.baraka
    text, push = stage.queue(amina, run), stage.queue(baraka, run, kind=Kind.PUSH, sender="fcm")
    assert (stage.drain(), stage.drain("fcm"), stage.drain()) == (1, 1, 0)
    assert [stage.taken(text), stage.taken(push)] == [1, 1]
    for made in (text, push):
        found = row(stage.workspace, made)
        assert (found.state, bool(found.provider_id), found.attempts) == (State.ACCEPTED, True, 1)
    assert (row(stage.workspace, text).cost > 0, row(stage.workspace, push).cost) == (True, 0)
    assert stage.faults() == []


def test_silent_messages_are_asked_after_with_patience(stage: Stage) -> None:
    made = stage.queue(stage.people.amina, run_of(stage.workspace))
    stage.drain()
    sid = row(stage.workspace, made).provider_id
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json"
    assert soon(lambda: stage.carrier.get(path, auth=(ACCOUNT, AUTH)).json()["status"] == "delivered")
    assert stage.sweep()["asked"] == 0  # receipts are usually quicker
    stage.later(stage.workspace.settings.look_after + 1)
    assert stage.sweep()["asked"] == 1
    assert row(stage.workspace, made).state == State.DELIVERED
    assert stage.faults() == []


def test_somebody_out_of_reach_is_asked_after_ever_more_rarely(stage: Stage) -> None:
    made = stage.queue(stage.people.amina, run_of(stage.workspace))
    stage.drain()
    with stage.workspace.database.write() as session:
        session.execute(update(Message).values(provider_id="SM" + "0" * 32))  # the carrier knows nothing of it
    looks = []
    for _ in range(90):
        stage.later(stage.workspace.settings.look_after * 2)
        reconcile.ask(stage.workspace, stage.providers)
        looks.append(row(stage.workspace, made).looks)
    first = [looks.index(count) for count in range(1, reconcile.MOST_ASKED + 1)]
    gaps = [after - before for before, after in pairwise(first)]
    assert looks[-1] == reconcile.MOST_ASKED
    assert gaps == sorted(gaps)
    assert gaps[0] >= 4


CRASHES = [
    ("after the claim, before the call", 0, State.FAILED, Failure.NOT_FOUND),
    ("after the provider accepted, before the answer was recorded", 1, State.DELIVERED, ""),
]


@pytest.mark.parametrize("case", CRASHES, ids=lambda case: case[0])
def test_a_worker_that_dies(stage: Stage, case: tuple[str, int, State, str]) -> None:
    """Unknown until the list settles it: exactly as many sends as there were."""
    _, sends, end, reason = case
    made = stage.queue(stage.people.amina, run_of(stage.workspace))
    batch = claim(stage.workspace)
    if sends:
        [written] = send.write(stage.workspace, batch).written
        http.run(stage.providers.by_sender("twilio").send("twilio", [written.outgoing]))
        assert soon(lambda: any(line["outcome"] == "delivered" for line in stage.log()))
    assert stage.sweep()["leases"] == 0
    stage.later(stage.workspace.settings.lease + 1)
    assert stage.sweep()["leases"] == 1
    assert row(stage.workspace, made).state == State.UNKNOWN
    stage.later(70)
    stage.sweep()
    if not sends:
        assert row(stage.workspace, made).state == State.UNKNOWN  # one look is not enough
    stage.later(stage.workspace.settings.settle_after + 1)
    stage.sweep()
    assert (row(stage.workspace, made).state, row(stage.workspace, made).reason) == (end, reason)
    assert stage.drain() == 0
    assert stage.taken(made) == sends
    assert stage.faults() == []


TROUBLE = [
    ("reset, taken all the same", {"reset": 1.0, "taken": 1.0}, 1),
    ("reset, not taken", {"reset": 1.0, "taken": 0.0}, 0),
    ("503, taken all the same", {"server_error": 1.0, "taken": 1.0}, 1),
    ("silence, not taken", {"black_hole": 1.0, "taken": 0.0}, 0),
]


def test_an_answer_that_nobody_knows_is_shown_and_never_sent_again(stage: Stage) -> None:
    run = run_of(stage.workspace)
    people = [stage.people.amina, stage.people.baraka]
    for label, weather, sends in TROUBLE:
        made = stage.queue(people[sends], run, occurrence=label)
        stage.weather(**weather)
        assert stage.drain() == 1, label
        assert row(stage.workspace, made).state == State.UNKNOWN, label
        stage.weather()
        for seconds in (61, stage.workspace.settings.settle_after + 1, 61):
            stage.later(seconds)
            stage.sweep()
            stage.drain()
        found = row(stage.workspace, made)
        expected = {State.DELIVERED, State.SENT, State.ACCEPTED} if sends else {State.FAILED}
        assert found.state in expected, label
        assert stage.taken(made) == sends, label
    assert stage.faults() == []


def test_what_its_worker_called_while_it_was_looked_for_is_looked_for_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker was frozen past its lease; its call is lost on the way, after both looks had begun."""
    made = stage.queue(stage.people.amina, run_of(stage.workspace))
    stage.weather(reset=1.0, taken=0.0)
    stage.drain()
    stage.weather()
    stage.later(61)
    stage.sweep()

    def called_meanwhile(*_: object) -> list[Receipt]:
        with stage.workspace.database.write() as session:
            at, token = dialects.now(session), row(stage.workspace, made).token
            assert advance(session, [Move(made, State.UNKNOWN, Cause.AMBIGUOUS, token=token)], at) == {made}
        return []

    with monkeypatch.context() as patched:
        patched.setattr(reconcile, "_find", called_meanwhile)
        stage.later(stage.workspace.settings.settle_after + 1)
        stage.sweep()
    assert (row(stage.workspace, made).state, row(stage.workspace, made).looks) == (State.UNKNOWN, 0)
    for seconds in (61, stage.workspace.settings.settle_after + 1):
        stage.later(seconds)
        stage.sweep()
    assert row(stage.workspace, made).reason == Failure.NOT_FOUND


def test_the_step_may_say_that_what_was_not_found_is_sent_again_once(stage: Stage) -> None:
    run = run_of(stage.workspace, on_unknown="resend")
    made = stage.queue(stage.people.amina, run)
    stage.weather(throttle=1.0)
    stage.drain()  # a 429 burns nothing: not this second chance either
    stage.later(60)
    for chance in (State.QUEUED, State.FAILED):
        stage.weather(reset=1.0, taken=0.0)
        stage.drain()
        assert row(stage.workspace, made).state == State.UNKNOWN
        stage.weather()
        stage.later(61)
        stage.sweep()
        stage.later(stage.workspace.settings.settle_after + 1)
        stage.sweep()
        assert (row(stage.workspace, made).state, row(stage.workspace, made).reason) == (chance, Failure.NOT_FOUND)
    assert stage.taken(made) == 0
    with stage.workspace.database.read() as session:
        assert len(session.scalars(select(Attempt)).all()) == 3
    assert stage.faults() == []


def test_a_push_in_doubt_is_never_sent_again_and_a_text_takes_its_place(stage: Stage) -> None:
    made = stage.queue(stage.people.baraka, run_of(stage.workspace, on_unknown="resend"), kind=Kind.PUSH, sender="fcm")
    stage.weather(reset=1.0, taken=1.0)  # the carrier has it, and nobody can ask it
    stage.drain("fcm")
    stage.weather()
    stage.later(61)
    stage.sweep()
    stage.later(stage.workspace.settings.settle_after + 1)
    stage.sweep()
    stage.sweep()
    found = row(stage.workspace, made)
    assert (found.state, found.reason, stage.taken(made)) == (State.FAILED, Failure.NOT_FOUND, 1)
    with stage.workspace.database.read() as session:
        instead = session.scalars(select(Message.kind).where(Message.fallback_of == made)).all()
    assert instead == [Kind.SMS]
    assert stage.faults() == []


def test_a_list_that_cannot_be_asked_settles_nothing(stage: Stage) -> None:
    made = stage.queue(stage.people.amina, run_of(stage.workspace))
    stage.weather(reset=1.0, taken=0.0)
    stage.drain()
    for _ in range(4):
        stage.later(stage.workspace.settings.settle_after + 1)
        stage.sweep()
    assert (row(stage.workspace, made).state, row(stage.workspace, made).looks) == (State.UNKNOWN, 0)


def test_of_two_messages_alike_each_finds_its_own_in_the_list(stage: Stage) -> None:
    run = run_of(stage.workspace)
    with stage.workspace.database.write() as session:
        made = messages(session, [stage.people.amina] * 2, run)
    stage.weather(reset=1.0, taken=1.0)
    stage.drain()
    stage.weather()
    stage.later(61)
    stage.sweep()
    ids = {row(stage.workspace, each).provider_id for each in made}
    assert len(ids - {None}) == 2
    assert stage.faults() == []


def test_ten_minutes_of_429_lose_nothing_and_replies_overtake(stage: Stage) -> None:
    run = run_of(stage.workspace)
    with stage.workspace.database.write() as session:
        bulk = messages(session, [stage.people.amina] * 5, run)
    stage.weather(throttle_for=600, retry_after=7)
    stage.drain()
    assert {(row(stage.workspace, each).state, row(stage.workspace, each).attempts) for each in bulk} == {
        (State.QUEUED, 0)
    }
    assert send.drain(stage.workspace, stage.providers, "twilio", Lane.BULK) == 0  # the sender rests
    with stage.workspace.database.read() as session:
        seller = session.scalars(select(Sender).where(Sender.name == "twilio")).one()
        assert seller.halted_until is not None
        assert timedelta(seconds=4) < seller.halted_until - dialects.now(session) <= timedelta(seconds=7)
    stage.weather()
    stage.later(60)
    assert stage.drain() == 5
    assert [stage.taken(each) for each in bulk] == [1] * 5
    assert stage.faults() == []


def test_wrong_credentials_halt_the_sender_and_lose_nothing(stage: Stage) -> None:
    made = stage.queue(stage.people.amina, run_of(stage.workspace))
    stage.workspace.settings.providers["twilio"]["token"] = "another"
    wrong = carriers.build(stage.workspace)
    rested(stage.workspace)
    assert send.drain(stage.workspace, wrong, "twilio", Lane.BULK) == 1
    wrong.close()
    assert (row(stage.workspace, made).state, row(stage.workspace, made).attempts) == (State.QUEUED, 0)
    assert send.drain(stage.workspace, stage.providers, "twilio", Lane.BULK) == 0
    stage.later(60)
    assert stage.drain() == 1
    assert stage.taken(made) == 1


def test_a_carrier_that_is_away_is_proof_that_nothing_was_sent(stage: Stage) -> None:
    made = stage.queue(stage.people.amina, run_of(stage.workspace))
    stage.workspace.settings.providers["twilio"]["api_base"] = "http://127.0.0.1:9"
    away = carriers.build(stage.workspace)
    rested(stage.workspace)
    send.drain(stage.workspace, away, "twilio", Lane.BULK)
    away.close()
    assert (row(stage.workspace, made).state, row(stage.workspace, made).reason) == (State.QUEUED, "not_connected")


def test_who_stopped_at_the_carrier_is_stopped_here_too(stage: Stage) -> None:
    run = run_of(stage.workspace)
    handset = stage.carrier.post("/simulator/handsets", json={"number": BARAKA}).json()["id"]
    stage.carrier.post(f"/simulator/handsets/{handset}/texts", json={"text": "STOP"}).raise_for_status()
    first = stage.queue(stage.people.baraka, run)
    stage.drain()
    assert (row(stage.workspace, first).state, row(stage.workspace, first).code) == (State.FAILED, "21610")
    second = stage.queue(stage.people.baraka, run)
    assert stage.drain() == 0
    assert row(stage.workspace, second).reason == Refusal.STOPPED
    assert stage.faults() == []


def test_an_unread_push_becomes_a_text_and_a_late_reading_is_still_noted(stage: Stage) -> None:
    made = stage.queue(stage.people.baraka, run_of(stage.workspace), kind=Kind.PUSH, sender="fcm")
    stage.drain("fcm")
    assert stage.sweep()["unread"] == 0
    stage.later(3601)
    assert stage.sweep()["unread"] == 1
    assert stage.sweep()["unread"] == 0
    assert (row(stage.workspace, made).state, row(stage.workspace, made).reason) == (State.UNDELIVERED, Failure.UNREAD)
    assert stage.drain() == 1
    with stage.workspace.database.read() as session:
        [text] = session.scalars(select(Message).where(Message.fallback_of == made)).all()
    assert (text.kind, text.state) == (Kind.SMS, State.ACCEPTED)
    assert (stage.taken(made), stage.taken(text.id)) == (1, 1)
    assert stage.faults() == []


def test_an_app_that_is_gone_is_not_tried_again_and_the_text_goes_at_once(stage: Stage) -> None:
    handset = stage.carrier.post("/simulator/handsets", json={"token": TOKEN}).json()["id"]
    stage.carrier.put(f"/simulator/handsets/{handset}", json={"script": "app_removed"}).raise_for_status()
    made = stage.queue(stage.people.baraka, run_of(stage.workspace), kind=Kind.PUSH, sender="fcm")
    stage.drain("fcm")
    assert (row(stage.workspace, made).state, row(stage.workspace, made).reason) == (State.FAILED, "endpoint_gone")
    assert stage.sweep()["unread"] == 1
    assert stage.drain() == 1
    with stage.workspace.database.read() as session:
        query = select(Endpoint.kind, Endpoint.state).where(Endpoint.person_id == stage.people.baraka)
        assert {tuple(each) for each in session.execute(query)} == {
            ("sms", EndpointState.OK),
            ("push", EndpointState.GONE),
        }
    assert stage.faults() == []


def test_a_text_in_place_of_a_push_respects_a_cancelled_run(stage: Stage) -> None:
    run = run_of(stage.workspace)
    stage.queue(stage.people.baraka, run, kind=Kind.PUSH, sender="fcm")
    stage.drain("fcm")
    with stage.workspace.database.write() as session:
        session.execute(update(Run).values(state=RunState.CANCELLED, changed_at=dialects.now(session)))
    stage.later(3601)
    stage.sweep()
    stage.sweep()
    assert stage.drain() == 0
    assert states(stage.workspace) == {State.UNDELIVERED: 1, State.CANCELLED: 1}
    assert stage.faults() == []


def test_a_sender_that_is_taken_out_of_the_settings_leaves_nothing_behind(stage: Stage) -> None:
    run = run_of(stage.workspace)
    orphan = stage.queue(stage.people.amina, run, sender="twilio-9")
    doubtful = stage.queue(stage.people.amina, run, sender="twilio-9")
    with stage.workspace.database.write() as session:
        at = dialects.now(session)
        gone = Sender(name="twilio-9", provider="twilio", kind="sms", pace=1.0, unit="parts", next_at=at)
        session.add(gone)
        session.execute(
            update(Message).where(Message.id == doubtful).values(state=State.UNKNOWN, attempts=1, updated_at=at)
        )
    with stage.workspace.database.write() as session:
        carriers.enrol(session, stage.providers)
        assert carriers.known(session, Kind.SMS) == ["twilio"]
    assert row(stage.workspace, orphan).sender == "twilio"
    assert stage.drain() == 1
    stage.later(61)
    stage.sweep()
    stage.later(stage.workspace.settings.settle_after + 1)
    stage.sweep()
    assert row(stage.workspace, doubtful).state == State.FAILED


def test_a_worker_frozen_before_the_call_sends_nothing(stage: Stage) -> None:
    """By the time it thaws, somebody may have settled the matter."""
    made = stage.queue(stage.people.amina, run_of(stage.workspace))
    stage.workspace.settings.lease = 1e-6
    assert stage.drain() == 0
    assert stage.taken(made) == 0
    stage.workspace.settings.lease = 60
    stage.later(1)
    stage.sweep()
    assert row(stage.workspace, made).state == State.UNKNOWN


def test_an_answer_of_a_helper_goes_in_its_own_lane(stage: Stage) -> None:
    made = stage.queue(stage.people.amina, None, purpose=Purpose.TEST)
    assert stage.drain() == 0
    stage.drain(lane=Lane.CONVERSATION)
    assert row(stage.workspace, made).reason == Failure.TEMPLATE  # neither a body nor a run: it fails alone
    with stage.workspace.database.read() as session:
        assert session.scalars(select(ProviderEvent)).all() == []
