"""Who gets which message when: written inside the database, once, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, select, update

from outreach import consent
from outreach.audience.tables import Person, PersonField, PersonTag
from outreach.campaigns import planning, runs
from outreach.campaigns.definition import thaw
from outreach.campaigns.places import Place, upcoming
from outreach.campaigns.tables import Fire
from outreach.channels.contract import Kind
from outreach.consent import ConsentState, Line, Source
from outreach.delivery import queue, sweep
from outreach.messages.status import Lane, Refusal, State
from outreach.messages.tables import Message, Run, Sender
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import TOPIC, Cast, cast, write_campaign
from tests.delivery.desk import change_person, claim, crowd
from tests.invariants import broken

NAME = "trial"
NAIROBI = ZoneInfo("Africa/Nairobi")
HOUR = timedelta(hours=1)

HEAD = """\
title: Trial
topic: tb
audience: {all: []}
channels: [push, sms]
unread_after: 1h
hours: {from: "00:00", to: "24:00"}
expires: 6h
steps:
"""


def step(timing: str, name: str = "welcome", more: str = "") -> str:
    return f"  - id: {name}\n    template: tb/welcome\n    {timing}\n" + (f"    {more}\n" if more else "")


def wall(moment: datetime, zone: ZoneInfo = NAIROBI) -> str:
    return f'at: "{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"'


def launch(workspace: Workspace, *steps: str, head: str = HEAD) -> int:
    write_campaign(workspace, NAME, head + "".join(steps))
    return runs.launch(workspace, NAME, by="test")


def written(workspace: Workspace, person: int | None = None) -> list[Message]:
    query = select(Message).order_by(Message.due_at, Message.id)
    with workspace.database.read() as session:
        found = session.scalars(query if person is None else query.where(Message.person_id == person)).all()
    return list(found)


def faults(workspace: Workspace) -> list[str]:
    with workspace.database.read() as session:
        return broken(session)


def back(workspace: Workspace, run: int, hours: float) -> None:
    """The run was launched so much earlier, and its people were there before it."""
    length = timedelta(hours=hours)
    with workspace.database.write() as session:
        for each in session.scalars(select(Run).where(Run.id == run)):
            each.launched_at -= length
        for person in session.scalars(select(Person)):
            person.created_at -= length + HOUR


def dated(workspace: Workspace, person: int, day: date) -> None:
    with workspace.database.write() as session:
        session.execute(delete(PersonField).where(PersonField.person_id == person))
        session.add(PersonField(person_id=person, name="refill_date", day=day))


@pytest.fixture
def people(workspace: Workspace) -> Cast:
    return cast(workspace)


def test_a_fixed_step_is_written_shortly_before_it_is_due(workspace: Workspace, people: Cast) -> None:
    now = workspace.database.now()
    launch(workspace, step(wall(now + timedelta(minutes=10))), step(wall(now + 2 * HOUR), "later"))
    assert planning.plan(workspace) == 2
    found = {each.person_id: each for each in written(workspace)}
    assert found.keys() == {people.amina, people.baraka}  # Chausiku said stop, Daudi never answered
    assert {(each.kind, each.sender) for each in found.values()} == {(Kind.SMS, "twilio"), (Kind.PUSH, "fcm")}
    amina = found[people.amina]
    assert (amina.state, amina.step, amina.topic, amina.attempts) == (State.QUEUED, "welcome", TOPIC, 0)
    assert abs(amina.due_at - now - timedelta(minutes=10)) <= timedelta(seconds=1)
    assert amina.expires_at - amina.due_at == 6 * HOUR
    assert amina.day == amina.due_at.astimezone(ZoneInfo(workspace.settings.zone)).date()
    assert faults(workspace) == []


def test_however_often_and_by_however_many_planners_it_is_written_once(workspace: Workspace, people: Cast) -> None:
    crowd(workspace, 150)
    dated(workspace, people.amina, (workspace.database.now() + 2 * HOUR).astimezone(NAIROBI).date())
    soon = (workspace.database.now() + timedelta(minutes=5)).astimezone(NAIROBI)
    launch(
        workspace,
        step(wall(workspace.database.now())),
        step(f'every: "FREQ=DAILY;COUNT=3"\n    at: "{soon:%H:%M:%S}"', "daily"),
        step(f'before: {{field: refill_date, days: 0}}\n    at: "{soon:%H:%M:%S}"', "refill"),
    )
    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(lambda _: planning.plan(workspace), range(12)))
    expected = 2 * 152 + (1 if soon.date() == (workspace.database.now() + 2 * HOUR).astimezone(NAIROBI).date() else 0)
    assert sum(counts) == expected == len(written(workspace))
    assert planning.plan(workspace) == 0
    with workspace.database.read() as session:
        assert session.scalar(select(func.sum(Fire.messages))) == expected
    assert faults(workspace) == []


def test_every_zone_has_its_own_moment_and_a_guess_must_hold_in_all_of_them(workspace: Workspace) -> None:
    zones = ["Africa/Nairobi", "Europe/Paris", "America/New_York", "Africa/Nairobi|Europe/Paris"]
    ids = crowd(workspace, len(zones))
    for person, zone in zip(ids, zones, strict=True):
        change_person(workspace, person, zone=zone)
    workspace.settings.plan_ahead = 48 * HOUR
    tomorrow = (workspace.database.now() + 24 * HOUR).date()
    launch(workspace, step(f'at: "{tomorrow} 09:00"'))
    assert planning.plan(workspace) == len(zones)
    nine = [datetime(tomorrow.year, tomorrow.month, tomorrow.day, 9, tzinfo=ZoneInfo(zone)) for zone in zones[:3]]
    due = {each.person_id: each.due_at for each in written(workspace)}
    assert [due[person] for person in ids] == [*nine, max(nine[0], nine[1])]
    with workspace.database.read() as session:
        assert set(session.scalars(select(Fire.zone))) == set(zones)
    assert faults(workspace) == []


def test_own_hours_put_a_message_off_to_her_first_lawful_minute(workspace: Workspace) -> None:
    early, late = crowd(workspace, 2)
    workspace.settings.plan_ahead = 48 * HOUR
    change_person(workspace, late, hours_from=18 * 60, hours_to=19 * 60)
    tomorrow = (workspace.database.now() + 24 * HOUR).astimezone(NAIROBI).date()
    launch(workspace, step(f'at: "{tomorrow} 09:00"', more="expires: 1d"))
    planning.plan(workspace)
    due = {each.person_id: each.due_at.astimezone(NAIROBI) for each in written(workspace)}
    assert (due[early].hour, due[late].hour) == (9, 18)
    with workspace.database.read() as session:
        assert set(session.scalars(select(Fire.zone))) == {"Africa/Nairobi", "Africa/Nairobi 1080-1140"}


def test_a_recurring_step_fires_for_each_of_its_days(workspace: Workspace, people: Cast) -> None:
    now = workspace.database.now().astimezone(NAIROBI)
    run = launch(workspace, step(f'every: "FREQ=DAILY;COUNT=3"\n    at: "{now - timedelta(minutes=5):%H:%M:%S}"'))
    assert planning.plan(workspace) == 0  # today's hour is over: it counts from tomorrow
    back(workspace, run, 48.5)
    assert planning.plan(workspace) == 6
    keys = sorted({each.occurrence for each in written(workspace, people.amina)})
    assert len(keys) == 3
    assert {each.state for each in written(workspace)} == {State.QUEUED}
    assert faults(workspace) == []


def test_what_was_missed_while_everything_was_down_shows_as_expired(workspace: Workspace, people: Cast) -> None:
    now = workspace.database.now()
    run = launch(workspace, step(wall(now + HOUR)))
    with workspace.database.write() as session:
        query = select(Run.frozen).where(Run.id == run)
        frozen = session.scalars(query).one()
        frozen["definition"]["steps"][0]["at"] = f"{(now - 7 * HOUR).astimezone(NAIROBI):%Y-%m-%d %H:%M:%S}"
        session.execute(update(Run).where(Run.id == run).values(frozen=frozen))
    back(workspace, run, 8)
    assert planning.plan(workspace) == 2
    assert claim(workspace).claims == []
    with workspace.database.write() as session:
        sweep._expire(session)
    assert [each.state for each in written(workspace)] == [State.EXPIRED, State.EXPIRED]
    assert faults(workspace) == []


def test_whoever_joins_later_waits_for_the_next_occurrence(workspace: Workspace, people: Cast) -> None:
    """Also where she is the first one in her zone, or the first with such hours."""
    now = workspace.database.now()
    run = launch(workspace, step(f'every: "FREQ=DAILY;COUNT=9"\n    at: "{now.astimezone(NAIROBI):%H:%M}"'))
    back(workspace, run, 24 * 3)
    assert planning.plan(workspace) > 0
    same, abroad, choosy = crowd(workspace, 3)
    change_person(workspace, abroad, zone="Indian/Antananarivo")  # the same time as in Nairobi
    change_person(workspace, choosy, hours_from=60, hours_to=1380)
    planning.plan(workspace)
    assert [written(workspace, person) for person in (same, abroad, choosy)] == [[], [], []]
    change_person(workspace, people.amina, hours_from=60, hours_to=1380)
    before = len(written(workspace, people.amina))
    planning.plan(workspace)
    assert len(written(workspace, people.amina)) == before  # who moves gets nothing twice
    assert faults(workspace) == []


def test_consent_is_asked_of_the_ledger_each_time(workspace: Workspace, people: Cast) -> None:
    workspace.settings.plan_ahead = 30 * HOUR
    now = workspace.database.now()
    with workspace.database.write() as session:
        consent.record(session, [Line(people.baraka, TOPIC, ConsentState.REVOKED, Source.TEXT)], now)
        consent.record(session, [Line(people.daudi, TOPIC, ConsentState.PAUSED, Source.TEXT, until=now - HOUR)], now)
    launch(workspace, step(wall(now)))
    planning.plan(workspace)
    assert {each.person_id for each in written(workspace)} == {people.amina, people.daudi}


def test_the_audience_is_a_filter(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        session.add(PersonTag(person_id=people.baraka, tag="on-treatment"))
    head = HEAD.replace("{all: []}", "{all: [{tag: on-treatment}]}")
    launch(workspace, step(wall(workspace.database.now())), head=head)
    planning.plan(workspace)
    assert {each.person_id for each in written(workspace)} == {people.baraka}


def test_without_a_push_provider_people_with_the_app_get_a_text(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        session.execute(delete(Sender).where(Sender.name == "fcm"))
    launch(workspace, step(wall(workspace.database.now())))
    planning.plan(workspace)
    assert {(each.person_id, each.kind, each.sender) for each in written(workspace)} == {
        (people.amina, Kind.SMS, "twilio"),
        (people.baraka, Kind.SMS, "twilio"),
    }


def test_without_any_sender_it_is_planned_and_seen_to_expire(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        session.execute(delete(Sender))
    launch(workspace, step(wall(workspace.database.now())))
    assert planning.plan(workspace) == 2
    with workspace.database.write() as session:
        session.execute(update(Message).values(expires_at=dialects.now(session)))
        sweep._expire(session)
    assert {each.state for each in written(workspace)} == {State.EXPIRED}
    assert faults(workspace) == []


def test_each_person_hears_from_one_sender_always(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        at = dialects.now(session)
        session.add_all(
            Sender(name=f"twilio-{n}", provider="twilio", kind=Kind.SMS, pace=1.0, unit="parts", next_at=at)
            for n in (2, 3)
        )
    ids = crowd(workspace, 150)  # made within few milliseconds, ids of fewer share what chooses among three
    now = workspace.database.now()
    launch(workspace, step(wall(now)), step(wall(now + timedelta(minutes=1)), "second"))
    planning.plan(workspace)
    senders = {person: {each.sender for each in written(workspace, person)} for person in ids[:8]}
    assert all(len(mine) == 1 for mine in senders.values())
    assert {each.sender for each in written(workspace)} == {"twilio", "twilio-2", "twilio-3"}


BEFORE = 'before: {{field: refill_date, days: 3}}\n    at: "{:%H:%M:%S}"'
AFTER = 'after: {{field: refill_date, days: 2}}\n    at: "{:%H:%M:%S}"'


@pytest.mark.parametrize(("timing", "days"), [(BEFORE, 3), (AFTER, -2)])
def test_a_step_hangs_on_each_persons_date(workspace: Workspace, people: Cast, timing: str, days: int) -> None:
    soon = (workspace.database.now() + timedelta(minutes=5)).astimezone(NAIROBI)
    right = soon.date() + timedelta(days=days)
    dated(workspace, people.amina, right)
    dated(workspace, people.baraka, right + timedelta(days=1))
    launch(workspace, step(timing.format(soon)))
    assert planning.plan(workspace) == 1
    [amina] = written(workspace)
    assert (amina.person_id, amina.occurrence) == (people.amina, right.isoformat())
    dated(workspace, people.baraka, right)  # entered late, and not too late
    assert planning.plan(workspace) == 1
    assert planning.plan(workspace) == 0
    assert faults(workspace) == []


def test_a_date_that_moved_is_refused_and_the_new_one_is_planned(workspace: Workspace, people: Cast) -> None:
    workspace.settings.plan_ahead = 26 * HOUR
    now = workspace.database.now().astimezone(NAIROBI)
    dated(workspace, people.amina, now.date() + timedelta(days=3))
    launch(workspace, step(BEFORE.format(now)), head=HEAD.replace("6h", "2d"))
    with workspace.database.write() as session:
        session.execute(update(Run).values(launched_at=dialects.now(session) - HOUR))
    planning.plan(workspace)
    [first] = written(workspace)
    dated(workspace, people.amina, now.date() + timedelta(days=4))
    planning.plan(workspace)
    assert claim(workspace).claims == []
    found = {each.id: each for each in written(workspace)}
    assert (found[first.id].state, found[first.id].reason) == (State.REFUSED, Refusal.DATE_MOVED)
    assert len(found) == 2
    assert faults(workspace) == []


def test_a_stop_while_planning_is_seen_by_the_claim_at_the_latest(workspace: Workspace) -> None:
    ids = crowd(workspace, 40)
    launch(workspace, step(wall(workspace.database.now())))

    def stop_all() -> None:
        for person in ids:
            with workspace.database.write() as session:
                session.execute(dialects.take(select(Person.id).where(Person.id == person), wait=True))
                consent.stop(session, person, Source.TEXT, "text", dialects.now(session))

    thread = threading.Thread(target=stop_all)
    thread.start()
    planning.plan(workspace)
    thread.join(20)
    assert claim(workspace).claims == []
    assert {each.state for each in written(workspace)} <= {State.REFUSED}
    assert faults(workspace) == []


#: Days on which clocks change: zone, the day, the time in the file, and the instants (UTC) at which it is due.
CHANGES: Sequence[tuple[str, str, str, str, list[str]]] = [
    ("jumped over", "Europe/Paris", "2027-03-28", "02:30:00", ["2027-03-28T01:00"]),
    ("shown twice", "Europe/Paris", "2026-10-25", "02:30:00", ["2026-10-25T00:30"]),
    ("shown twice in New York", "America/New_York", "2026-11-01", "01:30:00", ["2026-11-01T05:30"]),
    ("an ordinary day", "Europe/Paris", "2026-11-02", "02:30:00", ["2026-11-02T01:30"]),
]


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: case[0])
def test_on_the_day_when_clocks_change_a_step_fires_once(case: tuple[str, str, str, str, list[str]]) -> None:
    _, zone, day, clock, due = case
    definition = thaw(
        {
            "name": NAME,
            "title": "Trial",
            "topic": TOPIC,
            "audience": {"all": []},
            "steps": [{"id": "daily", "template": "tb/welcome", "every": "FREQ=DAILY", "at": clock}],
        }
    )
    midnight = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    launched = midnight - timedelta(days=9)
    end = (midnight + timedelta(days=1, hours=2)).astimezone(ZoneInfo(zone)).replace(hour=0, minute=0)
    found = upcoming(definition, Place(zone, None), launched, midnight, end.astimezone(UTC))
    assert [f"{each.due:%Y-%m-%dT%H:%M}" for each in found if each.due >= midnight] == due


def test_what_was_planned_goes_out(workspace: Workspace, people: Cast) -> None:
    launch(workspace, step(wall(workspace.database.now())))
    planning.plan(workspace)
    with workspace.database.write() as session:
        lanes = queue.due_lanes(session)
    assert lanes == [("fcm", Kind.PUSH, Lane.BULK), ("twilio", Kind.SMS, Lane.BULK)]
    assert [each.person_id for each in claim(workspace).claims] == [people.amina]
    assert [each.person_id for each in claim(workspace, sender="fcm").claims] == [people.baraka]
    assert faults(workspace) == []
