"""The README keeps its promises: settings, commands, targets and files it names are there."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from typer.core import TyperGroup

from outreach.cli import settings_table
from outreach.cli.commands import COMMANDS, load

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_settings_table_is_the_settings() -> None:
    assert settings_table.written_into(README) == README, "run `make readme`"


def _promised() -> list[list[str]]:
    """Words after `outreach`, up to a gap; `launch|pause` is two promises."""
    lines = {match.group(1) for match in re.finditer(r"(?:^|`)outreach ([^\s`]+(?: [^\s`]+)*)", README, re.MULTILINE)}
    choices = [[word.split("|") for word in line.split()] for line in sorted(lines)]
    return [list(words) for choice in choices for words in itertools.product(*choice)]


@pytest.mark.parametrize("words", _promised(), ids=" ".join)
def test_a_command_in_the_readme_exists(words: list[str]) -> None:
    assert words[0] in COMMANDS, f"{words[0]} is not one of {sorted(COMMANDS)}"
    command = load(words[0])
    for word in words[1:]:
        if not isinstance(command, TyperGroup):
            return
        assert word in command.commands, f"{word} is not one of {sorted(command.commands)}"
        command = command.commands[word]
    assert not isinstance(command, TyperGroup), "this names a group of commands, not one"


def test_the_readme_names_commands() -> None:
    assert len(_promised()) > 10


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE))))
def test_a_make_target_in_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:outreach|channels|reports|tests)/[\w/]+\.py)`", README))))
def test_a_file_in_the_readme_exists(path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / "outreach" / path).exists()


def test_a_file_without_markers_is_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="put them where the table belongs"):
        settings_table.written_into("# No markers here")


def test_the_table_never_shows_a_secret_and_names_every_provider() -> None:
    table = settings_table.table()
    assert "| `OUTREACH_KEYRING` |  |" in table
    assert "`OUTREACH_PROVIDERS__TWILIO__TOKEN` | required |" in table
    assert "`OUTREACH_PROVIDERS__FCM__CREDENTIALS` | required |" in table
