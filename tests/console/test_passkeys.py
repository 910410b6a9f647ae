"""Passkeys: what is taken and what is not, and the whole walk in Chromium with a device of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from outreach.console import app as console_app
from outreach.delivery import carriers
from outreach.errors import ConflictError
from outreach.messages.tables import Message
from outreach.privacy import alerts
from outreach.privacy.tables import AuditLine
from outreach.staff import accounts, links, passkeys, passwords
from outreach.staff.passkeys import DoubtedError, Party
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import clinic, senders
from tests.console.browsers import DESK, browsing
from tests.console.conftest import WHO, Console, hire, on_sqlite, read
from tests.console.device import Device
from tests.simulator.running import running

HERE = Party("Sunrise", "clinic.example", "https://clinic.example")
NAME, GOOD = "otieno", "kettle umbrella quiet moon"


def device() -> Device:
    return Device(HERE.origin, HERE.host)


def enrol(workspace: Workspace, given: Device, name: str = NAME) -> None:
    with workspace.database.write() as session:
        options, challenge = passkeys.offer(session, HERE, name)
        at = dialects.now(session)
        passkeys.add(session, workspace.vault, HERE, name, given.make(options), challenge, "laptop", at)


def come_in(workspace: Workspace, given: Device, challenge: str = "") -> str:
    options, asked = passkeys.ask(HERE)
    with workspace.database.write() as session:
        try:
            at = dialects.now(session)
            return passkeys.whose(session, workspace.vault, HERE, given.show(options), challenge or asked, at)
        except ConflictError as error:  # what was found out is kept, as the page keeps it
            return type(error).__name__


@pytest.fixture
def staffed(workspace: Workspace) -> Workspace:
    hire(workspace)
    return workspace


def test_a_passkey_says_who_it_is_and_when_it_was_used(staffed: Workspace) -> None:
    mine, hers = device(), device()
    enrol(staffed, mine)
    enrol(staffed, hers, "wanjiru")
    assert [come_in(staffed, mine), come_in(staffed, hers), come_in(staffed, mine)] == [NAME, "wanjiru", NAME]
    with staffed.database.write() as session:
        [key] = passkeys.listed(session, NAME)
        assert (key.label, key.used_at is not None, key.doubted) == ("laptop", True, False)
        passkeys.remove(session, staffed.vault, NAME, key.id, NAME)
        actions = [line.action for line in session.scalars(select(AuditLine).order_by(AuditLine.id))]
    assert actions[-3:] == ["passkey_added", "passkey_added", "passkey_removed"]
    assert [come_in(staffed, mine), come_in(staffed, hers)] == ["ConflictError", "wanjiru"]


WRONG: list[tuple[str, Callable[[Device], Device], str]] = [
    ("another origin", lambda good: replace(good, origin="https://clinic.example.evil"), ""),
    ("another port", lambda good: replace(good, origin="https://clinic.example:8443"), ""),
    ("another host's key", lambda good: replace(good, host="evil.example"), ""),
    ("the owner was not asked", lambda good: replace(good, verified=False), ""),
    ("a credential of nobody", lambda good: replace(good, credential=b"x" * 32), ""),
    ("another's key under this name", lambda good: replace(device(), credential=good.credential), ""),
    ("another's handle", lambda good: replace(good, handle=b"somebody else"), ""),
    ("an earlier challenge", lambda good: good, passkeys.ask(HERE)[1]),
]


@on_sqlite
def test_what_opens_nothing(staffed: Workspace) -> None:
    good = device()
    enrol(staffed, good)
    found = {label: come_in(staffed, wrong(good), challenge) for label, wrong, challenge in WRONG}
    assert found == {label: "ConflictError" for label, _, _ in WRONG}
    for nonsense in ("", "[]", "{}", '{"rawId": 3}', '{"rawId": "!", "response": 1}', "\x00"):
        with staffed.database.write() as session, pytest.raises(ConflictError):
            passkeys.whose(session, staffed.vault, HERE, nonsense, passkeys.ask(HERE)[1], dialects.now(session))
    assert come_in(staffed, good) == NAME, "and the good one still does"


@on_sqlite
def test_what_is_not_kept_as_a_passkey(staffed: Workspace) -> None:
    good = device()
    enrol(staffed, good)
    wrong = {
        "another origin": replace(device(), origin="https://evil.example"),
        "another host": replace(device(), host="evil.example"),
        "the owner was not asked": replace(device(), verified=False),
        "known already": good,
    }
    for label, given in wrong.items():
        with pytest.raises(ConflictError):
            enrol(staffed, given, "wanjiru")
        with staffed.database.read() as session:
            assert passkeys.listed(session, "wanjiru") == [], label


@on_sqlite
def test_a_copy_is_found_out_and_ends_the_key(staffed: Workspace) -> None:
    mine = device()
    enrol(staffed, mine)
    copy = replace(mine)
    assert [come_in(staffed, mine), come_in(staffed, mine)] == [NAME, NAME]
    assert come_in(staffed, copy) == DoubtedError.__name__
    assert come_in(staffed, mine) == DoubtedError.__name__, "nobody can tell which of the two is the thief's"
    with staffed.database.read() as session:
        assert [key.doubted for key in passkeys.listed(session, NAME)] == [True]
        lines = [line.action for line in session.scalars(select(AuditLine))]
        assert lines.count("passkey_doubted") == 1
        told = [(each.kind, each.subject, each.about) for each in alerts.unseen(session)]
    assert told == [("passkey_doubted", f"staff:{NAME}", NAME)]


@on_sqlite
def test_whoever_is_suspended_does_not_come_in(staffed: Workspace) -> None:
    mine = device()
    enrol(staffed, mine)
    with staffed.database.write() as session:
        accounts.suspend(session, staffed.vault, NAME, "tests")
    assert come_in(staffed, mine) == "ConflictError"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://clinic.example/outreach", "https://clinic.example"),
        ("https://Clinic.example:8443", "https://clinic.example:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", None),
        ("https://192.0.2.7", None),
        ("https://[2001:db8::1]", None),
        ("http://clinic.example", None),
    ],
)
def test_where_browsers_make_passkeys(url: str, origin: str | None) -> None:
    here = passkeys.party(url, "Sunrise")
    assert (here.origin if here else None) == origin


# --- over HTTP ----------------------------------------------------------------------------------------------------


@pytest.fixture
def named(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Console]:
    """A console with a name that browsers make passkeys for; it is no demo, and Otieno has a password."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://localhost:{port}"
    with clinic(migrated_sqlite_url, tmp_path / "clinic", public_url=base) as workspace:
        hire(workspace)
        with workspace.database.write() as session:
            passwords.choose(session, workspace.vault, NAME, GOOD)
        with running(console_app.make(workspace, carriers.build(workspace)), port=port):
            made = Console(workspace, base)
            yield made
            made.close()


