"""What providers say later, in any order, any number of times, about any message."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from outreach import consent
from outreach.audience.tables import Endpoint, EndpointState
from outreach.channels.contract import Accepted, Carried, Cause, Kind, Receipt
from outreach.delivery import receipts
from outreach.delivery.receipts import OTHER_ID, OVERTAKEN, UNKNOWN_MESSAGE, UNKNOWN_STATUS
from outreach.messages.status import State
from outreach.messages.tables import Message, ProviderEvent
from outreach.workspace import Workspace
from tests.clinic import cast
from tests.delivery.desk import answer, claim, crowd, faults, message, messages, row, run_of

#: The rank of each word: the last word is the one that ranks highest.
TRACK = [Carried.ACCEPTED, Carried.SENT, Carried.UNDELIVERED, Carried.DELIVERED]


def told(carried: Carried | None, sid: str = "", ours: int | None = None, **more: object) -> Receipt:
    """A receipt of Twilio's."""
    word = carried or "in-orbit"
    return Receipt(
        **{  # type: ignore[arg-type]
            "provider": "twilio",
            "event_key": f"{sid or ours}:{word}",
            "carried": carried,
            "provider_id": sid,
            "message_id": ours,
            "status": str(word),
        }
        | more
    )


def keep(workspace: Workspace, *said: Receipt) -> int:
    with workspace.database.write() as session:
        return receipts.keep(session, said)


def parked(workspace: Workspace) -> dict[str, str]:
    with workspace.database.read() as session:
        return {event.event_key: event.parked for event in session.scalars(select(ProviderEvent))}


def on_the_way(workspace: Workspace, count: int = 1) -> list[int]:
    """Messages that the provider has accepted as SM<id>."""
    people, run = crowd(workspace, count), run_of(workspace)
    with workspace.database.write() as session:
        made = messages(session, people, run)
    batch = claim(workspace)
    answer(workspace, batch, *[Accepted(f"SM{each.id}") for each in batch.claims])
    return made


def test_receipts_in_every_order_end_the_same(workspace: Workspace) -> None:
    orders = list(permutations(TRACK))
    for made, order in zip(on_the_way(workspace, len(orders)), orders, strict=True):
        for word in order:
            keep(workspace, told(word, f"SM{made}", made))
        assert row(workspace, made).state == State.DELIVERED, order
    assert faults(workspace) == []


def test_several_receipts_of_one_message_in_one_call(workspace: Workspace) -> None:
    orders = list(permutations(TRACK))
    made = on_the_way(workspace, len(orders))
    said = [
        told(word, f"SM{each}", each) for each, order in zip(made, orders, strict=True) for word in (*order, order[0])
    ]
    assert keep(workspace, *said) == len(orders) * len(TRACK)
    assert {row(workspace, each).state for each in made} == {State.DELIVERED}
    assert keep(workspace, *said) == 0
    assert faults(workspace) == []


def test_a_receipt_that_overtakes_the_answer_finds_its_message_by_our_id(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, amina, run)
    batch = claim(workspace)
    keep(workspace, told(Carried.SENT, "SM1", made))
    assert (row(workspace, made).state, row(workspace, made).provider_id) == (State.SENT, "SM1")
    answer(workspace, batch, Accepted("SM1"))
    found = row(workspace, made)
    assert (found.state, found.cost > 0) == (State.SENT, True)
    assert faults(workspace) == []


def test_a_receipt_that_knows_only_the_providers_id_waits_until_we_know_it(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, amina, run)
    batch = claim(workspace)
    keep(workspace, told(Carried.DELIVERED, "SM1"))
    assert parked(workspace) == {"SM1:delivered": UNKNOWN_MESSAGE}
    answer(workspace, batch, Accepted("SM1"))
    with workspace.database.write() as session:
        assert receipts.retry_parked(session) == 1
    with workspace.database.write() as session:
        assert receipts.retry_parked(session) == 0
    assert row(workspace, made).state == State.DELIVERED
    assert parked(workspace) == {"SM1:delivered": ""}
    assert faults(workspace) == []


