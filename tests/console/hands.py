"""Two ways of working with a page: with a mouse alone, and with a keyboard alone. Both find things by what they say."""

from __future__ import annotations

import json
from typing import Protocol

from tests.console.browser import Tab

MOST_TABS = 250

#: The link, button or field that says this; it must be seen.
_FIND = """((said) => {
  const words = (one) => (one.getAttribute("aria-label") || one.innerText || "").replace(/\\s+/g, " ").trim();
  const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".hidden");
  const acts = [...document.querySelectorAll("a, button, summary")].filter((one) => seen(one) && words(one) === said);
  const labels = [...document.querySelectorAll("label, legend")].filter((one) => seen(one) && words(one) === said);
  const named = [...document.querySelectorAll("input, select, textarea")].filter(
    (one) => seen(one) && one.getAttribute("aria-label") === said);
  const fields = [...labels.map((one) => one.control).filter(Boolean), ...named];
  window.wanted = acts.find((one) => !one.disabled) || fields[0] || null;
  return Boolean(window.wanted);
})"""

_PLACE = """(() => {
  wanted.scrollIntoView({ block: "center", behavior: "instant" });
  const { left, top, width, height } = wanted.getBoundingClientRect();
  const [x, y] = [left + width / 2, top + height / 2];
  const hit = document.elementFromPoint(x, y);
  return [x, y, hit === wanted || wanted.contains(hit) || (hit && hit.contains(wanted))];
})()"""


class Hands(Protocol):
    """How somebody works with a page."""

    async def press(self, said: str) -> None:
        """Follow a link, press a button."""

    async def fill(self, said: str, text: str) -> None:
        """Write into a field, in place of what stands there."""


async def _find(tab: Tab, said: str) -> None:
    await tab.until(f"{_FIND}({json.dumps(said)})")


class Mouse:
    """Points at things and clicks; what is covered by something else is not clicked."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    async def press(self, said: str) -> None:
        """Click on what says this."""
        await _find(self.tab, said)
        await self._click(said)

    async def fill(self, said: str, text: str) -> None:
        """Click into the field and write."""
        await _find(self.tab, said)
        await self._click(said)
        await self.tab.ask("wanted.select()")
        await self.tab.call("Input.insertText", text=text)

    async def _click(self, said: str) -> None:
        x, y, free = await self.tab.ask(_PLACE)
        assert free, f"something lies over {said!r}"
        for kind in ("mousePressed", "mouseReleased"):
            await self.tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


class Keyboard:
    """Goes from thing to thing with the Tab key."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    async def press(self, said: str) -> None:
        """Go to what says this and press Enter."""
        await self._reach(said)
        await self._key("Enter", 13, "\r")

    async def fill(self, said: str, text: str) -> None:
        """Go to the field, select what stands there, and write."""
        await self._reach(said)
        await self._key("a", 65, "", modifiers=2, commands=["selectAll"])
        await self.tab.call("Input.insertText", text=text)

    async def _reach(self, said: str) -> None:
        await _find(self.tab, said)
        for _ in range(MOST_TABS):
            if await self.tab.ask("document.activeElement === wanted"):
                outline = await self.tab.ask("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"one does not see where one is at {said!r}"
                return
            await self._key("Tab", 9)
        raise AssertionError(f"the Tab key does not reach {said!r}")

    async def _key(self, key: str, code: int, text: str = "", **more: object) -> None:
        where = key if len(key) > 1 else f"Key{key.upper()}"
        given = {"key": key, "code": where, "windowsVirtualKeyCode": code, **more}
        down = {"text": text} if text else {}
        await self.tab.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **given, **down)
        await self.tab.call("Input.dispatchKeyEvent", type="keyUp", **given)
