"""The process's one loop: shared by threads, left alone by children, started anew after its end."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from outreach.channels import http
from outreach.channels.contract import Accepted, Answer
from tests.channels.desks import provider, sms, twilio_settings
from tests.channels.scripted import Scripted, answer


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    yield
    http.close()


async def where() -> tuple[asyncio.AbstractEventLoop, str]:
    return asyncio.get_running_loop(), threading.current_thread().name


def test_every_thread_shares_one_loop() -> None:
    with ThreadPoolExecutor(8) as threads:
        places = list(threads.map(lambda _: http.run(where()), range(40)))
    assert len({loop for loop, _ in places}) == 1
    assert {name for _, name in places} == {"channels-http"}


def test_what_a_coroutine_raises_reaches_its_caller() -> None:
    async def fails() -> None:
        raise LookupError("nobody there")

    with pytest.raises(LookupError, match="nobody there"):
        http.run(fails())


def test_waiting_has_an_end_and_the_work_too() -> None:
    ended = threading.Event()

    async def endless() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        http.run(endless(), timeout=0.05)
    assert ended.wait(2)


def test_the_loop_does_not_wait_for_itself() -> None:
    async def inside() -> None:
        http.run(where())

    with pytest.raises(RuntimeError, match="await instead"):
        http.run(inside())


def test_after_its_end_it_starts_anew() -> None:
    first, _ = http.run(where())
    http.close()
    http.close()
    second, _ = http.run(where())
    assert first is not second
    assert first.is_closed()


def test_what_still_runs_at_the_end_is_cancelled() -> None:
    ended = threading.Event()

    async def start() -> asyncio.Task[None]:
        async def endless() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        task = asyncio.create_task(endless())
        await asyncio.sleep(0)
        return task

    task = http.run(start())
    http.close()
    assert ended.is_set()
    assert task.cancelled()


def test_a_child_gets_a_loop_and_connections_of_its_own_and_the_parent_keeps_its() -> None:
    server = http.run(Scripted().start())
    server.replies = [answer(201, {"sid": f"SM{i}"}) for i in range(3)]
    twilio = provider("twilio", twilio_settings(server.url, timeout="5"))

    def sent() -> list[Answer]:
        return http.run(twilio.send("twilio", [sms()]), timeout=10)

    assert sent() == [Accepted("SM0")]
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if sent() == [Accepted("SM1")] else 1)
        finally:
            os._exit(2)
    assert _exit_code(child) == 0
    assert sent() == [Accepted("SM2")]
    http.run(twilio.close())
    http.run(server.stop())


def _exit_code(child: int) -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -9


NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": " 12 "}, 12.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": format_datetime(NOW + timedelta(minutes=2), True), "Date": format_datetime(NOW, True)}, 120.0),
        ({"Retry-After": format_datetime(NOW - timedelta(minutes=2), True), "Date": format_datetime(NOW, True)}, 0.0),
        ({"Retry-After": "Mon, 99 Nov 2026 10:00:00 GMT"}, None),
    ],
)
def test_how_long_to_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert http.retry_after(headers) == seconds


def test_without_the_servers_date_our_clock_is_taken() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert http.retry_after({"Retry-After": soon}) == pytest.approx(60, abs=3)
