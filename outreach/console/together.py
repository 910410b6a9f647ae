"""Group commit: many callers, one transaction. Each is answered only after the commit that holds its item.

While one transaction is being written, what arrives meanwhile waits for the next, which waits for as many as shared the
last one, and no longer than that took: where there is much, more of it shares a commit. A lone caller is written at
once. One item that cannot be written fails alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 500  # items in one transaction
LONGEST = 0.025  # seconds that a transaction waits for company at most


class Together(Generic[T]):
    """Collects items on the event loop and writes them on a thread, `MOST` at a time."""

    def __init__(self, write: Callable[[Sequence[T]], object], shared: tuple[type[Exception], ...] = ()) -> None:
        """`shared`: problems that are everybody's, such as a database that is away: nobody is tried alone then."""
        self._write = write
        self._shared = shared
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._enough = MOST
        self._are_enough = asyncio.Event()

    async def keep(self, item: T) -> None:
        """Return when the item is committed. Raises what writing it raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if len(self._waiting) >= self._enough:
            self._are_enough.set()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            begun = time.monotonic()
            await self._settle(batch)
            if len(batch) > 1 or self._waiting:
                await self._company(len(batch), min(LONGEST, time.monotonic() - begun))

    async def _company(self, count: int, seconds: float) -> None:
        """Wait until so many are waiting, or for so long: a provider sends its next as soon as we have answered."""
        self._enough = count
        if len(self._waiting) >= count:
            return
        self._are_enough.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._are_enough.wait()

    async def _settle(self, batch: Sequence[tuple[T, asyncio.Future[None]]]) -> None:
        """Write a batch and answer its callers; halve it where an item spoils it, until that one fails alone."""
        problem: Exception | None = None
        try:
            await asyncio.to_thread(self._write, [item for item, _ in batch])
        except Exception as error:
            problem = error
        if problem is not None and len(batch) > 1 and not isinstance(problem, self._shared):
            half = len(batch) // 2
            await self._settle(batch[:half])
            await self._settle(batch[half:])
            return
        for _, done in batch:
            if done.done():  # its caller has gone
                continue
            if problem is None:
                done.set_result(None)
            else:
                done.set_exception(problem)
