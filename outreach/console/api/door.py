"""The door of the API: a capped body, a good token, its scope, and each write once; all before a route is reached."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection

from outreach.console import policy
from outreach.console.api import problems
from outreach.console.api.problems import KIND, ProblemError
from outreach.console.desk import Desk
from outreach.console.policy import Act
from outreach.staff import again, tokens, tries
from outreach.staff.again import Turn, Write
from outreach.staff.tokens import USED_EVERY, Bearer
from outreach.store import dialects
from outreach.workspace import Workspace

CAP = 1 << 20  # bytes of a request's body
_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="`outreach tokens make` gives one.")

#: What every route may answer, for the OpenAPI document.
_PROBLEM = {"content": {KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_ANY = {
    401: {"description": "The token is missing, unknown, over or taken back.", **_PROBLEM},
    403: {"description": "The token lacks the scope.", **_PROBLEM},
    421: {"description": "The clinic was called by another name than its own.", **_PROBLEM},
    422: {"description": "The request was not understood.", **_PROBLEM},
    429: {"description": "Too many wrong tokens came from here.", **_PROBLEM},
    503: {"description": "The database or a part of the set-up is away.", **_PROBLEM},
}
ABSENT = {404: {"description": "Absent, or not to be seen.", **_PROBLEM}}
REFUSED = {409: {"description": "It cannot be done in the present state.", **_PROBLEM}}
_WRITE = {
    400: {"description": "The body cannot be read as text.", **_PROBLEM},
    413: {"description": f"The body is longer than {CAP} bytes.", **_PROBLEM},
    **REFUSED,
}


@dataclass(frozen=True, slots=True)
class Call:
    """What a route knows of its request."""

    desk: Desk
    bearer: Bearer
    now: datetime
    request: Request = field(repr=False)

    @property
    def workspace(self) -> Workspace:
        """The clinic."""
        return self.desk.workspace

    @property
    def by(self) -> str:
        """What goes into every `by`."""
        return self.bearer.by

    def may(self, act: Act) -> bool:
        """Whether this token may; see `policy.may`."""
        return policy.may(self.bearer, act)


async def _current(request: Request) -> Call:
    call: Call = request.state.call
    return call


#: What a route takes: `def people(call: Here) -> People`.
Here = Annotated[Call, Depends(_current)]

_Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9._-]+$",
        description="Of your own choice, new for each write. The same key and request again gives the same answer.",
    ),
]


async def _keyed(_: _Key) -> None:
    """Every write has a key; it is used in `_Route`, and asked for here so that the document says so."""


class _Needs:
    """What a route lets do. It is looked at before the request is read; see `_Route`."""

    def __init__(self, act: Act) -> None:
        self.act = act

    def __call__(self) -> None:
        """Nothing more: whoever comes here was let in."""


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class _Route(APIRoute):
    """Lets a request through to its route, or not; and a write only once."""

    @property
    def act(self) -> Act:
        """What is done here."""
        return next(each.dependency.act for each in self.dependencies if isinstance(each.dependency, _Needs))

    def get_route_handler(self) -> Handler:
        """The route's handler, behind the door."""
        inside, act = super().get_route_handler(), self.act

        async def through(request: Request) -> Response:
            call = await run_in_threadpool(_admit, request, act)
            request.state.call = call
            return await (inside(request) if request.method == "GET" else _once(call, inside))

        return through


