"""What keeps other sites out: the host and origin of a request, a form's token, the headers of every answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outreach.settings import Settings

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_TOKEN = 16  # bytes


class Place:
    """Where this console is, by its public URL."""

    def __init__(self, settings: Settings) -> None:
        parts = urlsplit(settings.public_url)
        self.secure = parts.scheme == "https"
        self._netloc, self._loopback = parts.netloc.lower(), (parts.hostname or "") in _LOOPBACK
        self.cookie = "__Host-outreach" if self.secure else "outreach"

    def knows(self, request: Request) -> bool:
        """Whether a request names this place. Another name in Host is another site that was made to point here."""
        host = request.headers.get("host", "").lower()
        if host == self._netloc:
            return True
        return self._loopback and (urlsplit(f"//{host}").hostname or "") in _LOOPBACK

    def sent(self, request: Request) -> bool:
        """Whether a form was sent by one of our own pages."""
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        scheme = "https" if self.secure else "http"
        return request.headers.get("origin", "").lower() == f"{scheme}://{request.headers.get('host', '').lower()}"


def token_of(session: str) -> bytes:
    """What a form must bring back. It hangs on the session, which only its browser knows."""
    return hmac.digest(session.encode(), b"outreach form", hashlib.sha256)[:_TOKEN]


def masked(session: str) -> str:
    """The token for one page: another text each time, so that compressing the page tells nothing about it."""
    mask = secrets.token_bytes(_TOKEN)
    mixed = bytes(a ^ b for a, b in zip(mask, token_of(session), strict=True))
    return base64.urlsafe_b64encode(mask + mixed).decode()


def fits(session: str, given: str) -> bool:
    """Whether a form's token is this session's."""
    try:
        raw = base64.urlsafe_b64decode(given.encode())
    except ValueError:
        return False
    if len(raw) != 2 * _TOKEN:
        return False
    plain = bytes(a ^ b for a, b in zip(raw[:_TOKEN], raw[_TOKEN:], strict=True))
    return hmac.compare_digest(plain, token_of(session))


class Headers:
    """Adds to every answer what a browser must not do with it. Pages that must differ set the header themselves."""

    def __init__(self, app: ASGIApp, place: Place, frames: str = "") -> None:
        self._app = app
        rules = [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            *([f"frame-src {frames}"] if frames else []),
        ]
        self._fixed = {
            b"content-security-policy": "; ".join(rules).encode(),
            b"x-content-type-options": b"nosniff",
            # Not no-referrer: with it a browser hides the Origin of a form.
            b"referrer-policy": b"same-origin",
            b"cross-origin-opener-policy": b"same-origin",
            b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=()",
            b"cache-control": b"no-store",
        }
        if place.secure:
            self._fixed[b"strict-transport-security"] = b"max-age=63072000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with its headers."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in self._fixed.items() if name not in own]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await self._app(scope, receive, answer if scope["type"] == "http" else send)
