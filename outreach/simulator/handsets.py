"""The book of phones. A handset has a number, a push token, or both; its id is opaque and may stand in a URL."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from outreach.simulator.options import Options, Script

#: Scripts that make sense where there is only a number, or only an app.
SMS_ONLY = frozenset(Script) - {Script.APP_REMOVED, Script.APP_SILENT}
PUSH_ONLY = frozenset(
    {
        Script.QUIET,
        Script.ROAMING,
        Script.OFF,
        Script.OUT_OF_COVERAGE,
        Script.APP_REMOVED,
        Script.APP_SILENT,
    }
)


class Power(StrEnum):
    """Whether the network can reach the handset."""

    ON = "on"
    OFF = "off"
    OUT_OF_COVERAGE = "out_of_coverage"


@dataclass(slots=True)
class Handset:
    """One phone. Its addresses never appear in `repr`."""

    id: str
    number: str | None = field(repr=False)
    token: str | None = field(repr=False)
    script: Script
    power: Power = Power.ON
    blocked: bool = False
    stopped: bool = False  # the carrier holds a STOP of this person
    name: str = ""  # what a demonstration calls it
    featured: bool = False
    since_answer: int | None = None  # texts read since the person last wrote; None: never wrote

    @property
    def reachable(self) -> bool:
        return self.power is Power.ON

    def play(self, script: Script) -> None:
        """Take on a script, with the state that it starts in."""
        self.script = script
        self.power = Power(script) if script in {Script.OFF, Script.OUT_OF_COVERAGE} else Power.ON
        self.blocked = script is Script.BLOCKED
        self.since_answer = None


class Book:
    """All handsets, found by address or id. Who is behind a number follows from the seed: the same in every run."""

    def __init__(self, options: Options) -> None:
        self._cast = options.cast
        secret = f"{options.seed}:{options.auth_token.get_secret_value()}"
        self._key = hashlib.sha256(secret.encode()).digest()
        self._by_id: dict[str, Handset] = {}
        self._by_address: dict[str, Handset] = {}

    def __iter__(self) -> Iterator[Handset]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def restore(self, handsets: Iterable[Handset]) -> None:
        """Put back what the log holds."""
        for handset in handsets:
            self._enter(handset)

    def get(self, handset_id: str) -> Handset | None:
        return self._by_id.get(handset_id)

    def at(self, address: str) -> Handset | None:
        """The handset behind a number or a push token, if there is one yet."""
        return self._by_address.get(address)

    def make(self, number: str | None, token: str | None) -> Handset:
        """A new handset, its script drawn from the cast. At least one address must be given."""
        address = number or token or ""
        handset = Handset(self._digest("id", address).hex()[:16], number, token, Script.QUIET)
        handset.play(self._draw(address, self._fitting(number, token)))
        self._enter(handset)
        return handset

    def link(self, handset: Handset, number: str | None, token: str | None) -> None:
        """Give a handset the addresses it lacks."""
        handset.number = handset.number or number
        handset.token = handset.token or token
        self._enter(handset)

    def _enter(self, handset: Handset) -> None:
        self._by_id[handset.id] = handset
        for address in (handset.number, handset.token):
            if address:
                self._by_address[address] = handset

    def _fitting(self, number: str | None, token: str | None) -> frozenset[Script]:
        if number and token:
            return frozenset(Script)
        return SMS_ONLY if number else PUSH_ONLY

    def _draw(self, address: str, fitting: frozenset[Script]) -> Script:
        shares = [(script, share) for script, share in self._cast.items() if script in fitting and share]
        point = int.from_bytes(self._digest("script", address)[:8]) / 2**64 * sum(share for _, share in shares)
        for script, share in shares:
            point -= share
            if point < 0:
                return script
        return shares[-1][0] if shares else Script.QUIET

    def _digest(self, purpose: str, address: str) -> bytes:
        return hmac.digest(self._key, f"{purpose}:{address}".encode(), "sha256")
