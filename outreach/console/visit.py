"""One request by one member of staff: who it is, what they may do, in which language, and how to answer.

A page is a function that takes a `Here` and gives a Response; `Pages` is the router that lets none in without an `Act`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from outreach.console import forms, guard, policy, words
from outreach.console.desk import Desk
from outreach.console.forms import Keeper, Sent
from outreach.console.policy import Act
from outreach.console.words import Words
from outreach.staff import accounts, sessions
from outreach.staff.accounts import Member
from outreach.staff.sessions import Signed, Way
from outreach.store import dialects
from outreach.workspace import Workspace

_SAID = "said"  # the cookie with what the next page tells


@dataclass(slots=True)
class Visit:
    """What a page knows of its request. `form`: of a POST, each field once; `fields` all of them."""

    desk: Desk
    request: Request
    token: str = field(repr=False)
    signed: Signed | None
    now: datetime
    words: Words
    form: dict[str, str] = field(default_factory=dict, repr=False)
    fields: list[tuple[str, str]] = field(default_factory=list, repr=False)
    upload: Keeper | None = None
    mask: str = field(default="", repr=False)

    @property
    def workspace(self) -> Workspace:
        """The clinic."""
        return self.desk.workspace

    @property
    def member(self) -> Member | None:
        """Who it is; None while nobody is signed in."""
        return self.signed.member if self.signed is not None and self.signed.whole else None

    @property
    def by(self) -> str:
        """The staff name that goes into every `by`."""
        if self.member is None:
            raise HTTPException(404)
        return self.member.name

    @property
    def part(self) -> bool:
        """Whether only a part of the page is asked for, by htmx."""
        return self.request.headers.get("hx-request") == "true" and "hx-boosted" not in self.request.headers

    @property
    def before(self) -> int | None:
        """The id behind which a list goes on, as the address has it."""
        given = self.request.query_params.get("before", "")
        return int(given) if given.isdecimal() and len(given) < 19 else None

    def names(self) -> dict[str, str]:
        """How each of staff is called, by staff name."""
        with self.workspace.database.read() as session:
            return accounts.names(session)

    def may(self, act: Act, owner: str | None = None) -> bool:
        """Whether this member may; see `policy.may`."""
        return policy.may(self.member, act, owner)

    def need(self, act: Act, owner: str | None = None) -> None:
        """Go on only if this member may. What may not be seen looks as if it were not there."""
        if not self.may(act, owner):
            raise HTTPException(404)

    def show(self, page: str, status: int = 200, **facts: Any) -> Response:
        """A page, or a part of one, from `pages/`."""
        said = _unpacked(self.token, self.request.cookies.get(_SAID, ""))
        html = self.desk.render(self.words, page, {"visit": self, "said": said, **facts})
        answer = HTMLResponse(html, status)
        if said and not self.part:
            answer.delete_cookie(_SAID)
        return answer

    def go(self, path: str, said: str = "", tone: str = "good") -> Response:
        """On to another page after something was done; `said` is told there (no personal data)."""
        answer: Response = RedirectResponse(path, 303)
        if self.part:  # htmx would follow the redirect and put the page into the part
            answer = Response(status_code=204, headers={"HX-Redirect": path})
        if said:
            answer.set_cookie(
                _SAID,
                _packed(self.token, tone, said),
                60,
                httponly=True,
                samesite="lax",  # it is told after coming back from elsewhere, too
                secure=self.desk.place.secure,
            )
        return answer

    def csrf(self) -> str:
        """The token that a form of this page brings back."""
        self.mask = self.mask or guard.masked(self.token)
        return self.mask


async def _current(request: Request) -> Visit:
    visit: Visit = request.state.visit
    return visit


#: What a page takes: `def inbox(visit: Here) -> Response`.
Here = Annotated[Visit, Depends(_current)]


@dataclass(frozen=True, slots=True)
class Upload:
    """How a form's file is kept: at most so many bytes, by what `keeper` makes for whoever sends it."""

    most: int
    keeper: Callable[[Visit], Keeper]


