"""A carrier that survives everything: one file of lines, appended to by whoever calls it.

It stands behind the product's own provider interface, in the process that is to be killed; what it took is on the file
before it answers, so that the log tells the truth whenever the caller dies. Lines look like the simulator's.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from pydantic import BaseModel

from outreach.channels.contract import (
    Accepted,
    Answer,
    Carried,
    Cause,
    Hook,
    Inbound,
    Kind,
    Outgoing,
    Receipt,
    Rejected,
    SenderSpec,
    Unit,
)

#: What a call comes to, with its weight. `silent`: taken, and the caller never hears of it.
WEATHER = {"taken": 70, "silent": 8, "lost": 6, "throttled": 5, "not_connected": 5, "refused": 4}

REJECTED = {
    "silent": Rejected(Cause.AMBIGUOUS),
    "lost": Rejected(Cause.AMBIGUOUS),
    "throttled": Rejected(Cause.THROTTLED, "20429", 0.05),
    "not_connected": Rejected(Cause.NOT_CONNECTED),
    "refused": Rejected(Cause.FILTERED, "30007"),
}


class Ledger:
    """The file. A line is one write, so that lines of several processes never mix."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(b"")

    def note(self, **line: Any) -> None:
        """Append one line."""
        whole = {"at": time.time(), "event": "call", "kind": "sms", "sid": None, "message": None, "code": None} | line
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(handle, json.dumps(whole).encode() + b"\n")
        finally:
            os.close(handle)

    def read(self) -> list[dict[str, Any]]:
        """Every line so far."""
        return [json.loads(line) for line in self.path.read_text().splitlines()]


class FileCarrier:
    """The provider `twilio` of a trial."""

    name: ClassVar[str] = "twilio"
    kind: ClassVar[Kind] = Kind.SMS
    Options: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, ledger: Ledger, seed: int, weather: dict[str, int]) -> None:
        self.senders: Sequence[SenderSpec] = [SenderSpec("twilio", Kind.SMS, 1000.0, Unit.MESSAGES)]
        self._ledger = ledger
        self._dice = random.Random(seed)
        self._weather = weather

    async def send(self, sender: str, batch: Sequence[Outgoing]) -> list[Answer]:
        """Take what the weather lets through."""
        return [self._take(message) for message in batch]

    def _take(self, message: Outgoing) -> Answer:
        outcome = self._dice.choices(list(self._weather), list(self._weather.values()))[0]
        sid = f"SM{uuid4().hex}" if outcome in {"taken", "silent"} else None
        if outcome != "not_connected":
            self._ledger.note(outcome=outcome, sid=sid, message=str(message.id), what=_print_of(message))
        return Accepted(sid or "") if outcome == "taken" else REJECTED[outcome]

    async def look(self, provider_id: str) -> Receipt | None:
        """The last word about one message."""
        said = [line["outcome"] for line in self._ledger.read() if line["sid"] == provider_id]
        return receipt(provider_id, said[-1]) if said and said[-1] in set(Carried) else None

    async def find(self, sent: Outgoing, since: float) -> list[Receipt] | None:
        """What was taken for this number with this text: as with a real list, there may be several."""
        wanted = _print_of(sent)
        return [
            receipt(line["sid"], "accepted")
            for line in self._ledger.read()
            if line["event"] == "call" and line["sid"] and line["what"] == wanted
        ]

    def read_receipt(self, hook: Hook) -> Receipt:
        """Nobody calls this carrier's clinic by HTTP."""
        raise NotImplementedError

    def read_inbound(self, hook: Hook) -> Inbound:
        """Nobody calls this carrier's clinic by HTTP."""
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


def receipt(sid: str, word: str, message: int | None = None) -> Receipt:
    """The carrier's word as the product reads it."""
    return Receipt("twilio", f"{sid}:{word}", Carried(word), sid, message, status=word)


def _print_of(message: Outgoing) -> str:
    return hashlib.sha256(f"{message.to}\0{message.text}".encode()).hexdigest()[:16]
