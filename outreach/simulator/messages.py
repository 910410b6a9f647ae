"""One text, to a handset or from it, as the carrier keeps it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How a message travels."""

    SMS = "sms"
    PUSH = "push"


class Direction(StrEnum):
    """Whose text it is, in Twilio's words."""

    OUT = "outbound-api"
    IN = "inbound"


class Status(StrEnum):
    """Twilio's words for where a message is; pushes use the same."""

    ACCEPTED = "accepted"  # taken for a messaging service, or taken as a push
    QUEUED = "queued"  # taken for one of our numbers
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    RECEIVED = "received"  # from a handset


@dataclass(slots=True)
class Message:
    """A text and what became of it. Times are epoch seconds. Its personal parts never appear in `repr`."""

    sid: str
    kind: Kind
    direction: Direction
    handset: str
    body: str = field(repr=False)
    taken_at: float
    expires_at: float
    status: Status
    sender: str = field(default="", repr=False)
    recipient: str = field(default="", repr=False)
    service: str = ""
    title: str = field(default="", repr=False)
    callback: str = ""
    ours: str = ""  # the clinic's own id of this message
    ack: str = ""  # push: what the app sends back
    code: int | None = None
    encoding: str = ""
    parts: int = 0
    updated_at: float = 0
    waiting: bool = False  # at the carrier until the handset can be reached


def new_sid() -> str:
    """A message id in Twilio's shape: SM and 32 hexadecimal digits."""
    return "SM" + secrets.token_hex(16)
