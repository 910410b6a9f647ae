"""Who is asked whether she wants to be written to: once, blandly, and never after a STOP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, select, update

from outreach import consent
from outreach.audience.people import keys_of
from outreach.audience.tables import Endpoint, EndpointState
from outreach.campaigns import invitations
from outreach.consent import ConsentState, Line, Source
from outreach.errors import SettingError
from outreach.messages.status import Purpose, Refusal, State
from outreach.messages.tables import Message, Sender
from outreach.privacy.vault import unseal
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import DAUDI, TOPIC, Cast, cast
from tests.delivery.desk import claim, crowd, faults, row


@pytest.fixture
def people(workspace: Workspace) -> Cast:
    return cast(workspace)


def line(workspace: Workspace, person: int, state: ConsentState, topic: str = TOPIC) -> None:
    with workspace.database.write() as session:
        consent.record(session, [Line(person, topic, state, Source.STAFF)], dialects.now(session))


def invited(workspace: Workspace) -> list[Message]:
    with workspace.database.read() as session:
        return list(session.scalars(select(Message).where(Message.purpose == Purpose.INVITATION)))


def test_who_was_imported_without_consent_is_asked_once(workspace: Workspace, people: Cast) -> None:
    assert invitations.invite(workspace) == 1
    assert invitations.invite(workspace) == 0
    [made] = invited(workspace)
    assert (made.person_id, made.topic, made.state) == (people.daudi, TOPIC, State.QUEUED)
    with workspace.database.read() as session:
        key = keys_of(session, workspace.vault, [people.daudi])[people.daudi]
    text = unseal(key, made.body or b"", "message", "body", made.dedupe_key)
    assert workspace.settings.clinic in text
    assert not {"tb", "tuberculosis", "hiv"} & set(text.lower().split())
    assert DAUDI not in text
    assert [each.id for each in claim(workspace).claims] == [made.id]
    assert faults(workspace) == []


def test_many_at_once_are_asked_once_each(workspace: Workspace) -> None:
    for person in crowd(workspace, 40, topic="other"):
        line(workspace, person, ConsentState.INVITED)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: invitations.invite(workspace), range(4))) == 40
    assert len(invited(workspace)) == 40
    assert faults(workspace) == []


def test_who_is_not_asked(workspace: Workspace, people: Cast) -> None:
    line(workspace, people.chausiku, ConsentState.INVITED)  # she said stop
    line(workspace, people.baraka, ConsentState.INVITED)
    with workspace.database.write() as session:
        session.execute(
            update(Endpoint).where(Endpoint.person_id == people.baraka).values(state=EndpointState.QUARANTINED)
        )
    line(workspace, people.daudi, ConsentState.GRANTED)
    assert invitations.invite(workspace) == 0


def test_who_stopped_after_being_asked_does_not_get_the_invitation(workspace: Workspace, people: Cast) -> None:
    invitations.invite(workspace)
    with workspace.database.write() as session:
        consent.stop(session, people.daudi, Source.TEXT, "text", dialects.now(session))
    assert claim(workspace).claims == []
    assert row(workspace, invited(workspace)[0].id).reason == Refusal.STOPPED


def test_without_a_carrier_the_remedy_is_named(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        session.execute(delete(Sender).where(Sender.kind == "sms"))
    with pytest.raises(SettingError, match="OUTREACH_PROVIDERS__TWILIO"):
        invitations.invite(workspace)
    assert invited(workspace) == []
