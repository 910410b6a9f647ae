"""Where providers and apps call us: kept and committed before the 2xx, and a 5xx when it could not be kept.

Bodies are read raw, capped at 64 kB, and checked by the provider that they claim to be from. An answer is empty on
purpose: a plain-text body would be sent to the person as a reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from outreach import failpoints, log
from outreach.channels.contract import Hook, Receipt
from outreach.channels.registry import Providers
from outreach.console.together import Together
from outreach.delivery import receipts
from outreach.errors import ForgedError, HookError, NotFoundError
from outreach.threads import inbound
from outreach.workspace import Workspace

logger = log.get("console")

CAP = 64 * 1024  # bytes of a body

#: The database is away or overloaded: it would fail for each receipt alone as well.
AWAY = (OperationalError, InterfaceError, PoolTimeoutError)

#: The app's acknowledgement of a push is not named after its provider: the app does not know one.
PUSH_PROVIDER = "fcm"


def make(workspace: Workspace, providers: Providers) -> APIRouter:
    """The webhooks of one clinic."""
    router = APIRouter(prefix="/hooks")
    kept: Together[Receipt] = Together(lambda batch: _keep(workspace, batch), AWAY)
    senders = list(providers.senders)

    async def receipt(request: Request, name: str) -> Response:
        told = providers.by_name(name).read_receipt(await _hook(request, workspace))
        await kept.keep(told)
        return Response(status_code=204)

    @router.post("/push/ack")
    async def acknowledged(request: Request) -> Response:
        """An app read a push."""
        return await _answered(receipt(request, PUSH_PROVIDER))

    @router.post("/{name}/status")
    async def status(request: Request, name: str) -> Response:
        """A provider says what became of a message."""
        return await _answered(receipt(request, name))

    async def text(request: Request, name: str) -> Response:
        told = providers.by_name(name).read_inbound(await _hook(request, workspace))
        await asyncio.to_thread(inbound.receive, workspace, told, senders)
        return Response(status_code=204)

    @router.post("/{name}/inbound")
    async def received(request: Request, name: str) -> Response:
        """Somebody wrote to us."""
        return await _answered(text(request, name))

    return router


def _keep(workspace: Workspace, batch: Sequence[Receipt]) -> None:
    with workspace.database.write() as session:
        # In one order everywhere: two processes that are told the same things never wait for each other in a circle.
        receipts.keep(session, sorted(batch, key=lambda receipt: receipt.event_key))
        failpoints.reach("receipts.before_commit")


async def _hook(request: Request, workspace: Workspace) -> Hook:
    """The call as it came, under the URL that its sender knows us by."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > CAP:
            raise HookError("The body is over 64 kB; nothing was read.")
    query = request.scope["query_string"].decode("ascii", errors="replace")
    path = request.scope.get("raw_path", b"").split(b"?")[0].decode("ascii", errors="replace")
    url = f"{workspace.settings.public_url}{path}" + (f"?{query}" if query else "")
    return Hook(url, {name.lower(): value for name, value in request.headers.items()}, bytes(body))


async def _answered(work: Coroutine[Any, Any, Response]) -> Response:
    """The work's answer, or the status that tells the caller whether to come again.

    No text: it may quote what was sent. Whatever else goes wrong ends here too, where only its class is logged; the
    web server would print the whole of it.
    """
    try:
        return await work
    except ForgedError:
        logger.warning("forged", status=403)
        return Response(status_code=403)
    except HookError:
        return Response(status_code=400)
    except NotFoundError:
        return Response(status_code=404)
    except DataError as error:  # no database takes it, however often it comes
        logger.error("cannot be kept", error=type(error).__name__, status=400)
        return Response(status_code=400)
    except Exception as error:
        logger.error("could not be kept", exc_info=error, status=503)
        return Response(status_code=503, headers={"Retry-After": "5"})
