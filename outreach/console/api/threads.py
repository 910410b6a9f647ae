"""Threads: anonymous conversations, read and answered as helpers do. Whoever is in danger is left to people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from outreach import consent
from outreach.console.api import cursors, shapes
from outreach.console.api.cursors import Cursor, Limit
from outreach.console.api.door import ABSENT, Api, Call, Here
from outreach.console.api.problems import ProblemError
from outreach.console.policy import Act
from outreach.errors import NotFoundError
from outreach.threads import hands, inbox, lists
from outreach.threads.inbox import MOST_CHARACTERS
from outreach.threads.lists import List, Mark, Wanted
from outreach.threads.tables import CHOSEN, Outcome

api = Api("threads")

ThreadId = Annotated[int, Path(ge=1, lt=2**63)]
_Word = Annotated[str, Query(max_length=64)]


@api.shows("/threads", Act.SEE_THREADS)
def threads(
    call: Here,
    which: Annotated[List, Query(alias="list", description="`mine`: those that this token has.")] = List.WAITING,
    programme: _Word = "",
    topic: _Word = "",
    language: Annotated[str, Query(max_length=8)] = "",
    *,
    free: Annotated[bool, Query(description="Only those that nobody has.")] = False,
    limit: Limit = 25,
    cursor: Cursor = "",
) -> shapes.Threads:
    """A list of conversations, as the inbox has it."""
    place = cursors.unpack("threads", cursor)
    try:
        after = Mark.read(place) if place else None
    except NotFoundError:
        raise cursors.wrong() from None
    wanted = Wanted(programme, topic, language, free)
    with call.workspace.database.read() as session:
        page = lists.page(session, which, call.by, wanted, after=after, size=limit)
    data = [shapes.Thread.model_validate(each) for each in page.threads]
    return shapes.Threads(data=data, next=cursors.pack("threads", page.after) if page.after else None)


@api.shows("/threads/{thread_id}", Act.SEE_THREADS, responses=ABSENT)
def thread(
    call: Here,
    thread_id: ThreadId,
    before: Annotated[int | None, Query(ge=1, lt=2**63, description="Texts before this one, of a long one.")] = None,
) -> shapes.Conversation:
    """One conversation, without numbers and names, as helpers read it."""
    shown = inbox.show(call.workspace, thread_id, before=before)
    texts = [shapes.Text.model_validate(each) for each in shown.said]
    return shapes.Conversation(**asdict(shown.summary), last=shown.last, earlier=shown.earlier, texts=texts)


class Answer(BaseModel):
    """An answer. `seen`: `last` of the conversation as it was read, so that nothing is answered unread or twice."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS, pattern=r"\S")]
    seen: Annotated[int, Field(ge=0, lt=2**63)]


@api.does("/threads/{thread_id}/reply", Act.ANSWER_THREADS, responses=ABSENT)
def reply(call: Here, thread_id: ThreadId, answer: Answer) -> shapes.Replied:
    """Answer her, ahead of every bulk message."""
    _leave_danger_to_people(call, thread_id)
    made = inbox.reply(call.workspace, thread_id, answer.text, seen=answer.seen, by=call.by)
    return shapes.Replied(thread=thread_id, message=made)


class Taking(BaseModel):
    """`over`: take it from whoever has it, on purpose."""

    model_config = ConfigDict(extra="forbid")

    over: bool = False


@api.does("/threads/{thread_id}/take", Act.ANSWER_THREADS, responses=ABSENT)
def take(call: Here, thread_id: ThreadId, taking: Taking) -> shapes.Thread:
    """Take it into this token's hands."""
    _leave_danger_to_people(call, thread_id)
    hands.take(call.workspace, thread_id, by=call.by, over=taking.over)
    return _now(call, thread_id)


class Closing(BaseModel):
    """How it ended."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome


@api.does("/threads/{thread_id}/close", Act.ANSWER_THREADS, responses=ABSENT)
def close(call: Here, thread_id: ThreadId, closing: Closing) -> shapes.Thread:
    """Close it with an outcome."""
    if closing.outcome not in CHOSEN:
        raise ProblemError(409, "thread-outcome", f"The outcome is one of: {', '.join(CHOSEN)}.")
    _leave_danger_to_people(call, thread_id)
    inbox.close(call.workspace, thread_id, closing.outcome, by=call.by)
    return _now(call, thread_id)


def _leave_danger_to_people(call: Call, thread_id: int) -> None:
    """Taking, answering or closing stops the calls to staff, which no program may do."""
    with call.workspace.database.read() as session:
        if hands.find(session, thread_id)[0].urgent:
            raise ProblemError(409, "thread-urgent", "Somebody may be in danger: a person answers this in the console.")


def _now(call: Call, thread_id: int) -> shapes.Thread:
    with call.workspace.database.read() as session:
        row, person = hands.find(session, thread_id)
        stopped = bool(consent.stopped(session, [person.id]))
        return shapes.Thread.model_validate(inbox.summary(row, person, stopped))
