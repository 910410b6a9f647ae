"""Calling staff on their own phones: one text without any content, through the queue and the gate like every other.

For the queue she is a person with a number, as whoever gets a test message is; nothing ties it to her staff name but
the caller's own note of it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from outreach import consent, log
from outreach.audience import people
from outreach.audience.tables import Suppression
from outreach.channels.contract import Kind
from outreach.delivery import carriers
from outreach.delivery.enqueue import Draft, enqueue
from outreach.errors import NotFoundError, SettingError
from outreach.messages.samples import system_text
from outreach.messages.status import Purpose
from outreach.staff import accounts
from outreach.staff.roles import Role
from outreach.workspace import Workspace

logger = log.get("threads")


def call(session: Session, workspace: Workspace, name: str, words: str, key: str, at: datetime) -> int | None:
    """Text one of staff, and push where her number has the app. `words`: the system's text; `key`: said once.

    Gives the message's id; None when she cannot be reached: nobody by that name, suspended, no phone, a phone that said
    STOP, or no provider.
    """
    try:
        number = accounts.phone_of(session, workspace.vault, name)
        language = accounts.find(session, name).language or workspace.settings.language
        senders = carriers.senders(session, Kind.SMS)
    except (NotFoundError, SettingError):
        return None
    if not number or session.get(Suppression, people.lookup(workspace.vault, Kind.SMS, number)) is not None:
        return None
    person_id = people.adopt(session, workspace.vault, number, workspace.settings, at)
    if consent.stopped(session, [person_id]):
        return None
    text = system_text(words, language, {"clinic": workspace.settings.clinic}, workspace.folder)
    own = people.keys_of(session, workspace.vault, [person_id])[person_id]
    pushing = carriers.known(session, Kind.PUSH) if _has_app(session, person_id) else []
    made = None
    for kind, names in ((Kind.SMS, senders), (Kind.PUSH, pushing)):
        if names:
            sender = carriers.sender_for(names, person_id)
            draft = Draft(person_id, own, Purpose.CALL, text, f"call:{key}:{kind}", sender, kind=kind)
            made = enqueue(session, draft, workspace.settings, at) or made
    return made


def _has_app(session: Session, person_id: int) -> bool:
    reaches = people.endpoints_of(session, [person_id])[person_id]
    return any(each.kind == Kind.PUSH and each.state == "ok" for each in reaches)


def call_all(
    session: Session, workspace: Workspace, role: Role, words: str, key: str, at: datetime, but: Collection[str] = ()
) -> list[str]:
    """Call everybody of a role; gives the names that could be reached."""
    names = [each.name for each in accounts.everybody(session, role, active=True) if each.name not in but]
    return [name for name in names if call(session, workspace, name, words, f"{key}:{name}", at) is not None]
