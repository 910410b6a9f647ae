"""What the console's pages cost in a whole country: `python -m benchmarks.pages [--people N] [--times N] [--keep URL]`.

Server time is from the request to the last byte over loopback, of the real application. `ours` is the CPU of our
process, with the browser's part in it (about 1 ms), `database` that of the database's processes: on a machine that has
nothing else to do, both together are the server time. Weight is what goes over the wire, compressed: the first visit
with everything that a page loads, later ones the page. Parts are what a page asks for again while it is open, files
what it gives to take along: for those there is no goal but that they end.

`--keep` names a PostgreSQL database: an empty one is filled and stays, one that was filled so is measured at once.
Without it, a database is made on the server that OUTREACH_TEST_POSTGRES_URL names, and taken away.
"""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from sqlalchemy import text

from benchmarks import crowd, lives, meters
from benchmarks.country import EACH, fill
from benchmarks.meters import Cost, Meter
from outreach import log, memory
from outreach.console import app as console_app
from outreach.delivery import carriers
from outreach.reports.registry import REPORTS
from outreach.staff.roles import Role
from outreach.workspace import Workspace
from tests.clinic import own_templates, write_campaign
from tests.console.conftest import Console, hire
from tests.simulator.running import running

PAGE, SEARCH = 60.0, 150.0  # ms
FIRST_GOAL, LATER_GOAL = 150_000, 20_000  # bytes
FILE_TIMES = 3  # how often a file is taken, at most


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing to ask for. `goal` in ms, 0: none. `part`: as htmx asks; `form`: sent, else only asked for."""

    path: str
    role: Role | None
    goal: float = PAGE
    part: bool = False
    form: Mapping[str, str] = field(default_factory=dict)
    file: bool = False


def _pages() -> Iterator[Ask]:
    yield Ask("/sign-in", None)
    for role in (Role.HELPER, Role.COORDINATOR, Role.LAUNCHER, Role.ADMIN):
        yield Ask("/", role)
    for path in ("/me", "/inbox", "/inbox?list=mine", "/inbox?list=all", "/inbox?list=closed"):
        yield Ask(path, Role.HELPER)
    yield Ask("/inbox?language=sw", Role.HELPER, SEARCH)
    yield Ask("/inbox?language=sw&topic=tb&free=yes", Role.HELPER, SEARCH)
    yield Ask("/inbox/20", Role.HELPER)
    yield Ask(f"/inbox/{lives.TALK}", Role.HELPER)
    yield Ask("/people", Role.LAUNCHER)
    for query in (
        *("pseudonym=calm-river-77777", "pseudonym=calm-river-5", "tag=on-treatment", "tag=ward-7", "language=sw"),
        *("field=district&value=district-3", "tag=ward-7&field=district&value=district-3", "topic=maternal"),
        *("field=age&value=40", "tag=on-treatment&language=fr&topic=hiv&field=district&value=district-9"),
        "tag=nobody&language=sw",
    ):
        yield Ask(f"/people?{query}", Role.LAUNCHER, SEARCH)
    for path in ("/people/calm-river-777", "/people/import", "/campaigns", "/campaigns/tb-autumn"):
        yield Ask(path, Role.LAUNCHER)
    yield Ask("/campaigns/country", Role.LAUNCHER)
    yield Ask("/campaigns/tb-screening", Role.LAUNCHER)
    yield Ask("/campaigns/tb-screening/run/cancel", Role.LAUNCHER)
    for path in ("edit", "edit?view=audience", "edit?view=file", "plan", "launch", "history", "clone"):
        yield Ask(f"/campaigns/tb-autumn/{path}", Role.LAUNCHER)
    yield Ask("/campaigns/country/plan", Role.LAUNCHER)
    for path in ("/messages", "/messages/edit?name=tb/welcome", "/campaigns/new"):
        yield Ask(path, Role.LAUNCHER)
    yield Ask("/reports", Role.COORDINATOR)
    yield Ask("/reports", Role.LAUNCHER)
    for name in REPORTS:
        yield Ask(f"/reports/{name}", Role.COORDINATOR)
    yield Ask("/reports/delivery?first=2020-01-01", Role.COORDINATOR)
    yield from _rooms_of_few()


def _rooms_of_few() -> Iterator[Ask]:
    for path in ("/reveals", "/reveals?list=all", "/alerts", "/alerts?list=all"):
        yield Ask(path, Role.COORDINATOR)
    for path in ("/reveals", "/understand"):
        yield Ask(path, Role.HELPER)
    for path in ("", "/rules", "/providers", "/staff", "/tokens", "/hooks"):
        yield Ask(f"/settings{path}", Role.ADMIN)
    yield Ask("/settings/record", Role.AUDITOR)


def _parts() -> Iterator[Ask]:
    yield Ask("/", Role.HELPER, part=True)
    yield Ask("/", Role.COORDINATOR, part=True)
    yield Ask("/inbox", Role.HELPER, part=True)
    for path in ("/inbox/20", "/inbox/20/there", f"/inbox/{lives.TALK}"):
        yield Ask(path, Role.HELPER, part=True)
    yield Ask("/inbox/20/typing", Role.HELPER, part=True, form={"text": "Come on Friday", "typing": "yes"})
    yield Ask("/campaigns", Role.LAUNCHER, part=True)
    yield Ask("/campaigns/tb-screening/progress", Role.LAUNCHER, part=True)
    yield Ask("/reports", Role.COORDINATOR, part=True)
    for rows in _AUDIENCES:
        yield Ask("/campaigns/tb-autumn/edit/count", Role.LAUNCHER, SEARCH, part=True, form={"topic": "tb", **rows})
    yield Ask("/campaigns/tb-autumn/edit/faults", Role.LAUNCHER, part=True, form={"text": _CAMPAIGN})
    measured = {"name": "tb/welcome", "language": "en", "manner": "covert", "text": "Hello {{ clinic }}"}
    yield Ask("/messages/measure", Role.LAUNCHER, part=True, form=measured)


def _files() -> Iterator[Ask]:
    for name in REPORTS:
        for form in ("csv", "xlsx"):
            yield Ask(f"/reports/{name}/{form}", Role.COORDINATOR, 0, file=True)
    yield Ask("/people/export", Role.ADMIN, 0, form={"why": "bench"}, file=True)


def _audience(*rows: tuple[str, str, str, str]) -> dict[str, str]:
    """Rows of (kind, name, comparison, value), all of which must hold, as the audience builder sends them."""
    form = {"groups": str(len(rows))}
    for place, row in enumerate(rows):
        form[f"g{place}-rows"] = "1"
        form |= dict(zip([f"g{place}r0-{name}" for name in ("kind", "name", "comparison", "value")], row, strict=True))
    return form


_AUDIENCES = (
    _audience(),
    _audience(("tag", "on-treatment", "is", "")),
    _audience(("tag", "ward-7", "is", "")),
    _audience(("tag", "on-treatment", "is", ""), ("field", "district", "in", "district-3, district-4")),
    _audience(("field", "age", "above", "40"), ("language", "", "is", "sw")),
    _audience(("field", "refill_date", "after", "2031-01-01")),
    _audience(("tag", "nobody", "is", "")),
)

_CAMPAIGN = """title: TB in autumn
topic: tb
language: en
audience: {all: [{tag: on-treatment}, {field: district, in: [district-3, district-4]}]}
channels: [sms]
steps:
  - {id: welcome, template: tb/welcome, at: "2027-01-04 09:00"}
