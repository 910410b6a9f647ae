"""Reveals, calls to staff, promises and the web's error pages, with planted canaries: whatever they leave is searched.

`test_canaries` walks the main job; here is what came after it. A patient's number, text, the town that Twilio guesses,
a staff phone and the reason for a reveal may be seen where they belong and nowhere else.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from outreach.audience import exports
from outreach.audience.tables import Person
from outreach.errors import OutreachError
from outreach.messages.status import Purpose
from outreach.messages.tables import Message
from outreach.reports import cells
from outreach.reports.contract import scope_of
from outreach.reports.formats import facts, write_csv
from outreach.reports.registry import REPORTS
from outreach.staff import accounts
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.threads import alarms, inbound, promises, reveal_lists, reveals
from outreach.threads.reveals import Wish
from outreach.threads.tables import Thread
from outreach.workspace import Workspace
from tests.clinic import AMINA, DAUDI, Cast, cast, clinic
from tests.console.calls import PROVIDERS, PUBLIC, Desk, open_desk
from tests.logs import kept
from tests.test_canaries import _cells

PHONE = "+254720000009"  # of the one on duty
TOWN, ZIP, PROFILE = "Canaryville", "40100-canary", "Zawadi Canary"
SAID = "canary: I am bleeding and he must not know"
WHY = "canary: she does not answer and may be dying"
WORD = "canary-metrics-token"
SECRETS = [each for number in (AMINA, DAUDI, PHONE) for each in (number, number[1:], number[4:])]
CANARIES = [*SECRETS, WORD, TOWN, ZIP, PROFILE, SAID, WHY]
DUTY = 'duty:\n  - {staff: otieno, days: daily, hours: ["00:00-24:00"], holidays: true}\n'
PLACE = {"FromCity": TOWN, "FromZip": ZIP, "FromState": TOWN, "FromCountry": "KE", "ProfileName": PROFILE}


@pytest.fixture
def workspace(migrated_url: str, tmp_path: Path) -> Iterator[Workspace]:
    with clinic(
        migrated_url, tmp_path / "clinic", providers=PROVIDERS, public_url=PUBLIC, metrics_token=SecretStr(WORD)
    ) as made:
        (made.folder / "duty.yaml").write_text(DUTY)
        with made.database.write() as session:
            for name, role in (("otieno", Role.COORDINATOR), ("admin", Role.ADMIN)):
                accounts.add(session, made.vault, New(name, "", frozenset({role}), phone=PHONE), "test")
        yield made


@pytest.fixture
def people(workspace: Workspace) -> Cast:
    return cast(workspace)


def _found(texts: list[str]) -> set[str]:
    return {f"{canary} in {text[:80]}" for text in texts for canary in CANARIES if canary in text}


def _walk(workspace: Workspace, people: Cast, desk: Desk) -> list[str]:
    """Everything that must leave no trace; gives what was told to whoever made a mistake."""
    assert desk.text(AMINA, SAID, "SM1", **PLACE) == 204
    assert desk.text(DAUDI, "When can I come?", "SM2", **PLACE) == 204
    assert alarms.watch(workspace) == 1
    with workspace.database.write() as session:
        past = dialects.now(session) - timedelta(hours=1)
        session.execute(update(Thread).where(Thread.promised_at.is_not(None)).values(promised_at=past))
    assert promises.keep(workspace) == 1
    with workspace.database.read() as session:
        pseudonym = session.get_one(Person, people.amina).pseudonym
        text = session.scalar(select(Message.id).where(Message.provider_id == "SM1"))
    asked = reveals.ask(workspace, Wish(pseudonym), "wanjiru", WHY)
    reveals.grant(workspace, asked, "otieno")
    assert reveals.show(workspace, asked, "wanjiru").value == AMINA
    alone = reveals.ask(workspace, Wish(message=text), "wanjiru", WHY, alone=True)
    assert reveals.show(workspace, alone, "wanjiru").value == SAID
    told = [repr(reveal_lists.listed(workspace)), repr(reveals.show(workspace, asked, "wanjiru"))]
    for wrong in (
        lambda: reveals.show(workspace, asked, PHONE),
        lambda: reveals.grant(workspace, asked, "otieno"),
        lambda: reveals.ask(workspace, Wish(AMINA), "wanjiru", WHY),
        lambda: reveals.ask(workspace, Wish(pseudonym), "wanjiru", WHY * 20),
    ):
        with pytest.raises(OutreachError) as raised:
            wrong()
        told.append(f"{raised.value} {raised.value!r}")
    return told


def _error_pages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the web answers to what it cannot do, whatever stands in the address, the body or the exception."""
    answers = [
        desk.http.get(f"/threads/{AMINA[1:]}", params={"q": SAID}),
        desk.http.post(f"/hooks/{AMINA[1:]}", content=SAID),
        desk.http.put("/hooks/twilio/inbound", content=SAID),
        desk.http.post("/hooks/twilio/inbound", data={"From": AMINA, "Body": SAID}),
        desk.http.post("/hooks/push/ack", json={"message": AMINA, "ack": SAID}),
        desk.http.post("/hooks/push/ack", content=f"{{{SAID}"),
    ]
    assert {answer.status_code for answer in answers} <= {400, 403, 404, 405, 413, 422}

    def broken(*_: object) -> None:
        raise RuntimeError(f"{AMINA}: {SAID}")

    monkeypatch.setattr(inbound, "receive", broken)
    assert desk.text(AMINA, SAID, "SM3", **PLACE) >= 500
    return [f"{answer.text} {dict(answer.headers)}" for answer in answers]


def _taken_along(workspace: Workspace, desk: Desk) -> list[str]:
    """What leaves the house on purpose: figures for Prometheus, everybody as a table, each report in its forms."""
    measured = desk.http.get("/metrics", headers={"Authorization": f"Bearer {WORD}"})
    assert (measured.status_code, "outreach_threads" in measured.text) == (200, True)
    taken = [f"{measured.text} {dict(measured.headers)}", *map(str, exports.lines(workspace.database))]
    with workspace.database.read() as session:
        scope = scope_of(workspace.settings, dialects.now(session))
        for report in REPORTS.values():
            rows, written = cells.table(report, session, scope), io.StringIO()
            write_csv(report, rows, written)
            taken += [written.getvalue(), repr(facts(report, rows))]
    assert len(taken) > 2 * len(REPORTS) + 4
    return taken


def test_no_canary_is_left_by_reveals_calls_promises_and_error_pages(
    workspace: Workspace,
    people: Cast,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    with kept(level="debug") as logs, open_desk(workspace) as desk:
        told = _walk(workspace, people, desk)
        taken = _taken_along(workspace, desk)
        pages = _error_pages(desk, monkeypatch)
    assert _found(told) == set()
    assert _found(taken) == set()
    assert _found(pages) == set()
    assert _found([logs.getvalue(), *capfd.readouterr()]) == set()
    columns = list(_cells(workspace))
    assert _found([f"{name} {value}" for name, value in columns]) == set()
    with workspace.database.read() as session:
        calls = session.scalars(select(Message).where(Message.purpose == Purpose.CALL)).all()
    assert {call.thread_id for call in calls} == {None}, "nothing ties a call to whom it is about"
    assert len(calls) >= 3, "the one on duty, the late promise, the admin of two reveals"
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    for file in files:
        content = file.read_bytes().decode("latin-1")
        assert not [canary for canary in CANARIES if canary in content], file.name
