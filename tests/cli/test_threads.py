"""`outreach threads` as it is typed: list, show, reply, close; facts as JSON, and never a number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from outreach.privacy.keyring import Keyring
from outreach.workspace import Workspace
from tests.cli.typed import typed
from tests.clinic import AMINA, BARAKA, CHAUSIKU, Cast, cast, clinic
from tests.threads.texting import sent, threads, write

ESCAPE = "\x1b]0;your terminal is mine\x07"


@pytest.fixture
def workspace(migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A clinic whose folder is the current one, named by the environment."""
    folder = tmp_path / "clinic"
    with clinic(migrated_url, folder) as made:
        monkeypatch.setenv("OUTREACH_DATABASE_URL", migrated_url)
        monkeypatch.setenv("OUTREACH_KEYRING", made.settings.keyring.get_secret_value())
        monkeypatch.chdir(folder)
        yield made


@pytest.fixture
def people(workspace: Workspace) -> Cast:
    return cast(workspace)


pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def opened(workspace: Workspace, number: str = AMINA, text: str = "When can I come?") -> str:
    return str(write(workspace, number, text).thread_id)


def test_a_conversation_from_the_first_text_to_its_end(workspace: Workspace, people: Cast) -> None:
    assert "Nobody is waiting" in typed("threads", "list").out
    thread = opened(workspace, AMINA, f"When can I come? Call {AMINA}")
    shown = typed("threads", "show", thread)
    assert (shown.code, "When can I come? Call [number]" in shown.out) == (0, True)
    assert typed("threads", "reply", thread, "On Monday at nine.").code == 0
    assert typed("threads", "close", thread, "--outcome", "referred").code == 0
    assert "Nobody is waiting" in typed("threads", "list").out
    assert thread in typed("threads", "list", "--closed").out
    assert sent(workspace, people.amina)[-1].text == "On Monday at nine."
    assert threads(workspace, people.amina)[0].outcome == "referred"


def test_facts_as_json(workspace: Workspace, people: Cast) -> None:
    assert json.loads(typed("threads", "list", "--json").out) == []
    thread = opened(workspace)
    [listed] = json.loads(typed("threads", "list", "--json").out)
    shown = json.loads(typed("threads", "show", thread, "--json").out)
    assert shown["summary"] == listed
    assert (str(listed["id"]), listed["state"], listed["stopped"]) == (thread, "waiting", False)
    assert [each["who"] for each in shown["said"]] == ["person", "system"]
    answered = json.loads(typed("threads", "reply", thread, "Hello", "--seen", str(shown["last"]), "--json").out)
    assert (str(answered["thread"]), answered["message"] > shown["last"]) == (thread, True)
    assert json.loads(typed("threads", "close", thread, "--json").out) == {"thread": int(thread), "outcome": "answered"}


def test_an_answer_comes_from_standard_input_so_that_no_history_keeps_it(workspace: Workspace, people: Cast) -> None:
    assert typed("threads", "reply", opened(workspace), "-", given="On Monday\nat nine.\n").code == 0
    assert sent(workspace, people.amina)[-1].text == "On Monday\nat nine."


def test_nothing_that_is_printed_holds_a_number(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace, AMINA, f"I am {AMINA}, {AMINA[4:]} or 0{AMINA[4:]}")
    commands = [["list"], ["list", "--json"], ["show", thread], ["show", thread, "--json"]]
    for words in [*commands, ["reply", thread, "Hello"], ["close", thread], ["reply", thread, "Hello"]]:
        told = typed("threads", *words)
        assert AMINA[4:] not in told.out + told.err, words


def test_a_text_cannot_take_over_the_terminal_or_look_like_markup(workspace: Workspace, people: Cast) -> None:
    thread = opened(workspace, AMINA, f"[bold]hello[/bold] {ESCAPE} [red")
    shown = typed("threads", "show", thread).out
    assert "[bold]hello[/bold]" in shown
    assert ("\x1b" in shown, "\x07" in shown) == (False, False)


def test_a_list_says_who_said_stop_and_who_perhaps_did(workspace: Workspace, people: Cast) -> None:
    opened(workspace, CHAUSIKU, "Hello")
    opened(workspace, AMINA, "stop, I want to ask something")
    listed = typed("threads", "list").out
    assert listed.index("perhaps a stop") < listed.index("stopped"), "first who a person must look at"


WRONG = [
    ("no such thread", ["show", "4711"], "outreach threads list"),
    ("an empty answer", ["reply", "1", "  "], "empty"),
    ("too long an answer", ["reply", "1", "x" * 1601], "1600"),
    ("who said stop", ["reply", "2", "Hello"], "START"),
    ("read too long ago", ["reply", "1", "Hello", "--seen", "0"], "outreach threads show 1"),
    ("closed already", ["close", "3"], "closed already"),
    ("answering what is closed", ["reply", "3", "Hello"], "closed"),
    ("not a number", ["show", "azure-heron-42"], "integer"),
]


def test_a_mistake_ends_with_2_and_says_what_to_do(workspace: Workspace, people: Cast) -> None:
    assert [opened(workspace), opened(workspace, CHAUSIKU, "Hello"), opened(workspace, "+254712000050", "Hi")] == [
        *"123"
    ]
    assert typed("threads", "close", "3").code == 0
    for label, words, remedy in WRONG:
        told = typed("threads", *words)
        assert (label, told.code, remedy in told.err, "Traceback" in told.err) == (label, 2, True, False)


def test_the_wrong_keys_show_nothing(workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = opened(workspace)
    monkeypatch.setenv("OUTREACH_KEYRING", Keyring.new().dump())
    told = typed("threads", "show", thread)
    assert (told.code, told.out, "does not belong to this database" in told.err) == (2, "", True)


def test_a_panic_word_and_who_wants_a_call_are_told(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "ALARM lemon")
    panicked, caller = opened(workspace, AMINA, "lemon"), opened(workspace, BARAKA, "call me please")
    assert "write nothing" in typed("threads", "show", panicked).out
    assert [each["id"] for each in json.loads(typed("threads", "list", "--calls", "--json").out)] == [int(caller)]
