"""Whoever is in danger: the one on duty is called, then the next, at last every coordinator; each once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from outreach import consent
from outreach.audience import people as known
from outreach.consent import Source
from outreach.messages.status import Purpose
from outreach.messages.tables import Message
from outreach.privacy import alerts
from outreach.staff import accounts
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.threads import alarms, calls, hands, inbox, promises
from outreach.threads.alarms import Call, Called
from outreach.threads.hands import RefusedError, Why
from outreach.threads.tables import Outcome, Thread, ThreadEvent
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, Cast, clinic
from tests.threads.texting import sent, threads, write

DUTY = """\
duty:
  - {staff: wanjiru, days: daily, hours: ["00:00-24:00"], holidays: true}
  - {staff: otieno, days: daily, hours: ["00:00-24:00"], holidays: true}
"""
PHONES = {"wanjiru": "+254720000001", "otieno": "+254720000002", "achieng": "+254720000003", "njeri": "+254720000004"}
ROLES = {"wanjiru": Role.HELPER, "otieno": Role.HELPER, "achieng": Role.COORDINATOR, "njeri": Role.COORDINATOR}
MINUTES = timedelta(minutes=10)


@pytest.fixture
def workspace(migrated_url: str, tmp_path: Path) -> Iterator[Workspace]:
    """A clinic with a rota of two helpers, and two coordinators."""
    with clinic(migrated_url, tmp_path / "clinic", help_lines={"KE": "1199"}) as made:
        (made.folder / "duty.yaml").write_text(DUTY)
        with made.database.write() as session:
            for name, role in ROLES.items():
                accounts.add(session, made.vault, New(name, "", frozenset({role}), phone=PHONES[name]), "test")
        yield made


def danger(workspace: Workspace, text: str = "I am bleeding a lot") -> int:
    return write(workspace, AMINA, text).thread_id or 0


def later(workspace: Workspace, ago: timedelta = MINUTES) -> None:
    """As if every alarm had begun, and every call been made, so much earlier."""
    with workspace.database.write() as session:
        for call in session.scalars(select(Call)):
            call.at, call.alarm_at = call.at - ago, call.alarm_at - ago
        for thread in session.scalars(select(Thread).where(Thread.alarm_at.is_not(None))):
            thread.alarm_at = thread.alarm_at - ago if thread.alarm_at else None


def called(workspace: Workspace) -> list[str]:
    """The staff names that were called, in order, by the phones that texts are queued for."""
    names = {number: name for name, number in PHONES.items()}
    with workspace.database.read() as session:
        query = select(Message.person_id).where(Message.purpose == Purpose.CALL, Message.kind == "sms")
        ids = list(session.scalars(query.order_by(Message.id)))
        keys = known.keys_of(session, workspace.vault, ids)
        reaches = known.endpoints_of(session, ids)
        return [names[known.value_of(keys[each], reaches[each][-1])] for each in ids]


def alerted(workspace: Workspace) -> list[tuple[str, str]]:
    with workspace.database.read() as session:
        return sorted((each.kind, each.about) for each in alerts.unseen(session))


def test_one_after_the_other_until_every_coordinator_knows(workspace: Workspace, people: Cast) -> None:
    danger(workspace)
    steps = []
    for _ in range(5):
        alarms.watch(workspace)
        alarms.watch(workspace)
        steps.append(called(workspace))
        later(workspace)
    assert steps == [
        ["wanjiru"],
        ["wanjiru", "otieno"],
        *[["wanjiru", "otieno", "achieng", "njeri"]] * 3,
    ]
    assert alerted(workspace) == [("not_taken", "")]


def test_who_was_called_is_told_as_it_was(workspace: Workspace, people: Cast) -> None:
    """Whose phone never got it was not reached, and an earlier alarm's calls are not told."""
    no_phone(workspace)
    thread = danger(workspace)

    def told() -> Called:
        with workspace.database.read() as session:
            return alarms.called(session, thread)

    assert told() == Called((), ())
    alarms.watch(workspace)
    assert told() == Called(("otieno",), ("wanjiru",))
    with workspace.database.write() as session:
        session.execute(update(Message).where(Message.purpose == Purpose.CALL).values(state="failed"))
    assert told() == Called((), ("wanjiru", "otieno"))
    inbox.reply(workspace, thread, "Go to the hospital now.", by="otieno")
    danger(workspace, "I am bleeding again")
    assert told() == Called((), ())


def test_the_call_says_nothing_of_whom_it_is_about(workspace: Workspace, people: Cast) -> None:
    danger(workspace)
    alarms.watch(workspace)
    with workspace.database.read() as session:
        [call] = session.scalars(select(Message).where(Message.purpose == Purpose.CALL))
    [text] = [each for each in sent(workspace, call.person_id) if each.purpose == Purpose.CALL]
    assert text.text == "A conversation needs you now. Please sign in."
    assert (call.thread_id, call.topic, text.priority) == (None, "", 0)
    assert inbox.show(workspace, 1).said[-1].who != "helper", "it stands in no thread"


TAKES = [
    ("taken", lambda w, t: hands.take(w, t, by="otieno")),
    ("handed over", lambda w, t: hands.hand_over(w, t, "njeri", by="otieno")),
    ("answered", lambda w, t: inbox.reply(w, t, "Go to the hospital now.", by="otieno")),
    ("closed", lambda w, t: inbox.close(w, t, Outcome.REFERRED, by="otieno")),
]


@pytest.mark.parametrize(("label", "take"), TAKES, ids=[row[0] for row in TAKES])
def test_nobody_else_is_called_once_somebody_has_it(
    label: str, take: object, workspace: Workspace, people: Cast
) -> None:
    thread = danger(workspace)
    alarms.watch(workspace)
    take(workspace, thread)  # type: ignore[operator]
    for _ in range(3):
        later(workspace)
        assert alarms.watch(workspace) == 0
    assert called(workspace) == ["wanjiru"]


def test_a_danger_named_again_after_an_answer_is_a_new_alarm(workspace: Workspace, people: Cast) -> None:
    thread = danger(workspace)
    alarms.watch(workspace)
    danger(workspace, "still bleeding")
    assert alarms.watch(workspace) == 0, "the alarm is sounding"
    inbox.reply(workspace, thread, "Go to the hospital now.", by="wanjiru")
    danger(workspace, "I am bleeding again")
    alarms.watch(workspace)
    assert called(workspace) == ["wanjiru", "wanjiru"]


COORDINATORS_FIRST = [
    ("a panic word", ["ALARM lemon", "lemon"], [("panic", "")]),
    ("a loss", ["LOSS"], [("loss", "")]),
]


@pytest.mark.parametrize(("label", "texts", "told"), COORDINATORS_FIRST, ids=[row[0] for row in COORDINATORS_FIRST])
def test_coordinators_are_called_first_and_then_whoever_is_on_duty(
    label: str, texts: list[str], told: list[tuple[str, str]], workspace: Workspace, people: Cast
) -> None:
    for text in texts:
        write(workspace, AMINA, text)
    steps = []
    for _ in range(4):
        alarms.watch(workspace)
        alarms.watch(workspace)
        steps.append(called(workspace))
        later(workspace)
    both = ["achieng", "njeri"]
    assert steps == [both, [*both, "wanjiru"], [*both, "wanjiru", "otieno"], [*both, "wanjiru", "otieno"]]
    assert alerted(workspace) == sorted([*told, ("not_taken", "")])


def test_a_loss_with_words_of_danger_calls_the_one_on_duty_as_well(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "I lost my baby and I am bleeding")
    alarms.watch(workspace)
    assert called(workspace) == ["achieng", "njeri", "wanjiru"]


def test_calling_because_of_a_panic_word_writes_nothing_to_her(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "ALARM lemon")
    write(workspace, AMINA, "lemon")
    before = sent(workspace, people.amina)
    thread = threads(workspace, people.amina)[-1]
    for _ in range(3):
        alarms.watch(workspace)
        later(workspace)
    assert promises.keep(workspace) == 0, "no apology either: she was promised nothing"
    assert sent(workspace, people.amina) == before
    with pytest.raises(RefusedError) as refused:
        inbox.reply(workspace, thread.id, "Are you safe?", by="wanjiru")
    assert refused.value.why is Why.SILENT


