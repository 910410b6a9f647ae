"""One way to send pushes, in a process of its own: it sends as many as each line of its input says, and tells the cost.

python -m benchmarks.push_sender WAY BASE KEY       (`WAY`: see `WAYS`; `KEY`: file of a service account)
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import firebase_admin
import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from firebase_admin import messaging
from google.oauth2.credentials import Credentials
from requests.adapters import HTTPAdapter

from outreach.channels import http
from outreach.channels.contract import Accepted, Kind, Outgoing, Variant
from outreach.channels.registry import build

BATCH = 500  # as many as the library takes at once; a worker claims no more
AT_ONCE = 100  # connections, of whoever can be told

Send = Callable[[Sequence[Outgoing]], int]  # sends a batch; gives how many were taken


def ours(base: str, key: Path) -> Send:
    """The product's own way."""
    settings = {"credentials": str(key), "api_base": base, "connections": str(AT_ONCE)}
    fcm = build({"fcm": settings}, public_url="https://bench.invalid", ack_key=b"k" * 32).by_name("fcm")
    return lambda batch: sum(isinstance(each, Accepted) for each in http.run(fcm.send("fcm", batch)))


def library(base: str, _: Path) -> Send:
    """`send_each_async`, over HTTP/2, on the loop that ours runs on."""
    app = _app(base)
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    return lambda batch: runner.run(messaging.send_each_async(_messages(batch), app=app)).success_count


def threads(base: str, _: Path) -> Send:
    """`send_each`: a thread for each message of the list."""
    app = _app(base)
    # The library keeps 100 connections to Firebase's own address, and ten to any other.
    session = messaging._get_messaging_service(app)._client.session  # noqa: SLF001
    session.mount(base, HTTPAdapter(pool_connections=AT_ONCE, pool_maxsize=AT_ONCE))
    return lambda batch: messaging.send_each(_messages(batch), app=app).success_count


def bare(base: str, _: Path) -> Send:
    """The same JSON by aiohttp: nothing is checked, nothing signed in, answers are not looked at."""
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    session = runner.run(_session())
    url = base + "/v1/projects/bench/messages:send"

    async def one(message: Outgoing) -> int:
        async with session.post(url, json=_plain(message), headers={"Authorization": "Bearer made-up"}) as answer:
            await answer.read()
            return int(answer.status == 200)

    async def all_of(batch: Sequence[Outgoing]) -> int:
        return sum(await asyncio.gather(*(one(message) for message in batch)))

    return lambda batch: runner.run(all_of(batch))


WAYS: Mapping[str, Callable[[str, Path], Send]] = {"ours": ours, "library": library, "threads": threads, "bare": bare}


def _app(base: str) -> firebase_admin.App:
    # The library has no public way to another address; this is the bench's own process.
    messaging._MessagingService.FCM_URL = base + "/v1/projects/{0}/messages:send"  # noqa: SLF001
    # Signed in already: with a key of its own the library would also ask Google's servers for the account's regions.
    signed = Credentials("made-up")  # type: ignore[no-untyped-call]
    return firebase_admin.initialize_app(signed, {"projectId": "bench"})


def _messages(batch: Sequence[Outgoing]) -> list[messaging.Message]:
    """What `Fcm` sends, in the library's words."""
    return [
        messaging.Message(
            notification=messaging.Notification(title=each.title, body=each.text),
            data={"message": str(each.id), "ack": each.ack},
            android=messaging.AndroidConfig(priority="high", ttl=timedelta(seconds=each.lifetime)),
            fid=each.to,
        )
        for each in batch
    ]


def _plain(message: Outgoing) -> dict[str, object]:
    return {
        "message": {
            "notification": {"title": message.title, "body": message.text},
            "data": {"message": str(message.id), "ack": message.ack},
            "android": {"priority": "high", "ttl": f"{message.lifetime}s"},
            "fid": message.to,
        }
    }


async def _session() -> ClientSession:
    return ClientSession(connector=TCPConnector(limit=AT_ONCE), cookie_jar=DummyCookieJar())


def _batches(count: int) -> Iterator[list[Outgoing]]:
    for start in range(0, count, BATCH):
        yield [
            Outgoing(
                id=each,
                kind=Kind.PUSH,
                variant=Variant.FID,
                to=f"bench-{each:012d}-of-nobody",
                text="You have a message.",
                lifetime=3600,
                title="Sunrise",
                ack=f"{each:032x}",
            )
            for each in range(start + 1, min(start + BATCH, count) + 1)
        ]


def main() -> None:
    """Sign in and connect with a first batch, then send as often as asked."""
    send = WAYS[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
    _tell({"taken": sum(map(send, _batches(BATCH)))})
    for line in sys.stdin:
        batches = list(_batches(int(line)))
        cpu, begun = time.process_time(), time.perf_counter()
        taken = sum(map(send, batches))
        _tell({"taken": taken, "cpu": time.process_time() - cpu, "seconds": time.perf_counter() - begun})


def _tell(figures: Mapping[str, float]) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
