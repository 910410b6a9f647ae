"""How a call is signed, by the public scheme Standard Webhooks: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    """A secret, as both sides keep it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secret: str, telling: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a call. `telling`: its id, the same at each try. `at`: seconds since 1970, of this try."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.digest(key, f"{telling}.{at}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": telling,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
