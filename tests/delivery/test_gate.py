"""Why not? A table of given facts and the answer: for every refusal and for every purpose of a message."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from outreach.audience.hours import Hours
from outreach.audience.recipients import Reach, Recipient
from outreach.audience.tables import EndpointState, Openness, PersonState
from outreach.channels.contract import Kind, Variant
from outreach.consent import ALL, ConsentState, Stands
from outreach.delivery.caps import Caps, Told
from outreach.delivery.facts import Claim, Facts, RunFacts
from outreach.delivery.gate import LAST_LOOK, LOOK_AGAIN, Knock, Later, why_not
from outreach.messages.frozen import Frozen, FrozenStep
from outreach.messages.status import Purpose, Refusal, RunState

#: Noon in Nairobi on a Monday.
NOON = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NIGHT = Hours(21 * 60, 8 * 60)
TOPIC = "tb"


@dataclass(frozen=True)
class Case:
    """`gives`: a refusal, the later moment, or None for "it may go"."""

    label: str
    gives: Refusal | datetime | None
    purpose: Purpose = Purpose.CAMPAIGN
    at: datetime = NOON
    kind: Kind = Kind.SMS
    person: dict[str, Any] = field(default_factory=dict)
    endpoints: tuple[tuple[Kind, EndpointState], ...] = ((Kind.SMS, EndpointState.OK),)
    topic: ConsentState | None = ConsentState.GRANTED
    topic_until: datetime | None = None
    everything: ConsentState | None = None
    everything_until: datetime | None = None
    step: str = "welcome"
    occurrence: str = "once"
    fields: dict[str, object] = field(default_factory=dict)
    replied: bool = False
    hours: tuple[int, int] = (8 * 60, 20 * 60)
    quiet: Hours | None = NIGHT
    expires: timedelta = 24 * HOUR
    talks: frozenset[str] = frozenset()
    wait: bool = True
    told: tuple[int, int] = (0, 0)
    fallback_of: int | None = None
    alive: datetime = NOON


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    """A local time in Nairobi."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - 3 * HOUR


HER: dict[str, Any] = dict.fromkeys(Recipient._fields) | {
    "id": 7,
    "zone": "Africa/Nairobi",
    "openness": Openness.COVERT,
    "state": PersonState.ACTIVE,
    "on_request": False,
}
STOPPED: dict[str, Any] = {"everything": ConsentState.REVOKED}
PAUSED, ASKED = ConsentState.PAUSED, ConsentState.INVITED

DAY = 24 * HOUR
LONG_AGO = NOON - 60 * DAY - timedelta(seconds=1)
APP = ((Kind.PUSH, EndpointState.OK),)
DOUBTED = ((Kind.SMS, EndpointState.QUARANTINED),)
GUARDED: dict[str, Any] = {"safe_word": b"a keyed hash"}
LAST = NOON + DAY - LAST_LOOK

