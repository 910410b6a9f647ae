"""Calls to the clinic's webhooks: signed as Twilio signs, a bounded number at a time, tried again while it is down."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from outreach.simulator.errands import Errand

#: Calls under way at once; Twilio gives a webhook 15 seconds.
CALLERS = 64
PATIENCE = aiohttp.ClientTimeout(total=15)

#: Twilio calls a status callback once. We are kinder, for about five minutes, because restarts of the clinic are among
#: what is rehearsed here, and a rehearsal must not depend on luck.
ATTEMPTS = 14
LONGEST_PAUSE = 30.0


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the URL as configured (with its query) and the sorted form, in base64."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def pause(attempts: int) -> float:
    """Seconds before the next attempt, after so many."""
    return float(min(LONGEST_PAUSE, 0.25 * 2**attempts))


class Office:
    """Posts errands. `settle(errand, status)` hears of every attempt; status None means that nobody answered."""

    def __init__(self, token: str, settle: Callable[[Errand, int | None], None]) -> None:
        self._token = token
        self._settle = settle
        self._queue: asyncio.Queue[Errand] = asyncio.Queue()
        self._callers: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CALLERS), timeout=PATIENCE, cookie_jar=aiohttp.DummyCookieJar()
        )
        self._callers = [asyncio.create_task(self._call(self._session)) for _ in range(CALLERS)]

    async def stop(self) -> None:
        for caller in self._callers:
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def hand(self, errand: Errand) -> None:
        """Post this as soon as a caller is free."""
        self._queue.put_nowait(errand)

    async def _call(self, session: aiohttp.ClientSession) -> None:
        while True:
            errand = await self._queue.get()
            self._settle(errand, await self._post(session, errand))

    async def _post(self, session: aiohttp.ClientSession, errand: Errand) -> int | None:
        url = errand.detail["url"]
        body, headers = self._letter(url, errand.detail)
        try:
            # The query must go out byte for byte as it was given: it is what the signature covers.
            async with session.post(URL(url, encoded=True), data=body, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    def _letter(self, url: str, detail: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
        if "json" in detail:
            return detail["json"].encode(), {"Content-Type": "application/json"}
        form: dict[str, str] = json.loads(detail["form"])
        return urlencode(form).encode(), {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": sign(self._token, url, form),
        }
