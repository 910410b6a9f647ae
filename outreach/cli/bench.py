"""`outreach bench`: what this installation would carry, on this machine and with these settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Annotated

import typer

from outreach import log
from outreach.cli import bench_place, bench_run
from outreach.cli.bench_flood import RECEIPT, TEXT
from outreach.cli.bench_place import Ground
from outreach.cli.opening import configured
from outreach.cli.terminal import many, say
from outreach.settings import Settings


@dataclass(frozen=True, slots=True)
class Carried:
    """What was measured. Rates a second; times in seconds; `cpu`: ms for one, of ours and the database's together."""

    database: str
    messages: int
    planned: float
    whole_cycle: float
    whole_cycle_cpu: float | None
    receipts: float
    receipts_p99: float
    texts: float
    texts_p99: float
    pace: float  # messages a second that the clinic's own senders may send together; 0 where none is set up


def bench(
    people: Annotated[int, typer.Option(min=10, max=1_000_000, help="Made-up people to write to.")] = 5000,
    runs: Annotated[int, typer.Option(min=1, max=20, help="Times; the median counts.")] = 3,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes, where there is a broker.")] = 1,
    database: Annotated[str, typer.Option(help="URL of a PostgreSQL server to try; empty: SQLite.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print facts as JSON.")] = False,
) -> None:
    """Try what this machine would carry with these settings: made-up people, a made-up provider, nothing is sent.

    It works in a database of its own, which is gone at the end; the clinic's is never written to. Run it when the
    machine has nothing else to do.
    """
    settings = configured()
    log.configure(json=settings.log_format == "json", level="error")  # a command says itself what it did
    with bench_place.a_ground(settings, database, settings.broker_url if database else "") as ground:
        found = _tried(ground, settings, people, runs, workers)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1))
    else:
        _tell(found)


def _tried(ground: Ground, clinic: Settings, people: int, times: int, workers: int) -> Carried:
    bench_place.crowd(ground.workspace, people)
    broker = "OUTREACH_BROKER_URL" in ground.env
    commands = ["web", *["worker"] * workers, "beat"] if broker else ["up"]
    with bench_run.provider(ground), bench_run.parts(ground, *commands) as processes:
        cycles = [bench_run.whole(ground, processes, people) for _ in range(times)]
        texts = bench_run.flood(ground, processes, TEXT, range(people))
        bench_run.launch(ground, later=True)
        receipts = bench_run.flood(ground, processes, RECEIPT, bench_run.accepted(ground))
    seen = all(each.cpu.database is not None for each in cycles)
    return Carried(
        database=ground.workspace.database.engine.dialect.name,
        messages=people * times,
        planned=people / median(each.planned_in for each in cycles),
        whole_cycle=median(each.rate for each in cycles),
        whole_cycle_cpu=median(each.cpu.each(people) for each in cycles) if seen else None,
        receipts=receipts.rate,
        receipts_p99=receipts.p99,
        texts=texts.rate,
        texts_p99=texts.p99,
        pace=_pace(clinic),
    )


def _pace(clinic: Settings) -> float:
    """What the clinic's own settings let its SMS senders send together. Unsaid, a sender's pace is one a second."""
    given = clinic.providers.get("twilio")
    if given is None:
        return 0.0
    senders = len([each for each in str(given.get("from", "")).split(",") if each.strip()])
    return float(str(given.get("pace", 1.0))) * max(1, senders)


def _lines(found: Carried) -> Sequence[tuple[str, str]]:
    cpu = "" if found.whole_cycle_cpu is None else f", {found.whole_cycle_cpu:.2f} ms CPU each"
    return (
        ("planning", f"{found.planned:,.0f} messages a second"),
        ("whole cycle, receipt and all", f"{found.whole_cycle:,.0f} messages a second{cpu}"),
        ("receipts", f"{found.receipts:,.0f} a second, 99 % within {1000 * found.receipts_p99:,.0f} ms"),
        ("texts from people", f"{found.texts:,.0f} a second, 99 % within {1000 * found.texts_p99:,.0f} ms"),
    )


def _tell(found: Carried) -> None:
    say(f"On {found.database}, {many(found.messages, 'message')} to nobody:")
    for what, figure in _lines(found):
        say(f"  {what:30}{figure}")
    if found.pace and found.pace < found.whole_cycle:
        say(f"Your senders may send {found.pace:,.0f} a second together: that is your limit, not this machine.")
