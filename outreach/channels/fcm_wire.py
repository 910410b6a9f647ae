"""How `firebase-admin` reaches Firebase: one call for one push, an end to every wait, tokens fetched beside the loop.

What the SDK (7.7) does by itself does not fit here. Its asyncio client repeats a call up to four times after a 500 or
503, sleeping in between: a person could get one push five times. Its sign-in fetches tokens with blocking calls on the
event loop, and again, twice, for every 401. No public option turns that off (firebase-admin-python, issue 554), so
`connect` puts a client of ours into the one service object of our own app; no other app and no module of the SDK is
touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from functools import partial

import firebase_admin
import httpx
from firebase_admin import messaging
from google.auth.credentials import TokenState
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from outreach.channels.contract import Cause
from outreach.channels.http import PerLoop

_KEPT_OF_A_GARBLED_ANSWER = ("Retry-After", "Date")


class SignIn(httpx.Auth):
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

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Put the token on a request; httpx calls this."""
        request.headers["Authorization"] = f"Bearer {self._credentials.token}"
        yield request


class Once:
    """Stands in for the SDK's asyncio client: the two methods that the SDK calls, and no retries.

    HTTP/1.1, because when one HTTP/2 connection breaks, every push on it is in doubt, not only one.
    """

    def __init__(self, sign_in: SignIn, timeout: float, connections: int) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        # Waiting for a free connection has no end of its own: the calls before it have one.
        waits = httpx.Timeout(timeout, connect=timeout / 2, pool=None)
        self._clients = PerLoop(lambda: httpx.AsyncClient(auth=sign_in, limits=limits, timeout=waits))

    async def request(self, method: str, url: str, headers: Mapping[str, str], json: object) -> httpx.Response:
        """One call, once. Raises httpx.HTTPError, also for a 2xx that does not name the message."""
        answer = await self._clients.get().request(method, url, headers=headers, json=json)
        if answer.is_success and not isinstance(_object(answer).get("name"), str):
            raise httpx.DecodingError("the answer does not name the message", request=answer.request)
        if not answer.is_success and not isinstance(_object(answer).get("error"), dict):
            answer = _without_body(answer)  # the SDK would fail on it and lose the status
        return answer.raise_for_status()

    async def aclose(self) -> None:
        """Close the running loop's connections."""
        if client := self._clients.pop():
            await client.aclose()


def connect(app: firebase_admin.App, once: Once, url: str) -> None:
    """Make this app's messaging send through `once` to `url`. Reaches into the SDK: see the top of this file."""
    service = messaging._get_messaging_service(app)  # noqa: SLF001
    service._fcm_url = url  # noqa: SLF001
    service._async_client = once  # noqa: SLF001


def _object(answer: httpx.Response) -> Mapping[str, object]:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _without_body(answer: httpx.Response) -> httpx.Response:
    kept = {name: answer.headers[name] for name in _KEPT_OF_A_GARBLED_ANSWER if name in answer.headers}
    return httpx.Response(answer.status_code, headers=kept, request=answer.request)
