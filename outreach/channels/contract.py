"""What a provider is, in values. Providers map their wire to these and back; they store nothing and know no consent.

A provider names the *cause* of a fault; `delivery` alone decides the *consequence*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel


class Kind(StrEnum):
    """How a message travels."""

    SMS = "sms"
    PUSH = "push"


class Variant(StrEnum):
    """What the value of an endpoint is."""

    NUMBER = "number"
    TOKEN = "token"  # noqa: S105 (a kind of value, not a secret)
    FID = "fid"


class Unit(StrEnum):
    """What a sender's pace counts."""

    MESSAGES = "messages"
    PARTS = "parts"


class Cause(StrEnum):
    """Why a provider did not carry a message: the closed list."""

    THROTTLED = "throttled"  # 429: never processed
    QUEUE_FULL = "queue_full"  # the provider's queue for this sender is full: never processed
    NOT_CONNECTED = "not_connected"  # no connection was made: never processed
    AMBIGUOUS = "ambiguous"  # written, then a timeout, a reset or a 5xx: nobody knows
    OPTED_OUT = "opted_out"  # the provider holds a STOP of this person
    BAD_NUMBER = "bad_number"  # not a number that can get a text
    LANDLINE = "landline"  # a number, but not one that gets texts
    ENDPOINT_GONE = "endpoint_gone"  # number out of service, app removed
    UNREACHABLE = "unreachable"  # switched off, out of coverage
    BLOCKED = "blocked"  # the person or the carrier blocks us
    FILTERED = "filtered"  # a carrier's spam filter
    EXPIRED = "expired"  # too old when its turn came
    BAD_REQUEST = "bad_request"  # our request is wrong: alert
    REGION = "region"  # this account may not send to that country
    SENDER = "sender"  # this sender cannot be used
    ACCOUNT = "account"  # credentials, suspension, money: stop the sender, alert
    OTHER = "other"  # a code we do not know


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way out. Its personal parts never appear in `repr`."""

    id: int  # our message id; not personal, may stand in a callback URL
    kind: Kind
    variant: Variant
    to: str = field(repr=False)
    text: str = field(repr=False)
    lifetime: int  # seconds until it is too old to be useful; at least 1
    title: str = field(repr=False, default="")  # push only
    ack: str = field(repr=False, default="")  # push only: what the app sends back with our id


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider's word that it has the message."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message was not taken, or nobody knows (`Cause.AMBIGUOUS`)."""

    cause: Cause
    code: str = ""  # the provider's own code, for reports
    retry_after: float | None = None  # seconds, when the provider said so


Answer = Accepted | Rejected


class Carried(StrEnum):
    """What a provider says became of a message."""

    ACCEPTED = "accepted"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A provider's later word about one message."""

    provider: str
    event_key: str  # the same event, told twice, has the same key
    carried: Carried | None  # None: a status we do not know; kept, never applied
    provider_id: str = ""
    message_id: int | None = None  # our id, when the callback carried it
    cause: Cause | None = None
    code: str = ""
    status: str = ""  # the provider's own word, at most 40 characters


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text from somebody. Its personal parts never appear in `repr`."""

    provider: str
    provider_id: str
    number: str = field(repr=False)  # who wrote, E.164
    text: str = field(repr=False)
    to: str = field(repr=False)  # which of our numbers
    opt_out: str = ""  # STOP | START | HELP when the provider has answered already
    media: int = 0  # how many pictures came with it; none is fetched
    country: str = ""  # ISO 3166 alpha-2, when told


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook call as it came in. `url` is the configured public URL with the query as received."""

    url: str
    headers: Mapping[str, str]  # lower-case names
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SenderSpec:
    """One of our numbers, messaging services or push projects, and how fast it may go."""

    name: str  # "twilio", "twilio-2": never the number itself
    kind: Kind
    pace: float  # units a second
    unit: Unit
    number: str = field(default="", repr=False)  # our own number where it has one: answers leave from where they came


@dataclass(frozen=True, slots=True)
class Home:
    """What a provider must know about us."""

    public_url: str  # how the outside reaches our webhooks, without a slash at the end
    ack_key: bytes = field(repr=False)  # key of the acknowledgements that apps send back for a push


class Provider(Protocol):
    """What carries messages. One object a process; its coroutines run on the loop of `channels.http`."""

    name: ClassVar[str]
    kind: ClassVar[Kind]
    Options: ClassVar[type[BaseModel]]  # its settings: OUTREACH_PROVIDERS__<NAME>__*

    senders: Sequence[SenderSpec]

    def __init__(self, options: Any, home: Home) -> None:
        """`options` is an instance of this class's own `Options`."""
        ...

    async def send(self, sender: str, batch: Sequence[Outgoing]) -> list[Answer]:
        """Hand over a batch; one answer a message, in order. Never raises, never sleeps, never retries by itself."""
        ...

    async def look(self, provider_id: str) -> Receipt | None:
        """What became of a message, asked by the provider's id. None: the provider does not know, or cannot say."""
        ...

    async def find(self, sent: Outgoing, since: float) -> list[Receipt] | None:
        """Look for a message by what it was (`since`: epoch seconds). None: this provider cannot list, or is silent."""
        ...

    def read_receipt(self, hook: Hook) -> Receipt:
        """Check and read a receipt. Raises ForgedError, HookError."""
        ...

    def read_inbound(self, hook: Hook) -> Inbound:
        """Check and read a text from somebody. Raises ForgedError, HookError."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
