"""What the tests of threads share: a text that comes in, and what the clinic made of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, insert, select, update

from outreach.audience import people
from outreach.audience.tables import Person
from outreach.channels.contract import Inbound, Kind, SenderSpec, Unit
from outreach.consent import Consent, ConsentState
from outreach.delivery import tally
from outreach.messages.status import PRIORITY, Purpose, State
from outreach.messages.tables import Message, Tally
from outreach.privacy.vault import unseal
from outreach.store import dialects
from outreach.threads import inbound
from outreach.threads.inbound import Received
from outreach.threads.tables import Reveal, Thread
from outreach.workspace import Workspace
from tests.clinic import OURS, TOPIC

SENDERS = [SenderSpec("twilio", Kind.SMS, 1000.0, Unit.MESSAGES, OURS)]
_sids = itertools.count(1)


def letter(number: str, text: str, *, sid: str = "", opt_out: str = "", to: str = OURS, media: int = 0) -> Inbound:
    """A text from a number; each has an id of its own unless one is given."""
    return Inbound("twilio", sid or f"SM{next(_sids):032x}", number, text, to, opt_out, media)


def write(workspace: Workspace, number: str, text: str, *, opt_out: str = "") -> Received:
    """A text comes in."""
    return inbound.receive(workspace, letter(number, text, opt_out=opt_out), SENDERS)


def later(workspace: Workspace, reveal_id: int, ago: timedelta) -> None:
    """As if everything about a reveal had happened so long ago."""
    with workspace.database.write() as session:
        row = session.get_one(Reveal, reveal_id)
        row.asked_at -= ago
        row.until = row.until - ago if row.until else None
        row.review_by = row.review_by - ago if row.review_by else None


def ledger(workspace: Workspace, person_id: int) -> list[tuple[str, ConsentState, str]]:
    """The lines about a person: topic, state, source."""
    with workspace.database.read() as session:
        lines = session.scalars(select(Consent).where(Consent.person_id == person_id).order_by(Consent.id)).all()
    return [(line.topic, ConsentState(line.state), str(line.source)) for line in lines]


@dataclass(frozen=True)
class Sent:
    """One of our messages to a person."""

    purpose: str
    state: str
    reason: str
    text: str
    priority: int


def sent(workspace: Workspace, person_id: int) -> list[Sent]:
    """Our messages to a person that have a text of their own, oldest first."""
    with workspace.database.read() as session:
        key = people.keys_of(session, workspace.vault, [person_id])[person_id]
        rows = session.scalars(
            select(Message).where(Message.person_id == person_id, Message.direction == "out").order_by(Message.id)
        )
        return [
            Sent(row.purpose, row.state, row.reason, _opened(key, row) if row.body else "", row.priority)
            for row in rows
        ]


def received(workspace: Workspace, person_id: int) -> list[tuple[str, str]]:
    """What a person wrote, opened, and the outcome on its row; oldest first."""
    with workspace.database.read() as session:
        key = people.keys_of(session, workspace.vault, [person_id])[person_id]
        rows = session.scalars(
            select(Message).where(Message.person_id == person_id, Message.direction == "in").order_by(Message.id)
        )
        return [(_opened(key, row), row.reason) for row in rows]


def _opened(key: bytes, row: Message) -> str:
    return unseal(key, row.body or b"", "message", "body", row.dedupe_key)


def threads(workspace: Workspace, person_id: int) -> list[Thread]:
    """A person's threads, oldest first."""
    with workspace.database.read() as session:
        return list(session.scalars(select(Thread).where(Thread.person_id == person_id).order_by(Thread.id)))


def her(workspace: Workspace, person_id: int) -> Person:
    """A person as she stands in the database."""
    with workspace.database.read() as session:
        return session.get_one(Person, person_id)


def name_of(workspace: Workspace, person_id: int) -> str:
    """Her pseudonym."""
    return her(workspace, person_id).pseudonym


def whose(workspace: Workspace, number: str) -> int:
    """Who has this number."""
    with workspace.database.read() as session:
        found = people.by_number(session, workspace.vault, number)
    assert found is not None
    return found


def speaks(workspace: Workspace, person_id: int, language: str) -> None:
    """Let a person speak a language."""
    with workspace.database.write() as session:
        session.execute(update(Person).where(Person.id == person_id).values(language=language))


def tallied(workspace: Workspace) -> dict[tuple[str, str], int]:
    """The roll-ups by state and reason, without what adds up to nothing."""
    query = select(Tally.state, Tally.reason, func.sum(Tally.messages)).group_by(Tally.state, Tally.reason)
    with workspace.database.read() as session:
        return {(state, reason): int(count) for state, reason, count in session.execute(query) if count}


def counted(workspace: Workspace) -> dict[tuple[str, str], int]:
    """The same, by counting the messages themselves."""
    query = select(Message.state, Message.reason, func.count()).group_by(Message.state, Message.reason)
    with workspace.database.read() as session:
        return {(State(state), reason): count for state, reason, count in session.execute(query)}


def planned(workspace: Workspace, person_id: int, topic: str = TOPIC) -> int:
    """A campaign's message that waits for somebody, past whatever planning looks at; its id."""
    with workspace.database.write() as session:
        at = dialects.now(session)
        key = f"planned:{next(_sids)}"
        row = {
            "direction": "out",
            "kind": Kind.SMS,
            "purpose": Purpose.CAMPAIGN,
            "person_id": person_id,
            "topic": topic,
            "step": "welcome",
            "dedupe_key": key,
            "state": State.QUEUED,
            "priority": PRIORITY[Purpose.CAMPAIGN],
            "due_at": at,
            "expires_at": at + timedelta(days=90),
            "day": at.date(),
            "sender": "twilio",
            "created_at": at,
            "updated_at": at,
        }
        made: int | None = session.scalar(insert(Message).values(row).returning(Message.id))
        tally.note(session, [tally.Change(tally.Cell(0, "welcome", at.date(), Kind.SMS, State.QUEUED, ""), 1, 1, 0.0)])
    assert made is not None
    return made
