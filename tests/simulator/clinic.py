"""The clinic's side of the wire, as small as can be: keeps what the carrier posts, checks every signature."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from outreach.simulator.options import Options, Script, Span, Weather

ACCOUNT = "AC" + "0" * 32
TOKEN = "a-token-for-tests"
SERVICE = "MG" + "1" * 32
OURS = "+254700000001"
HERS = "+254711000001"


@dataclass
class Clinic:
    """What arrived. `answers` are the status codes of the next answers; then 204."""

    receipts: list[dict[str, str]] = field(default_factory=list)
    inbound: list[dict[str, str]] = field(default_factory=list)
    acks: list[dict[str, Any]] = field(default_factory=list)
    forged: int = 0
    answers: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self) -> None:
        """Forget everything."""
        for kept in (self.receipts, self.inbound, self.acks, self.answers):
            kept.clear()
        self.forged = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/hooks/twilio/status", self._twilio, methods=["POST"]),
                Route("/hooks/twilio/inbound", self._twilio, methods=["POST"]),
                Route("/hooks/push/ack", self._ack, methods=["POST"]),
            ]
        )

    async def _twilio(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        with self.lock:
            if self.answers:
                return Response(status_code=self.answers.pop(0))
        signature = request.headers.get("x-twilio-signature", "")
        if not RequestValidator(TOKEN).validate(str(request.url), form, signature):
            self.forged += 1
        if request.url.path.endswith("status"):
            self.receipts.append(form | dict(request.query_params))
        else:
            self.inbound.append(form)
        return Response(status_code=204)

    async def _ack(self, request: Request) -> Response:
        self.acks.append(await request.json())
        return Response(status_code=204)

    def statuses(self) -> list[str]:
        return [receipt["MessageStatus"] for receipt in self.receipts]


def options(clinic: str, log: Any, *, script: Script = Script.QUIET, **more: Any) -> Options:
    """A fast carrier on which everybody plays one script."""
    return Options(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        numbers=[OURS],
        services=[SERVICE],
        inbound_url=f"{clinic}/hooks/twilio/inbound",
        ack_url=f"{clinic}/hooks/push/ack",
        log=log,
        **{
            "cast": {script: 1.0},
            "network": Span(least=0.0, most=0.02),
            "thinking": Span(least=0.01, most=0.05),
            "tempo": 100,
            "weather": Weather(),
        }
        | more,
    )


def soon(true: Callable[[], object], seconds: float = 5) -> bool:
    """Wait until something holds; say whether it does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.01)
    return bool(true())