CASES = [
    Case("she agreed", None),
    # Reachable
    Case("forgotten", Refusal.FORGOTTEN, person={"state": PersonState.FORGOTTEN}),
    Case("forgotten, no endpoint left", Refusal.FORGOTTEN, person={"state": PersonState.FORGOTTEN}, endpoints=()),
    Case("no phone", Refusal.NO_ENDPOINT, endpoints=()),
    Case("no app, only a phone", Refusal.NO_ENDPOINT, kind=Kind.PUSH),
    Case("app and phone", None, kind=Kind.PUSH, endpoints=((Kind.PUSH, EndpointState.OK),)),
    Case("phone is gone", Refusal.NO_ENDPOINT, endpoints=((Kind.SMS, EndpointState.GONE),)),
    Case("phone may be another's now", Refusal.QUARANTINED, endpoints=((Kind.SMS, EndpointState.QUARANTINED),)),
    Case(
        "even a confirmation does not go to another's phone",
        Refusal.QUARANTINED,
        Purpose.CONFIRMATION,
        endpoints=((Kind.SMS, EndpointState.QUARANTINED),),
    ),
    # Agreed
    Case("never asked", Refusal.NO_CONSENT, topic=None),
    Case("asked, no answer", Refusal.NO_CONSENT, topic=ConsentState.INVITED),
    Case("took it back", Refusal.NO_CONSENT, topic=ConsentState.REVOKED),
    Case("paused for good", Refusal.NO_CONSENT, topic=PAUSED),
    Case("paused until tomorrow", Refusal.NO_CONSENT, topic=PAUSED, topic_until=NOON + 24 * HOUR),
    Case("the pause is over", None, topic=PAUSED, topic_until=NOON),
    Case("everything paused", Refusal.NO_CONSENT, everything=PAUSED, everything_until=NOON + HOUR),
    Case("everything was paused", None, everything=PAUSED, everything_until=NOON - HOUR),
    Case("everything paused for good", Refusal.NO_CONSENT, everything=PAUSED),
    Case("no invitation in a pause", Refusal.NO_CONSENT, Purpose.INVITATION, topic=ASKED, everything=PAUSED),
    Case("a helper answers in a pause", None, Purpose.REPLY, everything=PAUSED),
    Case("said stop", Refusal.STOPPED, **STOPPED),
    Case("said stop, then start", None, everything=ConsentState.GRANTED),
    Case("start does not agree to a topic", Refusal.NO_CONSENT, topic=None, everything=ConsentState.GRANTED),
    # What each purpose may do
    Case("stop is confirmed", None, Purpose.CONFIRMATION, topic=None, **STOPPED),
    Case("no answer of a helper after a stop", Refusal.STOPPED, Purpose.REPLY, **STOPPED),
    Case("no help text after a stop", Refusal.STOPPED, Purpose.AUTOMATIC, **STOPPED),
    Case("no test after a stop", Refusal.STOPPED, Purpose.TEST, **STOPPED),
    Case("no invitation after a stop", Refusal.STOPPED, Purpose.INVITATION, topic=ConsentState.INVITED, **STOPPED),
    Case("a helper answers whoever wrote", None, Purpose.REPLY, topic=None),
    Case("help needs no topic", None, Purpose.AUTOMATIC, topic=None),
    Case("staff phones need no topic", None, Purpose.TEST, topic=None),
    Case("the invited are invited", None, Purpose.INVITATION, topic=ConsentState.INVITED),
    Case("who agreed meanwhile is not", Refusal.NO_CONSENT, Purpose.INVITATION),
    Case("who was not asked is not", Refusal.NO_CONSENT, Purpose.INVITATION, topic=None),
    # Still meant
    Case(
        "her date is the same",
        None,
        step="refill",
        occurrence="2026-11-26",
        fields={"refill_date": date(2026, 11, 26)},
    ),
    Case(
        "her date moved",
        Refusal.DATE_MOVED,
        step="refill",
        occurrence="2026-11-26",
        fields={"refill_date": date(2026, 11, 27)},
    ),
    Case("her date was taken away", Refusal.DATE_MOVED, step="refill", occurrence="2026-11-26"),
    Case("she answered this run", Refusal.REPLIED, replied=True),
    Case("an answer does not stop answers", None, Purpose.REPLY, replied=True),
    # Hours
    Case("too early", at(8), at=at(7, 59)),
    Case("the first minute", None, at=at(8)),
    Case("the last minute", None, at=at(19, 59)),
    Case("too late: tomorrow", at(8, day=24), at=at(20)),
    Case("tomorrow it is of no use", Refusal.OUTSIDE_HOURS, at=at(20), expires=12 * HOUR),
    Case("tomorrow it still is", at(8, day=24), at=at(20), expires=12 * HOUR + timedelta(minutes=1)),
    Case("her own hours win", at(18), person={"hours_from": 18 * 60, "hours_to": 19 * 60}),
    Case("the clinic's quiet hours hold all the same", at(8, day=24), at=at(22), hours=(0, 24 * 60)),
    Case("quiet hours are off", None, at=at(22), hours=(0, 24 * 60), quiet=None),
    Case("hours that are never lawful", Refusal.OUTSIDE_HOURS, person={"hours_from": 120, "hours_to": 180}),
    Case("her clock is in Paris", datetime(2026, 11, 23, 7, tzinfo=UTC), at=at(8), person={"zone": "Europe/Paris"}),
    Case(
        "one of two places",
        datetime(2026, 11, 23, 7, tzinfo=UTC),
        at=at(8),
        person={"zone": "Africa/Nairobi|Europe/Paris"},
    ),
    Case("a helper's answer waits for the morning", at(8), Purpose.REPLY, at=at(3)),
    Case(
        "unless she has just written", None, Purpose.REPLY, at=at(3), person={"replied_at": at(3) - timedelta(hours=11)}
    ),
    Case("half a day is not just now", at(8), Purpose.REPLY, at=at(3), person={"replied_at": at(3) - 12 * HOUR}),
    Case("asked whether it is still her", None, Purpose.QUESTION, topic=None, endpoints=DOUBTED),
    Case("a question is put at no hour that is quiet", at(8), Purpose.QUESTION, at=at(3), endpoints=DOUBTED),
    Case("nobody is asked after a stop", Refusal.STOPPED, Purpose.QUESTION, endpoints=DOUBTED, **STOPPED),
    Case("no line that there is something, either", Refusal.QUARANTINED, Purpose.KNOCK, endpoints=DOUBTED),
    Case("nothing heard for long", Refusal.QUARANTINED, alive=LONG_AGO),
    Case("but she wrote herself", None, alive=LONG_AGO, person={"replied_at": NOON - 59 * DAY}),
    Case("what she asks is answered all the same", None, Purpose.AUTOMATIC, alive=LONG_AGO),
    Case("an app is nobody's number", None, kind=Kind.PUSH, endpoints=APP, alive=LONG_AGO),
    # Silence
    Case("she asked for silence", Refusal.SILENT, person={"silent_until": NOON + HOUR}),
    Case("the silence is over", None, person={"silent_until": NOON}),
    *(
        Case(f"silence holds for {purpose}", Refusal.SILENT, purpose, person={"silent_until": NOON + HOUR})
        for purpose in (Purpose.REPLY, Purpose.AUTOMATIC, Purpose.KNOCK, Purpose.QUESTION, Purpose.TEST)
    ),
    Case("one bland answer passes", None, Purpose.CONFIRMATION, person={"silent_until": NOON + HOUR}),
    # Only when she asks
    Case("on request", LAST, person={"on_request": True}),
    Case("others read this phone", LAST, person=GUARDED),
    Case("she has asked", None, person=GUARDED | {"opened_until": NOON + HOUR}),
    Case("she asked long ago", LAST, person=GUARDED | {"opened_until": NOON}),
    Case("she did not ask in time", Refusal.NOT_ASKED_FOR, person=GUARDED, expires=timedelta(minutes=1)),
    Case("what she asks for comes at night", None, at=at(3), person=GUARDED | {"opened_until": at(4)}),
    Case("a helper's answer waits for the word too", LAST, Purpose.REPLY, person=GUARDED),
    Case("on request a helper's answer comes", None, Purpose.REPLY, person={"on_request": True}),
    Case("a push has no content to guard", None, kind=Kind.PUSH, endpoints=APP, person=GUARDED),
    Case("that there is something is said", None, Purpose.KNOCK, topic=None, person=GUARDED),
    Case("help is told to anybody", None, Purpose.AUTOMATIC, person=GUARDED),
    Case("a stop is confirmed to anybody", None, Purpose.CONFIRMATION, person=GUARDED, **STOPPED),
    # While she waits for our answer
    Case("she waits for an answer about it", NOON + LOOK_AGAIN, talks=frozenset({TOPIC})),
    Case("she waits for an answer about something else", None, talks=frozenset({"hiv", ""})),
    Case("the campaign does not wait", None, talks=frozenset({TOPIC}), wait=False),
    Case("perhaps a wish to stop, or a danger: all wait", NOON + LOOK_AGAIN, talks=frozenset({ALL}), wait=False),
    Case("the answer comes too late", Refusal.IN_CONVERSATION, talks=frozenset({TOPIC}), expires=LOOK_AGAIN),
    Case("the answer itself does not wait", None, Purpose.REPLY, talks=frozenset({TOPIC, ALL})),
    Case("no automatic answer waits", None, Purpose.AUTOMATIC, talks=frozenset({TOPIC, ALL})),
    # Not too much
    Case("one more is allowed", None, told=(1, 4)),
    Case("enough for a day", Refusal.CAPPED, told=(2, 2)),
    Case("enough for a week", Refusal.CAPPED, told=(0, 5)),
    Case("the text in place of a push is the same message", None, told=(2, 5), fallback_of=3),
    Case("a helper answers however much she got", None, Purpose.REPLY, told=(2, 5)),
    Case("a stop is confirmed however much she got", None, Purpose.CONFIRMATION, told=(2, 5), **STOPPED),
    Case("at night tomorrow counts", at(8, day=24), at=at(20), told=(2, 2)),
    Case("a stop is confirmed at night", None, Purpose.CONFIRMATION, at=at(3), **STOPPED),
    Case("help comes at night", None, Purpose.AUTOMATIC, at=at(3)),
    Case("a test comes at night", None, Purpose.TEST, at=at(3)),
    Case("staff are called at night", None, Purpose.CALL, at=at(3), topic=None),
    Case("nobody is begged pardon at night", at(8), Purpose.APOLOGY, at=at(3), topic=None),
    Case("nobody is invited at night", at(8), Purpose.INVITATION, at=at(3), topic=ConsentState.INVITED),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_the_gate(case: Case) -> None:
    verdict = why_not(*_given(case), case.quiet)
    assert (verdict.at if isinstance(verdict, Later) else verdict) == case.gives


def test_the_table_knows_every_refusal_and_every_purpose() -> None:
    assert {case.gives for case in CASES} >= set(Refusal)
    assert {case.purpose for case in CASES} == set(Purpose)


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.CONFIRMATION])
def test_nothing_but_the_confirmation_passes_a_stop(purpose: Purpose) -> None:
    allowed = [case for case in CASES if case.purpose == purpose and case.gives is None]
    for case in allowed:
        assert why_not(*_given(replace(case, everything=ConsentState.REVOKED)), case.quiet) == Refusal.STOPPED


