"""The `twilio` library's asyncio client on connections we hold: bounded, kept alive, with an end to every wait, silent.

The library's own passes no timeout on, keeps the last request (number and text) in memory and logs addresses with the
number in their query; hence `request` is ours. Nothing is ever sent twice: see `pool`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from twilio.base.exceptions import TwilioException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response

from outreach.channels.http import retry_after
from outreach.channels.pool import Pool


class Throttled(TwilioException):  # type: ignore[misc]
    """HTTP 429. The library's own exception drops the answer's headers and with them how long to wait."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__("HTTP 429")
        self.retry_after = seconds


class Wire(AsyncTwilioHttpClient):  # type: ignore[misc]
    """What `twilio.rest.Client` sends its requests with; `timeout` in seconds, half of it at most for connecting."""

    def __init__(self, timeout: float, connections: int) -> None:
        super().__init__(pool_connections=False)
        self._pool = Pool(timeout, connections)

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's signature; the session's own applies)
        allow_redirects: bool = False,
    ) -> Response:
        """Send one request once. Raises Throttled on 429, aiohttp's errors on the wire's faults."""
        body = urlencode(data, doseq=True).encode() if data else None
        sent_headers = dict(headers or {})
        if auth:
            sent_headers["Authorization"] = f"Basic {b64encode(':'.join(auth).encode()).decode()}"
        async with (
            self._pool.room(),
            self._pool.session().request(
                method, url, params=params, data=body, headers=sent_headers, allow_redirects=allow_redirects
            ) as answer,
        ):
            if answer.status == 429:
                raise Throttled(retry_after(answer.headers))
            return Response(answer.status, await answer.text(), answer.headers)

    async def close(self) -> None:
        """Close the running loop's connections; the next request opens new ones."""
        await self._pool.close()
