"""Firebase Cloud Messaging HTTP v1 and the OAuth token endpoint, as `firebase-admin` calls them.

Error bodies are google.rpc.Status with the details that FCM adds (its discovery document, `FcmError`).
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from outreach.simulator.carrier import Carrier, Order
from outreach.simulator.messages import Kind
from outreach.simulator.options import Script
from outreach.simulator.weather import Mishap, carry

router = APIRouter()

LARGEST_PAYLOAD = 4096
LONGEST_LIFE = 28 * 24 * 3600
TOKEN_LIFE = 3600
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class FcmError(StrEnum):
    """FCM's own error codes."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    THIRD_PARTY_AUTH_ERROR = "THIRD_PARTY_AUTH_ERROR"
    SENDER_ID_MISMATCH = "SENDER_ID_MISMATCH"
    UNREGISTERED = "UNREGISTERED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    UNAVAILABLE = "UNAVAILABLE"


#: HTTP status, google.rpc status, sentence.
_FAULTS: dict[FcmError, tuple[int, str, str]] = {
    FcmError.INVALID_ARGUMENT: (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    FcmError.THIRD_PARTY_AUTH_ERROR: (401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    FcmError.SENDER_ID_MISMATCH: (403, "PERMISSION_DENIED", "SenderId mismatch"),
    FcmError.UNREGISTERED: (404, "NOT_FOUND", "Requested entity was not found."),
    FcmError.QUOTA_EXCEEDED: (429, "RESOURCE_EXHAUSTED", "Quota exceeded."),
    FcmError.UNAVAILABLE: (503, "UNAVAILABLE", "The service is currently unavailable."),
}


#: Tokens that start so always fail in one way, as Twilio's magic numbers do.
MAGIC = {
    "foreign:": FcmError.SENDER_ID_MISMATCH,
    "malformed:": FcmError.INVALID_ARGUMENT,
    "no-apns:": FcmError.THIRD_PARTY_AUTH_ERROR,
}


class Grants:
    """Access tokens given out by this process. A restart forgets them, and the library fetches another on 401."""

    def __init__(self) -> None:
        self._good_until: dict[str, float] = {}

    def give(self) -> str:
        token = secrets.token_urlsafe(24)
        now = time.monotonic()
        self._good_until = {known: end for known, end in self._good_until.items() if end > now}
        self._good_until[token] = now + TOKEN_LIFE
        return token

    def good(self, token: str) -> bool:
        return self._good_until.get(token, 0) > time.monotonic()


@router.post("/token")
async def grant(request: Request) -> Response:
    """Give an access token for a signed assertion (RFC 7523). Who signed it is not looked at: any account may test."""
    form = dict(parse_qsl((await request.body()).decode()))
    if form.get("grant_type") != _GRANT or form.get("assertion", "").count(".") != 2:
        return JSONResponse({"error": "invalid_grant", "error_description": "Invalid JWT."}, status_code=400)
    grants: Grants = request.app.state.grants
    return JSONResponse({"access_token": grants.give(), "expires_in": TOKEN_LIFE, "token_type": "Bearer"})


@router.post("/v1/projects/{project}/messages:send")
async def send(request: Request, project: str) -> Response:
    """Take a push."""
    carrier: Carrier = request.app.state.carrier
    call = _read(await request.body())
    message = call.get("message")
    message = message if isinstance(message, dict) else {}
    data = message.get("data")
    data = data if isinstance(data, dict) else {}
    ours = str(data.get("message", ""))

    async def work(mishap: Mishap | None) -> Response:
        answer = _refusal(request, carrier, project, message)
        if answer is not None:
            carrier.refuse(Kind.PUSH, ours, answer.status_code)
            return answer
        if call.get("validate_only"):
            return JSONResponse({"name": f"projects/{project}/messages/fake_message_id"})
        taken = await carrier.take(_order(message, data, ours), mishap)
        return JSONResponse({"name": f"projects/{project}/messages/0:{taken.sid[2:]}"})

    return await carry(
        request,
        carrier.sky,
        work=work,
        missed=lambda mishap: carrier.missed(Kind.PUSH, ours, mishap),
        trouble=lambda mishap: _trouble(mishap, carrier),
    )


def fault(error: FcmError, *, field: str = "", problem: str = "", retry_after: int | None = None) -> JSONResponse:
    """Google's error body. `field` and `problem` name what is wrong with an argument."""
    status, name, sentence = _FAULTS[error]
    details: list[dict[str, Any]] = [
        {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": error}
    ]
    if field:
        violation = {"field": field, "description": problem}
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]})
    body = {"error": {"code": status, "message": problem or sentence, "status": name, "details": details}}
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse(body, status_code=status, headers=headers)