class Api(APIRouter):
    """The routes of one noun; each declares what is done there."""

    def __init__(self, noun: str) -> None:
        super().__init__(route_class=_Route, tags=[noun])

    def shows(self, path: str, act: Act, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A GET: shows something."""
        return self._declared(path, act, "GET", _ANY, [], more)

    def does(self, path: str, act: Act, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A POST: changes something, once for each Idempotency-Key."""
        return self._declared(path, act, "POST", {**_ANY, **_WRITE}, [Depends(_keyed)], more)

    def _declared(
        self, path: str, act: Act, method: str, told: dict[Any, Any], first: list[Any], more: dict[str, Any]
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        guarded = [Depends(_Needs(act)), Security(_BEARER, scopes=[policy.scope_of(act)]), *first]
        more["responses"] = {**told, **more.get("responses", {})}
        return self.api_route(path, methods=[method], dependencies=guarded, **more)


# --- who it is -------------------------------------------------------------------------------------------------------


def _admit(request: Request, act: Act) -> Call:
    """Who calls, if they may. Raises ProblemError."""
    desk: Desk = request.app.state.desk
    if not desk.place.knows(request):
        raise ProblemError(421, "other-host", "Call the clinic by its public URL.")
    token = _shown(request)
    with desk.workspace.database.read() as session:
        now = dialects.now(session)
        bearer = tokens.find(session, token, now) if token else None
    if bearer is None:
        raise _refused(desk.workspace, request, now, given=bool(token))
    if bearer.used_at is None or now - bearer.used_at > USED_EVERY:
        with desk.workspace.database.write() as session:
            tokens.used(session, bearer.id, now)
    if not policy.may(bearer, act):
        scope = policy.scope_of(act)
        raise ProblemError(
            403,
            "scope",
            f"This needs a token with the scope {scope}.",
            WWW_Authenticate=f'Bearer error="insufficient_scope", scope="{scope}"',
        )
    return Call(desk, bearer, now, request)


def _shown(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _refused(workspace: Workspace, request: Request, now: datetime, *, given: bool) -> ProblemError:
    """Of wrong tokens only so many are listened to; whoever shows none is told how."""
    if given:
        place = request.client.host if request.client else ""
        with workspace.database.write() as session:
            if not tries.count(session, workspace.vault, {"token": place}, now):
                wait = str(int(tries.STRETCH.total_seconds()))
                raise ProblemError(429, "too-many-tries", "Too many wrong tokens came from here.", Retry_After=wait)
    return ProblemError(
        401, "token", "Show a token: Authorization: Bearer outreach_…", WWW_Authenticate='Bearer realm="outreach"'
    )


# --- each write once -------------------------------------------------------------------------------------------------


async def _once(call: Call, inside: Handler) -> Response:
    request, workspace = call.request, call.workspace
    key = request.headers.get("idempotency-key", "")
    if not key:
        return await inside(request)  # which refuses it
    body = await request.body()
    asked = f"{request.method} {request.url.path} {body.decode('latin-1')}"
    write = Write(call.bearer.id, key, asked)
    known = await run_in_threadpool(_begin, workspace, write, call.now)
    match known.turn:
        case Turn.REPLAY:
            headers = {"Idempotent-Replayed": "true"}
            return Response(known.body, known.status, headers, media_type="application/json")
        case Turn.OTHER:
            raise ProblemError(
                422, "key-reused", "This Idempotency-Key was used for another request. Choose a new one."
            )
        case Turn.BUSY:
            detail = "The same request is at work. Ask again in a moment."
            raise ProblemError(409, "still-at-work", detail, Retry_After="5")
    try:
        made = await inside(request)
    except BaseException:
        await run_in_threadpool(_give_up, workspace, write)
        raise
    await run_in_threadpool(_done, workspace, write, made)
    return made


def _begin(workspace: Workspace, write: Write, now: datetime) -> again.Known:
    with workspace.database.write() as session:
        return again.begin(session, workspace.vault, write, now)


def _give_up(workspace: Workspace, write: Write) -> None:
    with workspace.database.write() as session:
        again.give_up(session, workspace.vault, write)


def _done(workspace: Workspace, write: Write, made: Response) -> None:
    with workspace.database.write() as session:
        again.done(session, workspace.vault, write, made.status_code, bytes(made.body).decode())


# --- the body --------------------------------------------------------------------------------------------------------


class Capped:
    """Takes in a request's body up to `CAP` bytes, and no more of it than that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Pass the request on with its whole body, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        chunks, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            chunks.append(message.get("body", b""))
            size, more = size + len(chunks[-1]), message.get("more_body", False)
            if size > CAP:
                told = problems.answer(413, "too-long", f"A body has at most {CAP} bytes: send fewer rows at once.")
                await told(scope, receive, send)
                return
        whole: list[Message] = [{"type": "http.request", "body": b"".join(chunks), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)
