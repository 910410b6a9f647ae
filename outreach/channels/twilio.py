"""Twilio: SMS through the Messages API, receipts and replies through signed webhooks.

Source of what is fixed here: Twilio's OpenAPI for `Messages.json` and https://www.twilio.com/docs/usage/webhooks.
Creating a message is not idempotent, so whatever happens after the request was written is `Cause.AMBIGUOUS`, never
tried again here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from aiohttp import ClientConnectorError, ConnectionTimeoutError
from pydantic import BaseModel, Field, StringConstraints, model_validator
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from outreach.channels.contract import (
    Accepted,
    Answer,
    Cause,
    Home,
    Hook,
    Inbound,
    Kind,
    Outgoing,
    Receipt,
    Rejected,
    SenderSpec,
    Unit,
)
from outreach.channels.http import PerLoop
from outreach.channels.options import Address, CommaSeparated, ProviderOptions, Secret, Text
from outreach.channels.twilio_errors import cause_of_refusal
from outreach.channels.twilio_hooks import read_inbound, read_receipt, receipt_of
from outreach.channels.twilio_wire import Throttled, Wire

LONGEST_VALIDITY = 36_000  # seconds; Twilio's own ceiling and default of ValidityPeriod
FEW = 50  # messages; a larger batch is a campaign's
_CLOCKS_DIFFER = timedelta(minutes=1)  # between Twilio's clock and ours, at most
_LISTED = 5000  # messages to one person that are looked through, at most

# E.164, a short code, or an alphanumeric sender with a letter in it.
_Number = Annotated[
    str, StringConstraints(pattern=r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{0,10}[A-Za-z][A-Za-z0-9 ]{0,10})$")
]


class TwilioOptions(ProviderOptions):
    """OUTREACH_PROVIDERS__TWILIO__*"""

    account_sid: Annotated[Text, StringConstraints(pattern=r"^AC[0-9A-Za-z]{2,62}$")] = Field(
        description="The account, as the console shows it.", examples=["AC0123456789abcdef0123456789abcdef"]
    )
    token: Secret = Field(
        description="The account's auth token; it also signs the webhooks.", examples=["0123456789abcdef…"]
    )
    numbers: Annotated[list[_Number], CommaSeparated] = Field(
        [],
        alias="from",
        repr=False,
        description="Our numbers, comma separated; each is a sender with a pace of its own. Or `messaging_service`.",
        examples=["+254700000001,+254700000002"],
    )
    messaging_service: Annotated[Text, StringConstraints(pattern=r"^MG[0-9A-Za-z]{2,62}$")] | None = Field(
        None,
        description="Messaging Service that picks the number. Or `from`.",
        examples=["MG0123456789abcdef0123456789abcdef"],
    )
    api_base: Address = Field(
        "https://api.twilio.com", description="Where the API is.", examples=["http://127.0.0.1:8001"]
    )
    pace: float = Field(1.0, gt=0, description="Units a second for each sender.", examples=["1.0"])
    pace_unit: Unit = Field(Unit.PARTS, description="What the pace counts: parts or messages.", examples=["parts"])
    timeout: float = Field(10, gt=0, le=30, description="Seconds a call may take.", examples=["10"])
    connections: int = Field(128, ge=1, le=1000, description="Connections kept open at most.", examples=["128"])
    content_retention: Literal["retain", "discard"] | None = Field(
        None, description="`discard`: Twilio forgets the text after sending, if the account may.", examples=["discard"]
    )
    address_retention: Literal["retain", "obfuscate"] | None = Field(
        None,
        description="`obfuscate`: Twilio forgets the number, if the account may; its own STOP filter ends with that.",
        examples=["obfuscate"],
    )

    @model_validator(mode="after")
    def _one_way_of_sending(self) -> Self:
        if bool(self.numbers) == bool(self.messaging_service):
            raise ValueError("give either FROM (numbers of ours) or MESSAGING_SERVICE")
        return self

    @property
    def origins(self) -> dict[str, str]:
        """Senders by name and the number of each ("" for the messaging service), in the order of the setting."""
        numbers = self.numbers or [""]
        return {Twilio.name if i == 1 else f"{Twilio.name}-{i}": number for i, number in enumerate(numbers, 1)}


class Twilio:
    """One Twilio account."""

    name: ClassVar[str] = "twilio"
    kind: ClassVar[Kind] = Kind.SMS
    Options: ClassVar[type[BaseModel]] = TwilioOptions

    def __init__(self, options: TwilioOptions, home: Home) -> None:
        self._options = options
        self._callback = f"{home.public_url}/hooks/{self.name}/status?m="
        self._validator = RequestValidator(options.token.get_secret_value())
        self._wire = Wire(options.timeout, options.connections)
        self._many = max(1, options.connections * 7 // 8)
        self._crowd = PerLoop(lambda: asyncio.Semaphore(self._many))
        self._messages = _client(options, self._wire).messages
        self._numbers = options.origins
        self._retention = _given(
            content_retention=options.content_retention, address_retention=options.address_retention
        )
        self.senders: Sequence[SenderSpec] = [
            SenderSpec(name, self.kind, options.pace, options.pace_unit, number)
            for name, number in self._numbers.items()
        ]

    async def send(self, sender: str, batch: Sequence[Outgoing]) -> list[Answer]:
        """See `Provider.send`. At most `connections` messages are on the wire at once; large batches leave some of
        these free, so that an answer to one person does not wait until a campaign has gone out.
        """
        if sender not in self._numbers:
            return [Rejected(Cause.SENDER, "no-such-sender")] * len(batch)
        origin = _given(from_=self._numbers[sender] or None, messaging_service_sid=self._options.messaging_service)
        if len(batch) <= FEW:
            return list(await asyncio.gather(*(self._hand_over(origin, message) for message in batch)))
        answers: dict[int, Answer] = {}
        waiting = iter(enumerate(batch))

        async def one_after_another() -> None:
            for place, message in waiting:
                async with self._crowd.get():
                    answers[place] = await self._hand_over(origin, message)

        # A task for each message would be thousands of them at once, most of which do nothing but wait.
        await asyncio.gather(*(one_after_another() for _ in range(min(self._many, len(batch)))))
        return [answers[place] for place in range(len(batch))]

    async def look(self, provider_id: str) -> Receipt | None:
        """See `Provider.look`."""
        try:
            return _receipt(await self._messages(provider_id).fetch_async())
        except Exception:  # whatever it was, the poller asks again later
            return None

    async def find(self, sent: Outgoing, since: float) -> list[Receipt] | None:
        """See `Provider.find`. None when Twilio was told to forget numbers.

        The list is not filtered by `DateSent`, which a message still in Twilio's queue does not have yet.
        """
        if self._options.address_retention == "obfuscate":
            return None
        try:
            listed = await self._messages.list_async(to=sent.to, limit=_LISTED, page_size=1000)
        except Exception:  # whatever it was, the reconciler asks again later
            return None
        earliest = datetime.fromtimestamp(since, UTC) - _CLOCKS_DIFFER
        return [_receipt(record) for record in listed if self._is_ours(record, sent, earliest)]

    def read_receipt(self, hook: Hook) -> Receipt:
        """See `Provider.read_receipt`."""
        return read_receipt(self._validator, hook)

    def read_inbound(self, hook: Hook) -> Inbound:
        """See `Provider.read_inbound`."""
        return read_inbound(self._validator, hook)

    async def close(self) -> None:
        """See `Provider.close`."""
        self._crowd.pop()
        await self._wire.close()

    async def _hand_over(self, origin: Mapping[str, str], message: Outgoing) -> Answer:
        try:
            created = await self._messages.create_async(
                to=message.to,
                body=message.text,
                status_callback=f"{self._callback}{message.id}",
                validity_period=max(1, min(message.lifetime, LONGEST_VALIDITY)),
                **origin,
                **self._retention,
            )
        except Throttled as answer:
            return Rejected(Cause.THROTTLED, "20429", answer.retry_after)
        except (TwilioRestException, TwilioServiceException) as answer:
            return Rejected(cause_of_refusal(int(answer.status), _number(answer.code)), str(answer.code or ""))
        except (ClientConnectorError, ConnectionTimeoutError):  # name not found, refused, TLS, no answer to connecting
            return Rejected(Cause.NOT_CONNECTED)
        except UnicodeEncodeError:  # half an emoji: there is no such text, nothing was written
            return Rejected(Cause.BAD_REQUEST, "not-unicode")
        except Exception:  # written, then a timeout, a reset or an answer nobody can read
            return Rejected(Cause.AMBIGUOUS)
        sid = created.sid
        return Accepted(sid) if sid and isinstance(sid, str) else Rejected(Cause.AMBIGUOUS, "no-sid")

    def _is_ours(self, record: Any, sent: Outgoing, earliest: datetime) -> bool:
        if not str(record.direction).startswith("outbound"):
            return False
        if self._options.messaging_service:
            from_us = record.messaging_service_sid == self._options.messaging_service
        else:
            from_us = record.from_ in self._options.numbers
        created = record.date_created
        in_time = not isinstance(created, datetime) or created >= earliest
        # A trial account puts a sentence of Twilio's in front of the text.
        same_text = (record.body or "").strip().endswith(sent.text.strip())
        return from_us and in_time and (same_text or self._options.content_retention == "discard")


def _client(options: TwilioOptions, wire: Wire) -> Client:
    # Given an environment, the library does not read TWILIO_EDGE and TWILIO_REGION, which would rewrite the host.
    client = Client(
        options.account_sid,
        options.token.get_secret_value(),
        http_client=wire,
        environment={"TWILIO_EDGE": "", "TWILIO_REGION": ""},
    )
    client.api.base_url = options.api_base
    return client


def _receipt(record: Any) -> Receipt:
    return receipt_of(str(record.sid), str(record.status or ""), str(record.error_code or ""))


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _number(code: object) -> int | None:
    return int(code) if isinstance(code, int | str) and str(code).isdecimal() else None
