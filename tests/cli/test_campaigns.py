"""`outreach campaign` and `outreach send-test`, on a clinic with the cast in it."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
import typer
from sqlalchemy import func, select
from typer.testing import CliRunner

from outreach import consent
from outreach.audience import people
from outreach.audience.tables import Openness, Person, Suppression
from outreach.campaigns import content, forecast, planning, runs
from outreach.campaigns.reckon import Gap
from outreach.channels.contract import Kind
from outreach.cli import campaigns, send_test
from outreach.cli import forecast as page
from outreach.consent import Source
from outreach.delivery import facts, gate
from outreach.delivery.facts import Claim
from outreach.errors import ConflictError, NotFoundError
from outreach.messages.status import Purpose, Refusal, State
from outreach.messages.tables import Message, Run
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.campaigns import crowds
from tests.clinic import AMINA, CHAUSIKU, cast, write_campaign

NAME = "treatment"

TREATMENT = """\
title: Treatment
topic: tb
audience: {all: []}
channels: [push, sms]
steps:
  - {id: welcome, template: tb/welcome, every: "FREQ=DAILY;COUNT=1", at: "09:00"}
  - {id: refill, template: tb/refill, before: {field: refill_date, days: 3}, at: "09:00"}
"""

app = typer.Typer()
app.add_typer(campaigns.app, name="campaign")
app.command("send-test")(send_test.send_test)


@pytest.fixture
def here(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The clinic is where commands run."""
    monkeypatch.chdir(workspace.folder)
    monkeypatch.setenv("OUTREACH_DATABASE_URL", workspace.settings.database_url)
    monkeypatch.setenv("OUTREACH_KEYRING", workspace.settings.keyring.get_secret_value())
    monkeypatch.setenv("OUTREACH_QUIET_HOURS", "off")
    monkeypatch.setenv("COLUMNS", "80")
    cast(workspace)
    write_campaign(workspace, NAME, TREATMENT)
    return workspace


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def plan_all(workspace: Workspace) -> None:
    settings = workspace.settings.model_copy(update={"plan_ahead": timedelta(days=2)})
    assert planning.plan(Workspace(settings, workspace.database, workspace.vault)) == 2


def test_a_plan_shows_who_when_how_much_and_three_texts(here: Workspace) -> None:
    output = run("campaign", "plan", NAME)
    for words in ("Treatment", "People", "Africa/Nairobi", "said STOP", "lack the date", "USD", "Examples", "refill"):
        assert words in output
    assert "goes on after that" in output
    assert "exact" in output


def test_a_plan_fits_eighty_columns_also_for_a_crowd(here: Workspace) -> None:
    crowds.write(here, here.database.now())
    crowds.gather(here, 300)
    output = run("campaign", "plan", crowds.NAME)
    assert max(map(len, output.splitlines())) <= 80
    assert "more days" in output
    assert "an estimate" not in output or "about" in output


def test_a_plan_as_json_holds_facts_only(here: Workspace) -> None:
    found = told("campaign", "plan", NAME)
    assert found.keys() == set(forecast.Forecast.__dataclass_fields__)
    assert (found["people"], found["total"]["planned"], found["ends"]) == (2, 2, False)
    assert date.fromisoformat(found["days"][0]["day"])
    assert {each["reason"] for each in found["refused"]} == {"stopped", "no_consent", "missing_date"}
    assert AMINA not in json.dumps(found)


def test_every_reason_that_a_forecast_knows_has_its_words() -> None:
    by_consent, by_gate = {Refusal.NO_CONSENT, Refusal.STOPPED}, {Refusal.NO_ENDPOINT, Refusal.QUARANTINED}
    assert page.WHY.keys() == by_consent | by_gate | {Refusal.OUTSIDE_HOURS} | {*Gap}


def test_a_launch_shows_the_plan_and_needs_a_yes(here: Workspace) -> None:
    assert "say --yes" in run("campaign", "launch", NAME, code=2)
    with here.database.read() as session:
        assert session.scalar(select(func.count(Run.id))) == 0
    output = run("campaign", "launch", NAME, "--yes")
    assert "Messages" in output
    assert "is launched: run 1" in output
    with pytest.raises(ConflictError):
        run("campaign", "launch", NAME, "--yes")


def test_pause_resume_and_cancel_say_what_they_did(here: Workspace) -> None:
    runs.launch(here, NAME, "test")
    plan_all(here)
    assert "2 messages not yet sent are held" in run("campaign", "pause", NAME)
    assert told("campaign", "status", NAME)["state"] == "paused"
    assert "2 held messages are back" in run("campaign", "resume", NAME)
    assert "2 messages not yet sent will not go" in run("campaign", "cancel", NAME)
    with pytest.raises(ConflictError):
        run("campaign", "resume", NAME)


def test_status_counts_by_state_and_says_what_is_due(here: Workspace) -> None:
    with pytest.raises(NotFoundError):
        run("campaign", "status", NAME)
    runs.launch(here, NAME, "test")
    before = told("campaign", "status", NAME)
    assert before["figures"]["planned"] == 0
    assert before["next_due"] is not None
    plan_all(here)
    after = told("campaign", "status", NAME)
    assert after["figures"]["states"] == {"queued": 2}
    assert after["next_due"] == before["next_due"]
    output = run("campaign", "status", NAME)
    assert re.search(r"waiting +2", output)
    assert "next due" in output


def test_campaigns_are_listed_with_their_state_and_faults_named(here: Workspace) -> None:
    write_campaign(here, "broken", "title: Broken\n")
    runs.launch(here, NAME, "test")
    found = {each["name"]: each for each in told("campaign", "list")}
    assert found["broken"]["title"] == ""
    assert (found[NAME]["title"], found[NAME]["state"]) == ("Treatment", "running")
    output = run("campaign", "list")
    assert "outreach check" in " ".join(output.split())
    assert "running" in output


