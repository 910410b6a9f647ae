"""Every page at both sizes, in every language, by day and by night: axe finds nothing, and nothing overflows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from outreach.console.words import LANGUAGES
from outreach.staff import accounts
from outreach.staff.roles import Role
from tests.console.browsers import DESK, PHONE, Windows, browsing, faults, overflow
from tests.console.conftest import WHO, Console, on_sqlite
from tests.console.looks import LOOKS

#: Each language once, so that each size and each light is seen too.
VIEWS = [("en", PHONE, False), ("fr", PHONE, True), ("sw", DESK, False), ("en", DESK, True)]


@pytest.fixture
def windows(chromium: str) -> Iterator[Windows]:
    """A browser for this test."""
    with browsing(chromium) as made:
        yield made


def speaks(console: Console, language: str) -> None:
    with console.workspace.database.write() as session:
        for name in WHO.values():
            accounts.set_language(session, name, language)


def opened(windows: Windows, console: Console, role: Role | None, view: tuple[str, int, bool]) -> Page:
    language, width, dark = view
    token = console.as_(role).http.cookies["outreach"] if role else ""
    return windows.open(width, token, console.base, dark=dark, locale=language)


def test_every_language_size_and_light_is_among_the_views() -> None:
    assert {language for language, _, _ in VIEWS} == set(LANGUAGES)
    assert {width for _, width, _ in VIEWS} == {PHONE, DESK}
    assert {dark for _, _, dark in VIEWS} == {True, False}


@on_sqlite
@pytest.mark.parametrize("noun", LOOKS)
def test_every_page_can_be_read_by_everybody(noun: str, console: Console, windows: Windows) -> None:
    found = {}
    pages: dict[object, Page] = {}
    for look in LOOKS[noun]:
        path = look.to if isinstance(look.to, str) else look.to(console)
        for view in VIEWS:
            speaks(console, view[0])
            if (look.who, view) not in pages:
                pages[look.who, view] = opened(windows, console, look.who, view)
            page = pages[look.who, view]
            page.goto(console.base + path)
            assert page.evaluate("document.documentElement.lang") == view[0]
            assert page.locator("h1").count() == 1, look.label
            if problems := [*faults(page), *([f"wider by {overflow(page)} px"] if overflow(page) > 0 else [])]:
                found[look.label, *view] = problems
    assert found == {}
    assert [each for each in windows.complaints if "404 (Not Found)" not in each] == []
