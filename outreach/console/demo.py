"""The demo's page: phones, report and conversations side by side. Only the demo adds it: nobody signs in.

So it answers this machine's own browser and no other: another name in Host is another site that was made to point here,
and a form must come from the page itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as Folder
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader

from outreach import parts
from outreach.console import demo_facts
from outreach.errors import ConflictError, NotFoundError
from outreach.reports.figures import figures
from outreach.threads import inbox
from outreach.threads.inbox import MOST_CHARACTERS, Conversation
from outreach.threads.tables import Outcome
from outreach.workspace import Workspace

HOSTS = frozenset({"127.0.0.1", "localhost"})
CAP = 16 * 1024  # bytes of a form: 1600 characters, each percent-encoded
SHOWN = 8  # conversations listed at first
MOST_SHOWN = 100

_PAGES = Environment(
    loader=PackageLoader("outreach.console", "pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


def page(app: FastAPI, workspace: Workspace, carrier: str, run_id: int) -> None:
    """Add the page to the web application. `carrier`: the simulator's URL, whose handsets are shown in a frame."""
    app.include_router(_routes(_Page(workspace, carrier, run_id)))
    app.mount("/static", StaticFiles(directory=Folder(__file__).with_name("static")), name="static")


def _from_here(request: Request) -> None:
    """Refuse what a page of another site may have sent."""
    host = request.headers.get("host", "")
    if host.partition(":")[0] not in HOSTS:
        raise HTTPException(403, "The demo is seen on this machine only: open it at http://127.0.0.1 and its port.")
    if request.method != "POST":
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if (site != "same-origin") if site else (origin != f"http://{host}"):
        raise HTTPException(403, "This form was sent from another site.")


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > CAP:
            raise HTTPException(413, "The form is too long.")
    return dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))


Form = Annotated[dict[str, str], Depends(_form)]
ThreadId = Annotated[int, Path(ge=1, lt=2**63)]


def _routes(shown: _Page) -> APIRouter:
    """Endpoints are plain functions, so that the database is waited for on a thread of the pool."""
    router = APIRouter(prefix="/demo", dependencies=[Depends(_from_here)])

    @router.get("")
    def front(show: int = SHOWN) -> Response:
        """Everything."""
        return shown.answer(show=show)

    @router.get("/threads/{thread_id}")
    def thread(thread_id: ThreadId) -> Response:
        """Everything, with one conversation open."""
        return shown.answer(thread_id)

    @router.post("/threads/{thread_id}/reply")
    def reply(thread_id: ThreadId, form: Form) -> Response:
        """A helper answers."""
        text, seen = form.get("text", ""), form.get("seen", "")
        try:
            inbox.reply(shown.workspace, thread_id, text, seen=int(seen) if seen.isdecimal() else None)
        except (ConflictError, NotFoundError) as error:
            return shown.answer(thread_id, note=str(error), draft=text)
        return _back(thread_id)

    @router.post("/threads/{thread_id}/close")
    def close(thread_id: ThreadId) -> Response:
        """A helper is done."""
        try:
            inbox.close(shown.workspace, thread_id, Outcome.ANSWERED)
        except (ConflictError, NotFoundError) as error:
            return shown.answer(thread_id, note=str(error))
        return _back(thread_id)

    @router.post("/parts")
    def count(form: Form) -> Response:
        """What a text comes to; it travels in the body, because addresses are written down in many places."""
        return PlainTextResponse(cost(form.get("text", "")), headers={"Cache-Control": "no-store"})

    return router


def cost(text: str) -> str:
    """What a text comes to, for people: `34 characters · 1 part`; nothing of nothing."""
    words = parts.normalise(text.strip())
    if not words:
        return ""
    if len(words) > MOST_CHARACTERS:
        return f"{len(words)} characters: {MOST_CHARACTERS} is the most"
    found = parts.count(words)
    plural = "part" if found.parts == 1 else "parts"
    return f"{len(words)} characters · {found.parts} {plural} ({found.encoding})"


def _back(thread_id: int) -> Response:
    return RedirectResponse(f"/demo/threads/{thread_id}#conversations", status_code=303)


@dataclass(frozen=True, slots=True)
class _Page:
    """One demo, and how it is drawn."""

    workspace: Workspace
    carrier: str
    run_id: int

    def answer(self, thread_id: int | None = None, *, show: int = SHOWN, note: str = "", draft: str = "") -> Response:
        """The whole page, with a conversation open or all of them listed; with a `note` it was not done (409)."""
        status = 409 if note else 200
        conversation: Conversation | None = None
        if thread_id is not None:
            try:
                conversation = inbox.show(self.workspace, thread_id)
            except NotFoundError:
                status, note = 404, "There is no such conversation."
        with self.workspace.database.read() as session:
            found = figures(session, self.run_id)
            launch = demo_facts.launched(session, self.run_id)
        html = _PAGES.get_template("demo.html").render(
            facts=demo_facts,
            cost=cost,
            settings=self.workspace.settings,
            carrier=self.carrier,
            launch=launch,
            figures=found,
            open=conversation,
            desk=None if conversation else demo_facts.desk(self.workspace, max(1, min(MOST_SHOWN, show))),
            show=show,
            step=SHOWN,
            most=MOST_CHARACTERS,
            note=note,
            draft=draft,
        )
        return HTMLResponse(html, status, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {
            "Content-Security-Policy": f"default-src 'self'; frame-src {self.carrier}; frame-ancestors 'none'; "
            "form-action 'self'; base-uri 'none'; object-src 'none'",
            "Cache-Control": "no-store",
            # Not no-referrer: with it a browser hides the Origin of a form.
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
