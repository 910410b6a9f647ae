"""The same work by 1, 2 and 4 workers, each on a network of its own, around one PostgreSQL and one RabbitMQ.

They share this machine's cores, so a quick provider shows what several workers cost, and not what they bring. Behind
a provider that takes a second, a worker waits for its connections and not for the processor: there anything else that
holds workers back (locks, claims, the broker) would show.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contract import AMQP, Figures, Size, ground
from outreach.cli import bench_run
from outreach.cli.bench_place import Ground, crowd
from outreach.cli.bench_run import Provider
from outreach.errors import OutreachError
from tests.namespaces import Namespace, hub
from tests.servers import Beside, postgres, rabbitmq, servers

WORKERS = (1, 2, 4)
QUICK, SLOW = 100, 1000  # milliseconds that the provider takes
WARM = 2_000  # messages that are sent before anything is measured


def scaled(size: Size) -> list[Figures]:
    """Everybody is written to slowly and then quickly, by each number of workers.

    Raises NotHereError for whoever may lay no networks.
    """
    with hub() as here:
        places = [here.lay() for _ in range(max(WORKERS))]
        with (
            servers(Beside(here.address, here.subnet), (rabbitmq, postgres)) as urls,
            ground(broker=AMQP, given=urls, address=here.address) as place,
        ):
            crowd(place.workspace, WARM + size.count)
            with bench_run.provider(place, receipts=0) as carrier:
                return [_run(place, carrier, places, size.count) for _ in range(size.runs)]


def _run(place: Ground, carrier: Provider, places: Sequence[Namespace], count: int) -> Figures:
    found: Figures = {}
    for workers in WORKERS:
        chosen = places[:workers]
        commands = [*["worker"] * workers, "beat"]
        with bench_run.parts(place, *commands, inside=[each.inside for each in chosen]) as processes:
            for pace in (SLOW, QUICK):
                bench_run.launch(place, later=True)
                warm = _sent(place, carrier, processes, chosen, WARM, pace)
                if pace == SLOW and not warm["least"]:
                    raise OutreachError(f"One of {workers} workers sent none of {WARM:,} messages.")
                figures = _sent(place, carrier, processes, chosen, count, pace)
                found |= {f"{name}_{workers}_{pace}": figure for name, figure in figures.items()}
    most = max(WORKERS)
    return found | {
        "faster": found[f"rate_{most}_{SLOW}"] / found[f"rate_1_{SLOW}"],
        "dearer": found[f"cpu_{most}_{SLOW}"] / found[f"cpu_1_{SLOW}"],
    }


def _sent(
    place: Ground, carrier: Provider, processes: Sequence[int], workers: Sequence[Namespace], count: int, pace: int
) -> Figures:
    """So many of what is planned. `pace`: milliseconds of the provider; `least`, `most`: shares, 1 being an even one.

    Raises OutreachError where the provider saw fewer or more than that.
    """
    before = carrier.ask(f"latency/{pace}")
    run = bench_run.sent(place, processes, count)
    after = carrier.ask()
    for what in ("taken", "ids"):
        if after[what] - before[what] != count:
            raise OutreachError(f"{count:,} were to be sent; the provider has {after[what] - before[what]:,} ({what}).")
    shares = [after["by"].get(each.address, 0) - before["by"].get(each.address, 0) for each in workers]
    even = count / len(workers)
    return {
        "rate": run.rate,
        "cpu": run.cpu.each(count),
        "cpu_ours": 1000 * run.cpu.ours / count,
        "cpu_database": 1000 * (run.cpu.database or 0.0) / count,
        "least": min(shares) / even,
        "most": max(shares) / even,
    }


def told(figures: Figures) -> Sequence[str]:
    """The curve: a line for each number of workers and each provider."""
    lines = []
    for pace in (QUICK, SLOW):
        for workers in WORKERS:
            at = f"_{workers}_{pace}"
            cpu = f"{figures[f'cpu_ours{at}']:.2f} + {figures[f'cpu_database{at}']:.2f}"
            shares = f"{figures[f'least{at}']:.2f} to {figures[f'most{at}']:.2f}"
            lines.append(
                f"  {workers} worker{'s' if workers > 1 else ' '} at {pace:5,} ms  {figures[f'rate{at}']:7,.0f}/s"
                f"  {figures[f'cpu{at}']:.2f} ms CPU each (ours + database: {cpu})  shares {shares}"
            )
    return lines