def test_a_challenge_is_answered_once_and_soon(named: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Device(named.base, "localhost")
    here = passkeys.party(named.base, "Sunrise")
    assert here is not None
    with named.workspace.database.write() as session:
        options, challenge = passkeys.offer(session, here, NAME)
        at = dialects.now(session)
        passkeys.add(session, named.workspace.vault, here, NAME, mine.make(options), challenge, "laptop", at)
    http = named.browser()
    begun = http.post("/sign-in/passkey/begin").json()
    form = {"csrf": begun["csrf"], "answer": mine.show(begun["options"]), "next": "/me"}
    stolen = http.cookies["outreach"]
    assert http.post("/sign-in/passkey", data=form | {"csrf": ""}).status_code == 403
    assert http.post("/sign-in/passkey", data=form).headers["location"] == "/me"
    assert http.get("/me").status_code == 200
    again = named.browser()
    again.cookies.set("outreach", stolen)
    told = again.post("/sign-in/passkey", data=form)
    assert (told.status_code, "That took too long" in read(told)) == (409, True)
    monkeypatch.setattr("outreach.console.passkeys.ANSWERED_WITHIN", timedelta(seconds=-1))
    late = again.post("/sign-in/passkey/begin").json()
    form = {"csrf": late["csrf"], "answer": mine.show(late["options"])}
    assert "That took too long" in read(again.post("/sign-in/passkey", data=form))


def test_a_copy_over_http_alerts_admins_and_calls_them_once(named: Console) -> None:
    mine = Device(named.base, "localhost")
    here = passkeys.party(named.base, "Sunrise")
    assert here is not None
    admin = WHO[Role.ADMIN]
    with named.workspace.database.write() as session:
        senders(session)
        accounts.set_phone(session, named.workspace.vault, admin, "+254712000099", "tests")
        options, challenge = passkeys.offer(session, here, NAME)
        at = dialects.now(session)
        passkeys.add(session, named.workspace.vault, here, NAME, mine.make(options), challenge, "laptop", at)

    def shows(given: Device) -> httpx.Response:
        http = named.browser()
        begun = http.post("/sign-in/passkey/begin").json()
        form = {"csrf": begun["csrf"], "answer": given.show(begun["options"]), "next": "/me"}
        return http.post("/sign-in/passkey", data=form)

    copy = replace(mine)
    assert shows(mine).status_code == 303
    for given in (copy, mine):
        told = read(shows(given))
        assert "There may be a copy of this passkey" in told
    with named.workspace.database.read() as session:
        assert [(each.kind, each.about) for each in alerts.unseen(session)] == [("passkey_doubted", NAME)]
        assert list(session.scalars(select(Message.purpose))).count("call") == 1


def test_a_browser_left_open_gives_nobody_a_key_of_their_own(named: Console) -> None:
    left = named.as_(NAME)
    left.get("/me")
    begun = left.post("/me/passkeys/begin").json()
    given = Device(named.base, "localhost").make(begun["options"])
    told = left.post("/me/passkeys", answer=given, label="thief's", password="a guess")
    assert (told.status_code, "The password is not right." in read(told)) == (409, True)
    told = left.post("/me/passkeys", answer=given, label="thief's", password=GOOD)
    assert "That took too long" in read(told), "the challenge is gone with the first try"


def test_the_whole_walk_in_chromium(named: Console, chromium: str) -> None:
    """By password, make a key, in by the key, lose it, in by a link, another one."""
    with browsing(chromium) as windows:
        page = windows.open(DESK)
        devices = page.context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        given = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        more = {"isUserVerified": True, "automaticPresenceSimulation": True}
        held = devices.send("WebAuthn.addVirtualAuthenticator", {"options": given | more})
        page.goto(f"{named.base}/sign-in?next=/me/passkeys")
        page.get_by_label("Name", exact=True).fill(NAME)
        page.get_by_label("Password").fill(GOOD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_label("What you call it").fill("clinic laptop")
        page.get_by_label("Your password").fill(GOOD)
        page.get_by_role("button", name="Add a passkey").click()
        page.get_by_text("The passkey is kept.").wait_for()
        assert "clinic laptop" in page.inner_text("main")
        page.get_by_role("button", name="Sign out").first.click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url(f"{named.base}/")
        page.goto(f"{named.base}/me/passkeys")
        assert "last used" in page.inner_text("main")
        page.get_by_role("button", name="Remove").click()
        page.get_by_text("None yet").wait_for()
        page.get_by_role("button", name="Sign out").first.click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.get_by_text("This passkey opens nothing here.").wait_for()
        devices.send("WebAuthn.clearCredentials", {"authenticatorId": held["authenticatorId"]})
        with named.workspace.database.write() as session:
            code = links.issue(session, named.workspace.vault, NAME, "tests")
        page.goto(f"{named.base}/welcome#{code}")
        page.get_by_role("button", name="Come in").click()
        page.wait_for_url(f"{named.base}/me/password")
        page.goto(f"{named.base}/me/passkeys")
        page.get_by_label("What you call it").fill("new phone")
        page.get_by_role("button", name="Add a passkey").click()
        page.get_by_text("The passkey is kept.").wait_for()
        assert [each for each in windows.complaints if "409 (Conflict)" not in each] == []
