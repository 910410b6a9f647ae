"""Coming in: by password, code, link; how often, how long, and out again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pyotp
import pytest
from sqlalchemy import select, update

from outreach.console import app as console_app
from outreach.console.desk import limits_of
from outreach.delivery import carriers
from outreach.staff import accounts, factors, links, passwords, sessions, tries
from outreach.staff.passwords import Poor
from outreach.staff.tables import StaffSession
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.console.conftest import Console, hire, on_sqlite, read
from tests.simulator.running import running

GOOD = "kettle umbrella quiet moon"
NAME = "otieno"


@pytest.fixture
def clinic(workspace: Workspace) -> Iterator[Console]:
    """A console that is no demo; Otieno has a password."""
    hire(workspace)
    with workspace.database.write() as session:
        passwords.choose(session, workspace.vault, NAME, GOOD)
    with running(console_app.make(workspace, carriers.build(workspace))) as base:
        made = Console(workspace, base)
        yield made
        made.close()


def enter(http: httpx.Client, name: str = NAME, password: str = GOOD, next_: str = "/") -> httpx.Response:
    return http.post("/sign-in", data={"name": name, "password": password, "next": next_})


def test_in_by_password_and_out_again(clinic: Console) -> None:
    http = clinic.browser()
    assert http.get("/me").headers["location"] == "/sign-in?next=/me"
    answer = enter(http, next_="/me")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert "HttpOnly" in answer.headers["set-cookie"]
    page = http.get("/me")
    assert "Otieno Odhiambo" in page.text
    assert "demo" not in http.get("/sign-in").text
    [token, *_] = re.findall(r'name="csrf" content="([^"]+)"', page.text)
    assert http.post("/sign-out", data={"csrf": token}).status_code == 303
    assert http.get("/me").status_code == 303
    with clinic.workspace.database.read() as session:
        assert session.scalars(select(StaffSession)).all() == [], "and the session is gone, not only the cookie"


WRONG = [
    ("wrong password", NAME, "kettle umbrella quiet sun"),
    ("nobody", "nobody", GOOD),
    ("no password yet", "wanjiru", ""),
    ("nothing", "", ""),
]


@on_sqlite
def test_whoever_is_refused_learns_nothing_of_who_is_here(clinic: Console) -> None:
    told = set()
    for label, name, password in WRONG:
        answer = enter(clinic.browser(), name, password)
        assert (answer.status_code, "set-cookie" in answer.headers) == (409, False), label
        told.add(re.sub(r'value="[^"]*"', "", read(answer)))
    assert len(told) == 1
    assert "Name or password is not right." in told.pop()


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/inbox", "/inbox"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("", "/"),
    ],
)
@on_sqlite
def test_after_signing_in_one_stays_here(asked: str, given: str, clinic: Console) -> None:
    assert enter(clinic.browser(), next_=asked).headers["location"] == given


def test_guessing_is_slowed_down_by_the_database(clinic: Console) -> None:
    http = clinic.browser()
    most = tries.MOST["name and place"]
    assert {enter(http, password="wrong").status_code for _ in range(most)} == {409}
    locked = enter(http)
    assert (locked.status_code, "Too many tries" in read(locked)) == (409, True)
    with clinic.workspace.database.write() as session:
        later = dialects.now(session) + tries.STRETCH + timedelta(seconds=1)
        assert tries.count(session, clinic.workspace.vault, {"name and place": f"{NAME}|127.0.0.1"}, later)


@on_sqlite
def test_a_second_factor_is_asked_for_and_each_code_works_once(clinic: Console) -> None:
    workspace = clinic.workspace
    secret = factors.fresh_secret()
    with workspace.database.write() as session:
        at = dialects.now(session)
        codes = factors.turn_on(session, workspace.vault, NAME, secret, pyotp.TOTP(secret).at(at), at)
    http = clinic.browser()
    assert enter(http).headers["location"] == "/sign-in/code?next=/"
    assert http.get("/me").status_code == 303, "half signed in is not signed in"

    def code(given: str) -> int:
        [token, *_] = re.findall(r'name="csrf" value="([^"]+)"', http.get("/sign-in/code").text)
        return http.post("/sign-in/code", data={"csrf": token, "code": given, "next": "/"}).status_code

    assert code("000000") == 409
    assert code(pyotp.TOTP(secret).at(at)) == 409, "it was used when the factor was set up"
    assert code(codes[0]) == 303
    assert http.get("/me").status_code == 200
    with workspace.database.write() as session:
        assert not factors.fits(session, workspace.vault, NAME, codes[0], at), "a recovery code works once too"
        soon = at + timedelta(seconds=30)
        fresh = pyotp.TOTP(secret).at(soon)
        assert factors.fits(session, workspace.vault, NAME, fresh, soon)
        assert not factors.fits(session, workspace.vault, NAME, fresh, soon)


def test_a_link_lets_in_once_and_asks_for_a_password_first(clinic: Console) -> None:
    with clinic.workspace.database.write() as session:
        code = links.issue(session, clinic.workspace.vault, "wanjiru", "tests")
    http = clinic.browser()
    answer = http.post("/welcome", data={"code": code.lower()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me/password")
    assert http.get("/").headers["location"] == "/me/password"
    [token, *_] = re.findall(r'name="csrf" content="([^"]+)"', http.get("/me/password").text)
    form = {"csrf": token, "new": GOOD, "again": GOOD}
    assert http.post("/me/password", data=form | {"again": "other"}).status_code == 409
    assert http.post("/me/password", data=form | {"new": "short", "again": "short"}).status_code == 409
    assert http.post("/me/password", data=form).status_code == 303
    assert "Your password is set." in http.get("/").text
    assert http.post("/welcome", data={"csrf": token, "code": code}).status_code == 409
    assert enter(clinic.browser(), "wanjiru").status_code == 303


@on_sqlite
def test_a_session_ends_idle_or_old_or_suspended_or_signed_out_elsewhere(clinic: Console) -> None:
    limits, workspace = limits_of(clinic.workspace), clinic.workspace
    second = timedelta(seconds=1)
    for label, column, back in (
        ("idle", "seen_at", limits.idle + second),
        ("old", "made_at", limits.longest + second),
    ):
        here = clinic.as_(NAME)
        assert here.get("/me").status_code == 200
        with workspace.database.write() as session:
            session.execute(update(StaffSession).values({column: dialects.now(session) - back}))
        assert here.get("/me").status_code == 303, label
    here, elsewhere = clinic.as_(NAME), clinic.as_(NAME)
    assert here.post("/me/sign-out-everywhere").status_code == 303
    assert [each.get("/me").status_code for each in (here, elsewhere)] == [200, 303]
    with workspace.database.write() as session:
        accounts.suspend(session, workspace.vault, NAME, "tests")
    assert here.get("/me").status_code == 303
    assert enter(clinic.browser()).status_code == 409


@on_sqlite
def test_a_session_that_is_used_stays(clinic: Console) -> None:
    here, workspace = clinic.as_(NAME), clinic.workspace
    with workspace.database.write() as session:
        session.execute(update(StaffSession).values(seen_at=dialects.now(session) - sessions.SEEN_EVERY * 2))
        before = session.scalars(select(StaffSession.seen_at)).one()
    here.get("/me")
    with workspace.database.read() as session:
        assert session.scalars(select(StaffSession.seen_at)).one() > before


@on_sqlite
def test_one_click_is_for_the_demo_only(clinic: Console) -> None:
    assert clinic.browser().post(f"/sign-in/as/{NAME}").status_code == 404


POOR = [
    ("short", "six-words", Poor.SHORT),
    ("long", "ab c" * 60, Poor.LONG),
    ("one letter", "aaaaaaaaaaaa", Poor.EASY),
    ("one's own name", "otieno123456", Poor.EASY),
    ("a well-known one", "Password1234", Poor.EASY),
    ("four words", GOOD, None),
    ("in Kiswahili", "sufuria mwavuli mwezi", None),
]


@pytest.mark.parametrize(("label", "password", "poor"), POOR, ids=[row[0] for row in POOR])
def test_which_passwords_are_poor(label: str, password: str, poor: Poor | None) -> None:
    assert passwords.poor(NAME, password) == poor
