"""A text that speaks of a danger: its thread comes first, and she is told at once whom to call; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, update

from outreach import parts
from outreach.audience import discretion
from outreach.audience.discretion import Manner
from outreach.audience.tables import Person
from outreach.messages.samples import samples, system_text
from outreach.messages.status import State
from outreach.messages.tables import Message
from outreach.messages.templates import Openness
from outreach.settings import Settings
from outreach.store import dialects, migrate
from outreach.threads import inbox
from outreach.threads.tables import ThreadState
from outreach.threads.urgent import urgency
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, CHAUSIKU, DAUDI, Cast, clinic, own_templates
from tests.threads.texting import counted, ledger, received, sent, speaks, tallied, threads, whose, write

OPEN = [ThreadState.WAITING, ThreadState.ANSWERED]
CALL = "We have your message. You can call 1199 at any hour, or go to the nearest hospital."
PLAIN = "We have your message. If you are in danger now, call 1199 or go to the nearest hospital."
PROMISED = "Thank you for writing."
STOPPED = "You will get no more messages"


@pytest.fixture
def workspace(migrated_url: str, tmp_path: Path) -> Iterator[Workspace]:
    """A clinic in Kenya that knows a help line."""
    with clinic(migrated_url, tmp_path / "clinic", help_lines={"KE": "1199"}) as made:
        yield made


@dataclass(frozen=True)
class Case:
    """Texts of one person and what follows. `said`: the beginning of each of our answers."""

    label: str
    texts: tuple[str, ...]
    urgent: str
    said: tuple[str, ...]
    number: str = AMINA
    outcome: str = "needs_person"


CASES = [
    Case("in danger", ("I want to die",), "self_harm", (CALL,)),
    Case("in danger in another language", ("natoka damu nyingi",), "bleeding", (CALL,)),
    Case("a question", ("When can I come?",), "", (PROMISED,), outcome="thread"),
    Case("asks, then is in danger", ("When can I come?", "I am bleeding"), "bleeding", (PROMISED, CALL)),
    Case("writes on in danger", ("I am bleeding", "bleeding a lot"), "bleeding", (CALL,)),
    Case("the gravest counts", ("I am bleeding", "He beats me", "my eyes are yellow"), "violence", (CALL,)),
    Case("words never lower it", ("I am bleeding", "I am fine"), "bleeding", (CALL,), outcome="thread"),
    Case("in danger, and no more texts", ("I want to die. Stop texting me",), "self_harm", (STOPPED,),
         outcome="keyword:stop"),
    Case("stopped long ago", ("I want to die",), "self_harm", (), number=CHAUSIKU),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_danger_makes_the_thread_urgent_and_is_answered_at_once(
    case: Case, workspace: Workspace, people: Cast
) -> None:
    told = [write(workspace, case.number, text) for text in case.texts][-1]
    her = whose(workspace, case.number)
    assert told.outcome == case.outcome
    assert received(workspace, her)[-1] == (case.texts[-1], case.outcome)
    assert [thread.urgent for thread in threads(workspace, her)] == [case.urgent]
    answers = sent(workspace, her)
    assert len(answers) == len(case.said)
    assert all(each.text.startswith(begins) for each, begins in zip(answers, case.said, strict=True))
    assert tallied(workspace) == counted(workspace)


def test_a_stop_within_a_cry_for_help_is_in_the_ledger(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "I want to die. Stop texting me")
    assert ledger(workspace, people.amina)[-1][0] == "*"
    with workspace.database.read() as session:
        summary = inbox.waiting(session, OPEN)[0]
    assert (summary.urgent, summary.stopped) == ("self_harm", True), "whoever reads the list sees both"


def test_whoever_is_in_danger_comes_first(workspace: Workspace, people: Cast) -> None:
    asks = write(workspace, AMINA, "When can I come?")
    hold = write(workspace, DAUDI, "stop, I want to ask something")
    danger = write(workspace, BARAKA, "he wants to kill me")
    with workspace.database.read() as session:
        found = [(each.id, each.urgent) for each in inbox.waiting(session, OPEN)]
    assert found == [(danger.thread_id, "violence"), (hold.thread_id, ""), (asks.thread_id, "")]


def _later(workspace: Workspace, hours: float, **changes: object) -> None:
    """As if what was said had been said some hours ago."""
    with workspace.database.write() as session:
        at = dialects.now(session) - timedelta(hours=hours)
        session.execute(update(Message).where(Message.direction == "out").values(created_at=at, **changes))


@pytest.mark.parametrize(("label", "hours", "state", "answers"), [
    ("within the hour", 0.9, State.DELIVERED, 1),
    ("after an hour", 1.1, State.DELIVERED, 2),
    ("the first came to nothing", 0.1, State.FAILED, 2),
])  # fmt: skip
def test_the_help_line_is_told_again_after_an_hour(
    label: str, hours: float, state: State, answers: int, workspace: Workspace, people: Cast
) -> None:
    write(workspace, AMINA, "I am bleeding")
    _later(workspace, hours, state=state)
    write(workspace, AMINA, "I am still bleeding")
    assert len(sent(workspace, people.amina)) == answers


@pytest.mark.parametrize("language", ["en", "fr", "sw", "es", "pt", "de"])
def test_the_answer_names_the_help_line_of_her_country_or_none(
    language: str, workspace: Workspace, people: Cast
) -> None:
    for number in (AMINA, "+33612345678"):
        write(workspace, number, "HELP")
        speaks(workspace, whose(workspace, number), language)
        write(workspace, number, "I want to die")
    kenyan, french = (sent(workspace, whose(workspace, number))[-1].text for number in (AMINA, "+33612345678"))
    assert "1199" in kenyan
    assert not any(letter.isdigit() for letter in french)
    assert "  " not in kenyan + french


def test_a_spoilt_text_of_the_clinic_is_replaced_by_ours(workspace: Workspace, people: Cast) -> None:
    (own_templates(workspace.folder) / "outreach" / "urgent.en.txt").write_bytes(b"\xff")
    write(workspace, AMINA, "I want to die")
    assert [each.text.startswith(CALL) for each in sent(workspace, people.amina)] == [True], "ours takes its place"


@pytest.mark.parametrize("lines", ['{"KE": "call 1199 now"}', '{"Kenya": "1199"}', '{"KE": "1"}'])
def test_a_help_line_is_a_number_of_a_country(lines: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_HELP_LINES", lines)
    with pytest.raises(ValueError, match="help_lines"):
        Settings(_env_file=None)


def test_the_migration_goes_down_and_up_and_keeps_every_thread(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "When can I come?")
    engine = workspace.database.engine
    migrate.downgrade(engine, "0002-1")
    assert "urgent" not in {column["name"] for column in inspect(engine).get_columns("thread")}
    migrate.upgrade(engine)
    assert [thread.urgent for thread in threads(workspace, people.amina)] == [""]
    with workspace.database.read() as session:
        kept = session.scalars(select(Message.thread_id).where(Message.direction == "in")).all()
    assert kept == [threads(workspace, people.amina)[0].id]


@pytest.mark.parametrize(
    ("chosen", "begins"), [(Manner.COVERT, CALL), (Manner.REQUEST, CALL), (Manner.OPEN, PLAIN)], ids=list(Manner)
)
def test_the_help_line_is_told_as_openly_as_she_chose(
    chosen: Manner, begins: str, workspace: Workspace, people: Cast
) -> None:
    with workspace.database.write() as session:
        session.execute(update(Person).where(Person.id == people.amina).values(discretion.columns(chosen)))
    write(workspace, AMINA, "he beats me")
    [answer] = sent(workspace, people.amina)
    assert answer.text.startswith(begins)


def test_whoever_holds_a_guarded_telephone_reads_no_danger(workspace: Workspace, people: Cast) -> None:
    for text in ("WORD mango", "he beats me"):
        write(workspace, AMINA, text)
    assert [each.text[: len(CALL)] for each in sent(workspace, people.amina)][-1] == CALL


@pytest.mark.parametrize("language", ["en", "fr", "sw", "es", "pt"])
@pytest.mark.parametrize("line", ["1199", ""])
def test_the_covert_help_line_is_short_and_names_no_danger(language: str, line: str) -> None:
    values = {"clinic": "Sunrise Health Centre", "help_line": line}
    covert, plain = (system_text("urgent", language, values, samples(), openness=each) for each in Openness)
    assert covert != plain
    assert parts.count(covert).parts <= 2
    assert line in covert
    assert not urgency(covert, language)
    assert not any(word in covert.lower() for word in ("danger", "hatari", "peligro", "perigo"))
