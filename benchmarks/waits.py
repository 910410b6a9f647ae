"""How long a message waits: from its due moment to the provider, and a reply behind a long bulk. Rows of the bench."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select, text

from benchmarks.contract import Figures, Size, ground
from outreach.channels.contract import Inbound
from outreach.cli import bench_run
from outreach.cli.bench_place import OURS, Ground, analyze, crowd
from outreach.errors import OutreachError
from outreach.messages.status import Purpose, State
from outreach.messages.tables import Message
from outreach.threads import danger, inbound

PACE = 500  # messages that fall due in each second
LEAD = 5  # seconds until the first of them does
REPLIES, APART = 100, 0.1  # texts that are answered behind a bulk, and the seconds between two of them

_SPREAD = text(
    "UPDATE message SET due_at = now() + :lead * interval '1 second' + place * interval '1 second' / :pace FROM "
    "(SELECT id AS its, row_number() OVER (ORDER BY id) AS place FROM message WHERE state = 'queued') AS queued "
    "WHERE id = its"
)


def from_due(size: Size) -> list[Figures]:
    """Two worker processes; messages fall due evenly."""
    found = []
    with ground() as place:
        crowd(place.workspace, size.count)
        with bench_run.provider(place, receipts=0) as provider, bench_run.parts(place, "worker", "worker", "beat"):
            for _ in range(size.runs):
                target = bench_run.counted(place, State.ACCEPTED) + size.count
                bench_run.launch(place, later=True)
                due = _spread(place)
                bench_run.wait_for(place, State.ACCEPTED, target)
                found.append(_waited(due, provider.ask("arrived")))
    return found


def replies(size: Size) -> list[Figures]:
    """Two worker processes; `count` messages of a campaign are due when people write, and are answered."""
    found = []
    for _ in range(size.runs):
        with ground() as place:
            crowd(place.workspace, size.count)
            danger.start(place.workspace.folder)  # as the web process does before its first text
            bench_run.launch(place, later=True)
            with bench_run.provider(place, receipts=0) as provider, bench_run.parts(place, "worker", "worker", "beat"):
                bench_run.due(place)
                analyze(place.workspace)
                due = _answered(place)
                found.append(_waited(due, _all_of(due, provider)) | {"left": float(_left(place))})
    return found


def _spread(place: Ground) -> Mapping[int, datetime]:
    with place.workspace.database.write() as session:
        session.execute(_SPREAD, {"lead": LEAD, "pace": PACE})
        queued = select(Message.id, Message.due_at).where(Message.state == State.QUEUED)
        return {row.id: row.due_at for row in session.execute(queued)}


def _answered(place: Ground) -> Mapping[int, datetime]:
    """Texts from people, one after the other; gives when the answer to each was due."""
    for mark in range(REPLIES):
        told = Inbound(provider="twilio", provider_id=f"SM{mark:032x}", number=f"+2547{mark:08d}", text="HELP", to=OURS)
        inbound.receive(place.workspace, told, [])
        time.sleep(APART)
    with place.workspace.database.read() as session:
        out = select(Message.id, Message.due_at).where(Message.direction == "out", Message.purpose != Purpose.CAMPAIGN)
        return {row.id: row.due_at for row in session.execute(out)}


def _all_of(due: Iterable[int], provider: bench_run.Provider) -> dict[str, float]:
    until = time.monotonic() + bench_run.WITHIN
    while True:
        arrived: dict[str, float] = provider.ask("arrived")
        if all(str(each) in arrived for each in due):
            return arrived
        if time.monotonic() > until:
            raise OutreachError(f"Some answers had not left after {bench_run.WITHIN:.0f} s.")
        time.sleep(0.5)


def _left(place: Ground) -> int:
    """What of the bulk still waits: where it is nothing, nobody waited behind it."""
    return bench_run.counted(place, State.QUEUED)


def _waited(due: Mapping[int, datetime], arrived: Mapping[str, float]) -> Figures:
    waits = sorted(arrived[str(each)] - at.timestamp() for each, at in due.items())
    return {"p95": waits[int(len(waits) * 0.95)], "p50": waits[len(waits) // 2], "most": waits[-1]}
