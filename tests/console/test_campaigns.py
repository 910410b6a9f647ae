"""Campaigns in the console, without script: build, look, test, approve, launch, hold; and texts with their price."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import httpx
import pytest
from sqlalchemy import select

from outreach.audience.tables import Person
from outreach.campaigns import approvals, planning, runs
from outreach.campaigns.reckon import Gap
from outreach.console.campaigns_words import WHY
from outreach.messages.status import Purpose, Refusal, RunState
from outreach.messages.tables import Message, Sender
from outreach.privacy import audit
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import cast, own_templates, write_campaign
from tests.console.conftest import WHO, Console, Signed, read
from tests.console.forms import fields, press


@pytest.fixture
def migrated_url(migrated_sqlite_url: str) -> str:
    """Nothing here hangs on the database."""
    return migrated_sqlite_url


NAME = "treatment"
AT = f"/campaigns/{NAME}"
FILE = """\
# checked with the nurse in charge
title: Treatment
topic: tb
audience: {all: []}
channels: [push, sms]
steps:
  # the first morning
  - {id: welcome, template: tb/welcome, every: "FREQ=DAILY;COUNT=1", at: "09:00"}
  - id: refill   # three days before
    template: tb/refill
    before: {field: refill_date, days: 3}
    at: "09:00"
