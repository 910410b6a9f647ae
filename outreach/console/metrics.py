"""`GET /metrics` for Prometheus. Without a token in the settings it is not there; with a wrong one neither."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from outreach.doctor import metrics
from outreach.workspace import Workspace


def make(workspace: Workspace) -> APIRouter:
    """The route of one clinic."""
    router = APIRouter()
    token = workspace.settings.metrics_token.get_secret_value()

    @router.get("/metrics")
    def figures(request: Request) -> Response:
        """Counts and ages, nothing personal."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token or not hmac.compare_digest(given.encode(), token.encode()):
            raise HTTPException(404)
        try:
            return Response(metrics.exposed(workspace), media_type=metrics.TEXT)
        except SQLAlchemyError:
            return Response(status_code=503)

    return router
