"""The proof of one person's consent: who (a pseudonym), topic, exact words and version, when, by which channel.

What stands in the ledger is shown line by line, with what we sent around it: invitation, what we answered to her YES,
the confirmation of a STOP. Whoever asks for it is recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import people
from outreach.consent import ALL, Consent, wordings
from outreach.errors import KeyringError
from outreach.messages.status import Purpose
from outreach.messages.tables import Message
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import unseal
from outreach.store import dialects
from outreach.workspace import Workspace

GONE = "(no longer kept)"


@dataclass(frozen=True, slots=True)
class Stated:
    """One line of the ledger. `topic`: "all" where every topic is meant. `words`: those that were agreed to, where they
    are known. `channel`: by what we know it.
    """

    at: datetime
    topic: str
    state: str
    until: datetime | None
    channel: str
    evidence: str
    version: str
    words: str


@dataclass(frozen=True, slots=True)
class Told:
    """A text of ours about consent, as it was sent. `id`: ours; `provider_id`: the carrier's."""

    at: datetime
    what: str
    channel: str
    id: int
    provider: str
    provider_id: str
    state: str
    version: str
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """All that shows what somebody agreed to."""

    pseudonym: str
    made_at: datetime
    lines: list[Stated]
    texts: list[Told]


def prove(workspace: Workspace, pseudonym: str, by: str) -> Proof:
    """The proof for one person; that it was shown is recorded. Raises NotFoundError."""
    with workspace.database.write() as session:
        person = people.by_pseudonym(session, pseudonym)
        key = people.keys_of(session, workspace.vault, [person.id]).get(person.id, b"")
        lines = list(consent.history(session, person.id))
        known = wordings.texts(session, {line.wording for line in lines if line.wording})
        made = Proof(
            person.pseudonym,
            dialects.now(session),
            [_stated(line, known) for line in lines],
            _told(session, person.id, key),
        )
        audit.append(session, workspace.vault, by, Action.PROOF_SHOWN, f"person:{person.id}")
        return made


def agreed(session: Session, person_id: int, key: bytes, topics: Collection[str]) -> dict[str, str]:
    """The version of the words by which she was invited to each of these topics, of the newest invitation."""
    query = select(Message).where(Message.person_id == person_id, Message.purpose == Purpose.INVITATION)
    asked = session.scalars(query.where(Message.topic.in_(topics)).order_by(Message.id))
    found = {message.topic: wordings.version_of(session, _words(message, key)) for message in asked}
    return {topic: version for topic, version in found.items() if version}


def _stated(line: Consent, known: Mapping[str, str]) -> Stated:
    return Stated(
        line.at,
        "all" if line.topic == ALL else line.topic,
        line.state,
        line.until,
        line.source,
        line.evidence,
        line.wording,
        known.get(line.wording, ""),
    )


def _told(session: Session, person_id: int, key: bytes) -> list[Told]:
    about = or_(
        Message.purpose.in_([Purpose.INVITATION, Purpose.CONFIRMATION]),
        Message.dedupe_key.startswith("joined:", autoescape=True),
        Message.dedupe_key.startswith("start:", autoescape=True),
    )
    query = select(Message).where(Message.person_id == person_id, Message.direction == "out", about)
    return [_as_sent(session, message, key) for message in session.scalars(query.order_by(Message.id))]


def _as_sent(session: Session, message: Message, key: bytes) -> Told:
    words = _words(message, key)
    return Told(
        message.created_at,
        message.dedupe_key.partition(":")[0],
        message.kind,
        message.id,
        message.provider or "",
        message.provider_id or "",
        message.state,
        wordings.version_of(session, words),
        words or GONE,
    )


def _words(message: Message, key: bytes) -> str:
    try:
        return unseal(key, message.body or b"", "message", "body", message.dedupe_key)
    except (KeyringError, ValueError):
        return ""
