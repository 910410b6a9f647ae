"""What programs read: people, consent, campaigns, runs, reports, conversations. Pseudonyms and ids, never a number."""

from __future__ import annotations

from outreach.audience import people
from outreach.audience.tables import Person
from outreach.campaigns import approvals, runs
from outreach.staff.roles import Role
from outreach.workspace import Workspace
from tests.campaigns import crowds
from tests.clinic import AMINA, BARAKA, CHAUSIKU, DAUDI, TOKEN, cast
from tests.console.api.conftest import Program, Programs
from tests.console.conftest import WHO
from tests.reports import known
from tests.threads.texting import write

CANARIES = (*(number[1:] for number in (AMINA, BARAKA, CHAUSIKU, DAUDI)), TOKEN)


def pseudonym_of(workspace: Workspace, number: str) -> str:
    with workspace.database.read() as session:
        person_id = people.by_number(session, workspace.vault, number)
        return session.get_one(Person, person_id).pseudonym


def pages(who: Program, path: str, **query: object) -> list[dict[str, object]]:
    """Every row of a list, one page after the other."""
    found, cursor = [], ""
    while True:
        told = who.get(path, limit=1, cursor=cursor, **query).json()
        found += told["data"]
        if not told["next"]:
            return found
        cursor = told["next"]


def test_people_are_found_page_by_page_and_never_by_number(programs: Programs) -> None:
    cast(programs.workspace)
    who = programs.with_("people:read")
    one_by_one, at_once = pages(who, "/people"), who.get("/people", limit=100)
    assert one_by_one == at_once.json()["data"]
    assert len(one_by_one) == 4
    agreeing = {each["pseudonym"] for each in who.get("/people", topic="tb").json()["data"]}
    assert agreeing == {pseudonym_of(programs.workspace, AMINA), pseudonym_of(programs.workspace, BARAKA)}
    one = who.get(f"/people/{pseudonym_of(programs.workspace, BARAKA)}")
    assert one.json()["reach"] == {"sms": 1, "push": 1}
    for answer in (at_once, one):
        assert not [each for each in CANARIES if each in answer.text]
    for cursor in ("nonsense", "cGVvcGxlIDk5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "dGhyZWFkcyAx"):
        assert who.get("/people", cursor=cursor).json()["type"] == "urn:outreach:problem:cursor"


def test_consent_is_read_line_by_line(programs: Programs) -> None:
    cast(programs.workspace)
    who = programs.with_("consent:read")
    amina = who.get(f"/people/{pseudonym_of(programs.workspace, AMINA)}/consent").json()
    assert (amina["topics"], amina["stopped"]) == (["tb"], False)
    assert [(line["topic"], line["state"]) for line in amina["ledger"]] == [("tb", "granted")]
    assert who.get(f"/people/{pseudonym_of(programs.workspace, CHAUSIKU)}/consent").json()["stopped"]
    assert who.get("/people/nobody-here-11/consent").status_code == 404


def test_campaigns_are_planned_by_asking_and_runs_tell_their_messages(programs: Programs) -> None:
    there, who = programs.workspace, programs.with_("campaigns:read")
    crowds.write(there, there.database.now())
    crowds.gather(there, 12)
    plan = who.get(f"/campaigns/{crowds.NAME}/plan")
    assert plan.status_code == 200
    assert plan.json()["people"] > 0
    assert who.get("/runs").json() == {"data": [], "next": None}
    approvals.propose(there, crowds.NAME, WHO[Role.LAUNCHER])
    run = runs.launch(there, crowds.NAME, WHO[Role.LAUNCHER])
    [listed] = pages(who, "/runs", campaign=crowds.NAME)
    assert listed == who.get(f"/runs/{run}").json()
    assert (listed["state"], listed["launched_by"]) == ("running", WHO[Role.LAUNCHER])
    assert [each["name"] for each in pages(who, "/campaigns")] == [crowds.NAME]
    one = who.get(f"/campaigns/{crowds.NAME}").json()
    assert (one["run"], one["proposal"]["state"]) == (run, "withdrawn")
    for absent in ("/campaigns/nothing", "/campaigns/nothing/plan", "/campaigns/..%2Fx/plan", "/runs/99"):
        assert who.get(absent).status_code == 404, absent


def test_every_report_is_read_and_small_groups_are_hidden(programs: Programs) -> None:
    with programs.workspace.database.write() as session:
        known.weigh_delivery(session)
        known.write_ledger(session)
    who = programs.with_("reports:read", "people:read")
    offered = [each["name"] for each in who.get("/reports").json()["data"]]
    assert "phone" in offered
    told = {name: who.get(f"/reports/{name}", first="2000-01-01") for name in offered}
    assert {answer.status_code for answer in told.values()} == {200}
    hidden = [row for row in told["consent"].json()["rows"] if row.get("hidden")]
    assert hidden
    assert all(row[name] is None for row in hidden for name in row["hidden"] if name in row)


def test_conversations_are_read_without_numbers(programs: Programs) -> None:
    cast(programs.workspace)
    write(programs.workspace, AMINA, f"call me on {BARAKA} please")
    write(programs.workspace, BARAKA, "Ninahisi kizunguzungu")
    who = programs.with_("threads:read")
    found = pages(who, "/threads", list="waiting")
    assert found == pages(who, "/threads", list="all")
    assert [each["state"] for each in found] == ["waiting", "waiting"]
    one = who.get(f"/threads/{found[0]['id']}")
    assert one.json()["pseudonym"] == pseudonym_of(programs.workspace, AMINA)
    assert "call me on" in one.text
    assert not [each for each in CANARIES if each in one.text]
    assert one.json()["last"] == one.json()["texts"][-1]["id"]
    assert who.get("/threads/999").status_code == 404
