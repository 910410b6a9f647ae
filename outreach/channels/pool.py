"""Connections to one provider: bounded, kept alive, with an end to every wait; nothing is repeated."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from outreach.channels.http import PerLoop


class Pool:
    """At most `connections` at once; a call may take `timeout` seconds, half of it at most for connecting.

    aiohttp repeats no POST, and a caller passes `allow_redirects=False`: what is handed over goes out once.
    """

    def __init__(self, timeout: float, connections: int) -> None:
        # The room is as large as the pool, so that no call spends its time waiting for a connection.
        self._room = PerLoop(lambda: asyncio.Semaphore(connections))
        self._sessions = PerLoop(
            lambda: ClientSession(
                connector=TCPConnector(limit=connections),
                timeout=ClientTimeout(total=timeout, connect=timeout / 2),
                cookie_jar=DummyCookieJar(),
            )
        )

    def room(self) -> asyncio.Semaphore:
        """A place for one call on the running loop: enter it first."""
        return self._room.get()

    def session(self) -> ClientSession:
        """The running loop's connections."""
        return self._sessions.get()

    async def close(self) -> None:
        """Close the running loop's connections; the next call opens new ones."""
        self._room.pop()
        if session := self._sessions.pop():
            await session.close()


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for an address (`HTTPS_PROXY`, but for what `NO_PROXY` lists)."""
    parts = urlsplit(url)
    known = getproxies()
    found = known.get(parts.scheme) or known.get("all")
    return found if found and not proxy_bypass(parts.netloc) else None
