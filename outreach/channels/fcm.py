"""Firebase Cloud Messaging: push through the HTTP v1 API; the app itself acknowledges what it got.

The messages are those of `firebase-admin`, which checks them; `fcm_wire` says why it does not post them.

Source of what is fixed here: Google's discovery document of `fcm` v1. An answer means *accepted*; what became of it
on a device Firebase never tells: see `acks`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

from firebase_admin import messaging
from firebase_admin.credentials import Certificate
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr

from outreach.channels.acks import acknowledges
from outreach.channels.contract import (
    Answer,
    Carried,
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
from outreach.channels.fcm_errors import answered, unanswered
from outreach.channels.fcm_wire import SignIn, Wire
from outreach.channels.hooks import event_key, own_id, text_of
from outreach.channels.options import Address, ProviderOptions, Text
from outreach.errors import ForgedError, HookError

LONGEST_LIFETIME = timedelta(days=28)  # Firebase's ceiling of android.ttl


def _as_json(value: object) -> object:
    # Where all providers are given as one JSON value, the key may stand there as an object.
    return json.dumps(value) if isinstance(value, dict) else value


def _usable(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.lstrip().startswith("{"):
        try:
            text = Path(text).expanduser().read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise ValueError("is neither JSON nor a file that can be read") from None
    try:
        Certificate(json.loads(text))
    except (ValueError, AttributeError, KeyError):
        raise ValueError("is not a service-account key, or a damaged one; download it again from Firebase") from None
    return SecretStr(text)


class FcmOptions(ProviderOptions):
    """OUTREACH_PROVIDERS__FCM__*"""

    credentials: Annotated[SecretStr, BeforeValidator(_as_json), AfterValidator(_usable)] = Field(
        description="Service-account key: the path of the file, or its JSON.",
        examples=["/etc/outreach/firebase.json"],
    )
    project: Text = Field("", description="Firebase project; empty means the key's own.", examples=["clinic-app"])
    api_base: Address = Field(
        "https://fcm.googleapis.com", description="Where the API is.", examples=["http://127.0.0.1:8001"]
    )
    pace: float = Field(200.0, gt=0, description="Messages a second.", examples=["200"])
    timeout: float = Field(10, gt=0, le=30, description="Seconds a call may take.", examples=["10"])
    connections: int = Field(100, ge=1, le=1000, description="Connections kept open at most.", examples=["100"])

    @property
    def key(self) -> dict[str, Any]:
        """The service-account key."""
        key: dict[str, Any] = json.loads(self.credentials.get_secret_value())
        return key

    @property
    def url(self) -> str:
        """Where a push is posted."""
        return f"{self.api_base}/v1/projects/{self.project or self.key['project_id']}/messages:send"


class Fcm:
    """One Firebase project."""

    name: ClassVar[str] = "fcm"
    kind: ClassVar[Kind] = Kind.PUSH
    Options: ClassVar[type[BaseModel]] = FcmOptions

    def __init__(self, options: FcmOptions, home: Home) -> None:
        self._ack_key = home.ack_key
        self._sign_in = SignIn(Certificate(options.key).get_credential(), options.timeout)
        self._wire = Wire(options.url, self._sign_in, options.timeout, options.connections)
        self.senders: Sequence[SenderSpec] = [SenderSpec(self.name, self.kind, options.pace, Unit.MESSAGES)]

    async def send(self, sender: str, batch: Sequence[Outgoing]) -> list[Answer]:
        """See `Provider.send`. At most `connections` pushes are on the wire at once."""
        if sender != self.name:
            return [Rejected(Cause.SENDER, "no-such-sender")] * len(batch)
        if batch and (why := await self._sign_in.ready()):
            return [Rejected(why, "sign-in")] * len(batch)
        return list(await asyncio.gather(*(self._hand_over(message) for message in batch)))

    async def look(self, provider_id: str) -> Receipt | None:
        """See `Provider.look`: Firebase cannot say."""
        return None

    async def find(self, sent: Outgoing, since: float) -> list[Receipt] | None:
        """See `Provider.find`: Firebase has no list."""
        return None

    def read_receipt(self, hook: Hook) -> Receipt:
        """The app's own acknowledgement, `{"message": "7", "ack": "…"}`. Raises ForgedError, HookError."""
        message_id, ack = _acknowledged(text_of(hook))
        if not acknowledges(self._ack_key, message_id, ack):
            raise ForgedError(
                "The acknowledgement does not belong to this message; the app must send back what it got."
            )
        return Receipt(
            provider=self.name,
            event_key=event_key(self.name, str(message_id), "acknowledged"),
            carried=Carried.DELIVERED,
            message_id=message_id,
            status="acknowledged",
        )

    def read_inbound(self, hook: Hook) -> Inbound:
        """Raises HookError: nobody answers a push with a text."""
        raise HookError("Push carries no texts from people; there is no such webhook.")

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._wire.close()

    async def _hand_over(self, message: Outgoing) -> Answer:
        try:
            body = _body(message)
        except ValueError:  # the library's own check of the message, or half an emoji: nothing was written
            return Rejected(Cause.BAD_REQUEST, "not-a-push")
        try:
            said = await self._wire.post(body)
        except Exception as error:
            return unanswered(error)
        answer = answered(said.status, said.headers, said.body)
        if isinstance(answer, Rejected) and answer.code == "UNAUTHENTICATED":
            self._sign_in.forget()
        return answer


def _body(message: Outgoing) -> bytes:
    """The call as JSON. Raises ValueError for what is no push."""
    for text in (message.title, message.text, message.to):
        text.encode()  # JSON would escape what is no character at all
    return f'{{"message": {_push(message)}}}'.encode()


def _push(message: Outgoing) -> messaging.Message:
    push = messaging.Message(
        notification=messaging.Notification(title=message.title or None, body=message.text),
        data={"message": str(message.id), "ack": message.ack},
        android=messaging.AndroidConfig(
            priority="high", ttl=min(timedelta(seconds=message.lifetime), LONGEST_LIFETIME)
        ),
    )
    # Set afterwards, because the SDK warns at every message made with the older `token`, which is still in the field.
    setattr(push, message.variant.value, message.to)
    return push


def _acknowledged(text: str) -> tuple[int, str]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise HookError("The acknowledgement is not JSON; nothing was read.") from None
    message, ack = (body.get("message"), body.get("ack")) if isinstance(body, dict) else (None, None)
    message_id = own_id(str(message)) if isinstance(message, str | int) else None
    if message_id is None or not isinstance(ack, str):
        raise HookError('The acknowledgement needs "message" and "ack", as they came with the push.')
    return message_id, ack