"""


@pytest.fixture
def clinic(console: Console) -> Console:
    """The console of a clinic with the cast and one campaign."""
    cast(console.workspace)
    write_campaign(console.workspace, NAME, FILE)
    return console


def file_of(workspace: Workspace, name: str = NAME) -> str:
    return (workspace.folder / "campaigns" / f"{name}.yaml").read_text(encoding="utf-8")


def state_of(workspace: Workspace) -> str:
    with workspace.database.read() as session:
        return str(runs.latest(session, NAME).state)


def approve(clinic: Console) -> Signed:
    """A launcher whose campaign somebody else has approved."""
    launcher = clinic.as_(Role.LAUNCHER)
    assert launcher.post(f"{AT}/propose").status_code == 303
    assert clinic.as_(Role.COORDINATOR).post(f"{AT}/approve").status_code == 303
    return launcher


# --- the day of a launcher --------------------------------------------------------------------------------------------


def test_from_the_list_to_a_run_that_is_held_and_cancelled(clinic: Console) -> None:
    launcher, coordinator = clinic.as_(Role.LAUNCHER), clinic.as_(Role.COORDINATOR)
    assert "Treatment treatment · tb Draft" in launcher.text("/campaigns")
    plan = launcher.text(f"{AT}/plan")
    for told in ("2 people", "said STOP", "lack the date that steps hang on (refill_date)", "What three people"):
        assert told in plan or told.replace("2 people", "people 2") in plan, told
    assert launcher.post(f"{AT}/propose").headers["location"] == AT
    assert "Waits for approval" in launcher.text("/campaigns")
    assert "Somebody else has to approve it" in launcher.text(f"{AT}/plan")
    assert f"{NAME} Proposed by {WHO[Role.LAUNCHER]}" in coordinator.text("/")
    assert NAME not in launcher.text("/")
    assert "Read the plan and decide" in coordinator.text(AT)
    assert coordinator.post(f"{AT}/approve").status_code == 303
    assert "2 people are written to." in launcher.text(f"{AT}/launch")
    assert launcher.post(f"{AT}/launch").status_code == 303
    settings = clinic.workspace.settings.model_copy(update={"plan_ahead": timedelta(days=2)})
    assert planning.plan(Workspace(settings, clinic.workspace.database, clinic.workspace.vault)) == 2
    assert "0 of 2" in launcher.text(AT)
    assert "2 messages that are not sent yet will be held." in launcher.text(f"{AT}/run/pause")
    launcher.post(f"{AT}/run/pause")
    assert (state_of(clinic.workspace), "Paused" in launcher.text(AT)) == (RunState.PAUSED, True)
    assert "2 held messages go back" in launcher.text(f"{AT}/run/resume")
    launcher.post(f"{AT}/run/resume")
    assert "2 messages that are not sent yet will be cancelled." in launcher.text(f"{AT}/run/cancel")
    answer = launcher.post(f"{AT}/run/cancel")
    assert state_of(clinic.workspace) == RunState.CANCELLED
    assert "Cancelled: 2 messages will not go." in read(launcher.get(answer.headers["location"]))
    assert "not in a state for that" in launcher.text(f"{AT}/run/pause")
    assert "Somebody else was quicker" in read(launcher.get(launcher.post(f"{AT}/run/pause").headers["location"]))
    with clinic.workspace.database.read() as session:
        done = [(line.who, line.action) for line in audit.entries(session, clinic.workspace.vault)]
    assert (WHO[Role.COORDINATOR], "campaign_approved") in done
    assert (WHO[Role.LAUNCHER], "campaign_launched") in done


def test_nobody_approves_her_own_and_nothing_goes_without_a_yes(clinic: Console) -> None:
    coordinator, admin = clinic.as_(Role.COORDINATOR), clinic.as_(Role.ADMIN)
    assert coordinator.post(f"{AT}/launch").status_code == 409
    coordinator.post(f"{AT}/propose")
    assert coordinator.post(f"{AT}/approve").status_code == 404
    assert coordinator.post(f"{AT}/decline", why="no").status_code == 404
    assert "Approve" not in coordinator.text(f"{AT}/plan")
    assert coordinator.post(f"{AT}/launch").status_code == 409
    assert admin.post(f"{AT}/decline", why="The day is wrong").status_code == 303
    assert "The day is wrong" in coordinator.text(AT)
    assert admin.post(f"{AT}/approve").status_code == 404
    with pytest.raises(Exception, match="never launched"):
        state_of(clinic.workspace)


def test_what_changed_after_the_yes_says_so_and_is_not_launched(clinic: Console) -> None:
    launcher = approve(clinic)
    write_campaign(clinic.workspace, NAME, FILE.replace("title: Treatment", "title: Other"))
    assert "changed since then, so this counts no more" in launcher.text(f"{AT}/plan")
    answer = launcher.post(f"{AT}/launch")
    assert (answer.status_code, "changed after" in answer.text) == (409, True)
    assert launcher.post(f"{AT}/propose").status_code == 303
    assert launcher.post(f"{AT}/withdraw", why="not this week").status_code == 303
    with clinic.workspace.database.read() as session:
        last = approvals.latest(session, clinic.workspace.vault, NAME)
    assert last is not None
    assert last.reason == "not this week"


def test_a_test_goes_to_ones_own_phone_and_its_number_is_never_shown_again(clinic: Console) -> None:
    launcher = clinic.as_(Role.LAUNCHER)
    with clinic.workspace.database.write() as session:  # somebody carries texts
        at = dialects.now(session)
        session.add(
            Sender(name="twilio", provider="twilio", kind="sms", pace=1, unit="parts", next_at=at, halted_for="")
        )
    sent = launcher.post(f"{AT}/test", to="+254712000999", step="welcome", language="sw", openness="open")
    assert sent.status_code == 200, read(sent)
    assert "In the queue for the phone" in sent.text
    wrong = launcher.post(f"{AT}/test", to="0712 000 99")
    assert wrong.status_code == 422
    assert "712" not in sent.text + wrong.text
    with clinic.workspace.database.read() as session:
        [message] = session.scalars(select(Message).where(Message.purpose == Purpose.TEST))
        assert session.scalars(select(Person.pseudonym).where(Person.id == message.person_id)).one() in sent.text


# --- form, audience and file are one text -----------------------------------------------------------------------------


def edit(who: Signed, view: str = "form") -> httpx.Response:
    return who.get(f"{AT}/edit?view={view}")


def changed(page: httpx.Response) -> list[tuple[str, str]]:
    """The lines that a page says would change."""
    rows = re.findall(r'<tr class="(old|new)">.*?<code>(.*?)</code>', page.text, re.DOTALL)
    return [(kind, unescape(text)) for kind, text in rows]


def test_a_form_that_is_not_changed_changes_no_letter(clinic: Console) -> None:
    launcher = clinic.as_(Role.LAUNCHER)
    looked = press(launcher, edit(launcher), "pen", f"{AT}/edit", "look")
    assert "Nothing changes in the file." in looked.text


def test_what_the_form_changes_is_shown_before_it_is_saved_and_comments_stay(clinic: Console) -> None:
    launcher = clinic.as_(Role.LAUNCHER)
    looked = press(launcher, edit(launcher), "pen", f"{AT}/edit", "look", title="New: title", s1_days="5")
    assert changed(looked) == [
        ("old", "title: Treatment"),
        ("new", 'title: "New: title"'),
        ("old", "    before: {field: refill_date, days: 3}"),
        ("new", "    before: {field: refill_date, days: 5}"),
    ]
    assert file_of(clinic.workspace) == FILE
    sent = dict(_hidden(looked))
    assert launcher.post(f"{AT}/edit", **sent, do="save").status_code == 303
    wanted = FILE.replace("title: Treatment", 'title: "New: title"').replace("days: 3", "days: 5")
    assert file_of(clinic.workspace) == wanted
    assert "compare" in launcher.text(f"{AT}/history").lower()


def _hidden(page: httpx.Response) -> Iterator[tuple[str, str]]:
    """The fields of the page's form that saves."""
    yield "view", "file"
    yield "digest", re.findall(r'name="digest" value="(\w*)"', page.text)[-1]
    text = re.findall(r'<textarea name="text" hidden>\n(.*?)</textarea>', page.text, re.DOTALL)[-1]
    yield "text", unescape(text)


