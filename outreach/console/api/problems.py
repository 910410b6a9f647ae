"""Refusals as problems (RFC 9457). None quotes what was sent: it may hold a number."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from outreach import log
from outreach.errors import ConflictError, DefinitionError, NotFoundError, SettingError, SheetError
from outreach.threads.hands import RefusedError

logger = log.get("console")

KIND = "application/problem+json"


class FieldFault(BaseModel):
    """One field that was not understood."""

    where: str = Field(description="The place in the request, such as `body.people.3.phone`.")
    what: str


class Problem(BaseModel):
    """Why something was not done."""

    type: str = Field(description="The kind of problem, for programs: `urn:outreach:problem:conflict`.")
    title: str
    status: int
    detail: str = Field("", description="What to do, for people.")
    faults: list[FieldFault] = Field([], description="What was not understood, one by one.")


class ProblemError(Exception):
    """A refusal by the API itself."""

    def __init__(self, status: int, kind: str, detail: str, **headers: str) -> None:
        self.status, self.kind, self.detail = status, kind, detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(kind)


def answer(
    status: int,
    kind: str,
    detail: str = "",
    *,
    faults: list[FieldFault] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem as an answer."""
    made = Problem(
        type=f"urn:outreach:problem:{kind}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        faults=faults or [],
    )
    return JSONResponse(made.model_dump(exclude_defaults=True), status, headers, media_type=KIND)


_ABSENT = "There is nothing here, or nothing that this token may see."

_KINDS = {404: "not-found", 405: "method-not-allowed", 400: "unreadable"}


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (what it is registered for)
    detail = _ABSENT if error.status_code == 404 else ""
    return answer(
        error.status_code, _KINDS.get(error.status_code, "refused"), detail, headers=dict(error.headers or {})
    )


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101
    return answer(error.status, error.kind, error.detail, headers=error.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    """Where and what, never the value itself."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = [FieldFault(where=_where(each["loc"]), what=str(each["type"])) for each in error.errors()]
    return answer(422, "not-understood", "See which fields, and the OpenAPI document.", faults=faults[:20])


def _where(place: tuple[Any, ...]) -> str:
    """Names of fields that are ours, and numbers of rows; a name that the caller made up may hold anything."""
    return ".".join(str(part) if isinstance(part, int) or _is_plain(part) else "…" for part in place[:6])


def _is_plain(part: Any) -> bool:
    return isinstance(part, str) and len(part) <= 40 and part.replace("_", "").replace("-", "").isalpha()


async def _absent(_: Request, __: Exception) -> Response:
    return answer(404, "not-found", _ABSENT)


async def _conflict(_: Request, error: Exception) -> Response:
    kind = f"thread-{error.why.replace('_', '-')}" if isinstance(error, RefusedError) else "conflict"
    return answer(409, kind, str(error))


async def _faulty(_: Request, error: Exception) -> Response:
    assert isinstance(error, DefinitionError)  # noqa: S101
    faults = [FieldFault(where=f"{each.path}:{each.line}", what=each.problem) for each in error.faults]
    return answer(409, "campaign-has-faults", "Mend the campaign's files first: outreach check", faults=faults[:20])


async def _sheet(_: Request, error: Exception) -> Response:
    return answer(422, "rows-not-understood", str(error))


async def _setting(_: Request, __: Exception) -> Response:
    return answer(503, "not-set-up", "The clinic is not set up for this. Tell its admin: outreach doctor")


async def _away(_: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)  # noqa: S101
    logger.error("database error", error=type(error.orig).__name__)
    return answer(503, "database-away", "Ask again in a moment.", headers={"Retry-After": "5"})


async def _broken(_: Request, error: Exception) -> Response:
    logger.error("api failed", exc_info=error)
    return answer(500, "our-mistake", "This is our mistake, and it is in the log.")


def install(app: FastAPI) -> None:
    """Answer every refusal with a problem."""
    for kind, told in {
        HTTPException: _http,
        ProblemError: _ours,
        RequestValidationError: _invalid,
        NotFoundError: _absent,
        ConflictError: _conflict,
        DefinitionError: _faulty,
        SheetError: _sheet,
        SettingError: _setting,
        DBAPIError: _away,
        Exception: _broken,
    }.items():
        app.add_exception_handler(kind, told)
