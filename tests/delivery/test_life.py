"""The life of messages, played at random: whatever happens in whatever order, every invariant holds after each step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from outreach.audience.people import keys_of
from outreach.audience.tables import Endpoint, EndpointState, Person, PersonState
from outreach.campaigns import planning, runs
from outreach.campaigns.tables import Fire
from outreach.channels.contract import Accepted, Answer, Carried, Cause, Inbound, Kind, Receipt, Rejected
from outreach.channels.registry import Providers
from outreach.consent import Consent, ConsentState, Line, Source, Standing, record
from outreach.delivery import queue, receipts, reconcile, results, send, sweep
from outreach.delivery.enqueue import Draft, enqueue
from outreach.delivery.queue import Batch
from outreach.errors import ConflictError
from outreach.messages.status import WAITING, Lane, Purpose
from outreach.messages.tables import Attempt, Message, ProviderEvent, Run, Sender, Tally
from outreach.store import dialects, rollups
from outreach.store.base import Base
from outreach.threads import forgetting, inbound
from outreach.threads.tables import Thread
from outreach.workspace import Workspace
from tests.clinic import TOPIC, write_campaign
from tests.delivery.desk import LEASE, PUSH, SMS, answer, claim, crowd, give_token, rested
from tests.invariants import Witness, broken, overdue

PEOPLE = 4
NAME = "trial"
DEFINITION = """\
title: Trial
topic: tb
audience: {{all: []}}
channels: [push, sms]
unread_after: 1h
hours: {{from: "00:00", to: "24:00"}}
expires: 10d
replies: {{stop_steps: {stops}}}
steps:
  - id: daily
    template: tb/welcome
    every: "FREQ=DAILY"
    from: "2026-01-01"
    at: "{clock}"
    on_unknown: {on_unknown}
