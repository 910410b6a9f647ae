"""A provider that takes everything after a fixed time: `python -m benchmarks.static_provider PORT MILLISECONDS`.

In a process of its own, so that its CPU is not counted as ours.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys

from aiohttp import web


def main() -> None:
    """Serve until killed."""
    port, latency = int(sys.argv[1]), float(sys.argv[2]) / 1000
    serial = itertools.count()

    async def take(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(latency)
        message = {"sid": f"SM{next(serial):032x}", "status": "queued", "num_segments": "1"}
        return web.Response(text=json.dumps(message), status=201, content_type="application/json")

    app = web.Application()
    app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", take)
    web.run_app(app, host="127.0.0.1", port=port, print=lambda *_: None, keepalive_timeout=75)


if __name__ == "__main__":
    main()
