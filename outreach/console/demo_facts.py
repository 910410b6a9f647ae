"""What the demo's page shows, as values: the funnel, what went wrong in words, conversations with their faces."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.channels.contract import Cause
from outreach.messages.status import Failure, Refusal, State
from outreach.messages.tables import Message, Run
from outreach.reports.figures import Figures
from outreach.threads import inbox
from outreach.threads.inbox import Conversation
from outreach.threads.tables import Thread, ThreadState
from outreach.workspace import Workspace

#: Reasons in a newcomer's words; the others are plain enough with spaces in them.
WORDS: Mapping[str, str] = {
    Cause.AMBIGUOUS: "the carrier was lost in mid-sentence",
    Cause.BAD_NUMBER: "not a number that gets texts",
    Cause.BAD_REQUEST: "our request was wrong",
    Cause.BLOCKED: "blocks the clinic",
    Cause.ENDPOINT_GONE: "number not in use, or app removed",
    Cause.EXPIRED: "too late to be useful",
    Cause.FILTERED: "a spam filter",
    Cause.LANDLINE: "a landline",
    Cause.OPTED_OUT: "said STOP to the carrier",
    Cause.UNREACHABLE: "phone off or out of reach",
    Failure.NOT_FOUND: "the carrier has no trace of it",
    Failure.UNREAD: "app notice not opened, so a text followed",
    Refusal.NO_CONSENT: "did not agree to this topic",
    Refusal.STOPPED: "said STOP",
}
_NOT_ARRIVED = (State.UNDELIVERED, State.FAILED, State.REFUSED, State.CANCELLED, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the funnel. `share`: percent of what was planned, at most 100."""

    label: str
    name: str
    count: int
    share: int


@dataclass(frozen=True, slots=True)
class Mishap:
    """How many messages did not arrive for one reason, in words."""

    count: int
    state: State
    words: str


@dataclass(frozen=True, slots=True)
class Face:
    """A soft picture that only a pseudonym decides: hues in degrees, places in hundredths of its width."""

    hues: tuple[int, int, int]
    places: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Launch:
    """What was launched, and to how many people so far."""

    title: str
    people: int


@dataclass(frozen=True, slots=True)
class Desk:
    """Conversations: those written to last, how many there are and how many wait."""

    newest: list[Conversation]
    total: int
    waiting: int


def bars(found: Figures) -> list[Bar]:
    """The funnel: planned, sent, delivered, answered."""
    steps = (
        ("Planned", "planned", found.planned),
        ("Sent", "sent", found.sent),
        ("Delivered", "delivered", found.delivered),
        ("Answers", "replies", found.replies),
    )
    most = max(found.planned, 1)
    return [Bar(label, name, count, min(100, round(100 * count / most))) for label, name, count in steps]


def mishaps(found: Figures) -> list[Mishap]:
    """What did not arrive, by reason: the most frequent first."""
    made = [
        Mishap(count, state, words(reason))
        for state in _NOT_ARRIVED
        for reason, count in found.reasons.get(state, {}).items()
    ]
    return sorted(made, key=lambda mishap: -mishap.count)


def words(reason: str) -> str:
    """A reason for people."""
    return WORDS.get(reason, reason.replace("_", " "))


def face(pseudonym: str) -> Face:
    """The same face for the same pseudonym, each time."""
    drawn = hashlib.sha256(pseudonym.encode()).digest()
    hue = drawn[0] * 360 // 256
    x, y, u, v = (20 + each * 60 // 256 for each in drawn[1:5])
    return Face((hue, (hue + 25 + drawn[5] // 8) % 360, (hue + 310 + drawn[6] // 8) % 360), (x, y, u, v))


def launched(session: Session, run_id: int) -> Launch:
    """What the page is about."""
    frozen = session.scalars(select(Run.frozen).where(Run.id == run_id)).one()
    people = select(func.count(func.distinct(Message.person_id)))
    return Launch(frozen["title"], session.scalar(people.where(Message.run_id == run_id)) or 0)


def desk(workspace: Workspace, most: int) -> Desk:
    """Conversations, those with the newest text from a person first."""
    newest = (
        select(Message.thread_id)
        .where(Message.direction == "in", Message.thread_id.is_not(None))
        .group_by(Message.thread_id)
        .order_by(func.max(Message.id).desc())
        .limit(most)
    )
    with workspace.database.read() as session:
        ids = [thread_id for thread_id in session.scalars(newest) if thread_id is not None]
        counts = session.execute(select(Thread.state, func.count()).group_by(Thread.state))
        states: dict[str, int] = dict(counts.all())
    shown = [inbox.show(workspace, thread_id) for thread_id in ids]
    return Desk(shown, sum(states.values()), states.get(ThreadState.WAITING, 0))
