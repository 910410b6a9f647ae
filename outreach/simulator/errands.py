"""What the carrier still has to do, and when. Errands outlive the process: the journal keeps each until it is done."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Task(StrEnum):
    """What is to be done."""

    SEND = "send"  # the message leaves for the network
    ARRIVE = "arrive"  # it tries the handset
    EXPIRE = "expire"  # nobody wants it any more
    SPEAK = "speak"  # the person writes
    POST = "post"  # the clinic is called


@dataclass(order=True, slots=True)
class Errand:
    """One thing to do. `at` is in epoch seconds; `subject` is a message's SID, or a handset's id for SPEAK."""

    at: float
    id: int
    task: Task = field(compare=False)
    subject: str = field(compare=False)
    detail: dict[str, str] = field(compare=False, default_factory=dict, repr=False)
    attempts: int = field(compare=False, default=0)


class Agenda:
    """Errands in the order of their time. `keep` writes a new one to the journal."""

    def __init__(self, keep: Callable[[Errand], None]) -> None:
        self._keep = keep
        self._heap: list[Errand] = []
        self._ids = itertools.count(1)

    def owed(self) -> int:
        """Errands that will be done by themselves; giving up on a message that waits is not among them."""
        return sum(1 for errand in self._heap if errand.task is not Task.EXPIRE)

    def restore(self, errands: Iterable[Errand]) -> None:
        """Put back what the log holds; new errands are numbered after them."""
        self._heap = list(errands)
        heapq.heapify(self._heap)
        self._ids = itertools.count(max((errand.id for errand in self._heap), default=0) + 1)

    def plan(self, seconds: float, task: Task, subject: str, detail: dict[str, str] | None = None) -> None:
        """Do this in so many seconds."""
        errand = Errand(time.time() + seconds, next(self._ids), task, subject, detail or {})
        heapq.heappush(self._heap, errand)
        self._keep(errand)

    def again(self, errand: Errand) -> None:
        """Put an errand back that is to be tried once more."""
        heapq.heappush(self._heap, errand)

    def due(self, now: float) -> Iterator[Errand]:
        """Take out everything that is due."""
        while self._heap and self._heap[0].at <= now:
            yield heapq.heappop(self._heap)
