"""What programs change, by the rules that hold for everybody: each write once, and nothing that a person must do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text, update

from outreach.campaigns import approvals
from outreach.consent import Consent
from outreach.messages.tables import Message
from outreach.privacy import audit
from outreach.staff import again
from outreach.staff.roles import Role
from outreach.staff.tables import ApiAnswer
from outreach.threads.tables import Thread
from tests.campaigns import crowds
from tests.clinic import AMINA, CHAUSIKU, cast
from tests.console.api.conftest import Programs
from tests.console.api.test_reading import pseudonym_of
from tests.console.conftest import WHO, hire, on_sqlite
from tests.threads.texting import write

pytestmark = on_sqlite
NEW = "+254712000099"


def did(programs: Programs) -> list[tuple[str, str]]:
    with programs.workspace.database.read() as session:
        found = audit.entries(session, programs.workspace.vault)
    return [(each.who, each.action) for each in found if each.who.startswith("api:")]


def intake(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"topic": "tb", "people": list(rows), **more}


def test_people_are_taken_in_by_the_rules_of_every_import(programs: Programs) -> None:
    cast(programs.workspace)
    who = programs.with_("people:write", "people:read", "consent:read", name="register")
    rows = (
        {"phone": NEW, "tags": ["on-treatment"], "consent": "form 7", "fields": {"district": "siaya", "visits": 3}},
        {"phone": "12"},
        {"phone": CHAUSIKU, "consent": "yes, on paper"},
        {"phone": NEW},
    )
    tried = who.post("/people", intake(*rows, dry_run=True)).json()
    assert [each["outcome"] for each in tried["verdicts"]] == ["added", "refused", "unchanged", "refused"]
    assert [each["pseudonym"] for each in tried["verdicts"]][:2] == [None, None]
    answer = who.post("/people", intake(*rows))
    told = answer.json()["verdicts"]
    assert [(each["row"], each["outcome"], each["reason"]) for each in told] == [
        (0, "added", None),
        (1, "refused", "phone_too_short"),
        (2, "unchanged", "stopped"),
        (3, "refused", "duplicate_in_file"),
    ]
    assert NEW[1:] not in answer.text
    one = who.get(f"/people/{told[0]['pseudonym']}").json()
    assert (one["fields"], one["tags"], one["topics"]) == (
        {"district": "siaya", "visits": 3},
        ["on-treatment"],
        ["tb"],
    )
    assert who.get(f"/people/{told[2]['pseudonym']}/consent").json()["stopped"], "only her START lifts a STOP"
    assert did(programs) == [("api:register", "people_imported")]


WRONG: list[dict[str, Any]] = [
    {"people": []},
    {"topic": "TB!"},
    {"people": [{"phone": NEW, "name": "Amina"}]},
    {"people": [{"phone": NEW, "fields": {"surname": "Otieno"}}]},
    {"source": "two\nlines"},
]


def test_what_cannot_be_taken_in_is_refused_whole(programs: Programs) -> None:
    who = programs.with_("people:write", "people:read")
    for wrong in WRONG:
        answer = who.post("/people", {**intake({"phone": NEW}), **wrong})
        assert answer.status_code == 422, wrong
        assert not [each for each in ("Otieno", "Amina", NEW) if each in answer.text]
    assert who.get("/people").json()["data"] == []


def test_a_write_is_done_once_and_answered_the_same(programs: Programs) -> None:
    clinic, who = programs.workspace, programs.with_("people:write")
    first = who.post("/people", intake({"phone": NEW}), key="once-and-again")
    second = who.post("/people", intake({"phone": NEW}), key="once-and-again")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert (first.headers.get("idempotent-replayed"), second.headers["idempotent-replayed"]) == (None, "true")
    other = who.post("/people", intake({"phone": AMINA}), key="once-and-again")
    assert (other.status_code, other.json()["type"]) == (422, "urn:outreach:problem:key-reused")
    with clinic.database.read() as session:
        kept = repr(session.execute(text("SELECT * FROM api_answer")).all())
    name = first.json()["verdicts"][0]["pseudonym"]
    assert not [each for each in (NEW, NEW[1:], "once-and-again", name) if each in kept], "nothing lies there in clear"
    elsewhere = programs.with_("people:write").post("/people", intake({"phone": AMINA}), key="once-and-again")
    assert elsewhere.status_code == 200, "another program has keys of its own"


def test_while_the_first_is_at_work_the_second_waits_and_after_a_crash_it_is_done(programs: Programs) -> None:
    clinic, who = programs.workspace, programs.with_("people:write")
    made = who.post("/people", intake({"phone": NEW}), key="at-work-now")
    with clinic.database.write() as session:
        session.execute(update(ApiAnswer).values(answer=None))
    busy = who.post("/people", intake({"phone": NEW}), key="at-work-now")
    assert (busy.status_code, busy.json()["type"]) == (409, "urn:outreach:problem:still-at-work")
    with clinic.database.write() as session:
        session.execute(update(ApiAnswer).values(begun_at=clinic.database.now() - again.LEASE - timedelta(seconds=1)))
    late = who.post("/people", intake({"phone": NEW}), key="at-work-now").json()
    assert late["verdicts"][0]["pseudonym"] == made.json()["verdicts"][0]["pseudonym"]


def test_what_was_refused_may_be_asked_again(programs: Programs) -> None:
    crowds.write(programs.workspace, programs.workspace.database.now())
    who = programs.with_("campaigns:run")
    path = f"/campaigns/{crowds.NAME}/launch"
    assert [who.post(path, key="launch-me").status_code for _ in range(2)] == [409, 409]
    with programs.workspace.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ApiAnswer)) == 0


def test_a_write_without_a_key_is_refused_and_old_answers_go(programs: Programs) -> None:
    who = programs.with_("people:write")
    bare = programs.http.post(
        "/api/v1/people", json=intake({"phone": NEW}), headers={"Authorization": f"Bearer {who.token}"}
    )
    assert bare.status_code == 422
    assert bare.json()["faults"][0]["where"] == "header.Idempotency-Key"
    who.post("/people", intake({"phone": NEW}))
    with programs.workspace.database.write() as session:
        session.execute(update(ApiAnswer).values(begun_at=ApiAnswer.begun_at))
        past = programs.workspace.database.now() - again.KEPT - timedelta(seconds=1)
        session.execute(update(ApiAnswer).values(begun_at=past))
    who.post("/people", intake({"phone": NEW}))
    with programs.workspace.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ApiAnswer)) == 1


def test_consent_needs_evidence_and_never_outweighs_her_own_word(programs: Programs) -> None:
    cast(programs.workspace)
    who = programs.with_("consent:write", "consent:read", name="register")
    amina, chausiku = (pseudonym_of(programs.workspace, number) for number in (AMINA, CHAUSIKU))
    assert who.post(f"/people/{amina}/consent", {"topic": "hiv", "state": "granted"}).status_code == 422
    word = {"topic": "hiv", "state": "granted", "evidence": "form 12"}
    assert who.post(f"/people/{amina}/consent", word).json()["changed"]
    assert not who.post(f"/people/{amina}/consent", word).json()["changed"]
    assert who.get(f"/people/{amina}/consent").json()["topics"] == ["hiv", "tb"]
    gone = {"topic": "hiv", "state": "revoked", "evidence": "told the nurse"}
    assert who.post(f"/people/{amina}/consent", gone).json() == {
        "pseudonym": amina,
        "topic": "hiv",
        "changed": True,
        "note": "declined",
    }
    stopped = who.post(f"/people/{chausiku}/consent", {**word, "topic": "tb"}).json()
    assert stopped["note"] == "stopped"
    assert who.get(f"/people/{chausiku}/consent").json()["topics"] == []
    assert who.post("/people/nobody-here-11/consent", word).status_code == 404
    with programs.workspace.database.read() as session:
        evidence = set(session.scalars(select(Consent.evidence).where(Consent.topic == "hiv")))
    assert "form 12 (api:register)" in evidence
    assert set(did(programs)) == {("api:register", "consent_written")}


def test_a_campaign_goes_out_only_by_a_persons_yes(programs: Programs) -> None:
    there = programs.workspace
    hire(there)
    crowds.write(there, there.database.now())
    crowds.gather(there, 12)
    who = programs.with_("campaigns:write", "campaigns:run", name="register")
    path = f"/campaigns/{crowds.NAME}"
    assert who.post(f"{path}/propose").status_code == 200
    early = who.post(f"{path}/launch")
    assert (early.status_code, "second person" in early.json()["detail"]) == (409, True)
    assert who.post(f"{path}/approve").status_code == 404, "there is no such thing for a token"
    assert who.post(f"{path}/withdraw", {"why": "too early"}).status_code == 200
    assert who.post(f"{path}/propose").status_code == 200
    approvals.approve(there, crowds.NAME, WHO[Role.COORDINATOR])
    run = who.post(f"{path}/launch").json()["run"]
    turned = [who.post(f"{path}/{turn}").json() for turn in ("pause", "resume", "cancel")]
    assert [(each["run"], each["state"]) for each in turned] == [
        (run, "paused"),
        (run, "running"),
        (run, "cancelled"),
    ]
    assert who.post(f"{path}/pause").status_code == 409
    assert who.post("/campaigns/nothing/pause").status_code == 404
    assert [action for _, action in did(programs)][-4:] == [
        "campaign_launched",
        "campaign_paused",
        "campaign_resumed",
        "campaign_cancelled",
    ]


def test_conversations_are_taken_answered_and_closed(programs: Programs) -> None:
    cast(programs.workspace)
    write(programs.workspace, AMINA, "Can I eat before the pill?")
    who = programs.with_("threads:read", "threads:write", name="desk")
    [one] = who.get("/threads").json()["data"]
    path = f"/threads/{one['id']}"
    assert who.post(f"{path}/take", {}).json()["assignee"] == "api:desk"
    assert [each["id"] for each in who.get("/threads", list="mine").json()["data"]] == [one["id"]]
    last = who.get(path).json()["last"]
    assert who.post(f"{path}/reply", {"text": "Yes, a little."}).status_code == 422, "what was read is named"
    gone_on = who.post(f"{path}/reply", {"text": "Yes, a little.", "seen": last + 5})
    assert (gone_on.status_code, gone_on.json()["type"]) == (409, "urn:outreach:problem:thread-gone-on")
    made = who.post(f"{path}/reply", {"text": "Yes, a little.", "seen": last}).json()["message"]
    with programs.workspace.database.read() as session:
        assert session.get_one(Message, made).purpose == "reply"
    assert who.post(f"{path}/close", {"outcome": "forgotten"}).status_code == 409
    assert who.post(f"{path}/close", {"outcome": "answered"}).json()["state"] == "closed"
    assert who.post(f"{path}/reply", {"text": "More", "seen": made}).json()["type"].endswith("thread-closed")
    assert [action for _, action in did(programs)] == ["thread_taken", "thread_answered", "thread_closed"]


def test_whoever_is_in_danger_is_left_to_people(programs: Programs) -> None:
    cast(programs.workspace)
    write(programs.workspace, AMINA, "hello")
    with programs.workspace.database.write() as session:
        session.execute(update(Thread).values(urgent="suicide"))
        thread_id = session.scalars(select(Thread.id)).one()
    who = programs.with_("threads:write")
    deeds = {"take": {}, "reply": {"text": "Hello", "seen": 1}, "close": {"outcome": "answered"}}
    for deed, body in deeds.items():
        answer = who.post(f"/threads/{thread_id}/{deed}", body)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:outreach:problem:thread-urgent"), deed
