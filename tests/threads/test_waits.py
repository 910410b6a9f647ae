"""How long people wait, counted as it happens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from outreach.messages.tables import ThreadTally
from outreach.threads import forgetting, inbox, waits
from outreach.threads.tables import Outcome, Thread
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, Cast
from tests.threads.texting import write


def counted(workspace: Workspace) -> dict[str, int]:
    query = select(ThreadTally.what, func.sum(ThreadTally.count)).group_by(ThreadTally.what)
    with workspace.database.read() as session:
        return {what: int(count) for what, count in session.execute(query)}


def asked(workspace: Workspace, number: str = AMINA, text: str = "When?") -> int:
    thread = write(workspace, number, text).thread_id
    assert thread
    return thread


def waited(workspace: Workspace, **ago: float) -> None:
    with workspace.database.write() as session:
        session.execute(update(Thread).values(waiting_since=workspace.database.now() - timedelta(**ago)))


def test_a_wait_begins_once_and_ends_with_the_answer(workspace: Workspace, people: Cast) -> None:
    thread = asked(workspace)
    asked(workspace, text="Hello?")
    assert counted(workspace) == {"opened": 1, "asked": 1}
    inbox.reply(workspace, thread, "On Monday.")
    asked(workspace, text="Thank you")
    assert counted(workspace) == {"opened": 1, "asked": 2, "answered": 1}
    inbox.close(workspace, thread, Outcome.ANSWERED)
    assert counted(workspace) == {"opened": 1, "asked": 2, "answered": 1, "closed": 1}


def test_an_answer_after_the_promised_time_is_late_and_a_second_one_is_none(workspace: Workspace, people: Cast) -> None:
    thread = asked(workspace)
    waited(workspace, hours=30)
    inbox.reply(workspace, thread, "On Monday.")
    asked(workspace, BARAKA)
    with workspace.database.read() as session:
        [span] = session.scalars(select(ThreadTally.span).where(ThreadTally.what == "late"))
    assert waits.seconds(span) == pytest.approx(30 * 3600, rel=0.05)
    assert counted(workspace) == {"opened": 2, "asked": 2, "late": 1}


def test_whoever_is_forgotten_waits_no_more(workspace: Workspace, people: Cast) -> None:
    asked(workspace)
    pseudonym = inbox.show(workspace, 1).summary.pseudonym
    forgetting.forget(workspace, pseudonym, "test")
    assert counted(workspace) == {"opened": 1, "asked": 1, "closed": 1}


@pytest.mark.parametrize("seconds", [1, 2, 59, 600, 86_400, 30 * 86_400])
def test_the_ladder_is_right_within_five_percent(seconds: float) -> None:
    assert waits.seconds(waits.span(seconds)) == pytest.approx(seconds, rel=0.05)
