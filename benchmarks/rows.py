"""The rows of the bench, on one screen. To add one: a function that gives the figures of each run, a line here."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import backlog, plan, push, report, scale, waits
from benchmarks.contract import Figures, Goal, Row, Size, ground
from outreach.cli import bench_run
from outreach.cli.bench_flood import RECEIPT, TEXT
from outreach.cli.bench_meter import memory_of
from outreach.cli.bench_place import Ground, crowd
from outreach.cli.bench_run import Run


def _figures(run: Run) -> Figures:
    known = run.cpu.database
    return {
        "cpu": run.cpu.each(run.messages),
        "rate": run.rate,
        "cpu_ours": 1000 * run.cpu.ours / run.messages,
        "cpu_database": 1000 * (known or 0.0) / run.messages,
        "planned": run.messages / run.planned_in,
    }


def whole_cycle(size: Size) -> list[Figures]:
    """PostgreSQL and Redis; web, worker and beat as processes."""
    with ground() as place:
        return _cycles(place, size, "web", "worker", "beat")


def embedded(size: Size) -> list[Figures]:
    """SQLite, everything in the one process of `outreach up`."""
    with ground(sqlite=True) as place:
        return _cycles(place, size, "up")


def _cycles(place: Ground, size: Size, *commands: str) -> list[Figures]:
    crowd(place.workspace, size.count)
    with bench_run.provider(place), bench_run.parts(place, *commands) as processes:
        return [_figures(bench_run.whole(place, processes, size.count)) for _ in range(size.runs)]


def send_only(size: Size) -> list[Figures]:
    """Two worker processes; nobody tells of deliveries."""
    found = []
    with ground() as place:
        crowd(place.workspace, size.count)
        with bench_run.parts(place, "worker", "beat"):
            pass  # all that a worker loads is compiled by now, as an installation's modules are
        with bench_run.provider(place, receipts=0), bench_run.parts(place, "worker", "worker", "beat") as processes:
            for _ in range(size.runs):
                figures = _figures(bench_run.send_only(place, processes, size.count))
                found.append(figures | {"memory": max(memory_of(pid) for pid in processes)})
    return found


def receipts(size: Size) -> list[Figures]:
    """One web process, 64 connections, every receipt for another message."""
    found = []
    with ground(broker="") as place:
        crowd(place.workspace, size.count)
        for _ in range(size.runs):
            bench_run.launch(place, later=True)
            marks = bench_run.accepted(place)
            with bench_run.parts(place, "web") as processes:
                bench_run.flood(place, processes, TEXT, [size.count])  # what is made at the first call
                found.append(_flood(bench_run.flood(place, processes, RECEIPT, marks)))
    return found


def texts(size: Size) -> list[Figures]:
    """One web process, 64 connections; everybody writes once a run."""
    with ground(broker="") as place:
        crowd(place.workspace, size.count)
        with bench_run.parts(place, "web") as processes:
            everybody = range(size.count)
            return [_flood(bench_run.flood(place, processes, TEXT, everybody)) for _ in range(size.runs)]


def _flood(seen: bench_run.Flood) -> Figures:
    return {
        "rate": seen.rate,
        "p99": 1000 * seen.p99,
        "p50": 1000 * seen.p50,
        "cpu": seen.cpu.each(seen.calls),
        "again": seen.again,
    }


_CPU, _RATE = "cpu", "rate"

ROWS: Sequence[Row] = (
    Row(
        "whole",
        "whole cycle: plan, claim, write, send by `twilio`, record, a receipt",
        (Goal(_CPU, 1.8, "ms CPU each"), Goal(_RATE, 750, "/s", most=False)),
        5_000,
        50_000,
        whole_cycle,
    ),
    Row(
        "send",
        "send only, two worker processes",
        (Goal(_CPU, 1.1, "ms CPU each"), Goal(_RATE, 1100, "/s", most=False), Goal("memory", 150, "MB a worker")),
        5_000,
        50_000,
        send_only,
    ),
    Row(
        "receipts",
        "receipts by webhook, one process, 64 connections",
        (Goal(_RATE, 1900, "/s", most=False), Goal("p99", 100, "ms p99"), Goal(_CPU, 0.49, "ms CPU each")),
        10_000,
        100_000,
        receipts,
    ),
    Row(
        "texts",
        "texts from people, whole transaction, one process, 64 connections",
        (Goal(_RATE, 400, "/s", most=False), Goal("p99", 150, "ms p99")),
        2_000,
        20_000,
        texts,
    ),
    Row(
        "push",
        "push through `firebase-admin`: CPU over that of the library's best way alone (ratio)",
        (Goal("over", 1.1, "×"),),
        3_000,
        20_000,
        push.beside_the_library,
    ),
    Row(
        "plan",
        "plan a campaign in 8 time zones (seconds for a million people)",
        (Goal("seconds", 20, "s"),),
        100_000,
        1_000_000,
        plan.planned,
    ),
    Row(
        "sqlite",
        "the embedded default on SQLite, one command, whole cycle",
        (Goal(_RATE, 300, "/s", most=False),),
        3_000,
        20_000,
        embedded,
    ),
    Row(
        "due",
        f"from the due moment to the provider, while {waits.PACE}/s fall due, two worker processes",
        (Goal("p95", 3, "s p95"),),
        5_000,
        50_000,
        waits.from_due,
    ),
    Row(
        "replies",
        "answers behind a campaign that is due as a whole, two worker processes",
        (Goal("p95", 1.5, "s p95"),),
        20_000,
        1_000_000,
        waits.replies,
    ),
    Row(
        "scale",
        "1, 2, 4 workers on networks of their own, a provider of 1 s (4 over 1)",
        (Goal("faster", 3.5, "× the rate", most=False), Goal("dearer", 1.1, "× CPU each")),
        5_000,
        50_000,
        scale.scaled,
        scale.told,
    ),
    Row(
        "backlog",
        "work a queue off: CPU each in front of twice the backlog (ratio)",
        (Goal("grown", 1.05, "×"),),
        250_000,
        2_500_000,
        backlog.grown,
    ),
    Row(
        "report",
        "pages of reports: CPU at so many messages over that at 10,000 (ratio)",
        (Goal("grown", 1.2, "×"),),
        1_000_000,
        10_000_000,
        report.grown,
    ),
)
