"""The inbox over HTTP: every deed without a script, what is refused and why, and no number ever."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from outreach.messages.status import Purpose
from outreach.messages.tables import Message
from outreach.privacy import audit
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.threads import alarms, canned, hands, inbox, presence
from outreach.threads.tables import Outcome, Thread
from tests.clinic import AMINA, BARAKA, CHAUSIKU, DAUDI, cast
from tests.console.conftest import WHO, Console, Signed, on_sqlite, read
from tests.threads.texting import write

pytestmark = on_sqlite

ME, SHE = WHO[Role.HELPER], WHO[Role.COORDINATOR]


@pytest.fixture
def helper(console: Console) -> Signed:
    cast(console.workspace)
    return console.as_(Role.HELPER)


def opened(console: Console, number: str = AMINA, text: str = "When can I come?") -> int:
    thread = write(console.workspace, number, text).thread_id
    assert thread is not None
    return thread


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found
    return found.group(1)


def row(console: Console, thread: int) -> Thread:
    with console.workspace.database.read() as session:
        return session.get_one(Thread, thread)


# --- lists -----------------------------------------------------------------------------------------------------------


def test_lists_tell_who_waits_and_who_has_whom(console: Console, helper: Signed) -> None:
    calm, urgent = opened(console), opened(console, BARAKA, "I am bleeding a lot")
    perhaps = opened(console, DAUDI, "stop, I want to ask something")
    hands.take(console.workspace, calm, by=SHE)
    with console.workspace.database.write() as session:
        presence.here(session, urgent, SHE, typing=True)
    page = helper.get("/inbox").text
    assert [int(each) for each in re.findall(r'id="thread-(\d+)"', page)] == [urgent, perhaps, calm]
    told = helper.text("/inbox")
    for words in ("Urgent: speaks of bleeding", "Perhaps a STOP", "with Achieng Were", "Achieng Were is writing"):
        assert words in told
    assert "When can I come?" in told
    assert "Nothing in your hands" in helper.text("/inbox?list=mine")
    assert "Nothing is closed yet" in helper.text("/inbox?list=closed")
    assert "Nobody is waiting" in helper.text("/inbox?language=sw")


def test_a_panic_word_and_who_wants_a_call_are_seen(console: Console, helper: Signed) -> None:
    write(console.workspace, AMINA, "ALARM lemon")
    panicked, caller = opened(console, AMINA, "lemon"), opened(console, BARAKA, "call me please")
    told = helper.text("/inbox")
    assert "Panic word" in told
    assert "Wants to be called" in told
    page = helper.get("/inbox?call=yes").text
    assert re.findall(r'id="thread-(\d+)"', page) == [str(caller)]
    assert f"/inbox/{caller}?call=yes" in page, "one goes on in the list that one came from"
    assert "See in another way that she is safe. Nobody of staff has been called yet." in helper.text(
        f"/inbox/{panicked}"
    )
    alarms.watch(console.workspace)  # of the coordinator no number is known
    assert "Nobody could be called, not even Achieng Were: fetch somebody yourself" in helper.text(f"/inbox/{panicked}")
    assert "She asked to be called" in helper.text(f"/inbox/{caller}")


def test_a_long_list_goes_on_page_by_page(console: Console, helper: Signed) -> None:
    for number in range(27):
        opened(console, f"+2547120009{number:02}", "Hello")
    first = helper.get("/inbox").text
    more = re.search(r'href="(/inbox\?after=[^"]+)"', first)
    assert more
    second = helper.get(more.group(1)).text
    ids = [re.findall(r'id="thread-(\d+)"', page) for page in (first, second)]
    assert ([len(each) for each in ids], len({*ids[0], *ids[1]})) == ([25, 2], 27)
    assert "Nobody is waiting" not in helper.text("/inbox?after=nonsense"), "a place that is none is the beginning"


# --- one conversation ------------------------------------------------------------------------------------------------


def test_a_conversation_is_answered_and_closed_by_plain_forms(console: Console, helper: Signed) -> None:
    first, second = opened(console, AMINA, f"When can I come? {AMINA}"), opened(console, BARAKA)
    page = helper.get(f"/inbox/{first}").text
    assert "When can I come? [number]" in page
    assert helper.post(f"/inbox/{first}/reply", text="On Monday.", seen=seen(page)).status_code == 303
    told = helper.text(f"/inbox/{first}")
    assert "Otieno Odhiambo · just now On Monday." in told
    assert "It is yours." in told
    done = helper.post(f"/inbox/{first}/close", outcome="referred")
    assert (done.status_code, done.headers["location"]) == (303, f"/inbox/{second}"), "on to the next"
    assert row(console, first).outcome == Outcome.REFERRED
    assert "closed it: Referred to somebody." in helper.text(f"/inbox/{first}?list=closed")
    last = helper.post(f"/inbox/{second}/close", outcome="answered")
    assert last.headers["location"] == "/inbox"


def test_what_staff_do_is_told_in_the_conversation_and_recorded(console: Console, helper: Signed) -> None:
    thread = opened(console)
    secret = "canary: her sister may fetch it"
    deeds: list[tuple[str, dict[str, str]]] = [
        ("take", {}),
        ("note", {"note": secret}),
        ("hand-over", {"to": SHE, "word": "She asks for you."}),
        ("take", {"over": "yes"}),
        ("release", {}),
    ]
    for deed, form in deeds:
        assert helper.post(f"/inbox/{thread}/{deed}", **form).status_code == 303, deed
    told = helper.text(f"/inbox/{thread}")
    for words in (
        "Otieno Odhiambo took this conversation.",
        f"Note by Otieno Odhiambo, only staff see it · just now {secret}",
        "handed it over to Achieng Were.",
        "She asks for you.",
        "Otieno Odhiambo let go of it.",
        "Nobody has it yet.",
    ):
        assert words in told
    with console.workspace.database.read() as session:
        lines = audit.entries(session, console.workspace.vault)
        sent = session.scalars(select(Message).where(Message.purpose == Purpose.REPLY, Message.direction == "out"))
        assert sent.all() == [], "a note is never sent"
    assert [line.action for line in lines if line.who == ME] == [
        "thread_taken",
        "thread_noted",
        "thread_handed_over",
        "thread_taken",
        "thread_released",
    ]
    assert "canary" not in str([(line.subject, line.why) for line in lines])


DRAFT = "On Monday <b>at nine</b> & bring the packet"

# label, what was done before, the deed, its form, what is said, what is still there
REFUSED: list[tuple[str, str, str, dict[str, str], str, str]] = [
    ("gone on", "text", "reply", {"text": DRAFT}, "It went on while you were writing", DRAFT),
    ("empty", "", "reply", {"text": "  "}, "nothing written yet", ""),
    ("too long", "", "reply", {"text": "x" * 1601}, "too long", "x" * 1601),
    ("stopped", "stop", "reply", {"text": DRAFT}, "She said STOP", ""),
    ("closed", "close", "reply", {"text": DRAFT}, "closed", ""),
    ("somebody has it", "taken", "take", {}, "Achieng Were has this conversation", ""),
    ("nobody chosen", "", "hand-over", {"to": "", "word": "canary"}, "Choose somebody from the list", "canary"),
    ("a stranger", "", "hand-over", {"to": "njeri"}, "Choose somebody from the list", ""),
    ("an empty note", "", "note", {"note": " "}, "nothing written yet", ""),
    ("no outcome", "", "close", {"outcome": ""}, "choose one of the list", ""),
    ("the system's outcome", "", "close", {"outcome": "forgotten"}, "choose one of the list", ""),
    ("decided already", "", "decide", {"stop": "yes"}, "decided this already", ""),
]


@pytest.mark.parametrize(
    ("label", "before", "deed", "form", "told", "kept"), REFUSED, ids=[case[0] for case in REFUSED]
)
def test_what_cannot_be_done_says_why_and_keeps_what_was_written(
    label: str, before: str, deed: str, form: dict[str, str], told: str, kept: str, console: Console, helper: Signed
) -> None:
    thread = opened(console)
    last = seen(helper.get(f"/inbox/{thread}").text)
    if before == "text":
        opened(console, AMINA, "Never mind")
    elif before == "stop":
        write(console.workspace, AMINA, "STOP")
    elif before == "close":
        inbox.close(console.workspace, thread, Outcome.ANSWERED)
    elif before == "taken":
        hands.take(console.workspace, thread, by=SHE)
    answer = helper.post(f"/inbox/{thread}/{deed}", **({"seen": last} if deed == "reply" else {}), **form)
    assert (answer.status_code, told in read(answer)) == (409, True)
    assert kept in read(answer).replace("&lt;", "<")
    with console.workspace.database.read() as session:
        assert (
            session.scalar(select(Message.id).where(Message.purpose == Purpose.REPLY, Message.direction == "out"))
            is None
        )


def test_a_wish_to_stop_is_decided(console: Console, helper: Signed) -> None:
    thread = opened(console, AMINA, "stop, I want to ask something")
    assert "Perhaps a STOP" in helper.text(f"/inbox/{thread}")
    assert helper.post(f"/inbox/{thread}/decide", stop="yes").status_code == 303
    told = helper.text(f"/inbox/{thread}")
    assert "Closed: Wants no more texts" in told
    assert "read this as a wish to stop" in told


def test_an_answer_that_is_ready_comes_into_the_box_after_what_stands_there(console: Console, helper: Signed) -> None:
    thread = opened(console)
    ready = canned.canned(console.workspace.settings, "en")
    assert len(ready) >= 5
    page = helper.get(f"/inbox/{thread}").text
    assert all(each.name in page for each in ready)
    box = helper.post(f"/inbox/{thread}/reply", text="Hello.", ready=ready[0].name)
    assert f"Hello.\n{ready[0].text}" in box.text.replace("&#39;", "'")
    with console.workspace.database.read() as session:
        sent = select(Message.id).where(Message.purpose == Purpose.REPLY, Message.direction == "out")
        assert session.scalar(sent) is None, "nothing is sent by choosing"


def test_who_is_here_too_is_seen_on_every_process(console: Console, helper: Signed) -> None:
    thread = opened(console)
    other = console.as_(Role.COORDINATOR)
    helper.get(f"/inbox/{thread}")
    assert "Otieno Odhiambo has this conversation open too." in other.text(f"/inbox/{thread}")
    counted = helper.post(f"/inbox/{thread}/typing", text="é" * 161)
    assert "161 characters · 2 parts" in counted.text
    assert "Otieno Odhiambo is writing here right now" in read(other.get(f"/inbox/{thread}/there"))
    assert "is writing" not in read(helper.get(f"/inbox/{thread}/there")), "nobody is told of herself"


PARTS = [
    ("", ""),
    ("a", "1 character · 1 part"),
    ("€" * 153, "153 characters · 3 parts"),
    ("x" * 1601, "1,600 is the most"),
]


@pytest.mark.parametrize(("text", "told"), PARTS)
def test_parts_are_counted_as_they_are_billed(text: str, told: str, console: Console, helper: Signed) -> None:
    thread = opened(console)
    assert told in read(helper.post(f"/inbox/{thread}/typing", text=text))


def test_a_part_of_the_page_comes_alone(console: Console, helper: Signed) -> None:
    thread = opened(console)
    for path, holds in ((f"/inbox/{thread}", '<ol class="talk"'), ("/inbox", f'id="thread-{thread}"')):
        part = helper.get(path, headers={"HX-Request": "true"}).text
        assert ("<html" in part, holds in part) == (False, True)


@pytest.mark.parametrize("what", ["", "/there", "/reply", "/take", "/close", "/typing", "/decide", "/note"])
def test_a_conversation_that_is_not_there_looks_like_any_absent_page(
    what: str, console: Console, helper: Signed
) -> None:
    shows = what in {"", "/there"}
    answer = (
        helper.get(f"/inbox/4711{what}")
        if shows
        else helper.post(f"/inbox/4711{what}", text="x", note="x", outcome="spam")
    )
    assert answer.status_code == 404


def test_no_page_shows_a_number_or_an_id_of_a_person(console: Console, helper: Signed) -> None:
    people = {number: opened(console, number, f"I am {number}, 0{number[4:]}") for number in (AMINA, BARAKA, CHAUSIKU)}
    with console.workspace.database.read() as session:
        ids = [str(each) for each in session.scalars(select(Thread.person_id))]
    pages = "".join(helper.get(path).text for path in ("/inbox", *(f"/inbox/{thread}" for thread in people.values())))
    assert [each for each in (*ids, *(number[4:] for number in people)) if each in pages] == []


def test_a_long_conversation_shows_its_newest_texts_and_leads_to_the_earlier_ones(
    console: Console, helper: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MOST_SHOWN", 3)
    thread = opened(console, AMINA, "text 0")
    for number in range(1, 5):
        opened(console, AMINA, f"text {number}")
    page = helper.get(f"/inbox/{thread}").text
    assert ("text 4" in page, "text 0" in page) == (True, False)
    earlier = re.search(rf'href="(/inbox/{thread}\?before=\d+)"', page)
    assert earlier
    assert "text 0" in helper.get(earlier.group(1)).text


def test_a_forgotten_persons_conversation_still_opens(console: Console, helper: Signed) -> None:
    thread = opened(console)
    with console.workspace.database.write() as session:
        session.execute(update(Message).values(body=None))
        assert dialects.now(session)
    assert "(no longer readable)" in helper.text(f"/inbox/{thread}")


def test_what_was_promised_is_seen_and_what_is_overdue_is_marked(console: Console, helper: Signed) -> None:
    thread = opened(console)
    here = f"/inbox/{thread}"
    assert "promised in" in helper.text("/inbox")
    assert "She was told that somebody will have read by: in" in helper.text(here)
    with console.workspace.database.write() as session:
        session.execute(update(Thread).values(promised_at=dialects.now(session) - timedelta(hours=2)))
    assert "overdue" in helper.text("/inbox")
    assert "overdue She was told that somebody would have read by: 2 hours ago" in helper.text(here)
    helper.post(f"{here}/reply", text="Come at nine.", seen=seen(helper.get(here).text))
    assert "overdue" not in helper.text("/inbox?list=all") + helper.text(here)
