"""Webhook calls as fast as they are taken: `python -m outreach.cli.bench_flood`, an order on its standard input.

A process of its own, so that its CPU is nobody's, and one that loads little. It prints what it saw as JSON, after the
last call was answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from outreach.cli.bench_caller import Callers, signed

RECEIPT, TEXT = "receipt", "text"

#: What people write: most of it is for a helper, some of it is a keyword.
WORDS = ("When is my next visit?", "I feel better, thank you", "Do I take it with food?", "HELP", "INFO", "asante sana")


@dataclass(frozen=True, slots=True)
class Order:
    """What the process is to do: one call for each of `marks` (message ids, or places in the crowd)."""

    kind: str
    public_url: str
    connections: int
    first: int
    marks: Sequence[int]
    account: str
    to: str
    token: str = field(repr=False)


def _form(order: Order, mark: int) -> tuple[str, dict[str, str]]:
    """Path and fields of one call. Only the provider's id of a receipt is new each time; the message's id is ours."""
    shared = {"AccountSid": order.account, "ApiVersion": "2010-04-01"}
    if order.kind == RECEIPT:
        form = {
            "MessageSid": f"SM{mark:032x}",
            "MessageStatus": "delivered",
            "SmsStatus": "delivered",
            "From": order.to,
        }
        return f"/hooks/twilio/status?m={mark}", shared | form
    sid = f"SM{order.first + mark:032x}"
    form = {"MessageSid": sid, "From": f"+2547{mark:08d}", "To": order.to, "Body": WORDS[mark % len(WORDS)]}
    return "/hooks/twilio/inbound", shared | form


async def _pour(order: Order) -> dict[str, float]:
    pool = Callers(order.public_url, order.token, order.connections)
    ready = []
    for mark in order.marks:
        path, form = _form(order, mark)
        ready.append(signed(pool.token, pool.host, path, order.public_url + path, form))
    pool.goal, begun = len(ready), time.perf_counter()
    for request in ready:
        pool.make(request)
    await pool.reached.wait()
    seconds, took = time.perf_counter() - begun, sorted(pool.took)
    return {"seconds": seconds, "p50": took[len(took) // 2], "p99": took[int(len(took) * 0.99)], "again": pool.again}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_pour(Order(**json.loads(sys.stdin.read()))))))
