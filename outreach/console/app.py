"""The web process: webhooks and health. (The demo adds its own page; see `console.demo`.)"""

from __future__ import annotations

from fastapi import FastAPI, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from outreach.channels.registry import Providers
from outreach.console import metrics, webhooks
from outreach.delivery import carriers
from outreach.workspace import Workspace


def make(workspace: Workspace, providers: Providers) -> FastAPI:
    """The application of one clinic. Its senders are written down, so that texts can come in before any worker runs."""
    with workspace.database.write() as session:
        carriers.enrol(session, providers)
    app = FastAPI(title="Outreach", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(webhooks.make(workspace, providers))
    app.include_router(metrics.make(workspace))

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

    return app
