"""A headless Chromium, driven through its DevTools protocol."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)


class Tab:
    """One page. `complaints`: what its console said, such as an exception or something that the policy forbids."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last = 0
        self.complaints: list[str] = []

    async def call(self, method: str, **given: Any) -> dict[str, Any]:
        """One call of the protocol."""
        self._last += 1
        await self._socket.send_json({"id": self._last, "method": method, "params": given})
        while True:
            told = await self._socket.receive_json(timeout=20)
            if told.get("id") == self._last:
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result
            if told.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}:
                self.complaints.append(json.dumps(told["params"]))

    async def ask(self, expression: str, frame: int | None = None) -> Any:
        """The value of an expression of JavaScript; `frame`: where, as `inside` tells."""
        where = {} if frame is None else {"contextId": frame}
        given = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        found = await self.call("Runtime.evaluate", **given, **where)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, expression: str, frame: int | None = None, within: float = 30) -> None:
        """Wait until an expression is true."""
        for _ in range(int(within * 10)):
            if await self.ask(expression, frame):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"not within {within} s: {expression}")

    async def inside(self) -> int:
        """The first frame of the page."""
        frames = (await self.call("Page.getFrameTree"))["frameTree"]["childFrames"]
        world = await self.call("Page.createIsolatedWorld", frameId=frames[0]["frame"]["id"])
        return int(world["executionContextId"])

    async def open(self, url: str) -> None:
        """Go somewhere."""
        await self.call("Page.navigate", url=url)
        await self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url)})")

    async def look(self, width: int, *, dark: bool) -> None:
        """Be a screen of this width, in CSS pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])


@asynccontextmanager
async def browsing(chromium: str, folder: Path) -> AsyncIterator[Tab]:
    """A browser with one empty page; `folder` is its profile's."""
    process = _started(chromium, folder)
    try:
        async with ClientSession() as session:
            pages = await (await session.get(f"http://127.0.0.1:{await _port(folder)}/json")).json()
            target = next(each for each in pages if each["type"] == "page")
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                tab = Tab(socket)
                for domain in ("Page", "Runtime", "Log"):
                    await tab.call(f"{domain}.enable")
                yield tab
    finally:
        process.terminate()
        process.wait()


def _started(chromium: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([chromium, *FLAGS, f"--user-data-dir={folder}", "about:blank"], stderr=subprocess.DEVNULL)


async def _port(folder: Path) -> int:
    """The port that the browser took: it writes it down."""
    told = folder / "DevToolsActivePort"
    for _ in range(600):
        if told.is_file() and (lines := told.read_text().splitlines()):
            return int(lines[0])
        await asyncio.sleep(0.05)
    raise AssertionError("the browser did not start")
