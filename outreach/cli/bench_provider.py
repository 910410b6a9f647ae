"""A provider that takes every message after a fixed time and tells of its delivery: a process of its own, so that its
CPU is nobody's. It parses by hand, because it shares the machine with what is measured.

    python -m outreach.cli.bench_provider ORDER     (JSON: see `Order`; it prints one line when it listens)
"""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import parse_qsl, urlsplit

from outreach.cli.bench_caller import Callers


@dataclass(frozen=True, slots=True)
class Order:
    """What the process is to do. `latency`: seconds; `connections`: for receipts, 0 where none are to be told."""

    port: int
    certificate: str  # a PEM file with its key; empty: plain HTTP
    latency: float
    public_url: str
    token: str = field(repr=False)
    connections: int = 64
    address: str = "127.0.0.1"  # where it listens


class Carrier:
    """What was taken, when, and what was told."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.arrived: dict[int, float] = {}  # our ids, and when each came first
        self.latency = order.latency
        self.taken = 0
        self.by: Counter[str] = Counter()  # how many, by the address of whoever sent them
        self.serials = count(secrets.randbits(60) << 32)
        self.callers = Callers(order.public_url, order.token, order.connections)

    def take(self, wire: asyncio.Transport, body: bytes) -> None:
        """A message: answered after a while, its receipt after that."""
        form = dict(parse_qsl(body.decode()))
        self.taken += 1
        self.by[str(wire.get_extra_info("peername")[0])] += 1
        back = form.get("StatusCallback", "")
        self.arrived.setdefault(int(back.rpartition("=")[2] or 0), time.time())
        asyncio.get_running_loop().call_later(self.latency, self._answer, wire, form, back)

    def _answer(self, wire: asyncio.Transport, form: dict[str, str], back: str) -> None:
        sid = f"SM{next(self.serials):032x}"
        _say(wire, "201 Created", {"sid": sid, "status": "queued", "num_segments": "1"})
        if self.order.connections and back:
            url = urlsplit(back)
            told = {
                "MessageSid": sid,
                "MessageStatus": "delivered",
                "SmsStatus": "delivered",
                "SmsSid": sid,
                "To": form.get("To", ""),
                "From": form.get("From", ""),
                "AccountSid": "AC" + "0" * 32,
                "ApiVersion": "2010-04-01",
            }
            self.callers.call(f"{url.path}?{url.query}", told)

    def facts(self) -> dict[str, object]:
        """What was taken and told so far. `ids`: of ours; `by`: taken, by the address of whoever sent it."""
        told = self.callers
        return {
            "taken": self.taken,
            "ids": len(self.arrived),
            "by": self.by,
            "told": told.taken,
            "again": told.again,
        }


def _say(wire: asyncio.Transport, status: str, answer: object) -> None:
    if wire.is_closing():
        return
    text = json.dumps(answer)
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    wire.write((head + text).encode())


class Line(asyncio.Protocol):
    """One connection of whoever sends."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier, self.heard = carrier, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        self.wire: asyncio.Transport = transport  # type: ignore[assignment]  # of TCP both are one

    def data_received(self, data: bytes) -> None:
        """One request or a piece of it."""
        self.heard += data
        head, found, rest = self.heard.partition(b"\r\n\r\n")
        if not found:
            return
        low = head.lower()
        at = low.find(b"content-length:")
        length = int(low[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self.heard = rest[length:]
        if head.startswith(b"POST"):
            self.carrier.take(self.wire, rest[:length])
        elif head.startswith(b"GET /latency/"):  # from now on, in milliseconds
            self.carrier.latency = int(head.split(b" ", 2)[1].rpartition(b"/")[2]) / 1000
            _say(self.wire, "200 OK", self.carrier.facts())
        elif head.startswith(b"GET /arrived"):
            _say(self.wire, "200 OK", self.carrier.arrived)
        elif head.startswith(b"GET /took"):
            _say(self.wire, "200 OK", self.carrier.callers.took)
        else:
            _say(self.wire, "200 OK", self.carrier.facts())


async def _serve(order: Order) -> None:
    context = None
    if order.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(order.certificate)
    carrier = Carrier(order)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Line(carrier), order.address, order.port, ssl=context, backlog=1024)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Order(**json.loads(sys.argv[1]))))
