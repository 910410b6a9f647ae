"""Promises: when somebody will read, by hours and load; kept, or apologised for once and told to a coordinator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from outreach import parts
from outreach.audience.tables import Person
from outreach.messages.samples import samples, system_text
from outreach.messages.status import Purpose, State
from outreach.messages.tables import Message
from outreach.parts.cut import Encoding
from outreach.privacy import alerts
from outreach.staff import accounts
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.threads import inbox, promises
from outreach.threads.promises import said
from outreach.threads.tables import Thread, ThreadState
from outreach.workspace import Workspace
from tests.clinic import AMINA, CHAUSIKU, DAUDI, Cast, clinic, own_templates
from tests.threads.texting import sent, speaks, threads, write

HOURS = 'open:\n  mon-fri: ["08:00-12:00", "13:00-17:00"]\nholidays: ["2026-12-25"]\n'
LANGUAGES = ["en", "fr", "sw", "es", "pt"]


@pytest.fixture
def workspace(migrated_url: str, tmp_path: Path) -> Iterator[Workspace]:
    with clinic(migrated_url, tmp_path / "clinic", answer_within=timedelta(hours=4)) as made:
        yield made


def there(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+03:00").astimezone(UTC)


def _reply(person: int, thread: int, number: int, at: datetime) -> Message:
    return Message(
        kind="sms",
        purpose=Purpose.REPLY,
        person_id=person,
        thread_id=thread,
        dedupe_key=f"answer {number}",
        state=State.DELIVERED,
        due_at=at,
        expires_at=at,
        day=at.date(),
        created_at=at,
        updated_at=at,
    )


def _answered(workspace: Workspace, people: Cast, at: datetime, count: int) -> None:
    """So many threads were answered a day before."""
    with workspace.database.write() as session:
        for number in range(count):
            thread = Thread(person_id=people.amina, programme=f"p{number}", state=ThreadState.CLOSED, opened_at=at)
            session.add(thread)
            session.flush()
            when = at - timedelta(days=1)
            session.add(_reply(people.amina, thread.id, number, when))


@pytest.mark.parametrize(("label", "at", "hours", "then"), [
    ("always open", "2026-11-23 09:10", "", "2026-11-23 13:30"),
    ("within the day", "2026-11-23 08:10", HOURS, "2026-11-23 14:00"),
    ("in the afternoon", "2026-11-23 09:10", HOURS, "2026-11-23 13:30"),
    ("at night", "2026-11-23 22:00", HOURS, "2026-11-24 09:00"),
    ("on Friday evening", "2026-11-27 16:00", HOURS, "2026-11-30 09:00"),
    ("before a holiday", "2026-12-24 16:00", HOURS, "2026-12-28 09:00"),
])  # fmt: skip
def test_the_moment_follows_the_setting_and_the_opening_hours(
    label: str, at: str, hours: str, then: str, workspace: Workspace
) -> None:
    if hours:
        (workspace.folder / "hours.yaml").write_text(hours)
    with workspace.database.read() as session:
        assert promises.moment(session, workspace, there(at)) == there(then)


def test_load_only_makes_it_later(workspace: Workspace, people: Cast) -> None:
    (workspace.folder / "hours.yaml").write_text(HOURS)
    at = there("2026-11-23 08:00")  # ten answers in the eighty opening hours of two weeks: one in eight
    with workspace.database.read() as session:
        plain = promises.moment(session, workspace, at)
    _answered(workspace, people, at, 9)
    with workspace.database.read() as session:
        assert promises.moment(session, workspace, at) == plain, "of nine answers no rate is known"
    with workspace.database.write() as session:
        session.execute(update(Message).values(dedupe_key=Message.dedupe_key + "x"))
        session.execute(update(Thread).values(programme=Thread.programme + "x"))
    _answered(workspace, people, at, 1)
    with workspace.database.read() as session:  # twelve opening hours, half of them again for caution
        assert promises.moment(session, workspace, at) == there("2026-11-24 12:00")


@pytest.mark.parametrize(("language", "today", "thursday", "far"), [
    ("en", "today by 17:00", "by 12:30 on Thursday", "by 09:00 on 1 December"),
    ("fr", "aujourd'hui avant 17:00", "jeudi avant 12:30", "le 1er décembre avant 09:00"),
    ("sw", "leo kabla ya 17:00", "Alhamisi kabla ya 12:30", "tarehe 1 Desemba kabla ya 09:00"),
    ("es", "hoy antes de las 17:00", "el jueves antes de las 12:30", "el 1 de diciembre antes de las 09:00"),
    ("pt-BR", "hoje antes das 17:00", "no dia 26 de novembro antes das 12:30", "no dia 1 de dezembro antes das 09:00"),
    ("de", "today by 17:00", "by 12:30 on Thursday", "by 09:00 on 1 December"),
])  # fmt: skip
def test_a_moment_is_said_as_her_language_says_it(language: str, today: str, thursday: str, far: str) -> None:
    now, zone = there("2026-11-23 09:00"), "Africa/Nairobi"
    moments = ("2026-11-23 17:00", "2026-11-26 12:30", "2026-12-01 09:00")
    assert [said(there(each), now, zone, language) for each in moments] == [today, thursday, far]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_answer_is_one_part_in_gsm_7(language: str) -> None:
    now = there("2026-01-01 09:00")
    for day in range(1, 365):
        by = said(now + timedelta(days=day), now, "Africa/Nairobi", language)
        count = parts.count(system_text("answer", language, {"by": by}, samples()))
        assert (count.parts, count.encoding) == (1, Encoding.GSM_7), by


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["sorry", "needed", "late", "alert"])
def test_every_other_text_is_one_part_in_gsm_7(name: str, language: str) -> None:
    count = parts.count(system_text(name, language, {}, samples()))
    assert (count.parts, count.encoding) == (1, Encoding.GSM_7)


def test_the_first_answer_says_when_and_the_thread_keeps_it(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "When can I come?")
    [thread] = threads(workspace, people.amina)
    assert thread.promised_at is not None
    by = said(thread.promised_at, thread.opened_at, "Africa/Nairobi", "en")
    assert by in sent(workspace, people.amina)[-1].text
    assert timedelta(hours=4) <= thread.promised_at - thread.opened_at <= timedelta(hours=4, minutes=30)


def test_a_clinics_own_words_may_still_count_in_hours(workspace: Workspace, people: Cast) -> None:
    own = own_templates(workspace.folder) / "outreach" / "answer.en.txt"
    own.write_text("We read this within {{ within_hours }} hours.")
    write(workspace, AMINA, "When can I come?")
    assert sent(workspace, people.amina)[-1].text in {f"We read this within {hours} hours." for hours in (4, 5)}


# --- kept or not -----------------------------------------------------------------------------------------------------


def overdue(workspace: Workspace) -> None:
    """As if every promise had been due an hour ago."""
    with workspace.database.write() as session:
        at = dialects.now(session) - timedelta(hours=1)
        session.execute(update(Thread).where(Thread.promised_at.is_not(None)).values(promised_at=at))


def apologies(workspace: Workspace, person: int) -> list[str]:
    return [each.text for each in sent(workspace, person) if each.purpose == Purpose.APOLOGY]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missed_promise_is_apologised_for_once_in_her_language(
    language: str, workspace: Workspace, people: Cast
) -> None:
    speaks(workspace, people.amina, language)
    write(workspace, AMINA, "?")
    assert promises.keep(workspace) == 0, "not due"
    overdue(workspace)
    assert [promises.keep(workspace) for _ in range(3)] == [1, 0, 0]
    assert apologies(workspace, people.amina) == [system_text("sorry", language, {}, samples())]
    with workspace.database.read() as session:
        assert [each.kind for each in alerts.unseen(session)] == ["promise_missed"]


def test_it_waits_for_her_hours(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "When can I come?")
    overdue(workspace)
    promises.keep(workspace)
    with workspace.database.read() as session:
        [apology] = session.scalars(select(Message).where(Message.purpose == Purpose.APOLOGY))
    assert apology.expires_at - apology.due_at == timedelta(hours=24)
    assert apology.priority == 2


@pytest.mark.parametrize(("label", "text", "number"), [
    ("she is in danger: somebody is called", "I am bleeding", AMINA),
    ("she said stop", "When can I come?", CHAUSIKU),
])  # fmt: skip
def test_nobody_is_apologised_to_who_must_not_be(
    label: str, text: str, number: str, workspace: Workspace, people: Cast
) -> None:
    write(workspace, number, text)
    overdue(workspace)
    promises.keep(workspace)
    her = people.amina if number == AMINA else people.chausiku
    assert apologies(workspace, her) == []


def test_an_answer_keeps_it_and_her_next_text_begins_another(workspace: Workspace, people: Cast) -> None:
    thread = write(workspace, AMINA, "When can I come?").thread_id or 0
    inbox.reply(workspace, thread, "On Monday.", by="otieno")
    overdue(workspace)
    assert promises.keep(workspace) == 0
    write(workspace, AMINA, "At what time?")
    assert promises.keep(workspace) == 0, "a new one"
    overdue(workspace)
    assert promises.keep(workspace) == 1


def test_a_coordinator_is_called_once_an_hour_however_many_wait(workspace: Workspace, people: Cast) -> None:
    (workspace.folder / "duty.yaml").write_text(
        'duty:\n  - {staff: achieng, days: daily, hours: ["00:00-24:00"], holidays: true}\n'
    )
    with workspace.database.write() as session:
        for name, role in (("wanjiru", Role.HELPER), ("achieng", Role.COORDINATOR), ("njeri", Role.COORDINATOR)):
            new = New(name, "", frozenset({role}), phone=f"+25472000000{len(name)}")
            accounts.add(session, workspace.vault, new, "test")
    for number in (AMINA, DAUDI):
        write(workspace, number, "When can I come?")
    overdue(workspace)
    assert promises.keep(workspace) == 2
    with workspace.database.read() as session:
        calls = session.scalars(select(Message).where(Message.purpose == Purpose.CALL)).all()
    assert len({call.person_id for call in calls}) == 1, "who is on duty, not every coordinator"
    assert len(calls) in {1, 2}, "two where the hour has just changed"


@pytest.mark.parametrize(
    ("zone", "told"), [("Europe/Paris", "Europe/Paris"), ("Asia/Dubai|Asia/Muscat", "Africa/Lagos")]
)
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_the_moment_is_said_by_her_clock_where_it_is_known(zone: str, told: str, workspace: Workspace) -> None:
    workspace.settings.zone = "Africa/Lagos"
    assert promises.zone_of(Person(zone=zone), workspace) == told


@pytest.mark.parametrize("change", [
    {"created_at": datetime(2026, 1, 1, tzinfo=UTC)}, {"direction": "in"}, {"purpose": Purpose.AUTOMATIC},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_only_answers_of_late_tell_how_quick_we_are(
    change: dict[str, object], workspace: Workspace, people: Cast
) -> None:
    (workspace.folder / "hours.yaml").write_text(HOURS)
    at = there("2026-11-23 08:00")
    with workspace.database.read() as session:
        plain = promises.moment(session, workspace, at)
    _answered(workspace, people, at, 10)
    with workspace.database.read() as session:
        assert promises.moment(session, workspace, at) > plain
    with workspace.database.write() as session:
        session.execute(update(Message).values(change))
    with workspace.database.read() as session:
        assert promises.moment(session, workspace, at) == plain
