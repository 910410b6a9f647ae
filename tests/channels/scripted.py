"""A real HTTP server on loopback that answers what a test wrote down, call by call, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs

from aiohttp import web

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Call:
    """One call as the server got it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def answer(status: int, body: object = b"", headers: Mapping[str, str] | None = None) -> Reply:
    """An HTTP answer; a body that is neither bytes nor text goes out as JSON."""
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else json.dumps(body).encode()

    async def reply(request: web.Request) -> web.Response:
        return web.Response(status=status, body=content, headers=headers)

    return reply


async def reset(request: web.Request) -> web.StreamResponse:
    """The call is read, then the connection is torn down."""
    assert request.transport is not None
    request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
    return web.Response()


async def hang_up(request: web.Request) -> web.StreamResponse:
    """The call is read, then the connection is closed in good order without an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def silence(request: web.Request) -> web.StreamResponse:
    """The call is read and never answered."""
    await asyncio.sleep(60)
    return web.Response()


def raw(content: bytes) -> Reply:
    """These bytes, then the end."""

    async def reply(request: web.Request) -> web.StreamResponse:
        assert isinstance(request.transport, asyncio.Transport)
        request.transport.write(content)
        request.transport.close()
        return web.Response()

    return reply


TOKEN = answer(200, {"access_token": "canary-access-token", "expires_in": 3600, "token_type": "Bearer"})


@dataclass
class Scripted:
    """The server: `replies` are given in turn, `token` to every sign-in; a call too many fails the test."""

    replies: list[Reply] = field(default_factory=list)
    token: Reply = TOKEN
    calls: list[Call] = field(default_factory=list)
    sign_ins: int = 0
    unexpected: int = 0
    url: str = ""

    async def start(self) -> Self:
        app = web.Application()
        app.router.add_post("/token", self._sign_in)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        self.sign_ins += 1
        return await self.token(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(
            Call(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        )
        if not self.replies:
            self.unexpected += 1
            return web.Response(status=599)
        return await self.replies.pop(0)(request)


def unused_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
