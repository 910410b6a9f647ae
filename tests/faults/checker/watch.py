"""What only two looks can tell: no message vanishes (2), no rank falls (6), and how long a doubt stays unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.checker.records import RANK, Record

#: No further move, whatever comes. `failed(not_found)` is a guess of ours, not an end: evidence may correct it.
ENDS = {"refused", "failed", "cancelled", "expired", "received", "delivered"}

Look = dict[int, tuple[str, str, int]]


@dataclass
class Watch:
    """Looks again and again at the same messages."""

    seen: Look = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def look(self, messages: Sequence[Record]) -> None:
        """Compare with the last look."""
        now: Look = {row["id"]: (row["state"], row["reason"], row["attempts"]) for row in messages}
        for message, before in self.seen.items():
            after = now.get(message)
            if after is None:
                self.violations.append(f"2: message {message} has vanished")
            elif before[:2] != after[:2] and not _may_follow(before, after):
                self.violations.append(f"6: message {message} went from {before} to {after}")
        self.seen = now


def _may_follow(before: tuple[str, str, int], after: tuple[str, str, int]) -> bool:
    state, reason, _ = before
    if (state, reason) == ("failed", "not_found"):
        # `unknown`: the worker that had it called only now, so that what was looked for before is no answer.
        return after[0] in {"unknown", "accepted", "sent", "undelivered", "delivered", "failed"}
    if state in ENDS:
        return False
    if RANK[state] <= RANK["unknown"]:
        return True  # between two looks it may have come back to the queue and gone again
    return after[0] == "failed" or RANK.get(after[0], -1) >= RANK[state]
