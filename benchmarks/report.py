"""What the pages of reports cost over ten million messages, and over ten thousand. A row of the bench."""

from __future__ import annotations

from benchmarks import crowd
from benchmarks.contract import Figures, Size
from benchmarks.country import EACH, fill
from benchmarks.meters import Meter
from outreach.console import app as console_app
from outreach.delivery import carriers
from outreach.reports.registry import REPORTS
from outreach.staff import accounts
from outreach.staff.roles import Role
from outreach.workspace import Workspace
from tests.console.conftest import Console, hire
from tests.simulator.running import running

FEW = 10_000  # messages
TIMES = 20

#: All but the list of whom to phone, which has a row for each of them.
PAGES = tuple(f"/reports/{name}" for name in REPORTS if name != "phone")


def grown(size: Size) -> list[Figures]:
    """Milliseconds of CPU (ours and the database's) of all pages together at `FEW` messages and at `count`; the second
    over the first.
    """
    with crowd.a_clinic() as small, crowd.a_clinic() as country:
        fill(small, FEW // EACH)
        fill(country, size.count // EACH)
        found = [(cost(small), cost(country)) for _ in range(size.runs)]
    return [{"few": few, "many": many, "grown": many / few} for few, many in found]


def cost(workspace: Workspace) -> float:
    """Milliseconds of CPU of all pages together, each the median of `TIMES`."""
    if not _staffed(workspace):
        hire(workspace)
    with running(console_app.make(workspace, carriers.build(workspace), carrier="http://127.0.0.1:9")) as base:
        console = Console(workspace, base)
        http = console.as_(Role.COORDINATOR).http
        with Meter(workspace) as meter:
            costs = [meter.cost(http, path, "", {}, 0, TIMES) for path in PAGES]
        console.close()
    return sum(each.ours + each.database for each in costs)


def _staffed(workspace: Workspace) -> bool:
    with workspace.database.read() as session:
        return bool(accounts.everybody(session))
