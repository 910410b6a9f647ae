"""Claim → write → hand over → record, through the real `twilio` library: `python -m benchmarks.send [--messages N]`.

The provider answers after 100 ms from a process of its own. CPU counts this process and PostgreSQL's.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import func, select, text, update

from benchmarks import crowd
from benchmarks.plan import DEFINITION
from outreach import log
from outreach.campaigns import planning, runs
from outreach.channels.registry import Providers
from outreach.delivery import carriers, send
from outreach.messages.status import Lane, State
from outreach.messages.tables import Message
from outreach.workspace import Workspace
from tests.clinic import write_campaign


def main() -> None:
    """Print messages a second and CPU a message; the median of the runs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=20_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--latency", type=float, default=100, help="milliseconds")
    chosen = options.parse_args()
    log.configure(json=False, level="error")
    with (
        provider(chosen.latency) as base,
        crowd.a_clinic(
            plan_ahead=timedelta(days=2),
            providers={
                "twilio": {
                    "account_sid": "AC" + "0" * 32,
                    "token": "bench",
                    "from": "+15005550006",
                    "api_base": base,
                    "pace": "100000",
                    "pace_unit": "messages",
                }
            },
        ) as workspace,
    ):
        crowd.sealed(workspace, chosen.messages)
        write_campaign(workspace, "bench", DEFINITION)
        providers = carriers.build(workspace)
        with workspace.database.write() as session:
            carriers.enrol(session, providers)
        figures = [_once(workspace, providers, chosen.messages) for _ in range(chosen.runs)]
        providers.close()
    seconds, ours, theirs = (statistics.median(each) for each in zip(*figures, strict=True))
    print(f"{chosen.messages:,} messages: {chosen.messages / seconds:,.0f}/s in one process")
    print(
        f"CPU a message: {1000 * (ours + theirs) / chosen.messages:.2f} ms "
        f"(ours {1000 * ours / chosen.messages:.2f}, database {1000 * theirs / chosen.messages:.2f})"
    )


@contextmanager
def provider(latency: float) -> Iterator[str]:
    """The base URL of a static provider."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.static_provider", str(port), str(latency)])
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _once(workspace: Workspace, providers: Providers, count: int) -> tuple[float, float, float]:
    with workspace.database.write() as session:
        session.execute(text("TRUNCATE message, attempt, fire, tally, run CASCADE"))
    runs.launch(workspace, "bench", by="bench")
    assert planning.plan(workspace) == count
    with workspace.database.write() as session:
        session.execute(update(Message).values(due_at=func.now()))
    begun, ours, theirs = time.perf_counter(), time.process_time(), crowd.database_cpu()
    assert send.drain(workspace, providers, "twilio", Lane.BULK, seconds=600) == count
    spent = time.perf_counter() - begun, time.process_time() - ours, crowd.database_cpu() - theirs
    with workspace.database.read() as session:
        accepted = select(func.count()).select_from(Message).where(Message.state == State.ACCEPTED)
        assert session.scalar(accepted) == count
    return spent


if __name__ == "__main__":
    main()