def test_a_receipt_that_could_not_be_applied_gets_another_chance_when_it_is_told_again(workspace: Workspace) -> None:
    amina, run = cast(workspace).amina, run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, amina, run)
    keep(workspace, told(Carried.DELIVERED, "SM1", made))  # it came back to the queue: nobody can have sent it now
    assert parked(workspace) == {"SM1:delivered": OVERTAKEN}
    claim(workspace)
    assert keep(workspace, told(Carried.DELIVERED, "SM1", made)) == 0
    assert row(workspace, made).state == State.DELIVERED
    assert parked(workspace) == {"SM1:delivered": ""}


def test_events_without_a_message_are_kept_for_a_day_and_then_left_alone(workspace: Workspace) -> None:
    keep(workspace, told(Carried.SENT, "SM-nobody"), told(Carried.SENT, "", 4711), told(Carried.SENT, "SM-x", 4712))
    assert set(parked(workspace).values()) == {UNKNOWN_MESSAGE}
    with workspace.database.write() as session:
        for each in session.scalars(select(ProviderEvent)):
            each.received_at -= receipts.PATIENCE + timedelta(seconds=1)
    with workspace.database.write() as session:
        assert receipts.retry_parked(session) == 0
    assert len(parked(workspace)) == 3


def test_what_does_not_fit_is_parked_with_its_reason(workspace: Workspace) -> None:
    [made] = on_the_way(workspace)
    keep(workspace, told(None, f"SM{made}", made))
    keep(workspace, told(Carried.DELIVERED, "SM-another", made))
    keep(workspace, told(Carried.DELIVERED, "", made, provider="fcm", event_key="ack"))
    keep(workspace, told(Carried.ACCEPTED, f"SM{made}", made))
    assert parked(workspace) == {
        f"SM{made}:in-orbit": UNKNOWN_STATUS,
        "SM-another:delivered": OTHER_ID,
        "ack": OTHER_ID,
        f"SM{made}:accepted": OVERTAKEN,
    }
    assert (row(workspace, made).state, row(workspace, made).provider) == (State.ACCEPTED, "twilio")
    assert faults(workspace) == []


def test_an_id_of_one_provider_says_nothing_of_what_another_carries(workspace: Workspace) -> None:
    [made] = on_the_way(workspace)
    keep(workspace, told(Carried.DELIVERED, f"SM{made}", provider="fcm"))
    assert (row(workspace, made).state, parked(workspace)) == (
        State.ACCEPTED,
        {f"SM{made}:delivered": UNKNOWN_MESSAGE},
    )


def test_the_same_key_of_two_providers_is_two_events(workspace: Workspace) -> None:
    [made] = on_the_way(workspace)
    keep(
        workspace,
        told(Carried.SENT, f"SM{made}", made, event_key="k"),
        told(Carried.SENT, "", 4711, provider="fcm", event_key="k"),
    )
    with workspace.database.read() as session:
        found = {event.provider: event.parked for event in session.scalars(select(ProviderEvent))}
    assert found == {"twilio": "", "fcm": UNKNOWN_MESSAGE}


def test_a_push_is_delivered_when_its_app_says_so_and_no_text_follows(workspace: Workspace) -> None:
    baraka, run = cast(workspace).baraka, run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, baraka, run, kind=Kind.PUSH, sender="fcm")
    batch = claim(workspace, sender="fcm")
    keep(workspace, told(Carried.DELIVERED, "", made, provider="fcm"))  # quicker than the answer
    assert (row(workspace, made).state, row(workspace, made).fallback_at) == (State.DELIVERED, None)
    answer(workspace, batch, Accepted("projects/p/1"))
    assert row(workspace, made).fallback_at is None
    assert faults(workspace) == []


SEQUELS = [
    (Cause.ENDPOINT_GONE, EndpointState.QUARANTINED, False),
    (Cause.LANDLINE, EndpointState.QUARANTINED, False),
    (Cause.BAD_NUMBER, EndpointState.GONE, False),
    (Cause.OPTED_OUT, EndpointState.OK, True),
    (Cause.UNREACHABLE, EndpointState.OK, False),
    (Cause.BLOCKED, EndpointState.OK, False),
]


