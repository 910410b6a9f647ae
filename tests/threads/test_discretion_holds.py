"""Whatever happens in whatever order: content goes to no number in doubt, in no silence, and never before her word.

Drawn from a seed, so that a failure comes again. What may go is reckoned here from what was done, by rules of its own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from outreach.audience.tables import Person
from outreach.channels.contract import Cause
from outreach.delivery import queue, send
from outreach.messages.status import Lane, Purpose
from outreach.messages.tables import Message
from outreach.store import dialects
from outreach.threads.tables import Thread, ThreadState
from outreach.workspace import Workspace
from tests.clinic import AMINA, cast
from tests.delivery.desk import message, rested, run_of
from tests.threads.test_discreet import receipt
from tests.threads.texting import write

STEPS = 60


@dataclass
class Her:
    """What was done, and so what may be: reckoned without looking at the clinic's database."""

    guarded: bool = False
    opened: bool = False
    silent: bool = False
    doubted: bool = False
    stopped: bool = False
    log: list[str] = field(default_factory=list)

    def may_get_content(self) -> bool:
        return not (self.stopped or self.silent or self.doubted or (self.guarded and not self.opened))

    def texts(self, text: str) -> None:
        self.log.append(text)
        match text:
            case "WORD mango":
                self.guarded = True
            case "mango" if self.guarded:
                self.opened, self.silent = True, False
            case "lemon":
                self.silent, self.opened = True, False
            case "who is this":
                self.doubted = True
            case "YES":
                self.doubted = False
            case "STOP":
                self.stopped = True
            case "START":
                self.stopped = False


OFTEN = {"mango": 8, "YES": 5, "START": 5, "campaign": 6, "time": 2}
ONCE = ["WORD mango", "lemon", "who is this", "STOP", "hello", "carrier"]
EVENTS = [*ONCE, *(event for event, times in OFTEN.items() for _ in range(times))]


def passes(workspace: Workspace, her: Her) -> None:
    """The hour in which she gets what there is is over; whatever waits for later is due."""
    her.log.append("time passes")
    her.opened = False
    with workspace.database.write() as session:
        at = dialects.now(session)
        session.execute(update(Person).values(opened_until=at - timedelta(seconds=1)))
        session.execute(update(Message).where(Message.state == "queued").values(due_at=at))
        for each in session.scalars(select(Message).where(Message.direction == "out")):
            each.created_at -= timedelta(hours=2)  # or we would stop answering her as a machine


@pytest.mark.parametrize("seed", range(2))
def test_no_order_of_events_lets_content_out(seed: int, workspace: Workspace) -> None:
    amina, draw, her = cast(workspace).amina, random.Random(seed), Her()
    run = run_of(workspace)
    write(workspace, AMINA, "ALARM lemon")
    went = 0
    for _ in range(STEPS):
        event = draw.choice(EVENTS)
        if event == "campaign":
            with workspace.database.write() as session:
                message(session, amina, run)
                session.execute(update(Thread).values(state=ThreadState.CLOSED, hold=False))
        elif event == "time":
            passes(workspace, her)
        elif event == "carrier":
            with workspace.database.write() as session:
                made = message(session, amina, run)
            receipt(workspace, made, Cause.ENDPOINT_GONE)
            her.doubted = True
        else:
            write(workspace, AMINA, event)
            her.texts(event)
        content = claimed(workspace)
        assert not content or her.may_get_content(), her.log
        went += content
    assert went, "a test in which nothing ever goes proves nothing"


def claimed(workspace: Workspace) -> int:
    """How many messages with content are handed over now."""
    rested(workspace)
    found = 0
    for lane in Lane:
        with workspace.database.write() as session:
            batch = queue.claim(session, "twilio", lane, 100, 60, None)
        found += sum(
            each.claim.purpose in {Purpose.CAMPAIGN, Purpose.REPLY} for each in send.write(workspace, batch).written
        )
    return found