def test_steps_are_added_moved_and_removed_by_buttons(clinic: Console) -> None:
    launcher = clinic.as_(Role.LAUNCHER)
    page = press(launcher, edit(launcher), "pen", f"{AT}/edit", "add")
    page = press(launcher, page, "pen", f"{AT}/edit", "up 2", s2_template="tb/visit", s2_id="visit")
    page = press(launcher, page, "pen", f"{AT}/edit", "remove 0")
    given = dict(fields(page, "pen"))
    assert [given["s0-id"], given["s1-id"], given["steps"]] == ["visit", "refill", "2"]
    assert "# the first morning" in given["text"]
    assert "# three days before" in given["text"]


def test_an_audience_is_built_from_rows_with_the_count_in_sight(clinic: Console) -> None:
    launcher = clinic.as_(Role.LAUNCHER)
    page = edit(launcher, "audience")
    assert "2 people who agreed to the topic; 2 more did not agree" in read(page)
    page = press(launcher, page, "pen", f"{AT}/edit", "and")
    page = press(launcher, page, "pen", f"{AT}/edit", "or 0", g0r0_kind="language", g0r0_value="en, fr")
    page = press(launcher, page, "pen", f"{AT}/edit", "look", g0r1_kind="tag", g0r1_name="new", g0r1_not="not")
    assert changed(page)[-1] == ("new", "audience: {any: [{language: [en, fr]}, {not: {tag: new}}]}")
    row = {"g0-rows": "1", "g0r0-kind": "tag", "g0r0-name": "x", "topic": "tb"}
    counted = launcher.post(f"{AT}/edit/count", groups="1", **row)
    assert "0 people" in read(counted)


def test_a_file_with_faults_says_where_and_can_be_saved_and_not_launched(clinic: Console) -> None:
    launcher = clinic.as_(Role.LAUNCHER)
    wrong = FILE.replace("topic: tb", "topc: tb")
    page = press(launcher, edit(launcher, "file"), "pen", f"{AT}/edit", "look", text=wrong)
    assert "Line 3: `topc` is not known here." in read(page)
    assert "Save with its faults" in page.text
    assert launcher.post(f"{AT}/edit", **dict(_hidden(page)), do="save").status_code == 303
    assert "Mend it" in launcher.text(AT)
    assert "no plan before the faults" in launcher.text(f"{AT}/plan")
    part = launcher.post(f"{AT}/edit/faults", text="title: [")
    assert "1 fault" in read(part)
    torn = press(launcher, edit(launcher, "file"), "pen", f"{AT}/edit", "form", text="title: [")
    assert "edited as a file only" in torn.text


def test_two_people_who_edit_lose_nothing(clinic: Console) -> None:
    launcher, coordinator = clinic.as_(Role.LAUNCHER), clinic.as_(Role.COORDINATOR)
    mine, theirs = edit(launcher, "file"), edit(coordinator, "file")
    press(coordinator, theirs, "pen", f"{AT}/edit", "save", text=FILE.replace("Treatment", "Theirs"))
    page = press(launcher, mine, "pen", f"{AT}/edit", "save", text=FILE.replace("Treatment", "Mine"))
    assert page.status_code == 409
    assert f"{WHO[Role.COORDINATOR]} saved this campaign" in read(page)
    assert changed(page) == [("old", "title: Theirs"), ("new", "title: Mine")]
    assert file_of(clinic.workspace) == FILE.replace("Treatment", "Theirs")


