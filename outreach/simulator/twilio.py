"""Twilio's Messages API (2010-04-01), as much of it as a sender of texts uses: create, fetch, list.

Parameters, fields and first statuses follow Twilio's published OpenAPI description; codes follow its error dictionary.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from outreach.simulator import listing
from outreach.simulator.carrier import Carrier, Order
from outreach.simulator.letters import API_VERSION
from outreach.simulator.messages import Kind, Message, Status
from outreach.simulator.weather import Mishap, carry

router = APIRouter()

LONGEST_BODY = 1600
LONGEST_VALIDITY = 36_000
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")

#: Fault code -> HTTP status and sentence.
FAULTS: dict[int, tuple[int, str]] = {
    20001: (400, "A parameter is not in the expected format"),
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20503: (503, "Service is unavailable. Please try again"),
    21211: (400, "Invalid 'To' Phone Number"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' or 'MessagingServiceSid' parameter is required to send a message."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided is not a valid message-capable Twilio phone number."),
    21609: (400, "The 'StatusCallback' URL is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
    21701: (400, "The Messaging Service does not exist."),
    30012: (400, "TTL is too small"),
    30013: (400, "TTL is too big"),
}


@router.post("/2010-04-01/Accounts/{account}/Messages.json")
async def create(request: Request) -> Response:
    """Take a message."""
    carrier = _carrier(request)
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    ours = dict(parse_qsl(urlsplit(form.get("StatusCallback", "")).query)).get("m", "")

    async def work(mishap: Mishap | None) -> Response:
        code = 20003 if not _authorised(request, carrier) else why_not(form, carrier)
        if code is not None:
            carrier.refuse(Kind.SMS, ours, code)
            return fault(code)
        message = await carrier.take(_order(form, ours), mishap)
        return JSONResponse(resource(message, carrier, taken=True), status_code=201)

    return await carry(
        request,
        carrier.sky,
        work=work,
        missed=lambda mishap: carrier.missed(Kind.SMS, ours, mishap),
        trouble=lambda mishap: _trouble(mishap, carrier),
    )


@router.get("/2010-04-01/Accounts/{account}/Messages.json")
async def browse(request: Request) -> Response:
    """One page of messages, the newest first, narrowed by To, From and DateSent."""
    carrier = _carrier(request)

    async def work(_mishap: Mishap | None) -> Response:
        if not _authorised(request, carrier):
            return fault(20003)
        page = listing.asked(request.url.path, request.query_params.multi_items())
        try:
            rows = await listing.found(carrier.journal, page)
        except ValueError:
            return fault(20001)
        last = rows[page.size - 1][0] if len(rows) > page.size else None
        shown = [resource(message, carrier) for _, message in rows[: page.size]]
        return JSONResponse(listing.frame(page, shown, last))

    return await carry(
        request, carrier.sky, work=work, missed=lambda _: None, trouble=lambda mishap: _trouble(mishap, carrier)
    )


@router.get("/2010-04-01/Accounts/{account}/Messages/{sid}.json")
async def fetch(request: Request, sid: str) -> Response:
    """One message by its SID."""
    carrier = _carrier(request)

    async def work(_mishap: Mishap | None) -> Response:
        if not _authorised(request, carrier):
            return fault(20003)
        found = await carrier.journal.messages("WHERE sid = ? AND kind = ?", sid, Kind.SMS)
        return JSONResponse(resource(found[0], carrier)) if found else fault(20404)

    return await carry(
        request, carrier.sky, work=work, missed=lambda _: None, trouble=lambda mishap: _trouble(mishap, carrier)
    )


def why_not(form: Mapping[str, str], carrier: Carrier) -> int | None:
    """The code of the first fault that Twilio would find in a create call, or None."""
    options, to = carrier.options, form.get("To", "").strip()
    sender, service = form.get("From", ""), form.get("MessagingServiceSid", "")
    handset = carrier.book.at(to)
    faults = (
        (21604, not to),
        (21211, not _NUMBER.fullmatch(to)),
        (21603, not sender and not service),
        (21701, bool(service) and bool(options.services) and service not in options.services),
        (21606, bool(sender) and bool(options.numbers) and sender not in options.numbers),
        (21602, not form.get("Body")),
        (21617, len(form.get("Body", "")) > LONGEST_BODY),
        (30012, _validity(form) < 1),
        (30013, _validity(form) > LONGEST_VALIDITY),
        (21609, "StatusCallback" in form and not _is_url(form["StatusCallback"])),
        (21610, handset is not None and handset.stopped),
    )
    return next((code for code, at_fault in faults if at_fault), None)


def fault(code: int, retry_after: int | None = None) -> JSONResponse:
    """Twilio's error body."""
    status, sentence = FAULTS[code]
    more = f"https://www.twilio.com/docs/errors/{code}"
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = {"code": code, "message": sentence, "more_info": more, "status": status}
    return JSONResponse(body, status_code=status, headers=headers)


def resource(message: Message, carrier: Carrier, *, taken: bool = False) -> dict[str, Any]:
    """The Message resource. `taken`: as it looked when it was taken, whatever has happened since."""
    account = carrier.options.account_sid
    uri = f"/2010-04-01/Accounts/{account}/Messages/{message.sid}"
    first = Status.ACCEPTED if message.service else Status.QUEUED
    status = first if taken else message.status
    unassigned = status is Status.ACCEPTED  # a service has not chosen a sender yet
    fresh = status in {Status.ACCEPTED, Status.QUEUED}
    return {
        "account_sid": account,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": _rfc2822(message.taken_at),
        "date_sent": None if fresh else _rfc2822(message.taken_at),
        "date_updated": _rfc2822(message.taken_at if taken else message.updated_at),
        "direction": message.direction,
        "error_code": None if taken else message.code,
        "error_message": None,
        "from": None if unassigned else message.sender,
        "messaging_service_sid": message.service or None,
        "num_media": "0",
        "num_segments": "0" if unassigned else str(message.parts),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.recipient,
        "uri": f"{uri}.json",
    }


def _order(form: Mapping[str, str], ours: str) -> Order:
    return Order(
        kind=Kind.SMS,
        address=form["To"].strip(),
        body=form["Body"],
        lifetime=_validity(form),
        sender=form.get("From", ""),
        service=form.get("MessagingServiceSid", ""),
        callback=form.get("StatusCallback", ""),
        ours=ours,
    )


def _validity(form: Mapping[str, str]) -> int:
    text = form.get("ValidityPeriod", str(LONGEST_VALIDITY))
    return int(text) if text.isascii() and text.isdigit() else 0


def _is_url(text: str) -> bool:
    url = urlsplit(text)
    return url.scheme in {"http", "https"} and bool(url.hostname) and "_" not in (url.hostname or "")


def _authorised(request: Request, carrier: Carrier) -> bool:
    options = carrier.options
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    wanted = f"{options.account_sid}:{options.auth_token.get_secret_value()}".encode()
    right = hmac.compare_digest(given.encode(), base64.b64encode(wanted))
    return scheme.lower() == "basic" and right and request.path_params["account"] == options.account_sid


def _trouble(mishap: Mishap, carrier: Carrier) -> Response:
    if mishap is Mishap.THROTTLED:
        return fault(20429, carrier.sky.weather.retry_after)
    return fault(20503)


def _rfc2822(at: float) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC))


def _carrier(request: Request) -> Carrier:
    carrier: Carrier = request.app.state.carrier
    return carrier