"""

#: One to everybody: as dear as a plan can be.
_COUNTRY = _CAMPAIGN.replace("TB in autumn", "Everybody").replace(
    "{all: [{tag: on-treatment}, {field: district, in: [district-3, district-4]}]}", "{all: []}"
)


def measure(workspace: Workspace, times: int, only: str = "") -> Iterator[tuple[str, Cost]]:
    """Every page, part and file whose address has `only` in it, each with the heading it belongs under."""
    hire(workspace)
    lives.readable(workspace)
    own_templates(workspace.folder)  # shared ones may not be written to, so no page offers it
    with workspace.database.write() as session:  # whom one conversation is shown of: a made-up run says no texts
        session.execute(text("UPDATE message SET run_id = NULL WHERE person_id IN (200, 400)"))
    for name, words in (("tb-autumn", _CAMPAIGN), ("country", _COUNTRY), ("tb-screening", _COUNTRY)):
        write_campaign(workspace, name, words)
    with running(console_app.make(workspace, carriers.build(workspace), carrier="http://127.0.0.1:9")) as base:
        console = Console(workspace, base)
        memory.settle()  # as `outreach web` does
        with Meter(workspace) as meter:
            for heading, asks in (("pages", _pages()), ("parts", _parts()), ("files", _files())):
                yield from ((heading, _cost(console, meter, ask, times)) for ask in asks if only in ask.path)
        console.close()


def _cost(console: Console, meter: Meter, ask: Ask, times: int) -> Cost:
    http = console.as_(ask.role).http if ask.role else console.browser()
    http.headers["Accept-Encoding"] = "gzip, br"
    if ask.form and (token := re.search(r'<meta name="csrf" content="([^"]+)"', http.get("/me").text)):
        http.headers["X-CSRF"] = token.group(1)
    if ask.part:
        http.headers["HX-Request"] = "true"
    http.timeout = 600
    times = min(times, FILE_TIMES) if ask.file else times
    return meter.cost(http, ask.path, ask.role or "nobody", dict(ask.form), ask.goal, times)


def _tell(found: Iterator[tuple[str, Cost]]) -> None:
    """Tables as they grow, and at the end what is above its goal."""
    above: list[str] = []
    for heading, costs in groupby(found, key=itemgetter(0)):
        print(f"\n{meters.HEADS[heading]}", flush=True)
        for _, cost in costs:
            print(meters.line(heading, cost), flush=True)
            above += _faults(cost)
    print("\n" + ("\n".join(above) or "Everything keeps its goal."))


def _faults(cost: Cost) -> Iterator[str]:
    if cost.status != 200:
        yield f"- `{cost.what}` as {cost.who} answers {cost.status}"
    if cost.goal and cost.median > cost.goal:
        yield f"- `{cost.what}` as {cost.who} takes {cost.median:.0f} ms, more than {cost.goal:.0f}"
    if cost.goal and (cost.first > FIRST_GOAL or cost.later > LATER_GOAL):
        yield f"- `{cost.what}` as {cost.who} weighs {cost.first / 1000:.1f} kB, later {cost.later / 1000:.1f} kB"


@contextlib.contextmanager
def _clinic(keep: str, people: int) -> Iterator[tuple[Workspace, int]]:
    if not keep:
        with crowd.a_clinic() as workspace:
            fill(workspace, people)
            yield workspace, people
        return
    with crowd.kept(keep) as (workspace, new):
        if new:
            fill(workspace, people)
        with workspace.database.read() as session:
            known = session.scalar(text("SELECT count(*) FROM person")) or 0
        yield workspace, known


def main() -> None:
    """Make the country or open it, and its pages."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--people", type=int, default=1_000_000)
    options.add_argument("--times", type=int, default=15)
    options.add_argument("--keep", default="", help="URL of a PostgreSQL database that is filled once and stays")
    options.add_argument("--only", default="", help="only addresses with this in them")
    chosen = options.parse_args()
    log.configure(json=False, level="error")
    with _clinic(chosen.keep, chosen.people) as (workspace, people):
        print(f"{people:,} people, {people * EACH:,} messages, {people // 10:,} threads; {meters.load()}")
        _tell(measure(workspace, chosen.times, chosen.only))


if __name__ == "__main__":
    main()
