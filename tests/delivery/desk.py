"""Messages, runs and people for tests of delivery, written as the product would write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import people
from outreach.audience.hours import Hours
from outreach.audience.tables import Endpoint, Person
from outreach.channels.contract import Answer, Kind, SenderSpec, Unit, Variant
from outreach.consent import ConsentState, Line, Source
from outreach.delivery import queue, results, send
from outreach.delivery.compose import Composed
from outreach.delivery.queue import Batch
from outreach.messages import library
from outreach.messages.frozen import Frozen, FrozenStep
from outreach.messages.status import PRIORITY, Lane, Purpose, RunState, State
from outreach.messages.tables import Message, Run, Sender, Tally
from outreach.store import dialects
from outreach.store.types import new_id
from outreach.threads.tables import Thread
from outreach.workspace import Workspace
from tests.clinic import TOPIC
from tests.invariants import broken

#: Messages point at threads by name only: somebody must know the table.
POINTED_AT = (Thread,)

LEASE = 60.0
ALL_DAY = Hours(0, 24 * 60)
TODAY = datetime.now(UTC).date()
SMS = SenderSpec("twilio", Kind.SMS, 1000.0, Unit.MESSAGES)
PUSH = SenderSpec("fcm", Kind.PUSH, 1000.0, Unit.MESSAGES)


def run_of(workspace: Workspace, state: RunState = RunState.RUNNING, **changes: Any) -> int:
    """A run of two steps, `welcome` (any time) and `refill` (on the date in `refill_date`)."""
    templates = library.load(workspace.folder / "templates")
    step: dict[str, Any] = {"channels": (Kind.PUSH, Kind.SMS), "expires": 86_400}
    step |= {name: changes.pop(name) for name in ("channels", "on_unknown") if name in changes}
    frozen = Frozen(
        **{
            "campaign": "trial",
            "title": "Trial",
            "topic": TOPIC,
            "language": "en",
            "hours": (0, 24 * 60),
            "unread_after": 3600,
            "stop_steps": False,
            "thread": "tb-support",
            "steps": {
                "welcome": FrozenStep(template="tb/welcome", **step),
                "refill": FrozenStep(template="tb/every-day", field="refill_date", **step),
            },
            "templates": {name: templates.get(name).freeze() for name in ("tb/welcome", "tb/every-day")},
            "definition": {},
        }
        | changes
    )
    with workspace.database.write() as session:
        at = dialects.now(session)
        run = Run(
            campaign=f"trial-{new_id()}",
            topic=TOPIC,
            frozen=frozen.model_dump(mode="json"),
            content_hash=f"{new_id()}",
            state=state,
            launched_by="test",
            launched_at=at,
            changed_at=at,
        )
        session.add(run)
        session.flush()
        return run.id


def message(session: Session, person_id: int, run_id: int | None = None, **more: Any) -> int:
    """One message, due a second ago unless told otherwise, and its line in the roll-up."""
    return messages(session, [person_id], run_id, **more)[0]


def messages(session: Session, people: Sequence[int], run_id: int | None = None, **more: Any) -> list[int]:
    """One message each, written in bulk."""
    at = dialects.now(session)
    purpose = more.get("purpose", Purpose.CAMPAIGN)
    shared: dict[str, Any] = {
        "direction": "out",
        "kind": Kind.SMS,
        "purpose": purpose,
        "topic": TOPIC,
        "run_id": run_id,
        "step": "welcome" if run_id else purpose,
        "state": State.QUEUED,
        "reason": "",
        "priority": PRIORITY[purpose],
        "due_at": at - timedelta(seconds=1),
        "expires_at": at + timedelta(hours=4),
        "day": TODAY,
        "sender": "twilio",
        "parts": 1,
        "cost": 0.0,
        "created_at": at,
        "updated_at": at,
    } | more
    names = [new_id() for _ in people]
    rows = [
        {"person_id": person, "occurrence": f"{name}", "dedupe_key": f"test:{name}", **shared}
        for person, name in zip(people, names, strict=True)
    ]
    made = session.scalars(insert(Message).returning(Message.id, sort_by_parameter_order=True), rows).all()
    cell = {name: shared[name] for name in ("step", "day", "kind", "state", "reason", "sender")} | {
        "run_id": run_id or 0
    }
    sums = {"messages": len(rows), "parts": len(rows) * shared["parts"], "cost": len(rows) * shared["cost"]}
    session.execute(insert(Tally), [cell | sums])
    return list(made)


def crowd(workspace: Workspace, count: int, *, topic: str = TOPIC) -> list[int]:
    """Many people with a phone who agreed to a topic. Their endpoints are sealed for real."""
    made = []
    with workspace.database.write() as session:
        at = dialects.now(session)
        new = [
            people.newcomer(
                workspace.vault,
                f"+2547{10_000_000 + place}",
                f"person-{new_id()}",
                country="KE",
                zone="Africa/Nairobi",
                language="en",
                at=at,
            )
            for place in range(count)
        ]
        people.add(session, new)
        made = [int(each.person["id"]) for each in new]
        consent.record(session, [Line(each, topic, ConsentState.GRANTED, Source.STAFF) for each in made], at)
    return made


def claim(workspace: Workspace, lane: Lane = Lane.BULK, limit: int = 500, sender: str = "twilio") -> Batch:
    """Claim, and commit."""
    with workspace.database.write() as session:
        return queue.claim(session, sender, lane, limit, LEASE, None)


def answer(workspace: Workspace, batch: Batch, *answers: Answer, spec: SenderSpec = SMS) -> Composed:
    """Write a claimed batch and record these answers of the provider, one a message (or one for all)."""
    composed = send.write(workspace, batch)
    told = answers * len(composed.written) if len(answers) == 1 else answers
    with workspace.database.write() as session:
        assert batch.facts is not None
        pairs = list(zip(composed.written, told, strict=True))
        results.record(session, spec, spec.name, pairs, batch.facts.runs, batch.token)
    return composed


def row(workspace: Workspace, message_id: int) -> Message:
    """A message as it stands."""
    with workspace.database.read() as session:
        return session.scalars(select(Message).where(Message.id == message_id)).one()


def states(workspace: Workspace) -> dict[State, int]:
    """How many messages out stand in each state."""
    found: dict[State, int] = {}
    with workspace.database.read() as session:
        for state in session.scalars(select(Message.state).where(Message.direction == "out")):
            found[State(state)] = found.get(State(state), 0) + 1
    return found


def earlier(workspace: Workspace, seconds: float, *columns: Any) -> None:
    """Let time pass: these columns of all messages stand so many seconds further in the past."""
    with workspace.database.write() as session:
        for row in session.scalars(select(Message)):
            for column in columns:
                if (value := getattr(row, column.key)) is not None:
                    setattr(row, column.key, value - timedelta(seconds=seconds))


def rested(workspace: Workspace) -> None:
    """Let every sender be free to go on at once."""
    with workspace.database.write() as session:
        past = dialects.now(session) - timedelta(hours=1)
        session.execute(update(Sender).values(next_at=past, halted_until=None))


def sender(workspace: Workspace, name: str = "twilio") -> Sender:
    """A sender as it stands."""
    with workspace.database.read() as session:
        return session.scalars(select(Sender).where(Sender.name == name)).one()


def faults(workspace: Workspace, log: Any = ()) -> list[str]:
    """The invariants that are broken."""
    with workspace.database.read() as session:
        return broken(session, log)


def give_token(session: Session, workspace: Workspace, person_id: int, token: str) -> None:
    """Give a person the app."""
    key = people.keys_of(session, workspace.vault, [person_id])[person_id]
    at = dialects.now(session)
    session.execute(insert(Endpoint), [people.endpoint(workspace.vault, person_id, key, Variant.TOKEN, token, at)])


def change_person(workspace: Workspace, person_id: int, **values: Any) -> None:
    """Change a person's row."""
    with workspace.database.write() as session:
        session.execute(update(Person).where(Person.id == person_id).values(**values))


def day_after(days: int) -> date:
    """A day from today."""
    return TODAY + timedelta(days=days)