def test_content_goes_to_no_number_in_doubt_to_nobody_silent_and_to_no_guarded_telephone_unasked() -> None:
    """Every purpose, with all else allowed: only what says nothing passes."""
    content = (Purpose.CAMPAIGN, Purpose.REPLY)
    person: dict[str, Any]
    for purpose, state, safe, silent, opened, hour in product(
        Purpose, EndpointState, (None, b"word"), (-1, 0, 1), (-1, 0, 1), (3, 12)
    ):
        moment = at(hour)
        person = {"safe_word": safe, "silent_until": moment + silent * HOUR, "opened_until": moment + opened * HOUR}
        line = ConsentState.INVITED if purpose is Purpose.INVITATION else ConsentState.GRANTED
        case = Case("", None, purpose, moment, person=person, endpoints=((Kind.SMS, state),), topic=line)
        verdict = why_not(*_given(case), case.quiet)
        if verdict is not None:
            continue
        assert state is EndpointState.OK or (state, purpose) == (EndpointState.QUARANTINED, Purpose.QUESTION)
        assert silent <= 0 or purpose is Purpose.CONFIRMATION
        assert safe is None or opened > 0 or purpose not in content


def test_who_must_ask_first_is_told_that_there_is_something() -> None:
    told = {case.label for case in CASES if isinstance(why_not(*_given(case), case.quiet), Knock)}
    assert told == {case.label for case in CASES if case.gives == LAST}


