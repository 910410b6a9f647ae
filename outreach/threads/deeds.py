"""What the verbs share: what came of one, what waits for a person, and the proof of what she said."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.delivery.moves import Move, advance
from outreach.messages.status import WAITING, Purpose, State, Withdrawal
from outreach.messages.tables import Message
from outreach.threads.answers import Note

#: Mark of a thread in which somebody told of a loss. Like a danger, it comes before all others.
LOSS = "loss"

#: What is kept in place of a text that is, or names, a word of a person's own.
KEPT_BACK = "[word]"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a verb. `outcome`: "" when the text is nothing but talk and belongs in a thread.

    `thread`: a person must see it all the same, with these marks; `alarm`: coordinators are called at once; `says`: the
    answer that belongs in that thread.
    """

    outcome: str = ""
    thread: bool = False
    hold: bool = False
    urgent: str = ""
    call: bool = False
    alarm: bool = False
    says: str = ""


TALK = Done()


def withdraw(
    session: Session,
    note: Note,
    why: Withdrawal,
    *,
    purposes: Collection[Purpose] = tuple(Purpose),
    topics: Collection[str] | None = None,
) -> None:
    """Cancel what waits for one person. The claim locks her, so nothing is claimed meanwhile."""
    waiting = select(Message.id).where(
        Message.person_id == note.person.id, Message.state.in_(WAITING), Message.purpose.in_(purposes)
    )
    if topics is not None:
        waiting = waiting.where(Message.topic.in_(topics))
    advance(session, [Move(each, State.CANCELLED, why) for each in session.scalars(waiting)], note.at)


def evidence(note: Note) -> str:
    """Which text of hers it was: the provider's id, nothing personal."""
    return f"text {note.inbound.provider_id}"
