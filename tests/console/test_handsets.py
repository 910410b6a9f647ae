"""The demo's phones, and beside them what the clinic sees."""

from __future__ import annotations

import re

from outreach.channels.contract import Cause
from outreach.console import app as console_app
from outreach.console.reports_words import SAID
from outreach.delivery import carriers
from outreach.messages.status import Failure, Refusal, State, Withdrawal
from outreach.staff.roles import Role
from outreach.threads import inbox
from tests.clinic import AMINA, BARAKA, cast
from tests.console.conftest import Console, on_sqlite
from tests.delivery.desk import messages, run_of
from tests.simulator.running import running
from tests.threads.texting import write


@on_sqlite
def test_the_report_fills_up_beside_the_phones(console: Console) -> None:
    people, there = cast(console.workspace), console.workspace
    coordinator = console.as_(Role.COORDINATOR)
    assert "Nobody has written yet." in coordinator.text("/handsets")
    run = run_of(there, title="TB treatment support")
    with there.database.write() as session:
        messages(session, [people.amina, people.baraka], run, state=State.DELIVERED)
        messages(session, [people.chausiku], run, state=State.REFUSED, reason=Refusal.STOPPED)
        messages(session, [people.daudi], run, state=State.UNDELIVERED, reason=Cause.UNREACHABLE)
        messages(session, [people.amina], run, step="refill")
    text = coordinator.text("/handsets")
    for told in (
        "TB treatment support The campaign",
        "Sent 3 of 5",
        "Delivered 2 of 5",
        "phone off or out of reach 1",
        "said STOP 1",
        "1 waits to go",
    ):
        assert told in text, told


@on_sqlite
def test_who_wrote_last_comes_first_under_a_pseudonym(console: Console) -> None:
    cast(console.workspace)
    threads = [
        write(console.workspace, AMINA, "Is it normal?").thread_id,
        write(console.workspace, BARAKA, f"Call me at {BARAKA}").thread_id,
    ]
    names = [inbox.show(console.workspace, each or 0).summary.pseudonym for each in threads]
    helper = console.as_(Role.HELPER)
    text = helper.text("/handsets")
    assert text.index(names[1]) < text.index(names[0])
    assert "Call me at [number]" in text
    assert BARAKA[1:] not in helper.get("/handsets").text
    assert names[0] not in console.as_(Role.LAUNCHER).text("/handsets"), "a launcher reads no conversation"
    part = helper.get("/handsets", headers={"HX-Request": "true"}).text
    assert (names[0] in part, "<iframe" in part) == (True, False)


@on_sqlite
def test_phones_are_shown_in_the_demo_only(console: Console) -> None:
    page = console.as_(Role.HELPER).get("/handsets")
    assert "frame-src http://127.0.0.1:9" in page.headers["content-security-policy"]
    app = console_app.make(console.workspace, carriers.build(console.workspace))
    with running(app) as base:
        clinic = Console(console.workspace, base)
        assert clinic.as_(Role.ADMIN).get("/handsets").status_code == 404
        clinic.close()


def test_every_reason_has_words() -> None:
    assert [each for each in (*Cause, *Failure, *Refusal, *Withdrawal) if each not in SAID and "_" in each] == []


@on_sqlite
def test_on_a_phone_the_bar_has_five_places_and_the_rest_opens_without_a_script(console: Console) -> None:
    page = console.as_(Role.COORDINATOR).get("/settings").text
    bar = page.partition("<nav")[2].partition("</nav>")[0]
    first, _, rest = bar.partition('<details class="rest" data-here>')
    shown = [place for place in first.split("<li")[1:] if 'class="wide"' not in place]
    assert (len(shown) - 1, first.count("<li")) == (4, 10), "four and the rest; on a laptop all nine"
    assert re.findall(r'href="([^"]+)"', rest) == ["/reports", "/alerts", "/reveals", "/settings", "/handsets"]
    assert "<details" not in console.as_(Role.HELPER).get("/").text.partition("</nav>")[0], "three need no More"
