"""`outreach people forget`, `outreach keys` and `outreach audit` as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from typer.testing import CliRunner, Result

from outreach import cli
from outreach.audience.tables import Person, PersonState
from outreach.consent import Source
from outreach.privacy import keyring
from outreach.privacy.keyring import Keyring
from outreach.privacy.tables import AuditLine
from outreach.staff import accounts
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.threads import forgetting
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, Cast, cast, clinic
from tests.threads.texting import name_of, write


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The clinic's keyring."""
    path = tmp_path / "keyring.json"
    Keyring.new().save(path)
    return path


@pytest.fixture
def here(sqlite_url: str, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A clinic that is the current folder."""
    monkeypatch.setenv("OUTREACH_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("OUTREACH_KEYRING_FILE", str(file))
    monkeypatch.setenv("LOGNAME", "wanjiru")
    monkeypatch.chdir(tmp_path)
    with clinic(sqlite_url, tmp_path / "clinic", keyring=SecretStr(""), keyring_file=file) as made:
        yield made


@pytest.fixture
def known(here: Workspace) -> Cast:
    return cast(here)


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words))


def test_forgetting_asks_for_yes_and_then_leaves_nothing(here: Workspace, known: Cast, file: Path) -> None:
    pseudonym = name_of(here, known.amina)
    refused = run("people", "forget", pseudonym)
    assert refused.exit_code == 2
    assert "--yes" in refused.output
    assert name_of(here, known.amina) == pseudonym
    done = run("people", "forget", pseudonym, "--yes", "--why", "she asked")
    assert done.exit_code == 0, done.output
    assert not keyring.read(file).master["k1"].holds(known.amina)
    with here.database.read() as session:
        assert session.get_one(Person, known.amina).state == PersonState.FORGOTTEN


def test_nobody_by_that_name_is_wrong_use(here: Workspace, known: Cast) -> None:
    assert run("people", "forget", "nobody-here-10", "--yes").exit_code != 0


def test_keys_are_rotated_in_one_go(here: Workspace, known: Cast, file: Path) -> None:
    done = run("keys", "rotate", "--finish", "--yes")
    assert done.exit_code == 0, done.output
    assert "4 keys wrapped by k2" in done.output
    assert set(keyring.read(file).master) == {"k2"}
    assert here.vault.masters == ("k2",)


def test_keys_are_rotated_step_by_step(here: Workspace, known: Cast, file: Path) -> None:
    for words, has in ((["--prepare"], {"k1", "k2"}), ([], {"k1", "k2"}), (["--finish", "--yes"], {"k2"})):
        assert run("keys", "rotate", *words).exit_code == 0
        assert set(keyring.read(file).master) == has
    assert "0 cut out" in run("keys", "catch-up").output


def test_no_key_is_ever_printed_where_there_is_a_file(here: Workspace, known: Cast, file: Path) -> None:
    shown = "".join(run("keys", "rotate", *words).output for words in (["--prepare"], [], ["--finish", "--yes"]))
    ring = json.loads(file.read_text())
    assert not [key for key in (ring["index"], *ring["master"]["k2"].values()) if key in shown]


def test_a_keyring_that_is_a_setting_is_rotated_by_hand(
    here: Workspace, known: Cast, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OUTREACH_KEYRING_FILE")
    monkeypatch.setenv("OUTREACH_KEYRING", file.read_text())
    for current, names in (("k1", {"k1", "k2"}), ("k2", {"k1", "k2"}), ("k2", {"k2"})):
        done = run("keys", "rotate", "--finish", "--yes")
        assert done.exit_code == 0, done.output
        given = next(line for line in done.output.splitlines() if line.startswith("{"))
        ring = Keyring.parse(given, "the command")
        assert (ring.current, set(ring.master)) == (current, names)
        monkeypatch.setenv("OUTREACH_KEYRING", given)
    assert run("audit", "verify").exit_code == 0, "the workspace opens with what was printed"


def test_a_keyring_that_is_behind_says_so(
    here: Workspace, known: Cast, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OUTREACH_KEYRING_FILE")
    monkeypatch.setenv("OUTREACH_KEYRING", file.read_text())
    assert "outreach keys rotate" in run("people", "forget", name_of(here, known.amina), "--yes").output
    done = run("keys", "catch-up")
    assert done.exit_code != 0
    assert "1 forgotten person can still be read in old backups" in str(done.exception)


def test_what_was_done_elsewhere_is_caught_up_with(here: Workspace, known: Cast) -> None:
    with here.database.write() as session:
        forgetting.erase(session, here, known.amina, Source.STAFF)
    done = run("keys", "catch-up", "--json")
    assert json.loads(done.output) == {"cut": 1, "again": 0, "pending": 0}


# --- the record ------------------------------------------------------------------------------------------------------


def test_what_staff_do_is_recorded_with_their_name(here: Workspace, known: Cast, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(f"phone\n{AMINA}\n+254722345678\n")
    run("people", "import", "people.csv", "--topic", "tb")
    run("people", "import", "people.csv", "--topic", "tb", "--dry-run")
    run("people", "export", "out.csv")
    run("people", "forget", name_of(here, known.amina), "--yes", "--why", "she asked")
    run("keys", "rotate")
    told = json.loads(run("audit", "list", "--json").output)
    assert [(line["who"], line["action"], line["subject"], line["why"]) for line in told] == [
        ("wanjiru", "people_imported", "topic:tb", "1 added, 1 unchanged"),
        ("wanjiru", "people_exported", "people:all", ""),
        ("wanjiru", "person_forgotten", f"person:{known.amina}", "she asked"),
        ("wanjiru", "keys_rotated", "key:k2", "4 wrapped"),
    ]
    assert AMINA not in json.dumps(told)
    assert "person forgotten" in run("audit", "list").output


def test_an_empty_record_says_so(here: Workspace) -> None:
    assert "Nothing is recorded yet" in run("audit", "list").output


def test_a_whole_record_ends_with_0_and_an_edited_one_with_1(here: Workspace, known: Cast) -> None:
    run("people", "export", "one.csv")
    run("people", "export", "two.csv")
    assert json.loads(run("audit", "verify", "--json").output)["whole"] is True
    with here.database.write() as session:
        session.execute(update(AuditLine).where(AuditLine.id == 1).values(who="somebody else"))
    done = run("audit", "verify")
    assert done.exit_code == 1
    assert "line 1 was edited" in done.output
    found = json.loads(run("audit", "verify", "--json").output)
    assert found == {"lines": 2, "checkpoints": 0, "whole": False, "findings": [{"line": 1, "wrong": "edited"}]}


def test_a_checkpoint_in_a_file_finds_an_end_that_was_cut_off(here: Workspace, known: Cast) -> None:
    for name in ("one.csv", "two.csv"):
        run("people", "export", name)
    assert run("audit", "checkpoint", "kept.json").exit_code == 0
    assert run("audit", "checkpoint", "kept.json").exit_code != 0, "never over another one"
    assert run("audit", "verify", "kept.json").exit_code == 0
    with here.database.write() as session:
        session.delete(session.scalars(select(AuditLine).where(AuditLine.id == 2)).one())
    done = run("audit", "verify", "kept.json")
    assert done.exit_code == 1
    assert "line 2 was there when a checkpoint was signed" in done.output


# --- reveal ----------------------------------------------------------------------------------------------------------

WHY = "She is in danger and left no place"


@pytest.fixture
def sign(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let somebody else type."""
    return lambda name: monkeypatch.setenv("LOGNAME", name)


def test_two_reveal_a_number_and_one_alone_only_in_a_crisis(
    here: Workspace, known: Cast, sign: Callable[[str], None]
) -> None:
    pseudonym = name_of(here, known.amina)
    asked = run("reveal", "ask", "--number", pseudonym, "--why", WHY)
    assert (asked.exit_code, "reveal grant 1" in asked.output) == (0, True), asked.output
    assert run("reveal", "show", "1").exit_code != 0
    assert run("reveal", "grant", "1").exit_code != 0
    assert json.loads(run("reveal", "list", "--pending", "--json").output)[0]["stage"] == "asked"
    sign("otieno")
    assert "Open until" in run("reveal", "grant", "1").output
    assert AMINA not in run("reveal", "show", "1").output
    sign("wanjiru")
    assert AMINA in run("reveal", "show", "1").output
    assert run("reveal", "ask", "--number", pseudonym, "--why", WHY, "--alone").exit_code != 0
    listed = run("reveal", "list", "--json").output + run("reveal", "list").output
    assert pseudonym in listed
    assert AMINA not in listed


def test_a_text_taken_alone_is_approved_by_a_colleague(
    here: Workspace, known: Cast, sign: Callable[[str], None]
) -> None:
    text = write(here, AMINA, f"I am bleeding, call {BARAKA}\x1b[2J")
    shown = run("threads", "show", str(text.thread_id)).output
    assert f"text {text.message_id}" in shown
    assert BARAKA not in shown
    asked = run("reveal", "ask", "--text", str(text.message_id), "--why", WHY, "--alone")
    assert (asked.exit_code, "reveal approve 1" in asked.output) == (0, True), asked.output
    assert f"I am bleeding, call {BARAKA}�[2J" in run("reveal", "show", "1").output
    assert "reveal_alone" in run("alerts", "list", "--json").output
    assert run("reveal", "approve", "1").exit_code != 0
    sign("otieno")
    assert run("reveal", "approve", "1").exit_code == 0
    assert run("alerts", "seen", "1").exit_code == 0
    assert "Nothing to look at" in run("alerts", "list").output
    assert json.loads(run("alerts", "list", "--all", "--json").output)[0]["seen_by"] == "otieno"
    assert "Nothing waits" in run("reveal", "list", "--pending").output
    assert run("audit", "verify").exit_code == 0


DUTY = """\
duty:
  - {staff: wanjiru, days: daily, hours: ["00:00-24:00"]}
  - {staff: otieno, days: daily, hours: ["00:00-24:00"]}
  - {staff: achieng, days: daily, hours: ["00:00-24:00"]}
  - {staff: njeri, days: daily, hours: ["00:00-24:00"]}
"""
UNCALLABLE = [
    (3, "'otieno' is nobody of staff."),
    (4, "'achieng' is suspended and would not be called."),
    (5, "'njeri' has no phone to be called on."),
]


def test_whoever_stands_in_the_rota_and_cannot_be_called_is_a_fault(
    here: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here.folder)
    (here.folder / "duty.yaml").write_text(DUTY)
    helper = frozenset({Role.HELPER})
    with here.database.write() as session:
        for name, phone in (("wanjiru", AMINA), ("achieng", BARAKA), ("njeri", "")):
            accounts.add(session, here.vault, New(name, "", helper, phone=phone), "test")
        accounts.suspend(session, here.vault, "achieng", "test")
    told = run("check", "duty.yaml", "--json")
    found = [(each["line"], each["problem"]) for each in json.loads(told.stdout)]
    assert (told.exit_code, found) == (1, UNCALLABLE)


def test_without_a_database_the_rota_is_checked_as_far_as_can_be(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUTREACH_KEYRING_FILE", str(file))
    (tmp_path / "duty.yaml").write_text(DUTY)
    told = run("check", "duty.yaml")
    assert (told.exit_code, told.stdout) == (0, "No faults.\n")
    assert "was not looked at: There is no database in" in told.stderr
