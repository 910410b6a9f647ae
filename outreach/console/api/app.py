"""The API as an application of its own beside the pages: its OpenAPI document, its routes, its refusals."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response

from outreach.console.api import campaigns, consents, people, problems, reports, threads
from outreach.console.api.door import Capped
from outreach.console.api.problems import Problem
from outreach.console.desk import Desk

PREFIX = "/api/v1"

#: Every noun's routes, one line each.
NOUNS = (people.api, consents.api, campaigns.api, reports.api, threads.api)

_ABOUT = """What the console does, for other programs. People are pseudonyms: no number, no name ever leaves.

Show a token (`Authorization: Bearer outreach_…`) that an admin has made for you. Lists go on at `next`, given as
`cursor`. Every POST carries an `Idempotency-Key`: the same key and request within a day is done once and answered the
same (`Idempotent-Replayed: true`); with another request it is refused (422); while the first is at work, too (409).
What is absent and what is not to be seen are answered alike. Refusals are problems (RFC 9457).
"""


def make(desk: Desk) -> FastAPI:
    """The API of one clinic, to be mounted at `PREFIX`."""
    app = FastAPI(title="Outreach", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    for noun in NOUNS:
        app.include_router(noun)
    problems.install(app)
    app.add_middleware(Capped)

    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> Response:
        """The document; it is the same for every clinic and tells nothing of this one."""
        return JSONResponse(document())

    return app


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the API."""
    routes = [route for noun in NOUNS for route in noun.routes]
    made = get_openapi(
        title="Outreach", version="1", summary="Discreet health messages.", description=_ABOUT, routes=routes
    )
    made["servers"] = [{"url": PREFIX}]
    fields = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    made["components"]["schemas"] |= {**fields.pop("$defs"), "Problem": fields}
    return made
