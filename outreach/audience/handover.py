"""A number that is somebody else's now: whoever has it becomes a person of her own, and sees nothing of the old one.

The old person stays what she was to the clinic, without that number; her pseudonym is never given again. Nobody writes
to the new one: she has said that she is not meant.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from outreach.audience import people, phone, pseudonyms
from outreach.audience.tables import Endpoint
from outreach.channels.contract import Kind
from outreach.privacy.vault import Vault
from outreach.settings import Settings


def hand_over(session: Session, vault: Vault, number: str, settings: Settings, at: datetime) -> int:
    """Give a number (E.164) to a new person, in the caller's transaction, which holds the old one. Gives the new id."""
    country, zone = phone.locate(number)
    [pseudonym] = pseudonyms.draw(session, 1)
    found = Endpoint.kind == Kind.SMS, Endpoint.lookup == people.lookup(vault, Kind.SMS, number)
    session.execute(delete(Endpoint).where(*found))
    new = people.newcomer(
        vault,
        number,
        pseudonym,
        country=country or settings.country,
        zone=zone or settings.zone,
        language=settings.language,
        at=at,
    )
    people.add(session, [new])
    return int(new.person["id"])
