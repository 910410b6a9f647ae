"""The simulator as one ASGI app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from outreach.simulator import control, fcm, page, twilio
from outreach.simulator.carrier import Carrier
from outreach.simulator.options import Options


def create_app(options: Options) -> FastAPI:
    """A carrier to be served by uvicorn (one process; `access_log=False`, since list calls carry numbers in their URL).

    It goes on where `options.log` ends, also after `kill -9`. Raises sqlite3.Error where that file cannot be used.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        carrier = Carrier(options)
        app.state.carrier = carrier
        await carrier.start()
        yield
        await carrier.stop()

    app = FastAPI(title="Outreach simulator", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.grants = fcm.Grants()
    for room in (twilio, fcm, control, page):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).with_name("static")), name="static")
    return app
