"""The launcher's whole day in a browser: by mouse and by keyboard alone, on a phone and on a laptop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from outreach.campaigns import planning, runs
from outreach.staff.roles import Role
from outreach.workspace import Workspace
from tests.clinic import cast
from tests.console.browser import Tab, browsing
from tests.console.conftest import Console
from tests.console.hands import Hands, Keyboard, Mouse


@pytest.fixture
def migrated_url(migrated_sqlite_url: str) -> str:
    """Nothing here hangs on the database."""
    return migrated_sqlite_url


SAYS = "document.body.innerText.includes({})"


async def says(tab: Tab, words: str) -> None:
    await tab.until(f"document.readyState === 'complete' && {SAYS.format(json.dumps(words))}")


async def enter(tab: Tab, console: Console, who: Role, path: str) -> None:
    """Be somebody, and go somewhere."""
    token = console.as_(who).http.cookies.get("outreach")
    await tab.call("Network.setCookie", name="outreach", value=token, url=console.base)
    await tab.open(f"{console.base}{path}")


async def builds(tab: Tab, hands: Hands) -> None:
    await hands.press("New campaign")
    await says(tab, "It begins with one step.")
    await hands.fill("Title", "Winter round")
    await hands.fill("Short name", "winter")
    await hands.fill("Topic", "tb")
    await hands.press("Make it")
    await says(tab, "The campaign is there.")
    await hands.press("Audience")
    await says(tab, "2 people who agreed")
    await hands.press("And only those …")
    await says(tab, "or …")
    await hands.fill("1.1: name of the tag or field", "nobody-has-it")
    await says(tab, "0 people who agreed")  # while one types
    await hands.press("Remove 1.1")
    await says(tab, "2 people who agreed")
    await hands.press("Form")
    await says(tab, "Too old to be useful after")
    await hands.fill("Too old to be useful after", "2d")
    await hands.press("Look at what changes")
    await says(tab, "expires: 2d")
    await hands.press("Save")
    await says(tab, "Saved. What the file said before is kept.")


async def launches(tab: Tab, hands: Hands, console: Console) -> None:
    await hands.press("Look at the plan")
    await says(tab, "What three people would read first")
    await hands.press("Propose it")
    await says(tab, "Somebody else has to approve it")
    await enter(tab, console, Role.COORDINATOR, "/campaigns/winter")
    await hands.press("Read the plan and decide")
    await says(tab, "Or decline it: why?")
    await hands.press("Approve")
    await says(tab, "Approved.")
    await enter(tab, console, Role.LAUNCHER, "/campaigns/winter")
    await hands.press("Launch …")
    await says(tab, "2 people are written to.")
    await hands.press("Launch it")
    await says(tab, "From now on it goes by itself.")


async def watches(tab: Tab, hands: Hands, workspace: Workspace) -> None:
    await says(tab, "Nothing is due yet.")
    ahead = workspace.settings.model_copy(update={"plan_ahead": timedelta(days=2)})
    assert planning.plan(Workspace(ahead, workspace.database, workspace.vault)) == 2
    await says(tab, "0 of 2")  # the page notices by itself
    turns = [("Pause …", "Pause it", "Paused: 2 messages are held."), ("Go on …", "Let it go on", "It goes on:")]
    for does, asks, done in turns:
        await hands.press(does)
        await says(tab, "2 ")
        await hands.press(asks)
        await says(tab, done)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("hands", [Mouse, Keyboard])
def test_a_launchers_day(
    console: Console, chromium: str, tmp_path: Path, hands: Callable[[Tab], Hands], width: int
) -> None:
    cast(console.workspace)

    async def day() -> None:
        async with browsing(chromium, tmp_path / "profile") as tab:
            await tab.call("Network.enable")
            await tab.look(width, dark=False)
            await enter(tab, console, Role.LAUNCHER, "/campaigns")
            with_these = hands(tab)
            await builds(tab, with_these)
            await launches(tab, with_these, console)
            await watches(tab, with_these, console.workspace)
            assert await tab.ask("document.documentElement.scrollWidth <= innerWidth")
            assert tab.complaints == []

    asyncio.run(day())
    with console.workspace.database.read() as session:
        assert runs.latest(session, "winter").launched_by == console.as_(Role.LAUNCHER).name
