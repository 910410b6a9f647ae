"""How many messages a worker claims at once: no more than go out within seconds, whatever the provider takes for each.

What is claimed is no longer asked for permission, and no other worker can send it. Behind a slow provider a batch of
the usual size would stand in line for a long time: a STOP would come too late for it, other workers would find nothing
to do at a campaign's end, and with three batches in line the last ones could outlast their lease.
"""

from __future__ import annotations

BEGINS = 125  # messages, as long as nothing is known
LEAST = 64  # below it a claim costs more than it spares, and providers take a batch for conversations
WITHIN = 3.0  # seconds from a claim to the last answer


class Stride:
    """Of one sender in one process. It learns from full batches alone: a few messages say nothing of a rate.

    Threads share it without a lock: whoever is last to say how it went is right.
    """

    def __init__(self) -> None:
        self._next = BEGINS

    def limit(self, most: int) -> int:
        """How many to claim. `most`: as the settings have it."""
        return min(most, self._next)

    def went(self, handed: int, seconds: float) -> None:
        """So many messages of a full batch were handed over in this time."""
        if handed:
            self._next = max(LEAST, min(2 * handed, int(handed * WITHIN / max(seconds, 0.001))))
