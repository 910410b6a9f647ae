"""One asyncio loop for the whole process, on a thread of its own: synchronous tasks share its kept-alive connections.

A Celery task calls `run(provider.send(…))`; any number of threads may, at the same time. After a fork the child gets a
loop and connections of its own and never touches its parent's.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    # Speaks TLS in C, and without asyncio's 256 kB for each connection, which were 29 MB of each worker's memory.
    from uvloop import new_event_loop

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None
_inherited: list[asyncio.AbstractEventLoop] = []


def run(coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
    """Run a coroutine on the process's loop and wait for it; `timeout` in seconds.

    Raises what the coroutine raises, TimeoutError (it is cancelled then), RuntimeError when called on the loop itself.
    """
    loop = _running_loop()
    if threading.current_thread() is _thread:
        coroutine.close()
        raise RuntimeError("channels.http.run was called on its own loop and would wait for itself; await instead.")
    future = asyncio.run_coroutine_threadsafe(coroutine, loop)
    try:
        return future.result(timeout)
    except FutureTimeoutError:
        future.cancel()
        raise


def close() -> None:
    """Stop the loop and its thread; what still runs is cancelled. The next `run` starts anew."""
    global _loop, _thread
    with _lock:
        loop, thread = _loop, _thread
        _loop = _thread = None
    if loop is None or thread is None:
        return
    asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


class PerLoop(Generic[T]):
    """A value that belongs to an event loop (a connection pool, a semaphore), made when first asked for there."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        # Strong references on purpose: a pool that came through a fork must not be collected in the child, because
        # closing it would take the sockets out of the epoll set that parent and child share.
        self._made: dict[asyncio.AbstractEventLoop, T] = {}

    def get(self) -> T:
        """The value of the running loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._made:
            self._made[loop] = self._make()
        return self._made[loop]

    def pop(self) -> T | None:
        """The value of the running loop, if one was made, and forget it."""
        return self._made.pop(asyncio.get_running_loop(), None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by a `Retry-After` header (seconds or a date, RFC 9110 §10.2.3); None without a readable one.

    A date is compared with the answer's own `Date`, so that our clock does not matter where the server tells its own.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    then = _epoch(value)
    if then is None:
        return None
    now = _epoch(headers.get("Date", ""))
    return max(0.0, then - (time.time() if now is None else now))


def _epoch(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop, _thread
    with _lock:
        if _loop is None:
            _loop = new_event_loop()
            _thread = threading.Thread(target=_loop.run_forever, name="channels-http", daemon=True)
            _thread.start()
        return _loop


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _forget_the_parents_loop() -> None:
    global _lock, _loop, _thread
    _lock = threading.Lock()  # another thread of the parent may have held it at the fork
    if _loop is not None:
        _inherited.append(_loop)  # kept alive, never closed: see PerLoop
    _loop = _thread = None


os.register_at_fork(after_in_child=_forget_the_parents_loop)
