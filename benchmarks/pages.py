"""What the console's pages cost in a whole country: `python -m benchmarks.pages [--people N] [--times N]`.

Server time is from the request to the last byte over loopback, of the real application. CPU is that of our process,
with the browser's part in it (about 1 ms); the rest is the database's, or that of whatever else runs on the machine.
Weight is what goes over the wire, compressed: the first visit with everything that a page loads, later ones the page.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

import httpx
from sqlalchemy import text

from benchmarks import crowd
from benchmarks.country import EACH, fill
from outreach import log
from outreach.console import app as console_app
from outreach.delivery import carriers
from outreach.staff.roles import Role
from outreach.workspace import Workspace
from tests.clinic import write_campaign
from tests.console.conftest import Console, hire
from tests.simulator.running import running

GOAL, SEARCH_GOAL = 60.0, 150.0  # ms
FIRST_GOAL, LATER_GOAL = 150_000, 20_000  # bytes

#: A page, who opens it, whether it searches.
PAGES: Sequence[tuple[str, Role | None, bool]] = (
    ("/sign-in", None, False),
    ("/", Role.HELPER, False),
    ("/", Role.COORDINATOR, False),
    ("/", Role.LAUNCHER, False),
    ("/", Role.ADMIN, False),
    ("/me", Role.HELPER, False),
    ("/inbox", Role.HELPER, False),
    ("/inbox?list=all", Role.HELPER, False),
    ("/inbox?list=closed", Role.HELPER, False),
    ("/inbox?language=sw", Role.HELPER, True),
    ("/inbox/20", Role.HELPER, False),
    ("/people", Role.LAUNCHER, False),
    ("/people?pseudonym=calm-river-77777", Role.LAUNCHER, True),
    ("/people?pseudonym=calm-river-5", Role.LAUNCHER, True),
    ("/people?tag=on-treatment", Role.LAUNCHER, True),
    ("/people/calm-river-777", Role.LAUNCHER, False),
    ("/people/import", Role.LAUNCHER, False),
    ("/campaigns", Role.LAUNCHER, False),
    ("/campaigns/tb-autumn", Role.LAUNCHER, False),
    ("/campaigns/tb-autumn/edit", Role.LAUNCHER, False),
    ("/campaigns/tb-autumn/edit?view=audience", Role.LAUNCHER, False),
    ("/campaigns/tb-autumn/plan", Role.LAUNCHER, False),
    ("/messages", Role.LAUNCHER, False),
    ("/reports", Role.COORDINATOR, False),
    *((f"/reports/{name}", Role.COORDINATOR, False) for name in ("funnel", "delivery", "reasons", "senders")),
    *((f"/reports/{name}", Role.COORDINATOR, False) for name in ("threads", "consent", "cost", "phone")),
    ("/settings", Role.ADMIN, False),
    ("/settings/rules", Role.ADMIN, False),
    ("/settings/providers", Role.ADMIN, False),
    ("/settings/staff", Role.ADMIN, False),
    ("/settings/record", Role.AUDITOR, False),
)

_CAMPAIGN = """title: TB in autumn
topic: tb
language: en
audience: {all: [{tag: on-treatment}, {field: district, in: [district-3, district-4]}]}
channels: [sms]
steps:
  - {id: welcome, template: tb/welcome, at: "2027-01-04 09:00"}
"""


class Cost(NamedTuple):
    """What one page costs: milliseconds, of them those of our CPU, and bytes over the wire."""

    page: str
    who: str
    status: int
    median: float
    cpu: float
    first: int
    later: int
    goal: float


def measure(workspace: Workspace, times: int) -> list[Cost]:
    """Every page."""
    hire(workspace)
    with workspace.database.write() as session:  # whom one conversation is shown of: a made-up run says no texts
        session.execute(text("UPDATE message SET run_id = NULL WHERE person_id = 200"))
    write_campaign(workspace, "tb-autumn", _CAMPAIGN)
    found = []
    with running(console_app.make(workspace, carriers.build(workspace), carrier="http://127.0.0.1:9")) as base:
        console = Console(workspace, base)
        for path, role, searches in PAGES:
            http = console.as_(role).http if role else console.browser()
            found.append(_cost(http, path, role, times, SEARCH_GOAL if searches else GOAL))
        console.close()
    return found


def _cost(http: httpx.Client, path: str, role: Role | None, times: int, goal: float) -> Cost:
    http.headers["Accept-Encoding"] = "gzip, br"
    spent, used = [], []
    for _ in range(times + 2):
        begun, before = time.perf_counter(), time.process_time()
        status, later = _weight(http, path)
        spent.append(1000 * (time.perf_counter() - begun))
        used.append(1000 * (time.process_time() - before))
    page = http.get(path).text if status == 200 else ""
    loaded = re.findall(r'(?:href|src)="(/built/[^"]+)"', page)
    first = later + sum(_weight(http, each)[1] for each in dict.fromkeys(loaded))
    median, cpu = statistics.median(spent[2:]), statistics.median(used[2:])
    return Cost(path, role or "nobody", status, median, cpu, first, later, goal)


def _weight(http: httpx.Client, path: str) -> tuple[int, int]:
    try:
        with http.stream("GET", path) as answer:
            return answer.status_code, sum(len(chunk) for chunk in answer.iter_raw())
    except httpx.TransportError:  # the application raised
        return 500, 0


def main() -> None:
    """Make the country, open its pages, take it away."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--people", type=int, default=1_000_000)
    options.add_argument("--times", type=int, default=15)
    chosen = options.parse_args()
    log.configure(json=False, level="error")
    with crowd.a_clinic() as workspace:
        fill(workspace, chosen.people)
        found = measure(workspace, chosen.times)
    print(f"{chosen.people:,} people, {chosen.people * EACH:,} messages, {chosen.people // 10:,} threads\n")
    print(
        "| page | as | median ms | of it our CPU | goal ms | first visit kB | later kB |\n|---|---|---|---|---|---|---|"
    )
    for each in found:
        cost = f"{each.median:.0f} | {each.cpu:.0f} | {each.goal:.0f}"
        print(f"| `{each.page}` | {each.who} | {cost} | {each.first / 1000:.1f} | {each.later / 1000:.1f} |")
    for each in found:
        if each.status != 200:
            print(f"not a page: {each.page} gives {each.status}")
        elif each.median > each.goal or each.first > FIRST_GOAL or each.later > LATER_GOAL:
            print(f"above its goal: {each.page} as {each.who}")


if __name__ == "__main__":
    main()
