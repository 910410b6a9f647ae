"""What a row of the bench is: what it tries, how good is good enough, and what one run of it measured."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from outreach.cli.bench_place import LOOPBACK, Ground, a_ground
from outreach.settings import Settings


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that is to be reached. `unit` stands behind it; `most`: it may be no larger, else no smaller."""

    name: str
    worth: float
    unit: str
    most: bool = True

    def ratio(self, figure: float) -> float:
        """How much better than the goal (above 1), or worse (below)."""
        better, worse = (self.worth, figure) if self.most else (figure, self.worth)
        return better / worse if worse else 0.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large, and how often: medians of `runs`."""

    count: int
    runs: int


Figures = dict[str, float]  # by the names of the row's goals; others are kept in the JSON

POSTGRES, REDIS, AMQP = (f"OUTREACH_TEST_{name}_URL" for name in ("POSTGRES", "REDIS", "AMQP"))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `usual` and `full`: how many messages, people or calls; `try_it` gives each run's figures,
    or raises NotHereError where this machine lacks what it takes; `told`: lines that show more of the figures.
    """

    name: str
    what: str
    goals: Sequence[Goal]
    usual: int
    full: int
    try_it: Callable[[Size], list[Figures]]
    told: Callable[[Figures], Sequence[str]] | None = None

    def measure(self, size: Size) -> Figures:
        """The median of each figure over the runs."""
        tries = self.try_it(size)
        return {name: median(each[name] for each in tries) for name in tries[0]}


def server(name: str, given: Mapping[str, str]) -> str:
    """The URL of a throw-away server. Ends the program where there is none."""
    url = given.get(name)
    if not url:
        sys.exit(f"Set {name}: `make services` prints it, and `make bench` starts servers of its own.")
    return url


@contextmanager
def ground(
    *, sqlite: bool = False, broker: str = REDIS, given: Mapping[str, str] = os.environ, address: str = LOOPBACK
) -> Iterator[Ground]:
    """A throw-away clinic on the servers of `make services`, with nobody's settings.

    `broker`: REDIS or AMQP; empty, or with SQLite: none. `given`: the servers' URLs by their names; `address`: of this
    machine, where workers reach the provider.
    """
    url = "" if sqlite else server(POSTGRES, given)
    hints = server(broker, given) if broker and not sqlite else ""
    with a_ground(Settings(_env_file=None), url, hints, address) as made:
        yield made
