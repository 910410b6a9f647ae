"""Webhooks on their page: everything by plain forms, the secret once, and of an address only its host."""

from __future__ import annotations

import re

from sqlalchemy import select, update

from outreach.hooks import events
from outreach.hooks.events import Kind
from outreach.hooks.tables import HookTelling, Telling
from outreach.privacy import audit
from outreach.staff.roles import Role
from tests.console.conftest import Console, on_sqlite, read

pytestmark = on_sqlite

URL = "https://register.example/in?key=canary"
GIVEN = {"name": "register", "url": URL, "kind": "run.finished"}


def did(console: Console) -> list[tuple[str, str]]:
    """Who did what to webhooks, as the record has it."""
    with console.workspace.database.read() as session:
        lines = audit.entries(session, console.workspace.vault)
    return [(line.who, line.action) for line in lines if line.action.startswith("hook_")]


def test_a_webhook_from_its_first_ping_to_its_end(console: Console) -> None:
    admin, auditor, there = console.as_(Role.ADMIN), console.as_(Role.AUDITOR), console.workspace
    assert "No program is told anything" in admin.text("/settings/hooks")
    made = admin.post("/settings/hooks/new", **GIVEN)
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/=]+", made.text)
    assert made.headers["cache-control"] == "no-store"
    for page in (admin.get("/settings/hooks").text, auditor.get("/settings/hooks").text):
        assert "register.example" in page
        assert not [each for each in ("canary", secret) if each in page]
    assert "/settings/hooks/register/" not in auditor.get("/settings/hooks").text, "an auditor looks only"

    admin.post("/settings/hooks/register/ping")
    with there.database.write() as session:
        assert session.scalars(select(HookTelling.kind)).all() == [Kind.PING]
        session.execute(update(HookTelling).values(state=Telling.GIVEN_UP, tries=1, outcome="certificate"))
        events.tell(session, Kind.RUN_FINISHED, there.database.now(), run=1)
        session.execute(update(HookTelling).where(HookTelling.tries == 0).values(tries=2, outcome="503"))
    told = admin.text("/settings/hooks")
    for words in ("does not hear", "it answered 503", "Waiting 1, the oldest since"):
        assert words in told
    admin.post("/settings/hooks/register/redeliver")
    assert "on its way once more" in admin.text("/settings/hooks")
    assert admin.post("/settings/hooks/register/pause").status_code == 303
    assert "What happens meanwhile waits" in admin.text("/settings/hooks")
    assert "Send a ping" not in admin.text("/settings/hooks")
    assert admin.post("/settings/hooks/register/resume").status_code == 303
    other = re.findall(r"whsec_[A-Za-z0-9+/=]+", admin.post("/settings/hooks/register/rotate").text)
    assert len({secret, *other}) == 2
    assert "1 that waits is given up." in admin.text("/settings/hooks/register/end")
    assert admin.post("/settings/hooks/register/end").status_code == 303
    assert "ended" in admin.text("/settings/hooks")
    assert admin.get("/settings/hooks/register/end").status_code == 404
    names = ("added", "pinged", "redelivered", "paused", "resumed", "rotated", "ended")
    assert did(console) == [("mutua", f"hook_{name}") for name in names]


REFUSED = [
    ("a plain address", {**GIVEN, "url": "http://register.example/"}),
    ("a private address", {**GIVEN, "url": "https://10.0.0.1/"}),
    ("nothing to tell", {**GIVEN, "kind": "ping"}),
    ("a name that is none", {**GIVEN, "name": "The register"}),
]


def test_what_cannot_be_added_is_told_and_keeps_what_was_written(console: Console) -> None:
    admin = console.as_(Role.ADMIN)
    for label, form in REFUSED:
        answer = admin.post("/settings/hooks/new", **form)
        assert (answer.status_code, "Choose of what to tell it" in read(answer)) == (409, True), label
    assert 'value="run.finished" checked' in admin.post("/settings/hooks/new", **REFUSED[0][1]).text


def test_nothing_is_done_to_what_is_not_there_or_ended(console: Console) -> None:
    admin = console.as_(Role.ADMIN)
    admin.post("/settings/hooks/new", **GIVEN)
    admin.post("/settings/hooks/register/end")
    for deed in ("ping", "pause", "resume", "redeliver", "rotate", "end"):
        assert admin.post(f"/settings/hooks/nobody/{deed}").status_code == 404
        assert admin.post(f"/settings/hooks/register/{deed}").status_code == 303
    assert did(console) == [("mutua", "hook_added"), ("mutua", "hook_ended")]
