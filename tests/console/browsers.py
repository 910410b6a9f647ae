"""Debian's Chromium by Playwright, for the length of one test. (Not longer: its loop is the thread's own.)"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESK = 390, 1280  # CSS pixels
PATIENCE = 60_000  # ms: the machine may be busy

AXE = Path(__file__).parents[2] / "outreach" / "console" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
_ASK = """async () => {
  const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""


@dataclass
class Windows:
    """A browser. `complaints`: what pages said on their console, such as an exception or what the policy forbids."""

    _browser: Browser
    complaints: list[str] = field(default_factory=list)

    def open(self, width: int = DESK, token: str = "", url: str = "", *, dark: bool = False, **more: Any) -> Page:
        """A window of its own profile; `token` and `url` sign somebody in there."""
        scheme: Literal["dark", "light"] = "dark" if dark else "light"
        context = self._browser.new_context(
            viewport={"width": width, "height": 844 if width == PHONE else 800}, color_scheme=scheme, **more
        )
        context.set_default_timeout(PATIENCE)
        if token:
            context.add_cookies([{"name": "outreach", "value": token, "url": url}])
        return self._watched(context)

    def _watched(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda told: self.complaints.append(told.text) if told.type == "error" else None)
        return page


@contextmanager
def browsing(chromium: str) -> Iterator[Windows]:
    """A browser, closed at the end of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS, timeout=PATIENCE)
        try:
            yield Windows(browser)
        finally:
            browser.close()


def faults(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    found: list[str] = page.evaluate(_ASK)
    return found


def overflow(page: Page) -> int:
    """By how many pixels a page is wider than its window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide
