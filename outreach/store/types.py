"""Column types: UTC-aware time, and ids that several machines can make without asking."""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime

from sqlalchemy import BigInteger, DateTime, Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

#: Counted by the database: messages, ledgers, logs.
Serial = BigInteger().with_variant(Integer(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """A moment in time, UTC-aware in and out. A naive datetime is refused rather than guessed at."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; SQLite stores UTC without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone: say datetime.now(UTC)")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back, whatever the session's zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _Ids:
    """Milliseconds since 2025 in the high bits, 22 random bits that count up within a millisecond in the low ones."""

    EPOCH_MS = 1_735_689_600_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> int:
        fresh = (int(time.time() * 1000) - self.EPOCH_MS) << 22 | secrets.randbits(22)
        with self._lock:
            self._last = max(fresh, self._last + 1)
            return self._last


#: A 63-bit id that grows with time (a B-tree likes that) and can be known before the row is written,
#: so that a sealed column can be bound to its row.
new_id = _Ids()