def queued_tests(workspace: Workspace) -> list[Message]:
    with workspace.database.read() as session:
        return list(session.scalars(select(Message).where(Message.purpose == Purpose.TEST)))


def test_a_test_message_goes_by_the_queue_and_gives_no_consent(here: Workspace) -> None:
    staff = "+254 712 000 777"
    output = run("send-test", NAME, "--to", staff, "--yes")
    assert "712" not in output
    [message] = queued_tests(here)
    assert (message.state, message.run_id, message.sender) == (State.QUEUED, None, "twilio")
    with here.database.read() as session:
        assert consent.standing(session, [message.person_id]) == {}
        claim = Claim(*session.execute(select(*facts.COLUMNS)).one())
        assert gate.why_not(claim, facts.load(session, [claim], claim.due_at, lock=False), None) is None
        person = session.get(Person, message.person_id)
    assert person is not None
    assert person.pseudonym in output


@pytest.mark.parametrize("openness", list(Openness))
def test_a_test_message_is_in_the_wording_asked_for(here: Workspace, openness: Openness) -> None:
    flags = ["--open"] if openness is Openness.OPEN else []
    output = run("send-test", NAME, "--to", "+254712000777", "--step", "refill", "--language", "sw", *flags, "--yes")
    library = content.read(here, NAME)[1]
    body = library.get("tb/refill").choose(Kind.SMS, "sw", "en", openness)
    assert body is not None
    assert body.openness is openness
    assert body.text[:12] in output


def test_a_phone_that_said_stop_gets_no_test(here: Workspace) -> None:
    with pytest.raises(ConflictError, match="STOP"):
        run("send-test", NAME, "--to", CHAUSIKU, "--yes")
    with here.database.write() as session:
        at = dialects.now(session)
        amina = people.adopt(session, here.vault, AMINA, here.settings, at)
        consent.stop(session, amina, Source.TEXT, "text", at)
    with pytest.raises(ConflictError, match="STOP"):
        run("send-test", NAME, "--to", AMINA, "--yes")
    assert queued_tests(here) == []


def test_a_phone_that_asked_to_be_forgotten_gets_no_test(here: Workspace) -> None:
    forgotten = "+254712000888"
    with here.database.write() as session:
        lookup = people.lookup(here.vault, Kind.SMS, forgotten)
        session.add(Suppression(lookup=lookup, created_at=dialects.now(session)))
    with pytest.raises(ConflictError, match="forgotten"):
        run("send-test", NAME, "--to", forgotten, "--yes")
    with here.database.read() as session:
        assert people.by_number(session, here.vault, forgotten) is None


@pytest.mark.parametrize(("to", "says"), [("12", "whole number"), ("+254202345678", "mobile"), ("hello", "digits")])
def test_what_is_no_mobile_number_is_refused_without_repeating_it(here: Workspace, to: str, says: str) -> None:
    output = run("send-test", NAME, "--to", to, "--yes", code=2)
    assert says in output
    assert to == "12" or to not in output


def test_an_unknown_step_is_refused_with_those_there_are(here: Workspace) -> None:
    with pytest.raises(NotFoundError, match="welcome, refill"):
        run("send-test", NAME, "--to", "+254712000777", "--step", "bye", "--yes")


def test_somebody_else_says_yes_before_a_launch_where_that_is_wanted(
    here: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTREACH_APPROVAL", "always")
    with pytest.raises(ConflictError, match="second person"):
        run("campaign", "launch", NAME, "--yes")
    assert "is proposed" in run("campaign", "propose", NAME, "--as", "anna")
    assert "proposed by anna, is declined" in run("campaign", "decline", NAME, "--as", "ben", "--why", "too early")
    run("campaign", "propose", NAME, "--as", "anna")
    with pytest.raises(ConflictError, match="second person"):
        run("campaign", "approve", NAME, "--as", "anna")
    assert "is approved" in run("campaign", "approve", NAME, "--as", "ben")
    assert "is withdrawn" in run("campaign", "withdraw", NAME, "--as", "ben", "--why", "wait")
    run("campaign", "propose", NAME, "--as", "anna")
    run("campaign", "approve", NAME, "--as", "ben")
    assert "is launched" in run("campaign", "launch", NAME, "--yes", "--as", "anna")
    assert told("campaign", "status", NAME)["launched_by"] == "anna"


@pytest.mark.parametrize("approval", ["console", "never"])
def test_a_clinic_of_one_person_launches_from_the_command_line(
    here: Workspace, monkeypatch: pytest.MonkeyPatch, approval: str
) -> None:
    monkeypatch.setenv("OUTREACH_APPROVAL", approval)
    assert "is launched" in run("campaign", "launch", NAME, "--yes")


def test_a_copy_is_a_campaign_of_its_own_and_a_file_can_say_again_what_it_said(here: Workspace) -> None:
    assert "copy.yaml is written" in run("campaign", "clone", NAME, "copy", "--title", "Second round", "--as", "anna")
    assert {each["name"] for each in told("campaign", "list")} == {"copy", NAME}
    first = run("campaign", "history", "copy", "--show", "1")
    assert first == TREATMENT.replace("title: Treatment", "title: Second round")
    write_campaign(here, "copy", TREATMENT)
    assert "says again" in run("campaign", "history", "copy", "--restore", "1")
    listed = run("campaign", "history", "copy")
    assert re.search(r"1 .* anna *\n", listed)
    assert "another editor" in listed
    assert "never saved" in run("campaign", "history", NAME)
    with pytest.raises(NotFoundError):
        run("campaign", "history", "copy", "--show", "99")
