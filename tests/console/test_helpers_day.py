"""A helper's whole day in Chromium: by mouse with a patient's handset beside it, and by the keyboard alone."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from outreach.staff.roles import Role
from outreach.threads.tables import Outcome, Thread, ThreadState
from tests.clinic import AMINA, BARAKA, DAUDI, cast
from tests.console.browsers import DESK, PATIENCE, PHONE, Windows, browsing, faults, overflow
from tests.console.conftest import Console, on_sqlite
from tests.threads.texting import write

ROOT = Path(__file__).parents[2]
ASKS, ANSWER, THANKS = "Ninahisi kizunguzungu asubuhi", "Please come by today.", "Asante, nitakuja"

expect.set_options(timeout=PATIENCE)


@pytest.fixture
def windows(chromium: str) -> Iterator[Windows]:
    """A browser for this test."""
    with browsing(chromium) as made:
        yield made


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """`outreach demo` as it is typed, with the carrier's handsets; gives the console's address."""
    program = "from outreach.cli import main; main()"
    given = ["demo", "--people", "4", "--port", "0", "--folder", str(tmp_path / "clinic")]
    command = [sys.executable, "-c", program, *given]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        addresses = (re.search(r"http://[\w.:]+", line) for line in process.stderr)
        yield next(address.group() for address in addresses if address)
        process.send_signal(signal.SIGINT)
        process.stderr.read()


def enters(windows: Windows, demo: str, name: str, path: str = "/inbox", width: int = DESK) -> Page:
    """Somebody of the demo's staff signs in with one click."""
    page = windows.open(width)
    page.goto(demo + path)
    page.get_by_role("button", name=re.compile(name)).click()
    page.wait_for_url(f"**{path}")
    return page


def handset(windows: Windows, demo: str) -> Page:
    """The carrier's handsets, as the demo shows them."""
    page = enters(windows, demo, "Otieno", "/handsets", PHONE)
    page.goto(str(page.locator("iframe").get_attribute("src")))
    return page


def texts(phone: Page, words: str) -> None:
    """The owner of the first handset answers."""
    first = phone.locator("article").first
    first.locator("input[name=text]").fill(words)
    first.get_by_role("button", name="Send").click()


def test_a_patient_writes_and_is_answered_by_two_helpers_who_see_each_other(windows: Windows, demo: str) -> None:
    otieno, phone = enters(windows, demo, "Otieno"), handset(windows, demo)
    expect(otieno.get_by_text("Nobody is waiting")).to_be_visible()
    expect(phone.locator(".talk .clinic").first).to_be_visible()
    texts(phone, ASKS)

    otieno.locator("a.thread", has_text=ASKS).click()  # it came by itself
    achieng = enters(windows, demo, "Achieng", otieno.url.removeprefix(demo))
    expect(otieno.locator("#there")).to_contain_text("Achieng Were has this conversation open too")
    otieno.get_by_role("button", name="I take it").click()
    otieno.get_by_text("Answers that are ready").click()
    otieno.get_by_role("button", name=re.compile("Put into the box")).first.click()
    box = otieno.get_by_label("Your reply")
    expect(box).not_to_have_value("")
    box.fill("")
    box.press_sequentially(ANSWER)
    expect(otieno.locator("#cost")).to_have_text("21 characters · 1 part")
    expect(achieng.locator("#there")).to_contain_text("Otieno Odhiambo is writing here right now")

    texts(phone, THANKS)  # while he writes
    expect(otieno.locator("#talk")).to_contain_text(THANKS)
    expect(box).to_have_value(ANSWER)
    otieno.get_by_role("button", name="Send reply").click()
    expect(otieno.locator("#talk")).to_contain_text(ANSWER)
    expect(otieno.get_by_label("Your reply")).to_have_value("")
    expect(phone.locator("article").first).to_contain_text(ANSWER)
    expect(achieng.locator("#talk")).to_contain_text(ANSWER)

    hands_over(otieno)
    achieng.goto(f"{demo}/inbox?list=mine")
    achieng.locator("a.thread").click()
    expect(achieng.locator("#talk")).to_contain_text("She speaks Swahili.")
    achieng.get_by_label("How it ended").select_option(label="Answered")
    achieng.get_by_role("button", name="Close conversation").click()
    expect(achieng.get_by_text("The conversation is closed.")).to_be_visible()
    expect(otieno.locator("#talk")).to_contain_text("Achieng Were closed it: Answered.")
    assert windows.complaints == []


def hands_over(page: Page) -> None:
    """With a word for whom it goes to."""
    page.get_by_text("Hand it over").click()
    page.get_by_label("To whom").select_option(label="Achieng Were")
    page.get_by_label("A word for them").fill("She speaks Swahili.")
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_text("Achieng Were has it.")).to_be_visible()


def focused(page: Page) -> Locator:
    return page.locator("*:focus")


@on_sqlite
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_keyboard_alone_is_enough(width: int, console: Console, windows: Windows) -> None:
    cast(console.workspace)
    first = write(console.workspace, AMINA, "When can I come?").thread_id
    write(console.workspace, BARAKA, "Is it open on Sunday?")
    write(console.workspace, DAUDI, "stop, I want to ask something")
    page = windows.open(width, console.as_(Role.HELPER).http.cookies["outreach"], console.base)
    page.goto(f"{console.base}/inbox")
    assert (faults(page), overflow(page)) == ([], 0)

    press = page.keyboard.press
    press("j")
    expect(focused(page)).to_contain_text("Perhaps a STOP")
    press("j")
    expect(focused(page)).to_contain_text("When can I come?")
    press("k")
    expect(focused(page)).to_contain_text("Perhaps a STOP")
    press("j")
    press("Enter")
    page.wait_for_url(f"**/inbox/{first}")
    assert (faults(page), overflow(page)) == ([], 0)

    press("?")
    expect(page.get_by_role("dialog")).to_contain_text("write a reply")
    press("Escape")
    press("a")
    expect(page.get_by_text("It is yours.")).to_be_visible()
    press("r")
    expect(focused(page)).to_have_id("text")
    page.keyboard.type("On Monday at nine.")
    press("Tab")
    press("Enter")
    expect(page.locator("#talk")).to_contain_text("On Monday at nine.")
    press("n")
    page.keyboard.type("Bring the form.")
    press("Tab")
    press("Enter")
    expect(page.locator("#talk")).to_contain_text("only staff see it")
    press("e")
    page.keyboard.type("Ref")  # the select goes to what begins so
    press("Tab")
    press("Enter")
    expect(page.get_by_text("The conversation is closed.")).to_be_visible()
    expect(page.locator("#talk")).to_contain_text("stop, I want to ask something")  # whoever needs somebody most
    press("j")
    expect(page.locator("#talk")).to_contain_text("Is it open on Sunday?")
    press("k")
    expect(page.locator("#talk")).to_contain_text("stop, I want to ask something")
    press("u")
    page.wait_for_url("**/inbox")
    with console.workspace.database.read() as session:
        closed = session.get_one(Thread, first)
    assert (closed.state, closed.outcome, closed.assignee) == (ThreadState.CLOSED, Outcome.REFERRED, "otieno")
    assert windows.complaints == []
