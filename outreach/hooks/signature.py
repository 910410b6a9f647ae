"""How a call is signed, by the public scheme Standard Webhooks: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"


def new_secret() -> str:
    """A secret, as both sides keep it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secrets_: Sequence[str], telling: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a call.

    `secrets_`: a signature for each, as while one takes the place of another. `telling`: its id, the same at each try.
    `at`: seconds since 1970, of this try.
    """
    said = f"{telling}.{at}.".encode() + body
    keys = (base64.b64decode(each.removeprefix(PREFIX)) for each in secrets_)
    signed = (base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": telling,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{each}" for each in signed),
    }
