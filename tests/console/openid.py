"""An OpenID provider over real HTTP on loopback, honest unless a test makes it lie."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI, Form, HTTPException, Request
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.simulator.running import running

CLIENT, SECRET = "outreach", "canary-oidc-secret"


@dataclass
class Provider:
    """One provider. `claims`: what its next token says otherwise; `key`: what signs it; `published`: what it shows."""

    base: str = ""
    subject: str = "subject-1"
    claims: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    algorithm: str = "ES256"
    published: list[Any] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)

    def arrive(self, address: str) -> dict[str, str]:
        """What the browser is sent to, and back from: the query of the way back."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return {"code": "code-1", "state": self.asked["state"], "iss": self.base}

    def token(self) -> str:
        """What is signed."""
        now = int(time.time())
        honest = {"iss": self.base, "aud": CLIENT, "sub": self.subject, "iat": now, "exp": now + 300}
        claims = {**honest, "nonce": self.asked["nonce"], **self.claims}
        head = {"alg": self.algorithm, "kid": self.key.kid}
        if self.algorithm == "none":
            return f"{_packed(head)}.{_packed(claims)}."
        return jwt.encode(head, claims, self.key, algorithms=[self.algorithm])


def _packed(told: dict[str, Any]) -> str:
    plain = str(told).replace("'", '"').encode()
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


@contextmanager
def providing() -> Iterator[Provider]:
    """A provider being served."""
    one, app = Provider(), FastAPI()
    one.published = [one.key]

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {"issuer": one.base, **{name: f"{one.base}/{end}" for name, end in ends.items()}, **one.told}

    @app.get("/keys")
    def keys() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in one.published]}

    @app.post("/token")
    def token(request: Request, code: str = Form(), code_verifier: str = Form()) -> dict[str, str]:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).decode().rstrip("=")
        right = (request.headers.get("authorization"), code, challenge)
        if right != (f"Basic {basic}", "code-1", one.asked["code_challenge"]):
            raise HTTPException(400)
        return {"id_token": one.token(), "access_token": "unused", "token_type": "Bearer"}

    with running(app) as base:
        one.base = base
        yield one


def stranger() -> ECKey:
    """A key that the provider never showed, under the name of one that it did."""
    return ECKey.generate_key("P-256", {"kid": "one"})


def shared() -> OctKey:
    """A key that both sides would have to know."""
    return OctKey.import_key(SECRET * 3, {"kid": "one"})


def renewed() -> RSAKey:
    """Another kind of key, as when a provider changes it."""
    return RSAKey.generate_key(2048, {"kid": "two"})