def _refusal(request: Request, carrier: Carrier, project: str, message: Mapping[str, Any]) -> JSONResponse | None:
    grants: Grants = request.app.state.grants
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not grants.good(token):
        return _unauthenticated()
    if carrier.options.projects and project not in carrier.options.projects:
        return fault(FcmError.SENDER_ID_MISMATCH)
    wrong = _wrong(message)
    if wrong is not None:
        return fault(FcmError.INVALID_ARGUMENT, field=wrong[0], problem=wrong[1])
    target = _target(message)
    magic = next((error for start, error in MAGIC.items() if target.startswith(start)), None)
    if magic is not None:
        return fault(magic)
    if carrier.handset_at(target, Kind.PUSH).script is Script.APP_REMOVED:
        return fault(FcmError.UNREGISTERED)
    return None


def _wrong(message: Mapping[str, Any]) -> tuple[str, str] | None:
    """The field at fault and what is wrong with it, or None."""
    if not _target(message):
        return "message.token", "Exactly one of token, fid, topic or condition is required."
    data = message.get("data", {})
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        return "message.data", "Values of data must be strings."
    carried = {name: message.get(name, {}) for name in ("data", "notification")}
    if len(json.dumps(carried, ensure_ascii=False).encode()) > LARGEST_PAYLOAD:
        return "message", "Android message is too big."
    if _lifetime(message) is None:
        return "message.android.ttl", f"TTL must be a duration of at most {LONGEST_LIFE}s."
    return None


def _order(message: Mapping[str, Any], data: Mapping[str, str], ours: str) -> Order:
    notification = message.get("notification") or {}
    return Order(
        kind=Kind.PUSH,
        address=_target(message),
        title=notification.get("title", data.get("title", "")),
        body=notification.get("body", data.get("body", "")),
        lifetime=max(1, _lifetime(message) or 0),  # 0 is "now or never"; a second is now
        ours=ours,
        ack=data.get("ack", ""),
    )


def _unauthenticated() -> JSONResponse:
    """No access token, or one that is not good any more: the library fetches another and tries again."""
    status, name, sentence = _FAULTS[FcmError.THIRD_PARTY_AUTH_ERROR]
    return JSONResponse({"error": {"code": status, "message": sentence, "status": name}}, status_code=status)


def _target(message: Mapping[str, Any]) -> str:
    target = message.get("fid") or message.get("token") or ""
    return target if isinstance(target, str) else ""


def _lifetime(message: Mapping[str, Any]) -> float | None:
    """Seconds from `android.ttl` (a JSON duration such as "3600s"); four weeks if absent, None if malformed."""
    android = message.get("android") or {}
    text = str(android.get("ttl", f"{LONGEST_LIFE}s"))
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        return None
    return seconds if text.endswith("s") and 0 <= seconds <= LONGEST_LIFE else None


def _trouble(mishap: Mishap, carrier: Carrier) -> Response:
    if mishap is Mishap.THROTTLED:
        return fault(FcmError.QUOTA_EXCEEDED, retry_after=carrier.sky.weather.retry_after)
    return fault(FcmError.UNAVAILABLE)


def _read(body: bytes) -> dict[str, Any]:
    try:
        call = json.loads(body)
    except ValueError:
        return {}
    return call if isinstance(call, dict) else {}
