"""A judge of the fourteen invariants of the life of a message that shares no code with the product.

It reads a database by plain SQL (`sqlite3` or `psycopg`), the carrier's own log and what was left behind: logs, a dump
of the broker, pages. Nothing of `outreach` or `scheduler` is imported here, which a test of the house watches over, so
that a mistake of the product cannot excuse itself. What an invariant says is in the docstring of the function that
judges it; its number is the one in the list of invariants.

    python -m tests.faults.checker --database URL --carrier carrier.db [--lease 60 --sweep 15] [--artefacts FOLDER …]

    records   rows, the carrier's lines, moments      sending  1 to 7: what went out
    hearing   8 to 11: what came in, when it fires    secrets  12 to 14: what nobody may read
    watch     6 and 2 between two looks
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.faults.checker import hearing, secrets, sending
from tests.faults.checker.records import Case

CHECKS: tuple[Callable[[Case], Iterable[str]], ...] = (
    sending.once,
    sending.counted,
    sending.attempted,
    sending.at_their_word,
    sending.stopped,
    sending.ranked,
    sending.leased,
    hearing.heard,
    hearing.events,
    hearing.fired_once,
    hearing.in_hours,
    secrets.unseen,
    secrets.chained,
    secrets.forgotten,
)


def judge(case: Case) -> list[str]:
    """Every violation in words, each beginning with its invariant's number. None: all that can be judged holds."""
    return [violation for check in CHECKS for violation in check(case)]
