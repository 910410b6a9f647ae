"""Break-glass over HTTP: asked, granted or refused, looked at by a deed of its own; alone only in a crisis."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from outreach.audience.tables import Person
from outreach.privacy import audit, verify
from outreach.staff.roles import Role
from outreach.threads import reveal_lists, reveals
from outreach.threads.reveals import Stage, Wish
from outreach.threads.tables import Reveal
from tests.clinic import AMINA, BARAKA, Cast, cast
from tests.console.conftest import WHO, Console, Signed, on_sqlite, read
from tests.reports import known
from tests.threads.texting import later, write

pytestmark = on_sqlite

WHY = "She left no place to come to"
DANGER = f"I am bleeding a lot, call {BARAKA}"


@pytest.fixture
def people(console: Console) -> Cast:
    return cast(console.workspace)


def called(console: Console, person_id: int) -> str:
    with console.workspace.database.read() as session:
        return session.get_one(Person, person_id).pseudonym


def recorded(console: Console) -> list[tuple[str, str]]:
    with console.workspace.database.read() as session:
        assert verify.verify(session, console.workspace.vault).findings == []
        lines = audit.entries(session, console.workspace.vault)
        return [(line.who, line.action) for line in lines if line.action.startswith("reveal")]


def went(answer: httpx.Response, to: str) -> None:
    """A deed was done, and leads on."""
    assert (answer.status_code, answer.headers["location"]) == (303, to), read(answer)


def kept_off(answer: httpx.Response, secret: str) -> None:
    """What is shown stands in the page and nowhere else, and the page is kept nowhere."""
    assert secret not in str(answer.url) + repr(answer.headers)
    assert secret not in "".join(re.findall(r"<title>.*?</title>|(?:href|action|value)=\"[^\"]*\"", answer.text))
    assert answer.headers["cache-control"] == "no-store"


# --- two agree -------------------------------------------------------------------------------------------------------


def test_a_number_is_asked_for_granted_looked_at_and_in_the_record(console: Console, people: Cast) -> None:
    launcher, boss, admin = (console.as_(role) for role in (Role.LAUNCHER, Role.COORDINATOR, Role.ADMIN))
    pseudonym = called(console, people.amina)
    assert f'href="/reveals/new?number={pseudonym}"' in launcher.get(f"/people/{pseudonym}").text
    assert "See it alone" not in launcher.text(f"/reveals/new?number={pseudonym}")
    went(launcher.post("/reveals/new", number=pseudonym, why=WHY), "/reveals/1")
    assert "waits for a colleague" in launcher.text("/reveals/1")
    for home in (boss.text("/"), admin.text("/")):
        assert f"Reveals that wait for you {pseudonym} {WHY} her number, for Wanjiru Kamau" in home
    assert WHY in boss.text("/reveals")
    assert "Agree" in boss.text("/reveals/1")
    went(boss.post("/reveals/1/grant"), "/reveals")
    assert "You may look at what you asked to see. Reveal 1" in launcher.text("/")
    assert "Open to you: look" in launcher.text(f"/people/{pseudonym}")
    assert AMINA not in launcher.get("/reveals/1").text, "a look is a deed"
    shown = launcher.post("/reveals/1")
    assert f"For your eyes {AMINA} It closes at" in read(shown)
    kept_off(shown, AMINA)
    seconds, _, back = shown.headers["refresh"].partition("; url=")
    assert (0 < int(seconds) <= 1800, back) == (True, "/reveals/1"), "the page leaves when it closes"
    assert "Seen 1 time" in admin.text("/reveals/1")
    for who in (launcher, boss, admin, console.as_(Role.AUDITOR)):
        assert AMINA not in who.get("/reveals/1").text + who.get("/reveals?list=all").text + who.get("/").text
    me, she = WHO[Role.LAUNCHER], WHO[Role.COORDINATOR]
    assert recorded(console) == [(me, "reveal_asked"), (she, "reveal_granted"), (me, "reveal_shown")]


def test_the_original_of_one_text_is_asked_for_where_something_was_taken_out(console: Console, people: Cast) -> None:
    helper, boss = console.as_(Role.HELPER), console.as_(Role.COORDINATOR)
    plain, text = write(console.workspace, AMINA, "Hello"), write(console.workspace, AMINA, f"Call {BARAKA} for me")
    page = helper.get(f"/inbox/{text.thread_id}").text
    assert re.findall(r"/reveals/new\?text=(\d+)", page) == [str(text.message_id)] != [str(plain.message_id)]
    went(helper.post("/reveals/new", text=str(text.message_id), why=WHY), "/reveals/1")
    assert "Asked: waits for a colleague" in helper.text(f"/inbox/{text.thread_id}")
    boss.post("/reveals/1/grant")
    shown = helper.post("/reveals/1")
    assert f"For your eyes Call {BARAKA} for me" in read(shown)
    kept_off(shown, BARAKA)
    launcher = console.as_(Role.LAUNCHER)
    assert launcher.get(f"/reveals/new?text={text.message_id}").status_code == 404, "whoever reads no texts"
    assert launcher.post("/reveals/new", text=str(text.message_id), why=WHY).status_code == 404


def test_a_colleague_says_no_and_whoever_asked_reads_why(console: Console, people: Cast) -> None:
    helper, boss = console.as_(Role.HELPER), console.as_(Role.COORDINATOR)
    reveals.ask(console.workspace, Wish(called(console, people.amina)), helper.name, WHY)
    assert "Say why" in read(boss.post("/reveals/1/refuse", answer="no"))
    went(boss.post("/reveals/1/refuse", answer="Text her first, she answers"), "/reveals")
    told = helper.text("/reveals/1")
    assert "A colleague has refused it" in told
    assert "Refused by Achieng Were Their answer Text her first, she answers" in told
    assert helper.post("/reveals/1").status_code == 409
    again = boss.post("/reveals/1/grant")
    assert (again.status_code, "It went on meanwhile" in read(again)) == (409, True)
    assert recorded(console) == [(helper.name, "reveal_asked"), (boss.name, "reveal_refused")]


def test_whom_to_phone_is_asked_for_one_by_one_from_the_list(console: Console) -> None:
    with console.workspace.database.write() as session:
        known.lose_numbers(session)
    boss, pseudonym = console.as_(Role.COORDINATOR), called(console, 4)
    link = f"/reveals/new?from=phone&amp;number={pseudonym}"
    assert link in boss.get("/reports/phone").text
    assert 'name="from" value="phone"' in boss.get(link.replace("&amp;", "&")).text
    went(boss.post("/reveals/new", number=pseudonym, why=WHY, from_="phone"), "/reports/phone")
    page = boss.get("/reports/phone")
    assert "Asked: waits for a colleague" in read(page)
    assert link not in page.text


# --- alone, in a crisis ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "action", "tells"),
    [
        ({"right": "yes"}, "reveal_approved", "Approved by Achieng Were"),
        ({"answer": "She was safe already"}, "reveal_disputed", "Disputed by Achieng Were Their answer She was safe"),
    ],
)
def test_alone_in_a_crisis_and_looked_at_afterwards(
    form: dict[str, str], action: str, tells: str, console: Console, people: Cast
) -> None:
    helper, boss, pseudonym = console.as_(Role.HELPER), console.as_(Role.COORDINATOR), called(console, people.amina)
    calm = helper.post("/reveals/new", number=pseudonym, why=WHY, alone="yes")
    assert (calm.status_code, "Nobody is in danger" in read(calm), WHY in calm.text) == (409, True, True)
    write(console.workspace, AMINA, DANGER)
    assert "See it alone, now" in helper.text(f"/reveals/new?number={pseudonym}")
    went(helper.post("/reveals/new", number=pseudonym, why=WHY, alone="yes"), "/reveals/1")
    assert AMINA in helper.post("/reveals/1").text
    assert "taken alone" in boss.text("/")
    assert boss.post("/reveals/1/review", answer="").status_code == 409
    went(boss.post("/reveals/1/review", **form), "/reveals")
    assert tells in helper.text("/reveals/1")
    assert "Nothing waits for you" in boss.text("/reveals")
    assert boss.post("/reveals/1/review", **form).status_code == 409, "once"
    me = helper.name
    assert recorded(console) == [(me, "reveal_taken_alone"), (me, "reveal_shown"), (boss.name, action)]


# --- refused ---------------------------------------------------------------------------------------------------------


def test_what_is_not_let_is_refused_and_shows_nothing(console: Console, people: Cast) -> None:
    pseudonym = called(console, people.amina)
    helper, boss, admin, launcher = (
        console.as_(role) for role in (Role.HELPER, Role.COORDINATOR, Role.ADMIN, Role.LAUNCHER)
    )
    write(console.workspace, AMINA, DANGER)
    for alone in (False, True):
        reveals.ask(console.workspace, Wish(pseudonym), boss.name, WHY, alone=alone)
    found = {
        "one's own grant": boss.post("/reveals/1/grant"),
        "one's own refusal": boss.post("/reveals/1/refuse", answer=WHY),
        "one's own second look": boss.post("/reveals/2/review", right="yes"),
        "somebody else's": admin.get("/reveals/3"),
        "a colleague's look": helper.post("/reveals/2"),
        "a colleague's page": helper.get("/reveals/2"),
        "a launcher's grant": launcher.post("/reveals/1/grant"),
        "no such person": helper.get("/reveals/new?number=nobody-here-10"),
        "no wish": helper.get("/reveals/new"),
        "no such text": helper.get("/reveals/new?text=4711"),
        "nonsense": helper.get("/reveals/new?text=1x"),
    }
    assert {label: answer.status_code for label, answer in found.items()} == dict.fromkeys(found, 404)
    late = {"not granted": boss.post("/reveals/1")}
    reveals.grant(console.workspace, 1, admin.name)
    later(console.workspace, 1, timedelta(minutes=30))
    late |= {"after it closed": boss.post("/reveals/1"), "granted twice": admin.post("/reveals/1/grant")}
    for why in ("", " because ", "x" * 401):
        late[f"why {len(why)}"] = helper.post("/reveals/new", number=pseudonym, why=why)
    assert {label: answer.status_code for label, answer in late.items()} == dict.fromkeys(late, 409)
    assert all(AMINA not in answer.text for answer in (*found.values(), *late.values()))
    assert "Ask again" in boss.text("/reveals/1")
    assert [each.shown for each in reveal_lists.listed(console.workspace)] == [0, 0]
    assert reveal_lists.get(console.workspace, 1).stage is Stage.OVER


def test_a_long_list_goes_on_page_by_page_and_each_sees_her_own(console: Console, people: Cast) -> None:
    helper, auditor = console.as_(Role.HELPER), console.as_(Role.AUDITOR)
    wish = Wish(called(console, people.amina))
    for number in range(52):
        reveals.ask(console.workspace, wish, helper.name if number else WHO[Role.LAUNCHER], WHY)

    def shown(who: Signed, path: str) -> list[int]:
        return [int(each) for each in re.findall(r'class="row" href="/reveals/(\d+)"', who.get(path).text)]

    assert shown(auditor, "/reveals") == list(range(52, 2, -1))
    assert shown(auditor, "/reveals?list=all&before=3") == [2, 1]
    assert shown(helper, "/reveals?before=3") == [2], "the first one is somebody else's"


def test_who_is_in_danger_is_told_only_to_those_who_read_conversations(console: Console, people: Cast) -> None:
    pseudonym = called(console, people.amina)
    write(console.workspace, AMINA, DANGER)
    asking = f"/reveals/new?number={pseudonym}"
    for role, told in ((Role.HELPER, True), (Role.COORDINATOR, True), (Role.LAUNCHER, False)):
        assert ("in danger" in console.as_(role).text(asking)) is told, role
    launcher = console.as_(Role.LAUNCHER)
    assert launcher.post("/reveals/new", number=pseudonym, why=WHY, alone="yes").status_code == 409
    assert reveal_lists.listed(console.workspace) == []


def test_what_others_wait_for_is_not_lost_behind_ones_own_and_what_is_late_comes_first(
    console: Console, people: Cast
) -> None:
    wish, boss = Wish(called(console, people.amina)), console.as_(Role.COORDINATOR)
    write(console.workspace, AMINA, DANGER)
    taken = reveals.ask(console.workspace, wish, WHO[Role.HELPER], WHY, alone=True)
    waits = reveals.ask(console.workspace, wish, WHO[Role.HELPER], WHY)
    for _ in range(3):
        reveals.ask(console.workspace, wish, boss.name, WHY)
    with console.workspace.database.write() as session:
        late = console.workspace.database.now() - timedelta(minutes=1)
        session.execute(update(Reveal).where(Reveal.id == taken).values(review_by=late))
    found = [
        [each.id for each in reveal_lists.listed(console.workspace, pending=True, but=boss.name.upper(), limit=limit)]
        for limit in (100, 1)
    ]
    assert found == [[taken, waits], [taken]]
