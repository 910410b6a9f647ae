"""The demo in a browser: the whole main job, as a newcomer does it by hand."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.console.browser import Tab, browsing

ROOT = Path(__file__).parents[2]
ANSWER = "Ninahisi kizunguzungu / I feel odd"
REPLY = "Please come by today."

#: Texts with too little contrast for WCAG AA (4.5, or 3 where large): what each is, and its ratio.
PALE = """(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const says = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.querySelectorAll("body *")].filter((one) => says(one) && one.checkVisibility()).map((one) => {
    const style = getComputedStyle(one);
    const [more, less] = [light(rgba(style.color)), light(behind(one))].sort((a, b) => b - a);
    const ratio = (more + 0.05) / (less + 0.05);
    const enough = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    return ratio < enough ? `${one.className || one.tagName} ${ratio.toFixed(2)}` : "";
  }).filter(Boolean);
})()"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`outreach demo` as it is typed; gives its address."""
    folder = tmp_path_factory.mktemp("demo")
    program = "from outreach.cli import main; main()"
    command = [
        sys.executable,
        "-c",
        program,
        "demo",
        "--people",
        "12",
        "--port",
        "0",
        "--folder",
        str(folder / "clinic"),
    ]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        addresses = (re.search(r"http://\S+", line) for line in process.stderr)
        yield next(address.group() for address in addresses if address)
        process.send_signal(signal.SIGINT)
        process.stderr.read()


@asynccontextmanager
async def at(demo: str, chromium: str, folder: Path) -> AsyncIterator[Tab]:
    async with browsing(chromium, folder) as tab:
        await tab.open(demo)
        yield tab


async def answer_by_hand(tab: Tab, text: str) -> int:
    """Type an answer into the first phone, once it has been written to. Gives the phones' frame."""
    phones = await tab.inside()
    await tab.until("!!document.querySelector('.talk .clinic')", phones)
    await tab.ask(
        f"""(() => {{
          const form = document.querySelector("form.write");
          form.querySelector("[name=text]").value = {text!r};
          form.requestSubmit(form.querySelector("button"));
        }})()""",
        phones,
    )
    return phones


def test_an_answer_by_hand_becomes_a_thread_and_the_reply_reaches_the_phone(
    demo: str, chromium: str, tmp_path: Path
) -> None:
    async def walk() -> list[str]:
        async with at(demo, chromium, tmp_path) as tab:
            await tab.ask("window.same = true")
            phones = await answer_by_hand(tab, ANSWER)
            await tab.until(f"document.querySelector('#threads')?.innerText.includes({ANSWER!r})")
            await tab.ask("window.hers = (one) => one.innerText.includes(" + repr(ANSWER) + ")")
            await tab.ask("[...document.querySelectorAll('#threads a')].find(hers).click()")
            await tab.until("!!document.getElementById('text')")
            await tab.ask("document.getElementById('text').focus()")
            await tab.call("Input.insertText", text=REPLY)
            await tab.until("document.querySelector('output').textContent.includes('1 part')")
            await asyncio.sleep(2)  # the page has looked at least once
            assert await tab.ask("[document.activeElement.value, location.pathname.slice(0, 14)]") == [
                REPLY,
                "/demo/threads/",
            ]
            await tab.ask("document.querySelector('.write .first').click()")
            await tab.until(f"document.querySelector('.talk .helper')?.innerText.includes({REPLY!r})")
            await tab.until(f"document.querySelector('.talk').innerText.includes({REPLY!r})", phones)
            assert await tab.ask("document.getElementById('text').value") == ""
            assert await tab.ask("window.same"), "no page was loaded anew"
            return tab.complaints

    assert asyncio.run(walk()) == []


def test_the_report_fills_up_by_itself(demo: str, chromium: str, tmp_path: Path) -> None:
    async def walk() -> list[str]:
        async with at(demo, chromium, tmp_path) as tab:
            await tab.until("+document.querySelectorAll('.funnel dd')[2].textContent > 0")
            await tab.until("parseInt(document.querySelector('.delivered .fill').getAttribute('width')) > 0")
            return tab.complaints

    assert asyncio.run(walk()) == []


def test_it_fits_and_can_be_read_on_a_phone_and_a_desk_by_day_and_by_night(
    demo: str, chromium: str, tmp_path: Path
) -> None:
    async def walk() -> dict[tuple[int, bool, str], tuple[int, list[str]]]:
        found = {}
        async with at(demo, chromium, tmp_path) as tab:
            await answer_by_hand(tab, ANSWER)
            await tab.until("!!document.querySelector('#threads a')")
            for path in ("", await tab.ask("document.querySelector('#threads a').pathname")):
                await tab.open(demo.removesuffix("/demo") + (path or "/demo"))
                for width, dark in ((390, False), (390, True), (1280, False), (1280, True)):
                    await tab.look(width, dark=dark)
                    overflow = await tab.ask(
                        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                    )
                    found[width, dark, path] = (overflow, await tab.ask(PALE))
        return found

    assert {case: faults for case, faults in asyncio.run(walk()).items() if faults != (0, [])} == {}