class Pages(APIRouter):
    """A router whose every route declares its action."""

    def page(self, path: str, act: Act, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A GET: shows something."""
        return self._declared(path, act, "GET", more)

    def deed(
        self, path: str, act: Act, upload: Upload | None = None, **more: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A POST: changes something. The form must have been sent by one of our pages, with its token.

        `upload`: how a file that comes with it is kept (`visit.upload`); without it, none may come.
        """
        return self._declared(path, act, "POST", more, upload)

    def _declared(
        self, path: str, act: Act, method: str, more: dict[str, Any], upload: Upload | None = None
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        guarded = [Depends(_Guard(act, upload)), *more.pop("dependencies", [])]
        return self.api_route(path, methods=[method], dependencies=guarded, response_model=None, **more)


class _Guard:
    """Lets a request through to its page, or not."""

    def __init__(self, act: Act, upload: Upload | None = None) -> None:
        self.act, self.upload = act, upload

    async def __call__(self, request: Request) -> None:
        """Raise HTTPException, or leave the Visit where the page finds it."""
        desk: Desk = request.app.state.desk
        if not desk.place.knows(request):
            raise HTTPException(421)
        sent = Sent([], None)
        if request.method == "POST":
            if not desk.place.sent(request):
                raise HTTPException(403)
            sent = await self._read(desk, request)
        visit = await run_in_threadpool(arrive, desk, request)
        visit.fields, visit.form, visit.upload = sent.fields, dict(sent.fields), sent.upload
        request.state.visit = visit
        try:
            self._check(visit)
            self._admit(visit)
        except HTTPException:
            if sent.upload is not None:
                await run_in_threadpool(sent.upload.drop)
            raise

    @staticmethod
    def _check(visit: Visit) -> None:
        """A form of ours has our token in it."""
        if visit.signed is not None and visit.request.method == "POST":
            given = visit.request.headers.get("x-csrf") or visit.form.get("csrf", "")
            if not guard.fits(visit.token, given):
                raise HTTPException(403)

    async def _read(self, desk: Desk, request: Request) -> Sent:
        """The form. Of a file nothing is taken before it is known who sends it and that they may."""
        if self.upload is None:
            return await forms.read(request)
        visit, upload = await run_in_threadpool(arrive, desk, request), self.upload
        self._admit(visit)
        return await forms.read(request, upload.most, lambda: upload.keeper(visit))

    def _admit(self, visit: Visit) -> None:
        member = visit.member
        if member is None and self.act != Act.ENTER:
            raise HTTPException(303, headers={"Location": f"/sign-in?next={quote(_here(visit.request))}"})
        if not policy.may(member, self.act):
            raise HTTPException(404)
        path = visit.request.url.path
        way = visit.signed.way if visit.signed is not None else Way.LINK
        must = member is not None and visit.desk.must_choose(member, way)
        if must and not path.startswith(("/me", "/sign-", "/live")):
            raise HTTPException(303, headers={"Location": "/me/password"})


def _here(request: Request) -> str:
    """Where to come back to after signing in: never a form's target, never another site."""
    if request.method != "GET" or request.headers.get("hx-request"):
        return urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer", "/")).path or "/"
    return request.url.path


def arrive(desk: Desk, request: Request) -> Visit:
    """Who this is. Raises nothing: nobody is a Visit too."""
    token = request.cookies.get(desk.place.cookie, "")
    signed = None
    with desk.workspace.database.read() as session:
        now = dialects.now(session)
        if token:
            signed = sessions.find(session, token, now, desk.limits)
    if signed is not None and signed.stale:
        with desk.workspace.database.write() as session:
            sessions.seen(session, token, now)
    chosen = signed.member.language if signed is not None and signed.member is not None else ""
    if signed is None or signed.member is None:
        chosen = request.cookies.get("language", "")
    language = words.choose(chosen, request.headers.get("accept-language", ""), desk.workspace.settings.language)
    return Visit(desk, request, token if signed else "", signed, now, desk.words(language))


def _packed(token: str, tone: str, text: str) -> str:
    plain = base64.urlsafe_b64encode(json.dumps([tone, text]).encode()).decode()
    return f"{plain}.{_seal(token, plain)}"


def _unpacked(token: str, packed: str) -> tuple[str, str] | None:
    plain, _, seal = packed.partition(".")
    if not packed or not hmac.compare_digest(seal.encode(), _seal(token, plain).encode()):
        return None
    tone, text = json.loads(base64.urlsafe_b64decode(plain))
    return str(tone), str(text)


def _seal(token: str, plain: str) -> str:
    return hmac.new(token.encode(), plain.encode(), hashlib.sha256).hexdigest()[:32]
