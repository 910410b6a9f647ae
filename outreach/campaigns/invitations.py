"""Asking people who were imported without consent, once: a bland text that names no topic. Only their YES grants it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from outreach import consent, log
from outreach.audience import people
from outreach.audience.tables import Endpoint, EndpointState, Person, PersonState
from outreach.channels.contract import Kind
from outreach.consent import ConsentState, Standing, wordings
from outreach.delivery import carriers
from outreach.delivery.enqueue import Draft, enqueue
from outreach.messages.samples import system_text
from outreach.messages.status import Purpose
from outreach.messages.tables import Message
from outreach.store import dialects
from outreach.workspace import Workspace

logger = log.get("campaigns")

CHUNK = 500


def invite(workspace: Workspace) -> int:
    """Queue the invitations that nobody has queued yet. Gives how many."""
    total = 0
    while count := _chunk(workspace):
        total += count
    if total:
        logger.info("invited", count=total)
    return total


def _chunk(workspace: Workspace) -> int:
    with workspace.database.write() as session:
        at = dialects.now(session)
        asked = _uninvited(session)
        if not asked:
            return 0
        keys = people.keys_of(session, workspace.vault, [person.id for person, _ in asked])
        senders = carriers.senders(session, Kind.SMS)
        return sum(
            _one(session, workspace, person, topic, keys[person.id], carriers.sender_for(senders, person.id), at)
            for person, topic in asked
        )


def _uninvited(session: Session) -> list[tuple[Person, str]]:
    """People who stand as invited for a topic, have a phone, said no STOP, and have no invitation yet."""
    everything, sent = aliased(Standing), aliased(Message)
    query = (
        select(Person, Standing.topic)
        .join(Standing, Standing.person_id == Person.id)
        .where(Standing.state == ConsentState.INVITED, Person.state == PersonState.ACTIVE)
        .where(
            exists().where(
                Endpoint.person_id == Person.id, Endpoint.kind == Kind.SMS, Endpoint.state == EndpointState.OK
            )
        )
        .where(
            ~exists().where(
                everything.person_id == Person.id,
                everything.topic == consent.ALL,
                everything.state == ConsentState.REVOKED,
            )
        )
        .where(
            ~exists().where(
                sent.person_id == Person.id,
                sent.topic == Standing.topic,
                sent.purpose == Purpose.INVITATION,
            )
        )
        .order_by(Person.id)
        .limit(CHUNK)
    )
    return [(person, topic) for person, topic in session.execute(query)]


def _one(
    session: Session, workspace: Workspace, person: Person, topic: str, key: bytes, sender: str, at: datetime
) -> int:
    settings = workspace.settings
    values = {"clinic": settings.clinic}
    text = system_text("invitation", person.language, values, workspace.folder, fallback=settings.language)
    wordings.keep(session, "invitation", person.language, text, at)
    draft = Draft(
        person_id=person.id,
        key=key,
        purpose=Purpose.INVITATION,
        text=text,
        dedupe_key=f"invitation:{topic}:{person.id}",
        sender=sender,
        topic=topic,
    )
    return int(enqueue(session, draft, settings, at) is not None)
