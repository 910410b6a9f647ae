"""The web process: webhooks, health, and the console's pages."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from outreach.channels.registry import Providers
from outreach.console import (
    account,
    alerts,
    campaigns,
    campaigns_edit,
    campaigns_plan,
    campaigns_texts,
    handsets,
    home,
    inbox,
    live,
    metrics,
    oidc,
    passkeys,
    people,
    people_import,
    people_imports,
    reports,
    reveals,
    settings,
    settings_hooks,
    settings_record,
    settings_staff,
    settings_tokens,
    sign_in,
    style,
    understand,
    webhooks,
)
from outreach.console.api import app as api
from outreach.console.assets import Assets
from outreach.console.desk import Desk, limits_of
from outreach.console.guard import Headers, Place
from outreach.console.visit import Visit, arrive
from outreach.delivery import carriers
from outreach.errors import ConflictError, NotFoundError
from outreach.staff import openid
from outreach.workspace import Workspace

#: Every noun's pages, one line each.
NOUNS = (
    sign_in.pages,
    passkeys.pages,
    oidc.pages,
    account.pages,
    home.pages,
    inbox.pages,
    reports.pages,
    reveals.pages,
    alerts.pages,
    people_import.pages,
    people_imports.pages,
    people.pages,
    live.pages,
    understand.pages,
    style.pages,
    handsets.pages,
    settings.pages,
    settings_record.pages,
    settings_staff.pages,
    settings_tokens.pages,
    settings_hooks.pages,
    campaigns.pages,
    campaigns_edit.pages,
    campaigns_plan.pages,
    campaigns_texts.pages,
)


def make(workspace: Workspace, providers: Providers, carrier: str = "") -> FastAPI:
    """The application of one clinic. Its senders are written down, so that texts can come in before any worker runs.

    `carrier`: in the demo, the simulator's URL; it makes signing in one click. Raises OutreachError when the pages are
    not built.
    """
    with workspace.database.write() as session:
        carriers.enrol(session, providers)
    app = _Console(workspace, providers)
    app.include_router(metrics.make(workspace))
    _health(app, workspace)
    _console(app, workspace, carrier)
    return app


class _Console(FastAPI):
    """The pages, and before them and all that they need, the webhooks: there are far more of these."""

    def __init__(self, workspace: Workspace, providers: Providers) -> None:
        super().__init__(title="Outreach", docs_url=None, redoc_url=None, openapi_url=None)
        self._webhooks = webhooks.Webhooks(super().__call__, workspace, providers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._webhooks(scope, receive, send)


def _console(app: FastAPI, workspace: Workspace, carrier: str) -> None:
    assets, place = Assets(), Place(workspace.settings)
    for pages in NOUNS:
        app.include_router(pages)
    app.include_router(assets.routes())
    paths = frozenset(route.path for pages in NOUNS for route in pages.routes if hasattr(route, "path"))
    app.state.desk = Desk(
        workspace, assets, place, limits_of(workspace), carrier, openid.configured(workspace.settings), paths
    )
    app.mount(api.PREFIX, api.make(app.state.desk))
    app.state.hub = live.Hub(workspace)
    app.add_exception_handler(HTTPException, _told)
    app.add_exception_handler(NotFoundError, _told)
    app.add_exception_handler(ConflictError, _told)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    app.add_middleware(Headers, place=place, frames=carrier)
    # Outermost: who calls is known before anything looks.
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=workspace.settings.trusted_proxies)


async def _told(request: Request, error: Exception) -> Response:
    """A page that says what to do; what is absent and what is forbidden look the same."""
    status = error.status_code if isinstance(error, HTTPException) else 404 if isinstance(error, NotFoundError) else 409
    headers = dict(getattr(error, "headers", None) or {})
    if status == 303:
        if request.headers.get("hx-request"):
            return Response(status_code=204, headers={"HX-Redirect": headers["Location"]})
        return RedirectResponse(headers["Location"], 303)
    if "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse(f"{status}\n", status, headers=headers)
    visit: Visit = getattr(request.state, "visit", None) or arrive(request.app.state.desk, request)
    return visit.show("told.html", status, what=status, door=visit.member is None)


def _health(app: FastAPI, workspace: Workspace) -> None:
    @app.get("/health")
    def alive() -> Response:
        """The process answers."""
        return Response(status_code=204)

    @app.get("/ready")
    def ready() -> Response:
        """The process can reach its database."""
        try:
            with workspace.database.read() as session:
                session.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return Response(status_code=503)
        return Response(status_code=204)
