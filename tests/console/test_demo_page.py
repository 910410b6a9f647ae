"""The demo's page over real HTTP, as a browser without JavaScript sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

import httpx
import pytest
from fastapi import FastAPI

from outreach.channels.contract import Cause
from outreach.console import demo, demo_facts
from outreach.messages.status import Failure, Refusal, State, Withdrawal
from outreach.reports.figures import Figures
from outreach.threads import inbox
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, CHAUSIKU, DAUDI, Cast, cast
from tests.delivery.desk import messages, run_of
from tests.simulator.running import running
from tests.threads.texting import sent, write

CARRIER = "http://127.0.0.1:9"
on_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database


@dataclass(frozen=True)
class Shown:
    """The page being served. `own`: the headers of a form of its own."""

    workspace: Workspace
    people: Cast
    run_id: int
    http: httpx.Client

    @property
    def own(self) -> dict[str, str]:
        return {"Origin": str(self.http.base_url).rstrip("/")}

    def text(self, path: str = "/demo") -> str:
        """What a reader sees: no tags, single spaces."""
        return read(self.http.get(path))

    def post(self, path: str, **form: str) -> httpx.Response:
        return self.http.post(path, data=form, headers=self.own)


def read(answer: httpx.Response) -> str:
    body = answer.text.partition("<body>")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.fixture
def shown(workspace: Workspace) -> Iterator[Shown]:
    people, app, run_id = cast(workspace), FastAPI(), run_of(workspace, title="TB treatment support")
    demo.page(app, workspace, CARRIER, run_id)
    with running(app) as base, httpx.Client(base_url=base, timeout=30) as http:
        yield Shown(workspace, people, run_id, http)


def opened(shown: Shown, number: str = AMINA, text: str = "When can I come?") -> int:
    thread = write(shown.workspace, number, text).thread_id
    assert thread is not None
    return thread


def test_a_page_without_anything_says_what_will_come(shown: Shown) -> None:
    text = shown.text()
    assert "A clinic is launching TB treatment support . Answer on one of the phones." in text
    assert "Nobody has written yet. Answer on a phone, and the conversation opens here." in text


def test_it_says_to_how_many_people_and_what_became_of_the_messages(shown: Shown) -> None:
    people = [shown.people.amina, shown.people.baraka, shown.people.chausiku, shown.people.daudi]
    with shown.workspace.database.write() as session:
        messages(session, people[:2], shown.run_id, state=State.DELIVERED)
        messages(session, people[2:3], shown.run_id, state=State.REFUSED, reason=Refusal.STOPPED)
        messages(session, people[3:], shown.run_id, state=State.UNDELIVERED, reason=Cause.UNREACHABLE)
        messages(session, people[:1], shown.run_id, step="refill")
    text = shown.text()
    assert "A clinic launched TB treatment support to 4 people." in text
    assert "Planned 5 Sent 3 Delivered 2 Answers 0" in text
    assert "1 phone off or out of reach undelivered" in text
    assert "1 said STOP refused" in text
    assert "1 waiting to go" in text


@on_sqlite
def test_who_wrote_last_comes_first_under_a_pseudonym(shown: Shown) -> None:
    first, second = opened(shown, AMINA, "Is it normal?"), opened(shown, BARAKA, f"Call me at {BARAKA}")
    names = [inbox.show(shown.workspace, thread).summary.pseudonym for thread in (second, first)]
    text = shown.text()
    assert text.index(names[0]) < text.index(names[1])
    assert "2 wait for an answer" in text
    assert "Call me at [number]" in text
    opened(shown, AMINA, "Hello?")
    text = shown.text()
    assert text.index(names[1]) < text.index(names[0])


@on_sqlite
def test_no_page_holds_a_number(shown: Shown) -> None:
    threads = [opened(shown, number, f"I am {number}") for number in (AMINA, BARAKA, DAUDI)]
    everything = "".join(
        shown.http.get(path).text for path in ("/demo", *(f"/demo/threads/{each}" for each in threads))
    )
    assert [number for number in (AMINA, BARAKA, CHAUSIKU, DAUDI) if number[1:] in everything] == []


@on_sqlite
def test_more_conversations_than_fit_are_one_link_away(shown: Shown) -> None:
    for number in range(demo.SHOWN + 1):
        opened(shown, f"+2547110000{number:02d}", "Hello")
    assert shown.http.get("/demo").text.count('id="thread-') == demo.SHOWN
    assert f"{demo.SHOWN} of {demo.SHOWN + 1} · Show more" in shown.text()
    assert shown.http.get(f"/demo?show={2 * demo.SHOWN}").text.count('id="thread-') == demo.SHOWN + 1


def test_an_open_conversation_shows_the_campaigns_text_theirs_and_ours(shown: Shown) -> None:
    with shown.workspace.database.write() as session:
        messages(session, [shown.people.amina], shown.run_id, state=State.DELIVERED)
    thread = opened(shown)
    text = shown.text(f"/demo/threads/{thread}")
    order = ["Campaign", "When can I come?", "Automatic answer", "Your reply to"]
    assert [text.index(each) for each in order] == sorted(text.index(each) for each in order)


def test_a_reply_is_sent_and_shown(shown: Shown) -> None:
    thread = opened(shown)
    seen = str(inbox.show(shown.workspace, thread).last)
    answer = shown.post(f"/demo/threads/{thread}/reply", text="Come today at nine.", seen=seen)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/demo/threads/{thread}#conversations")
    assert sent(shown.workspace, shown.people.amina)[-1].text == "Come today at nine."
    assert "Come today at nine. queued" in shown.text(f"/demo/threads/{thread}")


@on_sqlite
def test_a_reply_that_cannot_go_is_told_and_kept(shown: Shown) -> None:
    thread = opened(shown)
    seen = str(inbox.show(shown.workspace, thread).last)
    opened(shown, AMINA, "And one thing more")
    answer = shown.post(f"/demo/threads/{thread}/reply", text="My first thought", seen=seen)
    assert answer.status_code == 409
    assert "The thread has gone on meanwhile." in read(answer)
    assert ">My first thought</textarea>" in answer.text
    assert "And one thing more" in answer.text


@on_sqlite
def test_nobody_is_offered_to_answer_a_person_who_said_stop(shown: Shown) -> None:
    thread = opened(shown)
    write(shown.workspace, AMINA, "STOP")
    assert "This person said STOP." in shown.text(f"/demo/threads/{thread}")
    assert "<textarea" not in shown.http.get(f"/demo/threads/{thread}").text
    answer = shown.post(f"/demo/threads/{thread}/reply", text="Are you sure?")
    assert answer.status_code == 409
    assert "She said STOP" in read(answer)


def test_a_conversation_is_closed_once(shown: Shown) -> None:
    thread = opened(shown)
    assert shown.post(f"/demo/threads/{thread}/close").status_code == 303
    assert "Closed. When this person writes again" in shown.text(f"/demo/threads/{thread}")
    assert shown.post(f"/demo/threads/{thread}/close").status_code == 409


@on_sqlite
@pytest.mark.parametrize(
    ("path", "status"), [("/demo/threads/77", 404), ("/demo/threads/0", 422), (f"/demo/threads/{2**63}", 422)]
)
def test_what_is_not_there_is_told(shown: Shown, path: str, status: int) -> None:
    assert shown.http.get(path).status_code == status


@on_sqlite
def test_words_of_people_are_words_and_no_markup(shown: Shown) -> None:
    thread = opened(shown, AMINA, '<script src="/x"></script><b onclick=x>')
    for path in ("/demo", f"/demo/threads/{thread}"):
        assert '<script src="/x">' not in shown.http.get(path).text
        assert "&lt;b onclick=x&gt;" in shown.http.get(path).text


@on_sqlite
def test_only_this_machines_own_names_are_answered(shown: Shown) -> None:
    given = {"127.0.0.1": 200, "localhost:8000": 200, "clinic.example": 403, "localhost.evil.example": 403, "": 403}
    assert {host: shown.http.get("/demo", headers={"Host": host}).status_code for host in given} == given


FORMS = [
    ("of this page", {"Sec-Fetch-Site": "same-origin", "Origin": "own"}, 303),
    ("of this page, in a browser that only says the origin", {"Origin": "own"}, 303),
    ("from the phones' page, which has another port", {"Sec-Fetch-Site": "same-site", "Origin": CARRIER}, 403),
    ("from another site", {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403),
    ("from another site, in a browser that only says the origin", {"Origin": "https://evil.example"}, 403),
    ("from a page that hides where it is", {"Origin": "null"}, 403),
    ("from who knows where", {}, 403),
]


@on_sqlite
def test_a_form_must_come_from_the_page(shown: Shown) -> None:
    found = []
    for label, headers, _ in FORMS:
        thread = opened(shown)
        given = headers | (shown.own if headers.get("Origin") == "own" else {})
        answer = shown.http.post(f"/demo/threads/{thread}/close", headers=given)
        found.append((label, headers, answer.status_code))
    assert found == FORMS


@on_sqlite
def test_a_form_that_is_too_long_is_not_read(shown: Shown) -> None:
    assert shown.post("/demo/parts", text="x" * demo.CAP).status_code == 413


COSTS = [
    ("", ""),
    ("   ", ""),
    ("Come today.", "11 characters · 1 part (GSM-7)"),
    ("We’ll see", "9 characters · 1 part (UCS-2)"),
    ("a" * 161, "161 characters · 2 parts (GSM-7)"),
    ("a" * 1601, "1601 characters: 1600 is the most"),
]


@on_sqlite
def test_a_reply_is_counted_before_it_is_sent(shown: Shown) -> None:
    assert [(text, shown.post("/demo/parts", text=text).text) for text, _ in COSTS] == COSTS


@on_sqlite
def test_the_page_is_all_its_own(shown: Shown) -> None:
    answer = shown.http.get(f"/demo/threads/{opened(shown)}")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'self'; frame-src {CARRIER};")
    assert "unsafe" not in policy
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?! src=)", answer.text) == []
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', answer.text)
    assert [each for each in addresses if not each.startswith("/")] == ["", f"{CARRIER}/?bare=1&amp;show=6"]
    for path in (each for each in addresses if each.startswith("/static/")):
        assert shown.http.get(path).status_code == 200, path


def test_every_reason_has_words() -> None:
    reasons = [*Cause, *Failure, *Refusal, *Withdrawal]
    assert [reason for reason in reasons if not re.fullmatch(r"[\w ,-]+", demo_facts.words(reason))] == []
    assert [reason for reason in reasons if "_" in demo_facts.words(reason)] == []
    assert set(demo_facts.WORDS) <= {str(reason) for reason in reasons}


@pytest.mark.parametrize(
    ("label", "given", "shares"),
    [
        ("nothing yet", Figures(), [0, 0, 0, 0]),
        ("half way", Figures(planned=8, sent=4, delivered=2, replies=1), [100, 50, 25, 12]),
        ("more answers than messages", Figures(planned=2, sent=2, delivered=2, replies=9), [100, 100, 100, 100]),
    ],
)
def test_bars_are_shares_of_what_was_planned(label: str, given: Figures, shares: list[int]) -> None:
    assert [bar.share for bar in demo_facts.bars(given)] == shares, label


def test_a_face_belongs_to_a_pseudonym() -> None:
    names = [f"azure-heron-{number}" for number in range(10, 60)]
    assert len({demo_facts.face(name) for name in names}) == len(names)
    assert demo_facts.face(names[0]) == demo_facts.face("azure-heron-10")
    assert all(0 <= hue < 360 for name in names for hue in demo_facts.face(name).hues)
