"""What Firebase's refusals mean, as a table: error code → cause. The consequence is decided in `delivery`.

Source: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode, and https://cloud.google.com/apis/design/errors
for the names that every Google API shares.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import ClientConnectorError, ConnectionTimeoutError

from outreach.channels.contract import Accepted, Answer, Cause, Rejected
from outreach.channels.http import retry_after

CAUSES: Mapping[str, Cause] = {
    "UNREGISTERED": Cause.ENDPOINT_GONE,  # app removed, or silent for 270 days
    "SENDER_ID_MISMATCH": Cause.ENDPOINT_GONE,  # the token belongs to another Firebase project
    "QUOTA_EXCEEDED": Cause.THROTTLED,
    "RESOURCE_EXHAUSTED": Cause.THROTTLED,
    "THIRD_PARTY_AUTH_ERROR": Cause.ACCOUNT,  # our key for Apple's or the browser's service is wrong
    "APNS_AUTH_ERROR": Cause.ACCOUNT,
    "UNAUTHENTICATED": Cause.ACCOUNT,
    "PERMISSION_DENIED": Cause.ACCOUNT,
    "INVALID_ARGUMENT": Cause.BAD_REQUEST,
    "NOT_FOUND": Cause.BAD_REQUEST,  # without UNREGISTERED it is the project that is not there
    "UNAVAILABLE": Cause.AMBIGUOUS,
    "INTERNAL": Cause.AMBIGUOUS,
}
_BY_STATUS: Mapping[int, Cause] = {401: Cause.ACCOUNT, 403: Cause.ACCOUNT, 429: Cause.THROTTLED}
_NEVER_WRITTEN = (ClientConnectorError, ConnectionTimeoutError)  # name not found, refused, TLS, no answer to connecting
_ENDPOINT_FIELDS = {"message.token", "message.fid"}


def answered(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """What an answer of Firebase means; a yes that names no message leaves it open."""
    said = _object(body)
    if 200 <= status < 300:
        name = said.get("name")
        return Accepted(name) if isinstance(name, str) else Rejected(Cause.AMBIGUOUS)
    error = said.get("error")
    why: Mapping[str, Any] = error if isinstance(error, dict) else {}
    code = next((d["errorCode"] for d in _details(why) if "errorCode" in d), why.get("status"))
    return Rejected(_cause(status, code, why), str(code or status), retry_after(headers))


def unanswered(error: Exception) -> Rejected:
    """What it means that there was no answer. Once a call may have been written, nobody knows."""
    return Rejected(Cause.NOT_CONNECTED if isinstance(error, _NEVER_WRITTEN) else Cause.AMBIGUOUS)


def _cause(status: int, code: object, body: Mapping[str, Any]) -> Cause:
    if not 400 <= status < 500 or status in {408, 409}:  # whatever it says, it may have been taken
        return Cause.AMBIGUOUS
    if code == "INVALID_ARGUMENT" and _blames_the_endpoint(body):
        return Cause.BAD_NUMBER
    return CAUSES.get(str(code), _BY_STATUS.get(status, Cause.BAD_REQUEST))


def _blames_the_endpoint(body: Mapping[str, Any]) -> bool:
    violations = [v for d in _details(body) for v in d.get("fieldViolations") or [] if isinstance(v, dict)]
    return bool(violations) and all(v.get("field") in _ENDPOINT_FIELDS for v in violations)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _details(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (detail for detail in body.get("details") or [] if isinstance(detail, dict))
