"""The handsets in a browser. Plain forms do everything; the script only makes the page live."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader

from outreach.errors import ConflictError
from outreach.simulator.carrier import Carrier
from outreach.simulator.control import found
from outreach.simulator.handsets import Handset, Power
from outreach.simulator.messages import Direction, Kind, Message

router = APIRouter()

#: Texts shown on a phone, and the most phones on one page.
LAST_TEXTS = 8
MOST_PHONES = 60
#: What a lock screen shows of a text.
PREVIEW = 40

_ENVIRONMENT = Environment(
    loader=PackageLoader("outreach.simulator", "pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_TEXTS = (
    "WHERE handset = ? AND (direction = ? OR status = 'delivered') "
    "ORDER BY coalesce(nullif(updated_at, 0), taken_at) DESC, id DESC LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Bubble:
    """One text as the phone shows it."""

    ours: bool  # from the clinic
    push: bool
    title: str
    body: str
    time: str
    cost: str  # encoding and parts


@dataclass(frozen=True, slots=True)
class Phone:
    """One handset on the page."""

    handset: Handset
    label: str
    state: str
    waiting: int
    bubbles: list[Bubble]

    @property
    def last(self) -> Bubble | None:
        """What the lock screen shows: the last text from the clinic."""
        return next((bubble for bubble in reversed(self.bubbles) if bubble.ours), None)

    @property
    def preview(self) -> str:
        last = self.last
        if last is None:
            return ""
        return last.body if len(last.body) <= PREVIEW else last.body[:PREVIEW].rstrip() + "…"


@router.get("/", response_class=HTMLResponse)
async def handsets(request: Request, bare: bool = False, show: int = 0, note: str = "", at: str = "") -> Response:
    """The page. `bare` leaves out its header, `show` is how many phones."""
    carrier = _carrier(request)
    count = max(1, min(MOST_PHONES, show or carrier.options.featured))
    html = _ENVIRONMENT.get_template("handsets.html").render(
        phones=await _phones(carrier, count),
        total=len(carrier.book),
        more=min(MOST_PHONES, count + 12) if len(carrier.book) > count and count < MOST_PHONES else 0,
        bare=bare,
        show=count,
        note=_NOTES.get(note, ""),
        note_at=at,
        version=carrier.version,
        figures=carrier.figures(),
    )
    return HTMLResponse(html, headers=_HEADERS)


@router.get("/version")
async def version(request: Request) -> dict[str, str]:
    """Changes whenever the page would look different. Polled by the page."""
    return {"version": str(_carrier(request).version)}


@router.post("/phones/{handset_id}/texts")
async def write(request: Request, handset_id: str) -> Response:
    """Somebody typed an answer."""
    form = await _form(request)
    carrier = _carrier(request)
    text = form.get("text", "").strip()[:1600]
    note = ""
    if text:
        try:
            await carrier.say(found(carrier, handset_id), text)
        except ConflictError:
            note = "cannot-write"
    return _back(form, handset_id, note)


@router.post("/phones/{handset_id}/switch")
async def switch(request: Request, handset_id: str) -> Response:
    """Somebody switched the phone, walked out of coverage, or blocked us."""
    form = await _form(request)
    carrier = _carrier(request)
    handset = found(carrier, handset_id)
    if "blocked" in form:
        handset.blocked = form["blocked"] == "yes"
        carrier.changed(handset)
    elif form.get("power") in set(Power):
        carrier.switch(handset, Power(form["power"]))
    await carrier.journal.kept()
    return _back(form, handset_id, "")


_NOTES = {"cannot-write": "This phone cannot send: it is off, out of coverage, or has no number."}
_HEADERS = {
    # No frame-ancestors: the clinic's demonstration shows this page in a frame, from another port.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def _phones(carrier: Carrier, count: int) -> list[Phone]:
    """Featured handsets first, then the first ones that were written to: an order that never jumps."""
    featured = [handset for handset in carrier.book if handset.featured]
    others = (handset for handset in carrier.book if not handset.featured)
    chosen = list(islice(_chain(featured, others), count))
    return [await _phone(carrier, handset, position) for position, handset in enumerate(chosen, start=1)]


def _chain(featured: Iterable[Handset], others: Iterable[Handset]) -> Iterable[Handset]:
    yield from featured
    yield from others


async def _phone(carrier: Carrier, handset: Handset, position: int) -> Phone:
    texts = await carrier.journal.messages(_TEXTS, handset.id, Direction.IN, LAST_TEXTS)
    return Phone(
        handset=handset,
        label=handset.name or f"Phone {position}",
        state=_state(handset),
        waiting=carrier.network.waiting(handset),
        bubbles=[_bubble(text) for text in reversed(texts)],
    )


def _state(handset: Handset) -> str:
    if handset.power is not Power.ON:
        return {Power.OFF: "Switched off", Power.OUT_OF_COVERAGE: "Out of coverage"}[handset.power]
    return "Blocks the clinic" if handset.blocked else "In the network"


def _bubble(message: Message) -> Bubble:
    push = message.kind is Kind.PUSH
    parts = f"{message.parts} part{'s' if message.parts != 1 else ''}"
    return Bubble(
        ours=message.direction is Direction.OUT,
        push=push,
        title=message.title,
        body=message.body,
        time=f"{datetime.fromtimestamp(message.updated_at, UTC).astimezone():%H:%M}",
        cost="push" if push else f"{message.encoding} · {parts}",
    )


async def _form(request: Request) -> dict[str, str]:
    # Another site's page must not be able to write for a handset.
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise HTTPException(403, "This form was sent from another site.")
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _back(form: dict[str, str], handset_id: str, note: str) -> RedirectResponse:
    query = {name: form[name] for name in ("bare", "show") if form.get(name, "").isdigit()}
    query |= {"note": note, "at": handset_id} if note else {}
    # Relative, so that the page also works below a prefix.
    return RedirectResponse(f"../../?{urlencode(query)}#phone-{handset_id}", status_code=303)


def _carrier(request: Request) -> Carrier:
    carrier: Carrier = request.app.state.carrier
    return carrier
