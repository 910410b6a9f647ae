"""OpenID Connect, the code flow with PKCE: a provider says who somebody is, and signs it.

Nothing of a provider is believed but what its keys signed, for us, just now, in answer to our question: the issuer is
the one of the settings, the audience is us, the nonce is that of this browser's session.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from outreach.errors import ConflictError
from outreach.settings import Settings

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")  # none by a shared secret, and never "none"
LEEWAY = 120  # seconds that two clocks may differ
OLDEST = 600  # seconds: a token for this sign-in was made just now
_FRESH = 3600  # seconds that what a provider published is kept
_AGAIN = 60  # seconds before it is asked again for a key that is not among them
_MOST = 256 * 1024  # bytes of an answer


@dataclass(frozen=True, slots=True)
class Question:
    """A sign-in under way: where the browser goes, and what must come back (kept in its session)."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class _Published:
    """What a provider says of itself."""

    authorize: str
    token: str
    basic: bool  # whether the secret goes into a header
    keys: KeySet
    at: float


class OpenId:
    """One provider. Safe to use from several threads."""

    def __init__(self, issuer: str, client: str, secret: str, name: str, back: str) -> None:
        self.name, self._issuer, self._client, self._secret, self._back = name, issuer, client, secret, back
        self._http = httpx.Client(timeout=10, headers={"Accept": "application/json"}, follow_redirects=False)
        self._known: _Published | None = None
        self._lock = threading.Lock()

    def ask(self) -> Question:
        """Begin a sign-in. Raises ConflictError when the provider does not answer as one."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._back,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        authorize = self._published().authorize
        return Question(f"{authorize}{'&' if '?' in authorize else '?'}{urlencode(query)}", state, nonce, verifier)

    def look(self) -> int:
        """See whether the provider answers as one, now; gives how many keys it publishes. Raises ConflictError."""
        return len(self._published(fresh=True).keys.keys)

    def subject(self, code: str, nonce: str, verifier: str, issuer: str = "") -> str:
        """Who came back with this code: issuer and subject. `issuer`: what the address said. Raises ConflictError."""
        if issuer and issuer != self._issuer:
            raise ConflictError("Another provider answered.")
        token = self._redeemed(code, verifier)
        try:
            claims = self._read(token)
        except (JoseError, ValueError):
            raise ConflictError("The provider's token is not signed with its keys.") from None
        if not self._fits(claims, nonce):
            raise ConflictError("The provider's token is not for this sign-in.")
        return f"{self._issuer} {claims['sub']}"

    def _fits(self, claims: dict[str, Any], nonce: str) -> bool:
        now, audience = time.time(), claims.get("aud")
        times = [claims.get(each) for each in ("exp", "iat")]
        if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in times):
            return False
        ends, made = (float(each or 0) for each in times)
        subject = claims.get("sub")
        return (
            claims.get("iss") == self._issuer
            and (audience == self._client or audience == [self._client])
            and claims.get("azp", self._client) == self._client
            and ends > now - LEEWAY
            and now - OLDEST - LEEWAY < made < now + LEEWAY
            and bool(nonce)
            and secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
            and isinstance(subject, str)
            and 0 < len(subject) <= 255  # as the standard has it
        )

    def _read(self, token: str) -> dict[str, Any]:
        known = self._published()
        try:
            return dict(jwt.decode(token, known.keys, algorithms=list(ALGORITHMS)).claims)
        except (JoseError, ValueError):
            if time.monotonic() - known.at < _AGAIN:
                raise
        return dict(jwt.decode(token, self._published(fresh=True).keys, algorithms=list(ALGORITHMS)).claims)

    def _redeemed(self, code: str, verifier: str) -> str:
        known = self._published()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": verifier,
            "client_id": self._client,
        }
        auth = None
        if self._secret and known.basic:
            auth = httpx.BasicAuth(self._client, self._secret)
        elif self._secret:
            form["client_secret"] = self._secret
        token = self._asked("POST", known.token, data=form, auth=auth).get("id_token")
        if not isinstance(token, str):
            raise ConflictError("The provider gave no token.")
        return token

    def _published(self, *, fresh: bool = False) -> _Published:
        with self._lock:
            if self._known is None or fresh or time.monotonic() - self._known.at > _FRESH:
                self._known = self._looked_up()
            return self._known

    def _looked_up(self) -> _Published:
        told = self._asked("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        authorize, token, keys = (told.get(each) for each in ("authorization_endpoint", "token_endpoint", "jwks_uri"))
        if told.get("issuer") != self._issuer or not all(self._lawful(each) for each in (authorize, token, keys)):
            raise ConflictError("The provider names another issuer, or addresses that are not safe.")
        ways = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        try:
            found = KeySet.import_key_set(self._asked("GET", str(keys)))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise ConflictError("The provider's keys cannot be read.") from None
        return _Published(str(authorize), str(token), "client_secret_basic" in ways, found, time.monotonic())

    def _lawful(self, address: object) -> bool:
        """TLS, unless the issuer itself is on this machine."""
        return isinstance(address, str) and urlsplit(address).scheme in {"https", urlsplit(self._issuer).scheme}

    def _asked(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        """A provider's JSON. Raises ConflictError: without what it said, which may hold anything."""
        try:
            with self._http.stream(method, address, **more) as answer:
                answer.raise_for_status()
                body = b""
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > _MOST:
                        raise ValueError("too long")
            told = httpx.Response(200, content=body).json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            raise ConflictError("The provider does not answer as one.") from None
        if not isinstance(told, dict):
            raise ConflictError("The provider does not answer as one.")
        return told


def configured(settings: Settings) -> OpenId | None:
    """The provider of the settings, if there is one."""
    if not settings.oidc_issuer or not settings.oidc_client:
        return None
    return OpenId(
        settings.oidc_issuer,
        settings.oidc_client,
        settings.oidc_secret.get_secret_value(),
        settings.oidc_name,
        f"{settings.public_url}/sign-in/oidc/back",
    )
