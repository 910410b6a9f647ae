"""What is live: one stream of events a page, which says *that* something changed, never what.

A page names what it cares about (`{% block live %}threads runs{% endblock %}`), and its parts ask for themselves:
`hx-trigger="live:threads from:body"`. Every web process looks at the database once a second for all of its pages
together, and only while somebody has one open; so any number of processes works, and no broker is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy import Select, func, select
from sqlalchemy.exc import SQLAlchemyError

from outreach.audience.tables import Intake
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, arrive
from outreach.messages.tables import Message, Tally
from outreach.privacy.tables import Alert, AuditLine
from outreach.threads.tables import ThreadEvent
from outreach.workspace import Workspace

LOOK = 1.0  # seconds between two looks
BEAT = 15.0  # seconds between two signs of life
ASK_AGAIN = 60.0  # seconds between two looks whether the session still stands

pages = Pages()

#: What may be listened to: who may, and a query whose row differs when something has changed. Each must be answered
#: from an index: it runs every second.
PULSES: Mapping[str, tuple[Act, Callable[[], Select[*tuple[object, ...]]]]] = {
    "threads": (
        Act.SEE_THREADS,
        lambda: select(
            select(func.max(Message.id)).where(Message.thread_id.is_not(None)).scalar_subquery(),
            select(func.max(ThreadEvent.id)).scalar_subquery(),
        ),
    ),
    "runs": (
        Act.SEE_CAMPAIGNS,
        lambda: select(
            select(func.max(Tally.id)).scalar_subquery(),
            select(func.max(AuditLine.id)).scalar_subquery(),
        ),
    ),
    "imports": (Act.IMPORT_PEOPLE, lambda: select(func.max(Intake.changed_at))),
    "alerts": (Act.SEE_ALERTS, lambda: select(func.max(Alert.id))),
    "record": (Act.BE_THERE, lambda: select(func.max(AuditLine.id))),
}


class Hub:
    """The looks of one process. `versions`: by pulse, a number that grows when it changed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._last: dict[str, object] = {}
        self.versions: dict[str, int] = dict.fromkeys(PULSES, 0)
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Look at the database as long as somebody listens."""
        self._listeners += 1
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())
        try:
            yield
        finally:
            self._listeners -= 1

    async def _look(self) -> None:
        while self._listeners:
            with contextlib.suppress(SQLAlchemyError):  # the database is away: look again
                await run_in_threadpool(self._compare)
            await asyncio.sleep(LOOK)

    def _compare(self) -> None:
        with self._workspace.database.read() as session:
            for name, (_, query) in PULSES.items():
                found = tuple(session.execute(query()).one())
                if found != self._last.get(name, found):
                    self.versions[name] += 1
                self._last[name] = found


@pages.page("/live", Act.BE_THERE)
async def live(visit: Here, request: Request, of: str = "") -> StreamingResponse:
    """The stream. It ends when the session does."""
    names = [name for name in dict.fromkeys(of.split()) if name in PULSES and visit.may(PULSES[name][0])]
    hub: Hub = request.app.state.hub
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    return StreamingResponse(_events(request, hub, names), media_type="text/event-stream", headers=headers)


async def _events(request: Request, hub: Hub, names: list[str]) -> AsyncIterator[str]:
    yield "retry: 3000\n\n"
    with hub.listening():
        seen = {name: hub.versions[name] for name in names}
        quiet = since_asked = 0.0
        while True:
            await asyncio.sleep(LOOK / 2)
            quiet, since_asked = quiet + LOOK / 2, since_asked + LOOK / 2
            for name in names:
                if hub.versions[name] != seen[name]:
                    seen[name], quiet = hub.versions[name], 0.0
                    yield f"event: {name}\ndata: {seen[name]}\n\n"
            if quiet >= BEAT:
                quiet = 0.0
                yield ": here\n\n"
            if since_asked >= ASK_AGAIN:
                since_asked = 0.0
                again = await run_in_threadpool(arrive, request.app.state.desk, request)
                if again.member is None:
                    yield "event: ended\ndata: 0\n\n"
                    return
