"""Each provider set up against the scripted server: what the shared table needs to know of it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from outreach.channels.contract import Kind, Outgoing, Provider, Variant
from outreach.channels.registry import build
from tests.channels.scripted import Call, Reply, answer

PUBLIC_URL = "https://outreach.example.org"
ACK_KEY = b"canary-ack-key-of-32-bytes------"
AUTH_TOKEN = "canary-auth-token"
TO = "+254711223344"
PUSH_TOKEN = "canary-push-token"
TEXT = "Canary: come to the clinic on Monday"
TITLE = "Canary title"

# Nothing of this may stand in a log, whatever its level, nor in a `repr`.
CANARIES = (
    TO,
    TO[1:],
    PUSH_TOKEN,
    TEXT,
    "Canary",
    AUTH_TOKEN,
    "canary-access",
    ACK_KEY.decode(),
    "PRIVATE KEY",
)


@cache
def service_account(token_uri: str) -> str:
    """A service-account key such as Firebase gives out, whose tokens come from `token_uri`."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "clinic",
            "private_key_id": "k1",
            "private_key": _private_key(),
            "client_email": "push@clinic.example",
            "token_uri": token_uri,
        }
    )


@cache
def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def twilio_settings(url: str, **more: object) -> dict[str, object]:
    """Settings of a Twilio account with one number at `url`."""
    plain = {"account_sid": "AC0123", "token": AUTH_TOKEN, "from": "+254700000001", "api_base": url, "timeout": "0.6"}
    return {**plain, **more}


def fcm_settings(url: str, **more: object) -> dict[str, object]:
    """Settings of a Firebase project at `url`."""
    return {"credentials": service_account(f"{url}/token"), "api_base": url, "timeout": "0.6", **more}


def provider(name: str, settings: Mapping[str, object]) -> Provider:
    """One provider by the registry, as the product makes it."""
    return build({name: settings}, public_url=PUBLIC_URL, ack_key=ACK_KEY).by_name(name)


def sms(message_id: int = 7, *, to: str = TO, text: str = TEXT, lifetime: int = 3600) -> Outgoing:
    """A text."""
    return Outgoing(message_id, Kind.SMS, Variant.NUMBER, to, text, lifetime)


def push(
    message_id: int = 7, *, variant: Variant = Variant.FID, to: str = PUSH_TOKEN, text: str = TEXT, lifetime: int = 3600
) -> Outgoing:
    """A push."""
    return Outgoing(message_id, Kind.PUSH, variant, to, text, lifetime, title=TITLE, ack="0123abcd")


@dataclass(frozen=True)
class Desk:
    """What the shared table needs of a provider."""

    name: str
    settings: Callable[[str], dict[str, object]]
    message: Callable[[int], Outgoing]
    taken: Callable[[str], Reply]  # the answer that accepts a message and names it
    id_of: Callable[[Call], int]  # which of our messages a call carries


DESKS = [
    Desk(
        "twilio",
        twilio_settings,
        sms,
        taken=lambda sid: answer(201, {"sid": sid, "status": "queued"}),
        id_of=lambda call: int(call.form["StatusCallback"].rpartition("=")[2]),
    ),
    Desk(
        "fcm",
        fcm_settings,
        push,
        taken=lambda name: answer(200, {"name": name}),
        id_of=lambda call: int(call.json["message"]["data"]["message"]),
    ),
]