def test_once_a_coordinator_has_it_nobody_else_is_called(workspace: Workspace, people: Cast) -> None:
    told = write(workspace, AMINA, "LOSS")
    alarms.watch(workspace)
    hands.take(workspace, told.thread_id or 0, by="njeri")
    later(workspace)
    assert (alarms.watch(workspace), called(workspace)) == (0, ["achieng", "njeri"])


def test_a_loss_told_once_more_is_written_down_once(workspace: Workspace, people: Cast) -> None:
    for _ in range(2):
        write(workspace, AMINA, "LOSS")
    assert alerted(workspace) == [("loss", "")]


def test_a_question_calls_nobody(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "When can I come?")
    assert (alarms.watch(workspace), called(workspace)) == (0, [])


def test_whoever_has_the_thread_is_called_first(workspace: Workspace, people: Cast) -> None:
    thread = write(workspace, AMINA, "When can I come?").thread_id or 0
    hands.take(workspace, thread, by="otieno")
    with workspace.database.write() as session:  # long ago
        session.execute(update(ThreadEvent).values(at=dialects.now(session) - timedelta(days=1)))
    danger(workspace)
    alarms.watch(workspace)
    assert called(workspace) == ["otieno"]


def no_phone(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        accounts.set_phone(session, workspace.vault, "wanjiru", "", "test")


def suspended(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        accounts.suspend(session, workspace.vault, "wanjiru", "test")


def misspelled(workspace: Workspace) -> None:
    (workspace.folder / "duty.yaml").write_text(DUTY.replace("wanjiru", "wanjirruh"))


def said_stop(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        at = dialects.now(session)
        person = known.adopt(session, workspace.vault, PHONES["wanjiru"], workspace.settings, at)
        consent.stop(session, person, Source.TEXT, "text", at)


@pytest.mark.parametrize("unreachable", [no_phone, suspended, misspelled, said_stop])
def test_whoever_cannot_be_called_is_passed_over_at_once_and_told_of(
    unreachable: object, workspace: Workspace, people: Cast
) -> None:
    with workspace.database.write() as session:  # somebody must stay who may let others in
        accounts.add(session, workspace.vault, New("admin", "", frozenset({Role.ADMIN})), "test")
    unreachable(workspace)  # type: ignore[operator]
    danger(workspace)
    alarms.watch(workspace)
    assert called(workspace) == ["otieno"]
    assert [kind for kind, _ in alerted(workspace)] == ["unreached"]


def test_without_anybody_on_duty_every_coordinator_is_called_at_once(workspace: Workspace, people: Cast) -> None:
    (workspace.folder / "duty.yaml").unlink()
    danger(workspace)
    alarms.watch(workspace)
    assert called(workspace) == ["achieng", "njeri"]
    assert alerted(workspace) == [("not_taken", "")]


def test_of_a_role_everybody_is_called_and_nobody_else(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        at = workspace.database.now()
        reached = calls.call_all(session, workspace, Role.COORDINATOR, "alert", "key", at, but={"achieng"})
    assert (reached, called(workspace)) == (["njeri"], ["njeri"])


def test_whoever_has_the_app_gets_a_push_as_well(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        accounts.set_phone(session, workspace.vault, "wanjiru", BARAKA, "test")
    danger(workspace)
    alarms.watch(workspace)
    with workspace.database.read() as session:
        kinds = session.scalars(select(Message.kind).where(Message.purpose == Purpose.CALL)).all()
    assert sorted(kinds) == ["push", "sms"]


def test_two_at_once_call_each_of_staff_once(workspace: Workspace, people: Cast) -> None:
    danger(workspace)
    for _ in range(3):
        beats = [threading.Thread(target=alarms.watch, args=(workspace,)) for _ in range(4)]
        for beat in beats:
            beat.start()
        for beat in beats:
            beat.join(60)
        later(workspace)
    assert called(workspace) == ["wanjiru", "otieno", "achieng", "njeri"]


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_every_watch_tells_how_many_were_called(workspace: Workspace, people: Cast) -> None:
    danger(workspace)
    made = []
    for _ in range(4):
        made.append((alarms.watch(workspace), alarms.watch(workspace)))
        later(workspace)
    assert made == [(1, 0), (1, 0), (2, 0), (0, 0)], "two on duty one after the other, then both coordinators"
