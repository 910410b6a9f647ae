"""Where providers and apps call us: kept and committed before the 2xx, and a 5xx when it could not be kept.

Bodies are read raw, capped at 64 kB, and checked by the provider that they claim to be from. An answer is empty on
purpose: a plain-text body would be sent to the person as a reply.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine, Sequence
from typing import Any

from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.types import ASGIApp, Receive, Scope, Send

from outreach import failpoints, log
from outreach.channels.contract import Hook, Inbound, Receipt
from outreach.channels.registry import Providers
from outreach.console.together import Together
from outreach.delivery import receipts
from outreach.errors import ForgedError, HookError, NotFoundError
from outreach.threads import gathered
from outreach.workspace import Workspace

logger = log.get("console")

CAP = 64 * 1024  # bytes of a body

#: The database is away or overloaded: it would fail for each receipt alone as well.
AWAY = (OperationalError, InterfaceError, PoolTimeoutError)

#: The app's acknowledgement of a push is not named after its provider: the app does not know one.
PUSH_PROVIDER = "fcm"

#: `/hooks/<provider>/status`, `/hooks/<provider>/inbound`, `/hooks/push/ack`.
_PLACE = re.compile(r"/hooks/(?:(?P<name>[^/]+)/(?P<what>status|inbound)|push/(?P<ack>ack))")


class Webhooks:
    """Answers calls of webhooks before all that pages need: there are more of them than of everything else together."""

    def __init__(self, app: ASGIApp, workspace: Workspace, providers: Providers) -> None:
        self._app, self._workspace, self._providers = app, workspace, providers
        self._kept: Together[Receipt] = Together(lambda batch: _keep(workspace, batch), AWAY)
        senders = list(providers.senders)
        self._heard: Together[Inbound] = Together(lambda batch: gathered.receive(workspace, batch, senders), AWAY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a webhook's call; pass everything else on."""
        place = _PLACE.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if place is None:
            await self._app(scope, receive, send)
        elif scope["method"] != "POST":
            await _say(send, 405, (b"allow", b"POST"))
        else:
            await self._answer(
                self._do(place["name"] or PUSH_PROVIDER, place["what"] or place["ack"], scope, receive), send
            )

    async def _do(self, name: str, what: str, scope: Scope, receive: Receive) -> None:
        """Keep what is told. `what`: `status` (of a message), `inbound` (a text from somebody), `ack` (of a push)."""
        if what == "inbound":
            told = self._providers.by_name(name).read_inbound(await _hook(scope, receive, self._workspace))
            await self._heard.keep(told)
            return
        provider = self._providers.by_name(name)
        await self._kept.keep(provider.read_receipt(await _hook(scope, receive, self._workspace)))

    async def _answer(self, work: Coroutine[Any, Any, None], send: Send) -> None:
        """The work's answer, or the status that tells the caller whether to come again.

        No text: it may quote what was sent. Whatever else goes wrong ends here too, where only its class is logged;
        the web server would print the whole of it.
        """
        status, more = 204, list[tuple[bytes, bytes]]()
        try:
            await work
        except ForgedError:
            logger.warning("forged", status=403)
            status = 403
        except HookError:
            status = 400
        except NotFoundError:
            status = 404
        except DataError as error:  # no database takes it, however often it comes
            logger.error("cannot be kept", error=type(error).__name__, status=400)
            status = 400
        except Exception as error:
            logger.error("could not be kept", exc_info=error, status=503)
            status, more = 503, [(b"retry-after", b"5")]
        await _say(send, status, *more)


async def _say(send: Send, status: int, *more: tuple[bytes, bytes]) -> None:
    length = [] if status == 204 else [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": [*length, *more]})
    await send({"type": "http.response.body", "body": b""})


def _keep(workspace: Workspace, batch: Sequence[Receipt]) -> None:
    with workspace.database.write() as session:
        # In one order everywhere: two processes that are told the same things never wait for each other in a circle.
        receipts.keep(session, sorted(batch, key=lambda receipt: receipt.event_key))
        failpoints.reach("receipts.before_commit")


async def _hook(scope: Scope, receive: Receive, workspace: Workspace) -> Hook:
    """The call as it came, under the URL that its sender knows us by."""
    body, more = bytearray(), True
    while more:
        piece = await receive()
        if piece["type"] == "http.disconnect":
            raise HookError("The call broke off before its end.")
        body += piece.get("body", b"")
        more = piece.get("more_body", False)
        if len(body) > CAP:
            raise HookError("The body is over 64 kB; nothing was read.")
    query = scope["query_string"].decode("ascii", errors="replace")
    path = (scope.get("raw_path") or b"").split(b"?")[0].decode("ascii", errors="replace")
    url = f"{workspace.settings.public_url}{path}" + (f"?{query}" if query else "")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Hook(url, headers, bytes(body))
