"""What the carrier has noted can be read at once, also while it is being written."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from outreach.channels.contract import Kind
from outreach.simulator.journal import Journal, Note


async def _read_while_it_is_written(journal: Journal) -> list[str]:
    journal.start()
    journal.note(Note(time.time(), "call", Kind.SMS, "taken", None, None, None, None))
    await asyncio.sleep(0.05)  # longer than a note waits for company: the commit has begun
    rows = await journal.read("SELECT event FROM log")
    await journal.stop()
    return [row["event"] for row in rows]


def test_whoever_reads_waits_for_what_is_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "carrier.db")
    at_once = journal._commit

    def slowly(batch: list[tuple[str, tuple[Any, ...]]]) -> object:
        time.sleep(0.2)
        return at_once(batch)

    monkeypatch.setattr(journal, "_commit", slowly)
    assert asyncio.run(_read_while_it_is_written(journal)) == ["call"]
