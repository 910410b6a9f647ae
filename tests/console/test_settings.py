"""Settings over HTTP: senders, providers without their secrets, staff, the record."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from outreach.console import settings
from outreach.messages.tables import Sender
from outreach.privacy import audit
from outreach.privacy.tables import AuditLine
from outreach.staff import accounts, links, tokens
from outreach.staff.roles import Role
from outreach.store import dialects, pulse
from tests.console.conftest import Console, on_sqlite, read


def did(console: Console) -> list[tuple[str, str, str]]:
    with console.workspace.database.read() as session:
        found = audit.entries(session, console.workspace.vault)
    return [(each.who, each.action, each.subject) for each in found if each.who != "tests"]


def test_a_sender_in_trouble_stands_first_and_an_admin_lets_it_try_again(console: Console) -> None:
    with console.workspace.database.write() as session:
        session.add(
            Sender(
                name="zebra",
                provider="twilio",
                kind="sms",
                pace=1.0,
                unit="parts",
                next_at=dialects.now(session),
                halted_until=dialects.now(session) + timedelta(hours=1),
                halted_for="account",
            )
        )
    admin, auditor = console.as_(Role.ADMIN), console.as_(Role.AUDITOR)
    for page in ("/settings", "/"):
        assert "the provider refuses our account" in admin.text(page), page
    assert "Try now" not in auditor.text("/settings")
    assert admin.post("/settings/senders/release", name="zebra").headers["location"] == "/settings"
    assert "stopped" not in admin.text("/settings").replace("It was not stopped", "")
    assert admin.post("/settings/senders/release", name="zebra").status_code == 303
    assert "It was not stopped any more." in admin.text("/settings")
    assert admin.post("/settings/senders/release", name="nobody").status_code == 404
    assert did(console) == [("mutua", "sender_released", "sender:zebra")]


@on_sqlite
def test_it_is_told_when_nobody_does_the_work_and_only_then(console: Console) -> None:
    admin, told = console.as_(Role.ADMIN), "Nothing is being sent"
    assert told in admin.text("/settings"), "no worker has ever run"
    with console.workspace.database.write() as session:
        for job in ("plan", "sweep"):
            pulse.feel(session, job)
        session.add(pulse.Pulse(job="retain", at=dialects.now(session) - timedelta(hours=20)))
    assert told not in admin.text("/settings"), "what is done once a night may be that long ago"
    with console.workspace.database.write() as session:
        session.execute(update(pulse.Pulse).values(at=dialects.now(session) - settings.SILENT * 2))
    assert told in admin.text("/settings")


@on_sqlite
def test_a_secret_is_told_to_be_there_and_never_shown(console: Console) -> None:
    settings_ = console.workspace.settings
    given = {"account_sid": "AC123", "token": "canary-token", "numbers": "+15005550006"}
    shown = settings._options("twilio", dict(given))
    assert {each.name.rpartition("__")[2] for each in shown if each.secret} >= {"TOKEN"}
    assert [each.shown for each in shown if each.secret] == [""] * sum(each.secret for each in shown)
    assert "canary-token" not in repr(shown)
    assert [each.given for each in shown if each.name.endswith("__TOKEN")] == [True]
    assert "canary-key" not in repr(settings._options("fcm", {"credentials": "canary-key"}))
    page = console.as_(Role.ADMIN).text("/settings/providers")
    assert str(settings_.workspace.resolve() / ".env") in page
    assert "OUTREACH_PROVIDERS__TWILIO__TOKEN" in page
    assert "OUTREACH_QUIET_HOURS" in console.as_(Role.AUDITOR).text("/settings/rules")


@on_sqlite
def test_staff_are_added_changed_suspended_and_let_in_again(console: Console) -> None:
    admin, workspace = console.as_(Role.ADMIN), console.workspace
    made = admin.post(
        "/settings/staff/new", name="Amina", full="Amina W.", phone="0712 000 077", role=["helper", "launcher"]
    )
    [code] = re.findall(r"/welcome#([A-Z0-9-]+)", made.text)
    assert "712000077" not in made.text
    with workspace.database.write() as session:
        assert accounts.phone_of(session, workspace.vault, "amina") == "+254712000077"
        found = links.redeem(session, code, dialects.now(session))
        assert found is not None
        assert found.roles == {Role.HELPER, Role.LAUNCHER}
    assert "Amina W." in admin.text("/settings/staff")
    amina = console.as_("amina")
    assert amina.get("/settings").status_code == 404
    assert admin.post("/settings/staff/amina/roles", role="coordinator").status_code == 303
    assert amina.get("/settings").status_code == 200, "from the next click on"
    assert "/welcome#" in admin.post("/settings/staff/amina/link").text
    assert admin.post("/settings/staff/amina/suspend").status_code == 303
    assert amina.get("/me").status_code == 303
    assert admin.post("/settings/staff/amina/restore").status_code == 303
    assert console.as_("amina").get("/me").status_code == 200
    actions = [action for _, action, subject in did(console) if subject == "staff:amina"]
    assert actions == [
        "staff_added",
        "sign_in_link_made",
        "staff_roles_set",
        "sign_in_link_made",
        "staff_suspended",
        "staff_restored",
    ]


REFUSED = [
    ("taken", "/settings/staff/new", {"name": "mutua", "role": "helper"}, "a name that nobody has"),
    ("no role", "/settings/staff/new", {"name": "amina"}, "at least one role"),
    ("no phone", "/settings/staff/new", {"name": "amina", "role": "helper", "phone": "12"}, "whole mobile number"),
    ("no admin left", "/settings/staff/mutua/roles", {"role": "helper"}, "somebody must stay admin"),
    ("the only admin", "/settings/staff/mutua/suspend", {}, "The only admin stays"),
]


@on_sqlite
def test_what_cannot_be_done_to_staff_is_told_and_changes_nothing(console: Console) -> None:
    admin = console.as_(Role.ADMIN)
    for label, path, form, told in REFUSED:
        answer = admin.post(path, **form)
        assert (answer.status_code, told in read(answer)) == (409, True), label
    assert did(console) == []
    assert admin.post("/settings/staff/nobody/link").status_code == 404


def test_the_record_is_read_page_by_page_and_checked_on_demand(console: Console) -> None:
    workspace, auditor = console.workspace, console.as_(Role.AUDITOR)
    with workspace.database.write() as session:
        for number in range(55):
            audit.append(session, workspace.vault, "wanjiru", audit.Action.THREAD_CLOSED, f"thread:{number}")
    first = auditor.get("/settings/record").text
    assert ("thread:54" in first, "thread:0<" in first) == (True, False)
    [older] = re.findall(r'href="(/settings/record\?before=\d+)"', first)
    assert "thread:0<" in auditor.get(older).text
    assert "the record is whole" in read(auditor.post("/settings/record/verify"))
    with workspace.database.write() as session:
        line = session.scalars(select(AuditLine.id).where(AuditLine.subject == "thread:7")).one()
        session.execute(update(AuditLine).where(AuditLine.id == line).values(who="somebody"))
    told = read(auditor.post("/settings/record/verify"))
    assert "tampered with" in told
    assert f"Line {line} was edited." in told


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_the_handsets_are_shown_in_the_demo_in_a_frame_that_the_policy_allows(console: Console) -> None:
    answer = console.as_(Role.HELPER).get("/handsets")
    assert 'src="http://127.0.0.1:9/?bare=1' in answer.text
    assert "frame-src http://127.0.0.1:9" in answer.headers["content-security-policy"]


@on_sqlite
def test_a_token_is_shown_once_and_taken_back(console: Console) -> None:
    admin, auditor = console.as_(Role.ADMIN), console.as_(Role.AUDITOR)
    assert "No program is let in" in admin.text("/settings/tokens")
    made = admin.post("/settings/tokens/new", name="register", scope="people:read", days="30")
    token = "".join(re.findall(r"outreach_\w+", made.text))
    assert tokens.looks_like_one(token)
    assert made.headers["cache-control"] == "no-store"
    for nothing in ({"name": "register", "scope": "people:read"}, {"name": "other"}, {"name": "other", "scope": "all"}):
        assert admin.post("/settings/tokens/new", **nothing).status_code == 409
    for page in (admin.text("/settings/tokens"), auditor.text("/settings/tokens")):
        assert "register" in page
        assert "Never used" in page
        assert token not in page
    assert "Take back" not in auditor.text("/settings/tokens")
    assert admin.post("/settings/tokens/register/revoke").status_code == 303
    assert "register opens nothing any more." in admin.text("/settings/tokens")
    assert admin.post("/settings/tokens/nothing/revoke").status_code == 404
    assert did(console) == [("mutua", "token_made", "token:register"), ("mutua", "token_revoked", "token:register")]