def test_what_follows_from_the_cause_in_a_receipt(workspace: Workspace) -> None:
    made = on_the_way(workspace, len(SEQUELS))
    keep(
        workspace,
        *[
            told(Carried.UNDELIVERED, f"SM{each}", each, cause=cause, code="300")
            for each, (cause, *_) in zip(made, SEQUELS, strict=True)
        ],
    )
    for each, (cause, endpoint, stopped) in zip(made, SEQUELS, strict=True):
        found = row(workspace, each)
        assert (found.state, found.reason, found.code) == (State.UNDELIVERED, cause, "300")
        with workspace.database.read() as session:
            state = session.scalars(select(Endpoint.state).where(Endpoint.person_id == found.person_id)).one()
            assert (state, bool(consent.stopped(session, [found.person_id]))) == (endpoint, stopped), cause
    assert faults(workspace) == []


def test_processes_with_the_same_receipts_in_other_orders_never_embrace(workspace: Workspace) -> None:
    made = on_the_way(workspace, 40)
    said = [told(word, f"SM{each}", each) for each in made for word in TRACK]
    problems: list[Exception] = []

    def work(mine: Sequence[Receipt]) -> None:
        try:
            keep(workspace, *mine)
        except Exception as problem:
            problems.append(problem)

    orders = [said, said[::-1], said[::2] + said[1::2], said[1::2] + said[::2]]
    threads = [threading.Thread(target=work, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert problems == []
    assert {row(workspace, each).state for each in made} == {State.DELIVERED}
    assert faults(workspace) == []


WORDS = st.lists(st.sampled_from([*TRACK, Carried.FAILED, None]), min_size=1, max_size=6)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS, cuts=st.lists(st.booleans(), min_size=6, max_size=6), before=st.integers(0, 6))
def test_any_words_in_any_batches_end_where_the_rules_say(
    workspace: Workspace, words: list[Carried | None], cuts: list[bool], before: int
) -> None:
    """`before`: how many of them come before our own answer is recorded; a cut ends a batch."""
    with workspace.database.write() as session:  # what an earlier example left waiting
        session.execute(update(Message).where(Message.state == State.QUEUED).values(sender="gone"))
    [person], run = crowd_of_one(workspace), run_of(workspace)
    with workspace.database.write() as session:
        made = message(session, person, run)
    batch = claim(workspace)
    said = [told(word, f"SM{made}", made) for word in words]
    pending: list[Receipt] = []
    expected = State.SENDING
    for place, (word, cut) in enumerate(zip(said, cuts, strict=False)):
        if place == before:
            keep(workspace, *pending)
            expected, pending = _after(expected, pending), []
            answer(workspace, batch, Accepted(f"SM{made}"))
            expected = State.ACCEPTED if expected == State.SENDING else expected
        pending.append(word)
        if cut:
            keep(workspace, *pending)
            expected, pending = _after(expected, pending), []
    keep(workspace, *pending)
    expected = _after(expected, pending)
    assert row(workspace, made).state == expected
    assert faults(workspace) == []


def _after(state: State, batch: Sequence[Receipt]) -> State:
    """Where a batch of words leaves a message: `delivered` is final, `failed` ends all that was not yet arrived at."""
    words = {receipt.carried for receipt in batch}
    ranked = [State.SENDING, State.ACCEPTED, State.SENT, State.UNDELIVERED, State.DELIVERED]
    if state in {State.FAILED, State.DELIVERED}:
        return state
    reached = max([state, *(State(word) for word in words if word in TRACK)], key=ranked.index)
    fails = Carried.FAILED in words and state != State.UNDELIVERED
    return State.FAILED if fails and ranked.index(reached) < ranked.index(State.UNDELIVERED) else reached


_people: dict[str, list[int]] = {}


def crowd_of_one(workspace: Workspace) -> list[int]:
    """The same person for all examples on one database."""
    url = workspace.settings.database_url
    if url not in _people:
        _people[url] = crowd(workspace, 1)
    return _people[url]