def test_a_new_campaign_and_a_copy_are_open_for_editing_at_once(clinic: Console) -> None:
    launcher = clinic.as_(Role.LAUNCHER)
    made = launcher.post("/campaigns/new", name="fresh", title="Fresh", topic="tb")
    assert made.headers["location"] == "/campaigns/fresh/edit"
    assert "No fault." in launcher.text("/campaigns/fresh/edit")
    for name in ("fresh", "../keys", "Ünï"):
        assert launcher.post("/campaigns/new", name=name, title="X", topic="tb").status_code == 422
    assert launcher.post(f"{AT}/clone", name="copy", title="Copy").headers["location"] == "/campaigns/copy/edit"
    assert launcher.post(f"{AT}/clone", name="copy", title="Copy").status_code == 422
    assert file_of(clinic.workspace, "copy") == FILE.replace("title: Treatment", "title: Copy")


def test_what_is_not_there_is_not_there(clinic: Console) -> None:
    launcher = clinic.as_(Role.LAUNCHER)
    paths = ["", "/plan", "/edit", "/history", "/history/1", "/clone", "/launch", "/run/pause", "/run/eat"]
    asked = [f"/campaigns/nothing{path}" for path in paths] + ["/campaigns/..%2fkeys"]
    assert {path: launcher.get(path).status_code for path in asked} == dict.fromkeys(asked, 404)
    elsewhere = ["name=../keys&language=en", "name=tb/welcome&language=../x", "name=tb/welcome&manner=x", ""]
    assert {launcher.get(f"/messages/edit?{query}").status_code for query in elsewhere} == {404}


# --- texts ------------------------------------------------------------------------------------------------------------


def test_a_text_shows_its_price_while_it_is_written_and_keeps_what_it_said(clinic: Console) -> None:
    launcher, texts = clinic.as_(Role.LAUNCHER), own_templates(clinic.workspace.folder)
    assert "welcome treatment" in launcher.text("/messages")
    at = "/messages/edit?name=tb/welcome&language=sw&manner=open"
    page = launcher.get(at)
    given = dict(fields(page, "text-form"))
    measured = launcher.post("/messages/measure", **given | {"text": "Habari ya leo" * 20})
    assert "2 parts" in read(measured)
    asks = {"text": "Reply END to end your visit."}
    assert "gets no more messages at all" in read(launcher.post("/messages/measure", **given | asks))
    assert "no field" in read(launcher.post("/messages/measure", **given | {"text": "Habari {{ nothing }}"}))
    assert launcher.post("/messages/edit", **given | {"text": "Habari."}).status_code == 303
    assert (texts / "tb" / "welcome.sw.txt").read_text(encoding="utf-8") == "Habari."
    late = launcher.post("/messages/edit", **given | {"text": "Mambo."})
    assert (late.status_code, "Habari." in late.text, "Mambo." in late.text) == (409, True, True)


def test_a_missing_translation_is_marked(clinic: Console) -> None:
    (own_templates(clinic.workspace.folder) / "tb" / "welcome.fr.txt").unlink()
    launcher = clinic.as_(Role.LAUNCHER)
    assert "1 missing" in launcher.text("/messages")
    assert "Français, Open: missing" in launcher.text("/messages/edit?name=tb/welcome")


# --- words ------------------------------------------------------------------------------------------------------------


def test_every_reason_that_a_plan_knows_has_its_words() -> None:
    by_consent, by_gate = {Refusal.NO_CONSENT, Refusal.STOPPED}, {Refusal.NO_ENDPOINT, Refusal.QUARANTINED}
    assert WHY.keys() == by_consent | by_gate | {Refusal.OUTSIDE_HOURS} | {*Gap}


@pytest.mark.parametrize(("language", "told"), [("fr", "Nouvelle campagne"), ("sw", "Kampeni mpya")])
def test_pages_speak_the_languages_of_staff(clinic: Console, language: str, told: str) -> None:
    launcher = clinic.as_(Role.LAUNCHER, **{"Accept-Language": language})
    assert told in launcher.text("/campaigns")
    for path in ("/plan", "/edit", "/edit?view=audience", ""):
        assert launcher.get(f"{AT}{path}").status_code == 200
