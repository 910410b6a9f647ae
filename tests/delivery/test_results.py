"""What follows from each answer of a provider: a row for every cause."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from outreach import consent
from outreach.audience.tables import Endpoint, EndpointState
from outreach.channels.contract import Accepted, Answer, Cause, Kind, Outgoing, Rejected, SenderSpec, Unit
from outreach.channels.registry import Providers
from outreach.consent import Consent, Source
from outreach.delivery import results, send, sweep
from outreach.delivery.consequences import HALT_FOR, LONGEST_WAIT, REST, backoff
from outreach.delivery.facts import Facts
from outreach.messages.status import Failure, Lane, Refusal, State
from outreach.messages.tables import Attempt, Message
from outreach.privacy.tables import PersonKey
from outreach.workspace import Workspace
from tests.clinic import cast
from tests.delivery.desk import (
    PUSH,
    SMS,
    answer,
    claim,
    crowd,
    earlier,
    faults,
    give_token,
    message,
    messages,
    rested,
    row,
    run_of,
    sender,
)


class Carrier:
    """A provider that takes everything, and looks at what is in memory of the people whom it is for."""

    name = "twilio"
    kind = Kind.SMS
    senders = (SMS,)

    def __init__(self, person: int) -> None:
        self.person = person
        self.kept: list[int] = []

    async def send(self, _: str, batch: Sequence[Outgoing]) -> list[Answer]:
        read = [each for each in gc.get_objects() if type(each) is Facts and self.person in each.people]
        self.kept.append(len(read))
        return [Accepted(f"SM{each.id}") for each in batch]


def test_what_the_gate_looked_at_is_let_go_before_the_provider_is_called(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        messages(session, [amina] * 2, run)
    carrier: Any = Carrier(amina)
    assert send.drain(workspace, Providers([carrier]), "twilio", Lane.BULK) == 2
    assert carrier.kept == [0]


@dataclass(frozen=True)
class Case:
    """What a cause leads to. `rests`: seconds that the sender rests; `tries`: attempts that count."""

    cause: Cause
    to: State
    rests: float = 0
    tries: int = 1
    endpoint: EndpointState = EndpointState.OK
    stopped: bool = False


GONE = EndpointState.GONE
CASES = [
    Case(Cause.THROTTLED, State.QUEUED, rests=REST, tries=0),
    Case(Cause.QUEUE_FULL, State.QUEUED, rests=REST, tries=0),
    Case(Cause.NOT_CONNECTED, State.QUEUED),
    Case(Cause.AMBIGUOUS, State.UNKNOWN),
    Case(Cause.OPTED_OUT, State.FAILED, stopped=True),
    Case(Cause.BAD_NUMBER, State.FAILED, endpoint=GONE),
    Case(Cause.LANDLINE, State.FAILED, endpoint=GONE),
    Case(Cause.ENDPOINT_GONE, State.FAILED, endpoint=GONE),
    Case(Cause.UNREACHABLE, State.FAILED),
    Case(Cause.BLOCKED, State.FAILED),
    Case(Cause.FILTERED, State.FAILED),
    Case(Cause.EXPIRED, State.FAILED),
    Case(Cause.BAD_REQUEST, State.FAILED),
    Case(Cause.REGION, State.FAILED),
    Case(Cause.SENDER, State.QUEUED, rests=HALT_FOR, tries=0),
    Case(Cause.ACCOUNT, State.QUEUED, rests=HALT_FOR, tries=0),
    Case(Cause.OTHER, State.FAILED),
]


def test_the_table_knows_every_cause() -> None:
    assert {case.cause for case in CASES} == set(Cause)


def test_what_follows_from_each_cause(workspace: Workspace) -> None:
    run = run_of(workspace)
    for case, person in zip(CASES, crowd(workspace, len(CASES)), strict=True):
        rested(workspace)
        with workspace.database.write() as session:
            made = message(session, person, run)
        answer(workspace, claim(workspace), Rejected(case.cause, "42"))
        assert _seen(workspace, person, made) == case
        earlier(workspace, -86400, Message.due_at)  # nothing of this case waits on in the next one
    assert faults(workspace) == []


def _seen(workspace: Workspace, person: int, made: int) -> Case:
    found, seller = row(workspace, made), sender(workspace)
    now = workspace.database.now()
    until = seller.halted_until
    assert (found.code, found.lease_until) == ("42", None)
    with workspace.database.read() as session:
        endpoint = session.scalars(select(Endpoint.state).where(Endpoint.person_id == person)).one()
        stopped = consent.stopped(session, [person])
    rests = 0.0 if until is None else round((until - now).total_seconds() + 0.4)
    return Case(Cause(found.reason), found.state, rests, found.attempts, endpoint, bool(stopped))


def test_a_message_that_was_throttled_goes_later_and_has_all_its_attempts(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, amina, run)
    for told in (Rejected(Cause.THROTTLED, retry_after=30.0), Rejected(Cause.THROTTLED)):
        answer(workspace, claim(workspace), told)
        found = row(workspace, made)
        wait = (found.due_at - workspace.database.now()).total_seconds()
        assert (found.state, found.attempts) == (State.QUEUED, 0)
        assert (told.retry_after or REST) - 2 < wait <= (told.retry_after or REST)
        assert claim(workspace).claims == []  # the sender rests, whatever else is due
        rested(workspace)
        earlier(workspace, 60, Message.due_at)
    answer(workspace, claim(workspace), Accepted("SM1"))
    assert (row(workspace, made).state, row(workspace, made).attempts) == (State.ACCEPTED, 1)
    with workspace.database.read() as session:
        assert len(session.scalars(select(Attempt)).all()) == 3
    assert faults(workspace) == []


def test_a_longer_rest_is_never_cut_short(workspace: Workspace) -> None:
    people, run = crowd(workspace, 2), run_of(workspace)
    with workspace.database.write() as session:
        messages(session, people, run)
    batch = claim(workspace)
    answer(workspace, batch, Rejected(Cause.ACCOUNT), Rejected(Cause.THROTTLED, retry_after=1.0))
    seller = sender(workspace)
    assert seller.halted_until is not None
    assert seller.halted_until - workspace.database.now() > timedelta(seconds=HALT_FOR - 5)
    assert seller.halted_for == Cause.ACCOUNT


@pytest.mark.parametrize("attempts", [1, 2, 5, 12, 40, 1000])
def test_waits_grow_and_have_an_end(attempts: int) -> None:
    waits = [backoff(attempts) for _ in range(200)]
    assert 1.0 <= min(waits) < max(waits) <= LONGEST_WAIT


def test_a_stop_at_the_provider_is_written_once_with_its_evidence(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        first, second = messages(session, [amina, amina], run)
    batch = claim(workspace)
    answer(workspace, batch, Rejected(Cause.OPTED_OUT, "21610"))
    with workspace.database.read() as session:
        query = select(Consent).where(Consent.person_id == amina, Consent.topic == consent.ALL)
        [line] = session.scalars(query).all()
    assert (line.source, line.evidence) == (Source.PROVIDER, f"message {first}")
    assert row(workspace, second).state == State.FAILED
    with workspace.database.write() as session:
        third = message(session, amina, run)
    assert claim(workspace).claims == []
    assert row(workspace, third).reason == Refusal.STOPPED
    assert faults(workspace) == []


def test_after_a_dead_number_the_next_message_is_refused(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        message(session, amina, run)
    answer(workspace, claim(workspace), Rejected(Cause.LANDLINE, "30006"))
    with workspace.database.write() as session:
        second = message(session, amina, run)
    assert claim(workspace).claims == []
    assert row(workspace, second).reason == Refusal.NO_ENDPOINT


def test_a_push_that_fails_becomes_one_text_at_once(workspace: Workspace) -> None:
    baraka, run = cast(workspace).baraka, run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, baraka, run, kind=Kind.PUSH, sender="fcm")
    answer(workspace, claim(workspace, sender="fcm"), Rejected(Cause.ENDPOINT_GONE, "UNREGISTERED"), spec=PUSH)
    assert row(workspace, made).state == State.FAILED
    for _ in range(2):
        with workspace.database.write() as session:
            sweep._fall_back(session, "Africa/Nairobi")
    with workspace.database.read() as session:
        [text] = session.scalars(select(Message).where(Message.fallback_of == made)).all()
    assert (text.kind, text.state, text.sender, text.step) == (Kind.SMS, State.QUEUED, "twilio", "welcome")
    answer(workspace, claim(workspace), Accepted("SM1"))
    assert row(workspace, text.id).state == State.ACCEPTED
    assert faults(workspace) == []


def test_a_step_without_texts_has_nothing_to_fall_back_to(workspace: Workspace) -> None:
    baraka = cast(workspace).baraka
    run = run_of(workspace, channels=(Kind.PUSH,))
    with workspace.database.write() as session:
        made, read = messages(session, [baraka, baraka], run, kind=Kind.PUSH, sender="fcm")
    answer(
        workspace, claim(workspace, sender="fcm"), Rejected(Cause.ENDPOINT_GONE), Accepted("projects/p/1"), spec=PUSH
    )
    assert row(workspace, made).fallback_at is None
    assert row(workspace, read).fallback_at is None


def test_without_anybody_who_carries_texts_a_push_simply_stays_unread(workspace: Workspace) -> None:
    baraka, run = cast(workspace).baraka, run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, baraka, run, kind=Kind.PUSH, sender="fcm")
    answer(workspace, claim(workspace, sender="fcm"), Accepted("projects/p/1"), spec=PUSH)
    earlier(workspace, 7200, Message.fallback_at)
    with workspace.database.write() as session:
        session.delete(sender(workspace))
        session.flush()
        assert sweep._fall_back(session, "Africa/Nairobi") == 1
    assert (row(workspace, made).state, row(workspace, made).reason) == (State.UNDELIVERED, Failure.UNREAD)


def test_what_a_message_costs_is_known_when_it_is_accepted(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, amina, run)
    batch = claim(workspace)
    before = sender(workspace).next_at
    spec = SenderSpec("twilio", Kind.SMS, 1000.0, Unit.PARTS)
    composed = answer(workspace, batch, Accepted("SM1"), spec=spec)
    found, count = row(workspace, made), composed.written[0].parts
    assert found.parts == count
    assert found.cost == pytest.approx(count * workspace.settings.prices["KE"])
    owed = (sender(workspace).next_at - before).total_seconds()
    assert owed >= (count - 1) / 1000 - 1e-6
    assert faults(workspace) == []


def test_one_bad_person_fails_alone(workspace: Workspace) -> None:
    """A number or a key that does not open, a strange endpoint: each fails with a reason, the batch goes on."""
    people, run = crowd(workspace, 6), run_of(workspace)
    with workspace.database.write() as session:
        number, key, strange, *fine = messages(session, people, run)
        session.execute(update(PersonKey).where(PersonKey.person_id == people[1]).values(wrapped=b"not a key at all"))
        session.execute(update(Endpoint).where(Endpoint.person_id == people[2]).values(variant="pigeon"))
        session.execute(update(Endpoint).where(Endpoint.person_id == people[0]).values(value=b"nonsense"))
    batch = claim(workspace)
    composed = answer(workspace, batch, *[Accepted(f"SM{place}") for place in range(3)])
    with workspace.database.write() as session:
        results.fail_unwritten(session, composed.failed, batch.token)
    assert {each.id for each in composed.failed} == {number, key, strange}
    assert {row(workspace, each).reason for each in (number, key, strange)} == {Failure.TEMPLATE}
    assert {row(workspace, each).state for each in fine} == {State.ACCEPTED}
    assert faults(workspace) == []


def test_a_worker_that_thaws_fails_nothing_that_is_not_its_own_any_more(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, amina, run)
    batch = claim(workspace)
    with workspace.database.write() as session:
        results.fail_unwritten(session, batch.claims, "another's token")
    assert row(workspace, made).state == State.SENDING
    with workspace.database.write() as session:
        results.fail_unwritten(session, batch.claims, batch.token)
    assert (row(workspace, made).state, row(workspace, made).reason) == (State.FAILED, Failure.TEMPLATE)


def test_a_frozen_worker_that_thaws_changes_nothing_that_was_settled(workspace: Workspace) -> None:
    """Its lease is over, the message was called unknown and went back to the queue: its old token is refused."""
    amina, run = cast(workspace).amina, run_of(workspace, on_unknown="resend")
    with workspace.database.write() as session:
        made = message(session, amina, run)
    frozen = claim(workspace)
    earlier(workspace, 120, Message.lease_until)
    with workspace.database.write() as session:
        assert sweep._leases_over(session) == 1
    assert (row(workspace, made).state, row(workspace, made).reason) == (State.UNKNOWN, "lease")
    with workspace.database.write() as session:
        session.execute(update(Message).values(token="another's", state=State.UNKNOWN))
    told: list[Answer] = [Accepted("SM1"), Rejected(Cause.OTHER), Rejected(Cause.THROTTLED)]
    for each in told:
        answer(workspace, frozen, each)
        assert (row(workspace, made).state, row(workspace, made).provider_id) == (State.UNKNOWN, None)


def test_a_worker_that_thaws_in_time_still_tells_what_the_provider_said(workspace: Workspace) -> None:
    """Nobody else has touched it: the answer is evidence, however late."""
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, amina, run)
    frozen = claim(workspace)
    earlier(workspace, 120, Message.lease_until)
    with workspace.database.write() as session:
        sweep._leases_over(session)
    answer(workspace, frozen, Accepted("SM1"), spec=SMS)
    assert (row(workspace, made).state, row(workspace, made).provider_id) == (State.ACCEPTED, "SM1")


def test_the_app_is_used_where_she_has_one(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        give_token(session, workspace, amina, "another-canary-token")
        made = message(session, amina, run, kind=Kind.PUSH, sender="fcm")
    composed = answer(workspace, claim(workspace, sender="fcm"), Accepted("projects/p/9"), spec=PUSH)
    [written] = composed.written
    assert (written.outgoing.to, written.outgoing.id) == ("another-canary-token", made)
    assert written.outgoing.ack
    assert row(workspace, made).fallback_at is not None