"""

#: What stands in the database between two examples is thrown away, children first. People stay.
PASSING = (Attempt, Tally, ProviderEvent, Message, Thread, Fire, Run, Consent, Standing)

TAKEN = "taken, but nobody heard"
ANSWERS: dict[str, Answer] = {
    "accepted": Accepted(""),
    TAKEN: Rejected(Cause.AMBIGUOUS),
    **{cause: Rejected(cause) for cause in Cause},
}

MOST = 5  # messages that a worker claims at once
WORDS = st.lists(st.sampled_from(["accepted"] * 8 + [TAKEN] * 4 + sorted(Cause)), min_size=MOST, max_size=MOST)

SIDS = st.sampled_from(["known", "known", "", "other"])


class Life(RuleBasedStateMachine):
    """One clinic with four people (the first has the app), one campaign, and all that can happen to it."""

    workspace: Workspace
    people: list[int]

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []
        self.log: list[dict[str, Any]] = []
        self.witness = Witness()
        self.texts = 0
        self.swept = False
        with self.workspace.database.write() as session:
            for table in PASSING:
                session.execute(delete(table))
            for endpoint in session.scalars(select(Endpoint)):
                endpoint.state = EndpointState.OK
            at = dialects.now(session)
            record(session, [Line(each, TOPIC, ConsentState.GRANTED, Source.STAFF) for each in self.people], at)

    @initialize(on_unknown=st.sampled_from(["hold", "resend"]), stops=st.sampled_from(["true", "false"]))
    def launch(self, on_unknown: str, stops: str) -> None:
        clock = (self.workspace.database.now() + timedelta(hours=3, minutes=2)).strftime("%H:%M")
        write_campaign(self.workspace, NAME, DEFINITION.format(clock=clock, on_unknown=on_unknown, stops=stops))
        runs.launch(self.workspace, NAME, by="test")
        self.clock_moves(24)
        self.plan()

    @rule()
    def plan(self) -> None:
        planning.plan(self.workspace)

    @rule(person=st.integers(0, PEOPLE - 1))
    def a_helper_writes(self, person: int) -> None:
        self.texts += 1
        with self.workspace.database.write() as session:
            key = keys_of(session, self.workspace.vault, [self.people[person]])[self.people[person]]
            draft = Draft(self.people[person], key, Purpose.REPLY, "Come by.", f"reply:{self.texts}", "twilio")
            enqueue(session, draft, self.workspace.settings, dialects.now(session))

    @rule(sender=st.sampled_from(["twilio", "fcm"]), lane=st.sampled_from(Lane), limit=st.integers(1, MOST))
    def a_worker_claims(self, sender: str, lane: Lane, limit: int) -> None:
        batch = claim(self.workspace, lane, limit, sender)
        if batch.claims:
            self.batches.append(batch)

    @rule(sender=st.sampled_from(["twilio", "fcm"]), lane=st.sampled_from(Lane), words=WORDS)
    def a_worker_sends(self, sender: str, lane: Lane, words: list[str]) -> None:
        rested(self.workspace)
        self.a_worker_claims(sender, lane, MOST)
        self.the_provider_answers(len(self.batches) - 1, words)

    @rule(which=st.integers(0, 9), words=WORDS)
    def the_provider_answers(self, which: int, words: list[str]) -> None:
        if not self.batches:
            return
        batch = self.batches.pop(which % len(self.batches))
        told = [self._told(each.id, word) for each, word in zip(batch.claims, words, strict=False)]
        kind = Kind(batch.claims[0].kind)
        answer(self.workspace, batch, *told, spec=_SPECS[kind])

    def _told(self, message: int, word: str) -> Answer:
        sid = f"SM{message}-{len(self.log)}"
        if word in {"accepted", TAKEN}:
            at = self.workspace.database.now().timestamp()
            self.log.append({"event": "call", "sid": sid, "message": str(message), "at": at})
        return Accepted(sid) if word == "accepted" else ANSWERS[word]

    @rule(which=st.integers(0, 9))
    def a_worker_dies(self, which: int) -> None:
        if self.batches:
            self.batches.pop(which % len(self.batches))

    @rule(
        which=st.integers(0, 30),
        word=st.sampled_from([*Carried, None]),
        sid=st.sampled_from(["known", "known", "", "other"]),
    )
    def a_receipt_comes(self, which: int, word: Carried | None, sid: str) -> None:
        calls = self.log or [{"sid": "SM-nobody", "message": "4711"}]
        call = calls[which % len(calls)]
        theirs = {"known": call["sid"], "other": "SM-another", "": ""}[sid]
        receipt = Receipt("twilio", f"{theirs}:{word}:{call['message']}", word, theirs, int(call["message"]))
        with self.workspace.database.write() as session:
            receipts.keep(session, [receipt, receipt])

    @rule(sender=st.sampled_from(["twilio", "fcm"]), lane=st.sampled_from(Lane))
    def a_claim_is_not_committed(self, sender: str, lane: Lane) -> None:
        """The database goes away, or the worker does, before anybody was called."""
        with self._broken_off() as session:
            queue.claim(session, sender, lane, MOST, LEASE, None)

    @rule(which=st.integers(0, 9), words=WORDS)
    def answers_are_not_committed(self, which: int, words: list[str]) -> None:
        """The provider has answered, and the database is not there to hear it: the worker will not tell it again."""
        if not self.batches:
            return
        batch = self.batches.pop(which % len(self.batches))
        told = [self._told(each.id, word) for each, word in zip(batch.claims, words, strict=False)]
        written, spec = send.write(self.workspace, batch).written, _SPECS[Kind(batch.claims[0].kind)]
        with self._broken_off() as session:
            assert batch.facts is not None
            results.record(
                session, spec, spec.name, list(zip(written, told, strict=False)), batch.facts.runs, batch.token
            )

    @contextmanager
    def _broken_off(self) -> Iterator[Session]:
        with suppress(ConnectionError), self.workspace.database.write() as session:
            yield session
            session.flush()
            raise ConnectionError

    @rule()
    def somebody_new_writes_and_is_forgotten(self) -> None:
        """What waits for her is withdrawn, what was claimed may still arrive; nothing of hers is readable."""
        self.texts += 1
        text = Inbound("twilio", f"IN{self.texts}", f"+2547{20_000_000 + self.texts}", "HELP", "+15005550006")
        received = inbound.receive(self.workspace, text, [])
        with self.workspace.database.read() as session:
            query = select(Person.pseudonym).join(Message, Message.person_id == Person.id)
            pseudonym = session.scalars(query.where(Message.id == received.message_id)).one()
        forgetting.forget(self.workspace, pseudonym, by="staff")
        hers = select(Message.body, Message.state).join(Person, Person.id == Message.person_id)
        with self.workspace.database.read() as session:
            for body, state in session.execute(hers.where(Person.state == PersonState.FORGOTTEN)):
                assert body is None
                assert state not in WAITING

    @rule(person=st.integers(0, PEOPLE - 1), words=st.sampled_from(["My arm hurts", "START", "START", "HELP", "STOP"]))
    def somebody_writes(self, person: int, words: str) -> None:
        self.texts += 1
        text = Inbound("twilio", f"IN{self.texts}", f"+2547{10_000_000 + person}", words, "+15005550006")
        inbound.receive(self.workspace, text, [])
        assert inbound.receive(self.workspace, text, []).outcome == "duplicate"

    @rule(turn=st.sampled_from([runs.pause, runs.resume, runs.resume] * 4 + [runs.cancel]))
    def staff_turn_the_run(self, turn: Any) -> None:
        with suppress(ConflictError):
            turn(self.workspace, NAME, by="staff")

    @rule(hours=st.sampled_from([0.05, 1.1, 24]))
    def clock_moves(self, hours: float) -> None:
        length = timedelta(hours=hours)
        with self.workspace.database.write() as session:
            for table in (*PASSING, Sender, Person):
                _shift(session, table, length)
        for call in self.log:
            call["at"] -= length.total_seconds()
        self.swept = False

    @rule()
    def the_sweeper_comes(self) -> None:
        sweep.sweep(self.workspace, Providers([]))
        with self.workspace.database.write() as session:
            rollups.fold(session, Tally)
        self.swept = True

    @rule()
    def doubts_are_settled(self) -> None:
        """Nothing is found: what was unknown is sent again once, or called not found."""
        for _ in range(reconcile.ENOUGH_LOOKS):
            self.clock_moves(1.1)
            reconcile.settle(self.workspace, Providers([]))

    @invariant()
    def all_of_them_hold(self) -> None:
        with self.workspace.database.read() as session:
            assert broken(session, self.log) == []
            assert self.witness.look(session) == []
            if self.swept:
                assert overdue(session, dialects.now(session), timedelta(seconds=LEASE)) == []


_SPECS = {Kind.SMS: SMS, Kind.PUSH: PUSH}


def _shift(session: Any, table: type[Base], length: timedelta) -> None:
    times = [column for column in table.__table__.columns if str(column.type).startswith("DATETIME")]
    columns = [column.key for column in times if column.computed is None]
    for row in session.scalars(select(table)):
        for column in columns:
            if (value := getattr(row, column)) is not None:
                setattr(row, column, value - length)


def test_the_life_of_messages(workspace: Workspace) -> None:
    people = crowd(workspace, PEOPLE)
    with workspace.database.write() as session:
        give_token(session, workspace, people[0], "canary-token")
        session.scalars(select(Sender).where(Sender.name == "twilio")).one().pace = 10.0

    class Here(Life):
        pass

    Here.workspace, Here.people = workspace, people
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
        ),
    )
