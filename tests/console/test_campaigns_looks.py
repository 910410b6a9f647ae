"""The pages of campaigns and texts as axe sees them: at both sizes, in every language, light and dark."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from outreach.console import app as console_app
from outreach.staff.roles import Role
from tests.campaigns import crowds
from tests.console.browser import Tab, browsing
from tests.console.conftest import Console

AXE = Path(console_app.__file__).parent / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = (
    "/campaigns",
    "/campaigns/new",
    "/campaigns/visits",
    "/campaigns/visits/plan",
    "/campaigns/visits/edit",
    "/campaigns/visits/edit?view=audience",
    "/campaigns/visits/edit?view=file",
    "/campaigns/visits/launch",
    "/campaigns/visits/clone",
    "/messages",
    "/messages/edit?name=visits/hello",
)
LOOKS = [("en", 390, False), ("fr", 1280, True), ("sw", 390, True)]


@pytest.fixture
def migrated_url(migrated_sqlite_url: str) -> str:
    """Nothing here hangs on the database."""
    return migrated_sqlite_url


async def violations(tab: Tab) -> Any:
    """What breaks the rules on this page, with every detail opened."""
    await tab.ask("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    await tab.ask(AXE.read_text(encoding="utf-8") + ";0")
    told = "found.violations.map((each) => [each.id, each.nodes.map((node) => node.html.slice(0, 120))])"
    return await tab.ask(f"axe.run({{ runOnly: {json.dumps(RULES)} }}).then((found) => {told})")


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_everybody_can_use_the_pages_of_campaigns(
    console: Console, chromium: str, tmp_path: Path, language: str, width: int, dark: bool
) -> None:
    crowds.write(console.workspace, console.workspace.database.now())
    crowds.gather(console.workspace, 30)

    async def look() -> dict[str, Any]:
        async with browsing(chromium, tmp_path / "profile") as tab:
            await tab.call("Network.enable")
            await tab.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
            token = console.as_(Role.LAUNCHER).http.cookies.get("outreach")
            await tab.call("Network.setCookie", name="outreach", value=token, url=console.base)
            await tab.look(width, dark=dark)
            found = {}
            for page in PAGES:
                await tab.open(f"{console.base}{page}")
                assert await tab.ask("document.documentElement.lang") == language
                assert await tab.ask("document.documentElement.scrollWidth <= innerWidth"), page
                found[page] = await violations(tab)
            assert tab.complaints == []
            return found

    assert {page: found for page, found in asyncio.run(look()).items() if found} == {}
