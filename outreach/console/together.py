"""Group commit: many callers, one transaction. Each is answered only after the commit that holds its item.

While one transaction is being written, what arrives meanwhile waits for the next: no timer, no tuning, and a lone
caller is
written at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 500  # items in one transaction


class Together(Generic[T]):
    """Collects items on the event loop and writes them on a thread, `MOST` at a time."""

    def __init__(self, write: Callable[[Sequence[T]], object]) -> None:
        self._write = write
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, item: T) -> None:
        """Return when the item is committed. Raises what writing it raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            problem: BaseException | None = None
            try:
                await asyncio.to_thread(self._write, [item for item, _ in batch])
            except Exception as error:
                problem = error
            for _, done in batch:
                if done.done():
                    continue
                if problem is None:
                    done.set_result(None)
                else:
                    done.set_exception(problem)