def _given(case: Case) -> tuple[Claim, Facts]:
    run_id = 5 if case.purpose == Purpose.CAMPAIGN else None
    claim = Claim(
        id=1,
        kind=case.kind,
        purpose=case.purpose,
        person_id=7,
        topic=TOPIC,
        run_id=run_id,
        step=case.step,
        occurrence=case.occurrence,
        dedupe_key="k",
        body=None,
        attempts=0,
        due_at=case.at,
        expires_at=case.at + case.expires,
        created_at=case.at,
        day=case.at.date(),
        parts=1,
        reason="",
        fallback_of=case.fallback_of,
        resends=0,
    )
    person = Recipient(**HER | case.person)
    lines = {
        (7, TOPIC): _line(case.topic, case.topic_until),
        (7, ALL): _line(case.everything, case.everything_until),
    }
    facts = Facts(
        at=case.at,
        people={7: person},
        endpoints={
            (7, kind): Reach(70, 7, kind, Variant.NUMBER, b"", state, case.alive, None)
            for kind, state in case.endpoints
        },
        standing={key: line for key, line in lines.items() if line is not None},
        runs={5: RunFacts(RunState.RUNNING, _frozen(case.hours, case.wait))},
        fields={7: case.fields},
        replied={(5, 7)} if case.replied else set(),
        talks={7: set(case.talks)},
        dormant_after=60 * DAY,
        caps=Caps(day=2, week=5),
        told={7: Told(*case.told)},
    )
    return claim, facts


def _line(state: ConsentState | None, until: datetime | None) -> Stands | None:
    return None if state is None else Stands(state, until)


def _frozen(hours: tuple[int, int], wait: bool) -> Frozen:
    step: dict[str, Any] = {"template": "tb/welcome", "channels": (Kind.PUSH, Kind.SMS), "expires": 86_400}
    return Frozen(
        campaign="trial",
        title="Trial",
        topic=TOPIC,
        language="en",
        hours=hours,
        unread_after=3600,
        stop_steps=False,
        wait=wait,
        thread="tb",
        steps={"welcome": FrozenStep(**step), "refill": FrozenStep(field="refill_date", **step)},
        templates={},
        definition={},
    )
