"""The coordinator's day with reports, on a phone and on a laptop: she reads one, narrows it, and takes it along."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from outreach.reports.registry import REPORTS
from outreach.staff.roles import Role
from tests.console.browser import Tab, browsing
from tests.console.conftest import Console, on_sqlite
from tests.console.hands import Mouse
from tests.console.test_reports import grown

AXE = Path(__file__).parents[2] / "outreach/console/frontend/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


async def says(tab: Tab, words: str) -> None:
    await tab.until(f"document.readyState === 'complete' && document.body.innerText.includes({json.dumps(words)})")


async def faults(tab: Tab) -> list[Any]:
    """What axe finds wrong with the page that is open."""
    await tab.ask(AXE.read_text(encoding="utf-8"))
    found = await tab.ask(
        f"axe.run(document, {{runOnly: {json.dumps(RULES)}}})"
        ".then((told) => told.violations.map((each) => [each.id, each.nodes.map((node) => node.html)]))"
    )
    return list(found)


async def reads(tab: Tab, folder: Path) -> bytes:
    """From the list to a report, narrowed to one campaign, to the file in her folder."""
    hands = Mouse(tab)
    await hands.press("Delivery What became of every message, by campaign, step and day.")
    await says(tab, "What the columns mean")
    await tab.until("document.querySelector('.plot canvas') !== null")
    # While nobody points at the drawing, what it names has no values, nor signs in their place.
    assert await tab.ask("[...document.querySelectorAll('.u-legend td')].every((one) => one.innerText.trim() === '')")
    await tab.ask(
        "document.querySelector('#f-campaign').value = 'tb-adherence'; document.querySelector('#f-first').value = ''"
    )
    await hands.press("Show")
    await tab.until("location.search.includes('campaign=tb-adherence') && document.readyState === 'complete'")
    assert await tab.ask("[...document.querySelectorAll('.card tbody th')].every((one) => one.innerText !== '–')")
    await tab.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    await hands.press("CSV")
    for _ in range(600):
        if taken := came(folder):
            return taken
        await asyncio.sleep(0.1)
    raise AssertionError("no file came")


def came(folder: Path) -> bytes:
    """The file, once it is whole: until then the browser gives it another name."""
    return b"".join(file.read_bytes() for file in folder.glob("delivery-*.csv"))


@on_sqlite
@pytest.mark.parametrize("width", [390, 1280])
def test_a_coordinators_day(console: Console, chromium: str, tmp_path: Path, width: int) -> None:
    grown(console)
    token = console.as_(Role.COORDINATOR).http.cookies.get("outreach")
    (tmp_path / "taken").mkdir()

    async def day() -> bytes:
        async with browsing(chromium, tmp_path / "profile") as tab:
            await tab.call("Network.enable")
            await tab.call("Network.setCookie", name="outreach", value=token, url=console.base)
            await tab.look(width, dark=width == 390)
            for place in ("", *(f"/{name}?first=" for name in REPORTS)):
                await tab.open(f"{console.base}/reports{place}")
                assert await faults(tab) == [], place
                assert await tab.ask("document.documentElement.scrollWidth <= innerWidth"), place
            await tab.open(f"{console.base}/reports")
            taken = await reads(tab, tmp_path / "taken")
            assert tab.complaints == []
            return taken

    rows = list(csv.DictReader(io.StringIO(asyncio.run(day()).decode("utf-8-sig"))))
    assert {row["campaign"] for row in rows} == {"tb-adherence"}
    assert sum(int(row["planned"]) for row in rows) == 160 + 4000
