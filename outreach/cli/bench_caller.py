"""Calls of a provider's webhooks, as many as the web process answers: for benchmarks. Nothing here is product."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections import deque
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

TWICE = 1.0  # seconds after which a call that was not taken is made again


def signed(token: bytes, host: str, path: str, url: str, form: Mapping[str, str]) -> bytes:
    """One POST as Twilio makes it. `url`: under which the web process is known; the signature is over it."""
    said = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    signature = base64.b64encode(hmac.digest(token, said.encode(), hashlib.sha1)).decode()
    body = urlencode(form)
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nX-Twilio-Signature: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class Callers:
    """Connections that are kept alive, each with one call under way; calls wait for a free one."""

    def __init__(self, public_url: str, token: str, connections: int) -> None:
        parts = urlsplit(public_url)
        self.public_url, self.host, self.token = public_url, parts.netloc, token.encode()
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.limit, self.open = connections, 0
        self.waiting: deque[bytes] = deque()
        self.free: list[_Caller] = []
        self.taken = 0
        self.again = 0
        self.took: list[float] = []  # seconds from a call to its answer
        self.goal, self.reached = 0, asyncio.Event()  # set once so many calls were taken

    def call(self, path: str, form: Mapping[str, str]) -> None:
        """Make a signed call as soon as a connection is free."""
        self.make(signed(self.token, self.host, path, self.public_url + path, form))

    def make(self, request: bytes) -> None:
        """The same, of bytes that are ready."""
        if self.free:
            self.free.pop().say(request)
            return
        self.waiting.append(request)
        if self.open < self.limit:
            self.open += 1
            self._connecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: _Caller(self), *self.address)
        except OSError:
            self.open -= 1
            asyncio.get_running_loop().call_later(TWICE, self._wake)

    def _wake(self) -> None:
        if self.waiting:
            self.make(self.waiting.popleft())

    def next(self, caller: _Caller) -> None:
        """A connection is free."""
        if self.waiting:
            caller.say(self.waiting.popleft())
        else:
            self.free.append(caller)

    def lost(self, caller: _Caller) -> None:
        """A connection is gone; its call is made again."""
        self.open -= 1
        if caller in self.free:
            self.free.remove(caller)
        if caller.request:
            self.repeat(caller.request)

    def repeat(self, request: bytes) -> None:
        """Make a call again that was not taken."""
        self.again += 1
        asyncio.get_running_loop().call_later(TWICE, self.make, request)


class _Caller(asyncio.Protocol):
    def __init__(self, pool: Callers) -> None:
        self.pool, self.request, self.begun = pool, b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.wire: asyncio.Transport = transport  # type: ignore[assignment]  # of TCP both are one
        self.pool.next(self)

    def say(self, request: bytes) -> None:
        self.request, self.begun = request, time.perf_counter()
        self.wire.write(request)

    def data_received(self, data: bytes) -> None:
        """An answer without a body comes in one piece."""
        pool, request, self.request = self.pool, self.request, b""
        if data.startswith(b"HTTP/1.1 204"):
            pool.taken += 1
            pool.took.append(time.perf_counter() - self.begun)
            if pool.taken == pool.goal:
                pool.reached.set()
        else:
            pool.repeat(request)
        pool.next(self)

    def connection_lost(self, _: Exception | None) -> None:
        self.pool.lost(self)
