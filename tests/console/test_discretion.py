"""Discretion over real HTTP, as the provider calls us: joining, her own words, a number that changed hands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from outreach.audience.discretion import Manner, manner
from outreach.audience.tables import Endpoint, EndpointState
from outreach.delivery import queue, send
from outreach.messages.status import Lane
from outreach.store import dialects
from outreach.threads.tables import Mark
from outreach.workspace import Workspace
from tests.clinic import AMINA, DAUDI, Cast, cast, clinic
from tests.console.calls import PROVIDERS, PUBLIC, Desk, open_desk
from tests.delivery.desk import message, rested, run_of
from tests.threads.texting import her, ledger, threads, whose

WELCOME = (
    "Welcome. We will send you a short tip each week, and now and then a reminder. Our team reads what you write. "
    "Reply here any time."
)
BLAND = "Thank you for your message. Have a good day."


@pytest.fixture
def workspace(migrated_url: str, tmp_path: Path) -> Iterator[Workspace]:
    with clinic(migrated_url, tmp_path / "clinic", providers=PROVIDERS, public_url=PUBLIC) as made:
        yield made


@pytest.fixture
def people(workspace: Workspace) -> Cast:
    return cast(workspace)


@pytest.fixture
def desk(workspace: Workspace, people: Cast) -> Iterator[Desk]:
    with open_desk(workspace) as opened:
        yield opened


def due(workspace: Workspace, person_id: int) -> None:
    """A message of a campaign is due."""
    run = run_of(workspace)
    with workspace.database.write() as session:
        message(session, person_id, run)


def goes_out(workspace: Workspace) -> list[str]:
    """What both lanes hand over now, word for word; twice, since a line may follow from the first look."""
    found = []
    for lane in (*Lane, *Lane):
        rested(workspace)
        with workspace.database.write() as session:
            batch = queue.claim(session, "twilio", lane, 100, 60, None, dormant_after=timedelta(days=60))
        found += [each.outgoing.text for each in send.write(workspace, batch).written]
    return found


def test_joining(desk: Desk, workspace: Workspace, people: Cast) -> None:
    assert desk.text(DAUDI, "YES", "SM1") == 204
    [asked] = goes_out(workspace)
    assert "Do others read this phone? Reply 1: neutral words (as now), 2: only when I ask, 3: plain words." in asked
    assert desk.text(DAUDI, "2", "SM2") == 204
    assert manner(her(workspace, people.daudi)) is Manner.REQUEST
    assert goes_out(workspace) == ["Thank you, we have noted it."]
    due(workspace, people.daudi)
    assert goes_out(workspace) == ["There is a message for you from Sunrise. To see it, reply READ."]
    assert desk.text(DAUDI, "read", "SM3") == 204
    [content] = goes_out(workspace)
    assert content == WELCOME


def test_a_safe_word(desk: Desk, workspace: Workspace, people: Cast) -> None:
    assert desk.text(AMINA, "WORD mango", "SM1") == 204
    goes_out(workspace)
    due(workspace, people.amina)
    assert goes_out(workspace) == ["Hello from Sunrise. We hope you are well."]
    assert desk.text(AMINA, "what is this about", "SM2") == 204
    assert [text for text in goes_out(workspace) if "tablet" in text.lower() or "TB" in text] == []
    assert desk.text(AMINA, "mango", "SM3") == 204
    assert goes_out(workspace) == [WELCOME]


def test_a_panic_word(desk: Desk, workspace: Workspace, people: Cast) -> None:
    assert desk.text(AMINA, "ALARM lemon", "SM1") == 204
    goes_out(workspace)
    assert desk.text(AMINA, "lemon", "SM2") == 204
    assert goes_out(workspace) == [BLAND]
    due(workspace, people.amina)
    for number, text in enumerate(("who is this", "HELP", "is somebody there?"), start=3):
        assert desk.text(AMINA, text, f"SM{number}") == 204
        assert goes_out(workspace) == []
    assert Mark.PANIC in {thread.mark for thread in threads(workspace, people.amina)}
    assert ledger(workspace, people.amina)[-1][:2] == ("*", "paused")


def test_a_number_that_changed_hands(desk: Desk, workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        old = dialects.now(session) - timedelta(days=70)
        session.execute(update(Endpoint).where(Endpoint.person_id == people.amina).values(created_at=old))
    due(workspace, people.amina)
    [asked] = goes_out(workspace)
    assert asked.startswith("Hello, this is Sunrise. Is this still your number?")
    assert desk.text(AMINA, "NO", "SM1") == 204
    new = whose(workspace, AMINA)
    assert new != people.amina
    assert goes_out(workspace) == ["You will get no more messages from Sunrise. To get them again, reply START."]
    due(workspace, people.amina)
    due(workspace, new)
    assert goes_out(workspace) == []


def test_a_number_that_is_still_hers(desk: Desk, workspace: Workspace, people: Cast) -> None:
    assert desk.text(AMINA, "Who is this?", "SM1") == 204
    [told] = goes_out(workspace)
    assert told.startswith("This is an automatic service.")
    due(workspace, people.amina)
    assert goes_out(workspace) == []
    assert desk.text(AMINA, "Yes", "SM2") == 204
    with workspace.database.read() as session:
        states = set(session.scalars(select(Endpoint.state).where(Endpoint.person_id == people.amina)))
    assert states == {EndpointState.OK}
    assert goes_out(workspace) == ["Thank you, we have noted it."]
