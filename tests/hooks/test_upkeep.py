"""What an operator does with a webhook, what is told of people, and who hears when a program does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from outreach import consent
from outreach.audience import imports
from outreach.audience.imports import Options
from outreach.audience.tables import Person
from outreach.consent import ConsentState, Line, Source
from outreach.doctor import outside
from outreach.doctor.contract import Level
from outreach.errors import ConflictError, NotFoundError
from outreach.hooks import carry, events, health, targets
from outreach.hooks.events import Kind
from outreach.hooks.health import Told
from outreach.hooks.tables import Hook, HookTelling, Telling
from outreach.privacy import alerts, audit
from outreach.threads import forgetting
from outreach.workspace import Workspace
from tests.clinic import AMINA, cast
from tests.console.conftest import on_sqlite
from tests.hooks.test_hooks import add, inside, listening, tellings

NOWHERE = "http://127.0.0.1:9/in"  # nothing listens there


def do(workspace: Workspace, deed: Callable[..., object], name: str = "register") -> object:
    with workspace.database.write() as session:
        return deed(session, workspace.vault, name, "mutua")


def happens(workspace: Workspace, kind: Kind = Kind.RUN_FINISHED, hours: float = 0) -> None:
    """Something happened so many hours ago."""
    with workspace.database.write() as session:
        events.tell(session, kind, workspace.database.now() - timedelta(hours=hours), run=1)


def fares(workspace: Workspace) -> Told:
    with workspace.database.read() as session:
        [told] = health.everyone(session)
        return told


def test_a_paused_program_hears_nothing_until_it_goes_on(workspace: Workspace) -> None:
    there = inside(workspace)
    with listening() as other:
        add(there, other.url)
        do(there, targets.pause)
        happens(there)
        assert (carry.carry(there), other.heard) == (0, [])
        assert fares(there).counts == {Telling.WAITING: 1}
        with pytest.raises(ConflictError):
            do(there, targets.ping)
        do(there, targets.resume)
        assert (carry.carry(there), other.kinds) == (1, ["run.finished"])
    assert fares(there).is_well


def test_a_ping_is_tried_once_and_what_came_of_it_is_seen(workspace: Workspace) -> None:
    there = inside(workspace)
    with listening() as other:
        other.answers = [503, 204]
        add(there, other.url, Kind.THREAD_WAITING)
        do(there, targets.ping)
        carry.carry(there)
        failed = fares(there)
        assert (tellings(there), failed.failure, failed.is_well) == ([("given_up", 1, "503")], "503", False)
        assert failed.left == 0, "nobody wants a ping once more"
        do(there, targets.ping)
        carry.carry(there)
        assert (other.kinds, fares(there).is_well) == (["ping", "ping"], True)


def test_what_was_given_up_is_told_once_more_and_what_waits_is_tried_now(workspace: Workspace) -> None:
    there = inside(workspace)
    with listening() as other:
        other.answers = [500, 500, 204]
        add(there, other.url)
        happens(there)
        happens(there, Kind.RUN_PAUSED)
        carry.carry(there)
        with there.database.write() as session:
            lost = update(HookTelling).where(HookTelling.kind == Kind.RUN_PAUSED)
            session.execute(lost.values(state=Telling.GIVEN_UP, tries=9))
        assert (fares(there).left, carry.carry(there)) == (1, 0)
        assert do(there, targets.redeliver) == 2
        assert carry.carry(there) == 2
        with pytest.raises(ConflictError, match="Nothing that register"):
            do(there, targets.redeliver)
    assert sorted(other.kinds) == ["run.finished", "run.finished", "run.paused", "run.paused"]


def test_for_a_day_calls_are_signed_with_both_secrets(workspace: Workspace) -> None:
    there = inside(workspace)

    def signed_with(secret: object) -> list[bool]:
        key = base64.b64decode(str(secret).removeprefix("whsec_"))
        found = []
        for headers, body in other.heard:
            said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            wanted = base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode()
            found.append(f"v1,{wanted}" in headers["webhook-signature"].split())
        return found

    with listening() as other:
        first = add(there, other.url)
        second = do(there, targets.rotate)
        with pytest.raises(ConflictError, match="within a day"):  # or the secret that it knows would not count any more
            do(there, targets.rotate)
        happens(there)
        carry.carry(there)
        with there.database.write() as session:
            session.execute(update(Hook).values(rotated_at=there.database.now() - targets.BOTH))
        happens(there)
        carry.carry(there)
        third = do(there, targets.rotate)
        happens(there)
        carry.carry(there)
    assert (signed_with(first), signed_with(second), signed_with(third)) == (
        [True, False, False],
        [True, True, True],
        [False, False, True],
    )


def test_each_deed_is_recorded_and_none_is_done_to_what_is_ended_or_not_there(workspace: Workspace) -> None:
    add(workspace, NOWHERE)
    deeds: tuple[Callable[..., object], ...] = (
        targets.ping,
        targets.pause,
        targets.resume,
        targets.rotate,
        targets.end,
    )
    for each in deeds:
        do(workspace, each)
    with workspace.database.read() as session:
        done = [line.action for line in audit.entries(session, workspace.vault)]
    assert sorted(done) == sorted(
        ["hook_added", "hook_pinged", "hook_paused", "hook_resumed", "hook_rotated", "hook_ended"]
    )
    for deed in (*deeds, targets.redeliver):
        with pytest.raises(ConflictError):
            do(workspace, deed)
        with pytest.raises(NotFoundError):
            do(workspace, deed, "nobody")


@on_sqlite
def test_nobody_chooses_to_hear_pings(workspace: Workspace) -> None:
    with pytest.raises(ConflictError, match="Say of what to tell"):
        add(workspace, NOWHERE, Kind.PING, Kind.RUN_FINISHED)


@on_sqlite
def test_who_is_forgotten_twice_is_told_of_once(workspace: Workspace) -> None:
    people = cast(workspace)
    add(workspace, NOWHERE, Kind.PERSON_FORGOTTEN)
    her = pseudonym(workspace, people.amina)
    for _ in range(2):
        with workspace.database.write() as session:
            forgetting.erase(session, workspace, people.amina, Source.STAFF)
    assert told(workspace) == [("person.forgotten", {"person": her})]


# --- people ----------------------------------------------------------------------------------------------------------


def told(workspace: Workspace) -> list[tuple[str, dict[str, object]]]:
    with workspace.database.read() as session:
        return [(row.kind, row.facts) for row in session.scalars(select(HookTelling).order_by(HookTelling.id))]


def test_of_people_only_a_pseudonym_is_told_and_not_to_what_they_agree(workspace: Workspace) -> None:
    people = cast(workspace)
    add(workspace, NOWHERE, Kind.CONSENT_CHANGED, Kind.PERSON_FORGOTTEN)
    her, his = pseudonym(workspace, people.amina), pseudonym(workspace, people.baraka)
    with workspace.database.write() as session:
        at = workspace.database.now()
        assert consent.stop(session, people.amina, Source.TEXT, "message 1", at)
        assert consent.start(session, people.amina, "message 2", at)
        line = Line(people.baraka, "tb", ConsentState.REVOKED, Source.STAFF, "asked at the desk")
        consent.record(session, [line], at)
    assert told(workspace) == [("consent.changed", {"person": each}) for each in (her, her, his)]
    forgetting.forget(workspace, her, "mutua")
    assert told(workspace) == [("consent.changed", {"person": his}), ("person.forgotten", {"person": her})]


@on_sqlite
def test_a_table_of_people_is_not_told_one_by_one(workspace: Workspace, tmp_path: Path) -> None:
    add(workspace, NOWHERE, Kind.CONSENT_CHANGED)
    table = tmp_path / "people.csv"
    table.write_text(f"phone,language\n{AMINA},sw\n")
    options = Options(topic="tb", source="paper form 2026")
    imports.import_file(workspace.database, workspace.vault, workspace.settings, table, options)
    with workspace.database.read() as session:
        agreed = consent.standing(session, session.scalars(select(Person.id)).all())
    assert ([line.state for line in agreed.values()], told(workspace)) == ([ConsentState.GRANTED], [])


def pseudonym(workspace: Workspace, person_id: int) -> str:
    with workspace.database.read() as session:
        return session.get_one(Person, person_id).pseudonym


def test_once_the_other_side_knows_nothing_keeps_the_pseudonym_of_whoever_is_forgotten(workspace: Workspace) -> None:
    there = inside(workspace)
    with listening() as other:
        add(there, other.url, Kind.PERSON_FORGOTTEN)
        with there.database.write() as session:
            events.forget(session, "calm-heron-42", there.database.now())
        carry.carry(there)
    assert b'"data":{"person":"calm-heron-42"}' in other.heard[0][1]
    assert told(there) == [("person.forgotten", {})]


# --- whoever does not hear -------------------------------------------------------------------------------------------


def alerted(workspace: Workspace) -> list[tuple[str, str]]:
    with workspace.database.read() as session:
        return [(each.kind, each.subject) for each in alerts.unseen(session)]


def fails_since(workspace: Workspace, hours: float) -> None:
    """It has heard nothing for so many hours."""
    with workspace.database.write() as session:
        session.execute(update(Hook).values(failing_since=workspace.database.now() - timedelta(hours=hours)))


def again(workspace: Workspace) -> int:
    """The time of the next try has come; gives how many are told."""
    with workspace.database.write() as session:
        session.execute(update(HookTelling).values(due_at=workspace.database.now()))
    return carry.carry(workspace)


def test_an_admin_is_alerted_once_an_outage(workspace: Workspace) -> None:
    there = inside(workspace)
    with listening() as other:
        other.answers = [500, 500, 204, 500]
        add(there, other.url)
        happens(there, hours=9)
        assert health.watch(there) == 0, "not tried yet"
        carry.carry(there)
        assert health.watch(there) == 0, "it happened long ago, and fails since now"
        fails_since(there, 5)
        assert (again(there), health.watch(there)) == (0, 0), "not for long yet"
        fails_since(there, 7)
        assert [health.watch(there) for _ in range(3)] == [1, 0, 0]
        assert alerted(there) == [("hook_failing", "hook:register")]
        assert again(there) == 1
        assert (fares(there).fails_since, health.watch(there)) == (None, 0), "it hears again"
        happens(there, hours=9)
        assert (carry.carry(there), health.watch(there)) == (0, 0), "and fails again, since now"
        fails_since(there, 8)
        assert health.watch(there) == 1


@on_sqlite
@pytest.mark.parametrize("deed", [targets.redeliver, targets.resume])
def test_a_failure_counts_anew_once_somebody_has_seen_to_it(deed: Callable[..., object], workspace: Workspace) -> None:
    add(workspace, NOWHERE)
    failing(workspace, 9)
    if deed is targets.resume:
        do(workspace, targets.pause)
    do(workspace, deed)
    assert fares(workspace).fails_since is None
    assert [(each.level, each.seen) for each in outside.hooks(workspace)] == [(Level.OK, "register: 1 wait")]
    assert health.watch(workspace) == 0


@on_sqlite
def test_what_nobody_tried_for_a_month_says_so(workspace: Workspace) -> None:
    add(workspace, NOWHERE)
    do(workspace, targets.pause)
    happens(workspace, hours=31 * 24)
    carry.carry(workspace)
    do(workspace, targets.resume)
    [found] = outside.hooks(workspace)
    assert (fares(workspace).failure, found.level) == ("too_old", Level.WARNING)
    assert "thirty days" in found.remedy


def untried(workspace: Workspace) -> None:
    happens(workspace, hours=1)


def failing(workspace: Workspace, hours: float = 2, outcome: str = "401") -> None:
    happens(workspace, hours=hours)
    with workspace.database.write() as session:
        session.execute(update(HookTelling).values(tries=3, outcome=outcome, due_at=workspace.database.now()))
    fails_since(workspace, hours)


def given_up(workspace: Workspace) -> None:
    failing(workspace, outcome="unreachable")
    with workspace.database.write() as session:
        session.execute(update(HookTelling).values(state=Telling.GIVEN_UP))


def paused_for_days(workspace: Workspace) -> None:
    do(workspace, targets.pause)
    happens(workspace)
    with workspace.database.write() as session:
        session.execute(update(Hook).values(paused_at=workspace.database.now() - timedelta(days=3)))


SEEN: list[tuple[str, Callable[[Workspace], object], Level, str, str]] = [
    ("all was heard", lambda _: None, Level.OK, "register: 0 wait", ""),
    ("nobody tries", untried, Level.FAULT, "register: 1 wait, for 60 min, and nobody tries", "Start a beat"),
    ("it fails for two hours", failing, Level.WARNING, "hears nothing for 2 h, 1 wait (401)", "hooks rotate register"),
    ("and for long", lambda w: failing(w, 9, "500"), Level.FAULT, "hears nothing for 9 h", "It answers 500, not 2xx"),
    ("some were given up", given_up, Level.WARNING, "1 were given up (unreachable)", "hooks redeliver register"),
    ("paused", lambda w: do(w, targets.pause), Level.OK, "register: paused for 0 s, 0 wait", ""),
    ("paused and forgotten", paused_for_days, Level.WARNING, "paused for 3 days, 1 wait", "hooks resume register"),
]


@on_sqlite
@pytest.mark.parametrize(("label", "happened", "level", "seen", "remedy"), SEEN, ids=[row[0] for row in SEEN])
def test_the_doctor_sees_who_does_not_hear_and_says_what_to_do(
    label: str,
    happened: Callable[[Workspace], object],
    level: Level,
    seen: str,
    remedy: str,
    workspace: Workspace,
) -> None:
    add(workspace, NOWHERE)
    happened(workspace)
    [found] = outside.hooks(workspace)
    assert found.level is level
    assert seen in found.seen
    assert remedy in found.remedy
    do(workspace, targets.end)
    assert list(outside.hooks(workspace)) == [], "what is ended is nobody's trouble"


def test_what_a_call_came_to_stays_to_be_read_when_a_webhook_ends(workspace: Workspace) -> None:
    add(workspace, "https://register.example/hook")
    failing(workspace)
    happens(workspace)
    do(workspace, targets.end)
    with workspace.database.read() as session:
        outcomes = list(session.scalars(select(HookTelling.outcome).order_by(HookTelling.tries.desc())))
        assert [each.failure for each in health.everyone(session)] == ["401"]
    assert outcomes == ["401", targets.ENDED]
