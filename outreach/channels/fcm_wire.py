"""How a push reaches Firebase: one call for one push, an end to every wait, tokens fetched beside the loop.

Of `firebase-admin` (7.7) what is public is used: its messages, which check themselves and say themselves as JSON, and
its credentials. Its own sending does not fit here, and no public option changes that: it repeats a call up to four
times after a 500 or 503, sleeping in between, so that a person could get one push five times (firebase-admin-python,
issue 554); it fetches tokens with blocking calls on the event loop, and again, twice, for every 401; and it knows one
address only. Hence the POST is ours. A client of ours in the library's private place did the same, but depended on what
any release may change, and cost twenty times as much: httpx looks at every call that waits whenever one comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from google.auth.credentials import TokenState
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from outreach.channels.contract import Cause
from outreach.channels.http import PerLoop
from outreach.channels.pool import Pool, proxy_for

# The errors' shape, which the library asks for as well; `fcm_errors` reads it.
_HEADERS = {"Content-Type": "application/json", "X-GOOG-API-FORMAT-VERSION": "2"}


class SignIn:
    """The service account's access token, renewed on a thread before it runs out (google-auth: 3 min 45 s before)."""

    def __init__(self, credentials: Credentials, timeout: float) -> None:
        self._credentials = credentials
        self._timeout = timeout
        self._turn = PerLoop(asyncio.Lock)

    async def ready(self) -> Cause | None:
        """Make sure there is a token; or say why there is none. Nothing was sent yet: silence is NOT_CONNECTED."""
        async with self._turn.get():
            if self._credentials.token_state is TokenState.FRESH:
                return None
            request = partial(Request(), timeout=self._timeout)  # by itself it would wait two minutes
            try:
                await asyncio.wait_for(asyncio.to_thread(self._credentials.refresh, request), self._timeout)
            except RefreshError as error:
                return Cause.NOT_CONNECTED if error.retryable else Cause.ACCOUNT
            except (GoogleAuthError, TimeoutError):
                return Cause.NOT_CONNECTED
        return None

    def forget(self) -> None:
        """Drop a token that Firebase refused; the next `ready` fetches another."""
        self._credentials.token = None

    def header(self) -> str:
        """What a call shows."""
        return f"Bearer {self._credentials.token}"


@dataclass(frozen=True, slots=True)
class Said:
    """Firebase's answer. The body may repeat a token and never appears in `repr`."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Wire:
    """Where pushes are posted to.

    HTTP/1.1, because when one HTTP/2 connection breaks, every push on it is in doubt, not only one.
    """

    def __init__(self, url: str, sign_in: SignIn, timeout: float, connections: int) -> None:
        self._url, self._sign_in, self._proxy = url, sign_in, proxy_for(url)
        self._pool = Pool(timeout, connections)

    async def post(self, body: bytes) -> Said:
        """One call, once. Raises aiohttp's errors and TimeoutError."""
        async with self._pool.room():
            headers = {**_HEADERS, "Authorization": self._sign_in.header()}
            call = self._pool.session().post(
                self._url, data=body, headers=headers, allow_redirects=False, proxy=self._proxy
            )
            async with call as answer:
                return Said(answer.status, answer.headers, await answer.read())

    async def close(self) -> None:
        """Close the running loop's connections."""
        await self._pool.close()
