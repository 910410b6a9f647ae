"""`outreach check` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from outreach.campaigns import schema
from outreach.cli.check import check
from tests.campaigns.test_check import workspace

CHECKOUT = Path(__file__).parents[2]


def run(*words: str) -> Result:
    app = typer.Typer()
    app.command()(check)
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound workspace that is the current folder."""
    monkeypatch.chdir(tmp_path)
    return workspace(tmp_path)


def test_nothing_wrong_is_said_and_ends_with_0(clinic: Path) -> None:
    result = run()
    assert (result.exit_code, result.stdout) == (0, "No faults.\n")


def test_every_fault_has_its_place_its_problem_and_its_remedy(clinic: Path) -> None:
    file = clinic / "campaigns/one.yaml"
    file.write_text(file.read_text().replace("title:", "titel:").replace("days: 1", "days: one"))
    result = run()
    assert result.exit_code == 1
    assert "campaigns/one.yaml:1:1  `titel` is not known here.\n      Did you mean `title`?" in result.stdout
    assert "campaigns/one.yaml:8:67  `days` is of the wrong type.\n      Give it a whole number." in result.stdout
    assert result.stdout.endswith("3 faults in 1 file.\n")


def test_machines_get_the_same_as_json(clinic: Path) -> None:
    assert json.loads(run("--json").stdout) == []
    (clinic / "templates/tb/one.en.txt").write_text("Hello {{ surname }}.")
    result = run("campaigns/one.yaml", "--json")
    [fault] = json.loads(result.stdout)
    assert result.exit_code == 1
    assert fault["problem"] == "There is no field 'surname'."
    assert (fault["path"], fault["line"], fault["column"]) == ("templates/tb/one.en.txt", 1, 10)


def test_a_text_may_not_ask_for_a_word_that_means_stop(clinic: Path) -> None:
    (clinic / "templates/tb/one.en.txt").write_text("Reply CANCEL to cancel your visit.")
    assert "CANCEL" in run("templates").stdout


@pytest.mark.parametrize("paths", [(), ("danger",), ("danger/en.more.yaml",)])
def test_a_fault_in_the_words_of_danger_has_its_place(clinic: Path, paths: tuple[str, ...]) -> None:
    (clinic / "danger").mkdir()
    (clinic / "danger/en.more.yaml").write_text("review: x\nbleeding:\n  within:\n    - red (river")
    result = run(*paths)
    assert result.exit_code == 1
    assert "danger/en.more.yaml:4:7  The pattern 'red (river': a bracket has no partner." in result.stdout
    assert result.stdout.endswith("1 fault in 1 file.\n")


def test_the_schema_is_printed_and_nothing_is_checked(clinic: Path) -> None:
    (clinic / "campaigns/one.yaml").write_text("broken")
    result = run("--schema")
    assert (result.exit_code, result.stdout) == (0, schema.text())


MISUSES = [("a path that is not there", ["nowhere.yaml"]), ("an unknown option", ["--fix"])]


@pytest.mark.parametrize("words", [row[1] for row in MISUSES], ids=[row[0] for row in MISUSES])
def test_wrong_use_ends_with_2(clinic: Path, words: list[str]) -> None:
    assert run(*words).exit_code == 2


def test_a_folder_without_campaigns_is_not_called_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run()
    assert result.exit_code == 2
    assert "no campaigns" in result.stderr


def test_what_is_shipped_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    result = run()
    assert (result.exit_code, result.stdout) == (0, "No faults.\n")
