"""What Firebase's refusals mean, as a table: error code → cause. The consequence is decided in `delivery`.

Source: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode, and https://cloud.google.com/apis/design/errors
for the names that every Google API shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from firebase_admin.exceptions import FirebaseError

from outreach.channels.contract import Cause, Rejected
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
_NEVER_WRITTEN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_ENDPOINT_FIELDS = {"message.token", "message.fid"}


def rejected(error: FirebaseError) -> Rejected:
    """A push that the SDK could not hand over, as a cause."""
    answer = error.http_response
    if answer is None:
        return Rejected(_cause_without_answer(error.cause))
    body = _error_of(answer)
    code = next((d["errorCode"] for d in _details(body) if "errorCode" in d), body.get("status"))
    return Rejected(
        _cause(answer.status_code, code, body), str(code or answer.status_code), retry_after(answer.headers)
    )


def _cause(status: int, code: object, body: Mapping[str, Any]) -> Cause:
    if not 400 <= status < 500 or status in {408, 409}:  # whatever it says, it may have been taken
        return Cause.AMBIGUOUS
    if code == "INVALID_ARGUMENT" and _blames_the_endpoint(body):
        return Cause.BAD_NUMBER
    return CAUSES.get(str(code), _BY_STATUS.get(status, Cause.BAD_REQUEST))


def _cause_without_answer(why: object) -> Cause:
    if isinstance(why, _NEVER_WRITTEN):
        return Cause.NOT_CONNECTED
    if isinstance(why, UnicodeEncodeError):  # half an emoji: there is no such text, nothing was written
        return Cause.BAD_REQUEST
    return Cause.AMBIGUOUS


def _blames_the_endpoint(body: Mapping[str, Any]) -> bool:
    violations = [v for d in _details(body) for v in d.get("fieldViolations") or [] if isinstance(v, dict)]
    return bool(violations) and all(v.get("field") in _ENDPOINT_FIELDS for v in violations)


def _error_of(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _details(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (detail for detail in body.get("details") or [] if isinstance(detail, dict))
