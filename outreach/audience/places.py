"""Which time zones a person may live in, when only her number is known.

An area code is only a guess at a place. Where the guess is a whole numbering plan (+1 spans Guam to Newfoundland), no
hour would be lawful everywhere: the country narrows it, and zones whose clocks always agree count as one.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

# Zones are alike when their clocks agree on every day of a coming year; rules rarely change, and both would.
_YEAR = tuple(datetime(2027, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(365))


@lru_cache(maxsize=4096)
def candidates(found: tuple[str, ...], country: str) -> str:
    """The zones that a number's prefix allows, narrowed to its country, sorted and joined by "|"; may be empty."""
    at_home = _zones_of().get(country, frozenset())
    possible = at_home.intersection(found) or found or at_home
    kept: dict[tuple[timedelta | None, ...], str] = {}
    for name in sorted(set(possible) & zones()):
        kept.setdefault(_clock(name), name)
    return "|".join(sorted(kept.values()))


@cache
def zones() -> frozenset[str]:
    """The names of every IANA zone."""
    return frozenset(available_timezones())


def spelt(name: str) -> str:
    """The zone that differs from a name in nothing but capitals; empty when there is none."""
    return _by_folded().get(name.casefold(), "")


@cache
def _by_folded() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(zones())}


@cache
def _clock(name: str) -> tuple[timedelta | None, ...]:
    zone = ZoneInfo(name)
    return tuple(day.astimezone(zone).utcoffset() for day in _YEAR)


@cache
def _zones_of() -> dict[str, frozenset[str]]:
    """Zones by country (ISO 3166 alpha-2), from the `zone.tab` of the IANA time zone database."""
    by_country: dict[str, set[str]] = defaultdict(set)
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            by_country[country].add(zone)
    return {country: frozenset(names) for country, names in by_country.items()}
