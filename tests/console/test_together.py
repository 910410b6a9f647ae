"""Group commit: few transactions, every caller answered after its own, and one bad item fails alone."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from outreach.console.together import MOST, Together


class AwayError(Exception):
    """The database is not there."""


class Ledger:
    """Takes items; `bad` ones spoil their transaction, and nothing is taken while it is `closed`."""

    def __init__(self, bad: Sequence[int] = ()) -> None:
        self.bad = set(bad)
        self.closed = False
        self.slow = threading.Event()
        self.slow.set()
        self.tries: list[int] = []
        self.kept: list[int] = []

    def write(self, items: Sequence[int]) -> None:
        self.slow.wait(5)
        self.tries.append(len(items))
        if self.closed:
            raise AwayError
        if found := self.bad & set(items):
            raise ValueError(min(found))
        self.kept.extend(items)


async def _all(together: Together[int], count: int) -> list[object]:
    return await asyncio.gather(*(together.keep(i) for i in range(count)), return_exceptions=True)


def keep(ledger: Ledger, count: int) -> list[object]:
    async def main() -> list[object]:
        return await _all(Together(ledger.write, (AwayError,)), count)

    return asyncio.run(main())


def test_a_lone_item_is_written_at_once() -> None:
    ledger = Ledger()
    assert (keep(ledger, 1), ledger.kept, ledger.tries) == ([None], [0], [1])


def test_what_arrives_while_one_is_written_shares_the_next() -> None:
    ledger = Ledger()
    ledger.slow.clear()

    async def main() -> None:
        together = Together(ledger.write)
        first = asyncio.create_task(together.keep(0))
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(together.keep(i)) for i in range(1, 64)]
        await asyncio.sleep(0.05)
        assert not first.done()
        assert not any(each.done() for each in others), "nobody is answered before the commit"
        ledger.slow.set()
        await asyncio.gather(first, *others)

    asyncio.run(main())
    assert ledger.tries == [1, 63]
    assert sorted(ledger.kept) == list(range(64))


def test_as_many_as_last_time_are_written_without_waiting_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction seems to have taken an hour, and company may be waited for as long."""
    ledger = Ledger()
    monkeypatch.setattr("outreach.console.together.LONGEST", 3600.0)
    clock = SimpleNamespace(monotonic=itertools.count(step=3600).__next__)
    monkeypatch.setattr("outreach.console.together.time", clock)

    async def main() -> None:
        together = Together(ledger.write)
        await _all(together, 3)
        two = [asyncio.create_task(together.keep(i)) for i in (3, 4)]
        await asyncio.sleep(0.05)
        assert ledger.kept == [0, 1, 2], "two wait for a third"
        await asyncio.wait_for(asyncio.gather(together.keep(5), *two), 20)

    asyncio.run(main())
    assert ledger.tries == [3, 3]


def test_no_transaction_holds_more_than_its_most() -> None:
    ledger = Ledger()
    assert keep(ledger, 2 * MOST + 1) == [None] * (2 * MOST + 1)
    assert max(ledger.tries) == MOST


@pytest.mark.parametrize("bad", [[0], [63], [5, 6], list(range(64))], ids=str)
def test_bad_items_fail_alone(bad: list[int]) -> None:
    ledger = Ledger(bad)
    outcomes = keep(ledger, 64)
    assert [i for i, outcome in enumerate(outcomes) if isinstance(outcome, ValueError)] == bad
    assert sorted(ledger.kept) == [i for i in range(64) if i not in bad]


def test_one_bad_item_costs_few_transactions() -> None:
    ledger = Ledger([17])
    keep(ledger, 64)
    assert len(ledger.tries) <= 2 * 6 + 2


def test_a_database_that_is_away_is_not_asked_again_for_each() -> None:
    ledger = Ledger()
    ledger.closed = True
    outcomes = keep(ledger, 64)
    assert all(isinstance(outcome, AwayError) for outcome in outcomes)
    assert len(ledger.tries) <= 2


def test_a_caller_who_has_gone_spoils_nothing() -> None:
    ledger = Ledger()
    ledger.slow.clear()

    async def main() -> list[object]:
        together = Together(ledger.write)
        gone = asyncio.create_task(together.keep(0))
        stays = asyncio.create_task(_all(together, 3))
        await asyncio.sleep(0.05)
        gone.cancel()
        ledger.slow.set()
        return await stays

    assert asyncio.run(main()) == [None, None, None]
