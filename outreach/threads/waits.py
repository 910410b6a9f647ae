"""How long people waited for a helper: counted as it happens, on a ladder of spans, so that no report reads threads.

A wait begins when somebody writes to whom we owed nothing, and counts on that day whatever comes later.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from outreach.messages.tables import ThreadTally
from outreach.store import dialects, rollups
from outreach.threads.tables import Thread

#: From one step of the ladder to the next: a median read from it is right within 5 %.
STEP = 1.1


class Event(StrEnum):
    """What is counted of threads."""

    OPENED = "opened"  # a conversation began
    ASKED = "asked"  # a wait began
    ANSWERED = "answered"  # … and ended with an answer, in time
    LATE = "late"  # … or after the promised time
    CLOSED = "closed"  # … or without one: the thread was closed


def span(seconds: float) -> int:
    """The step of the ladder that holds so many seconds."""
    return max(0, math.ceil(math.log(seconds, STEP))) if seconds > 1 else 0


def seconds(step: int) -> float:
    """The middle of a step."""
    return STEP ** (step - 0.5) if step else 1.0


def begins(session: Session, thread: Thread, at: datetime, *, fresh: bool) -> None:
    """Somebody waits from now on. `fresh`: with this the thread begins."""
    all_begin(session, [(thread, fresh)], at)


def all_begin(session: Session, begun: Iterable[tuple[Thread, bool]], at: datetime) -> None:
    """The same for several, each with whether it begins with this; counted in one statement."""
    changes: list[rollups.Counted] = []
    for thread, fresh in begun:
        thread.waiting_since = at
        events = (Event.OPENED, Event.ASKED) if fresh else (Event.ASKED,)
        changes += [((thread.programme, dialects.day(session, at), event, 0), (1,)) for event in events]
    rollups.note(session, ThreadTally, changes)


def answered(session: Session, thread: Thread, promised: timedelta, at: datetime) -> None:
    """She has her answer. Nothing is counted where she was not waiting: helpers may write more than once."""
    since = thread.waiting_since
    if since is not None:
        waited = at - since
        event = Event.ANSWERED if waited <= promised else Event.LATE
        _note(session, thread.programme, since, event, span(waited.total_seconds()))
    thread.waiting_since = None


def ends(session: Session, thread: Thread) -> None:
    """The thread is closed: whoever still waited gets no answer."""
    if thread.waiting_since is not None:
        _note(session, thread.programme, thread.waiting_since, Event.CLOSED, 0)
    thread.waiting_since = None


def _note(session: Session, programme: str, began: datetime, event: Event, step: int) -> None:
    rollups.note(session, ThreadTally, [((programme, dialects.day(session, began), event, step), (1,))])
