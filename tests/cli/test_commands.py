"""The page of help, and what it takes to show it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from outreach import cli
from outreach.cli.commands import COMMANDS, load

#: Libraries that cost a second or more together; the page of help needs none of them.
HEAVY = {"alembic", "celery", "fastapi", "firebase_admin", "jinja2", "openpyxl", "phonenumbers", "twilio"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_of_help_says_what_the_command_says_of_itself(name: str) -> None:
    own = load(name).help.partition("\n\n")[0]
    assert COMMANDS[name].help == " ".join(own.split())


def test_a_command_that_is_not_there_is_one_line_and_a_guess() -> None:
    result = CliRunner().invoke(cli.app, ["peopel"])
    assert result.exit_code == 2
    assert "Did you mean 'people'?" in result.output


def test_help_loads_nothing_that_is_heavy_and_a_beat_little_more() -> None:
    loaded = "import sys, {}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    for module, without in (("outreach.cli", HEAVY), ("outreach.cli.beat", HEAVY - {"celery"})):
        words = subprocess.run(
            [sys.executable, "-c", loaded.format(module)], capture_output=True, text=True, check=True
        ).stdout.split()
        assert set(words) & without == set(), module


def test_a_worker_loads_no_push_library_before_there_is_a_push_sender_and_nothing_for_tables() -> None:
    loaded = "import sys, outreach.cli.work; print(*{name.partition('.')[0] for name in sys.modules})"
    words = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert "sqlalchemy" in words
    assert set(words) & {"firebase_admin", "google", "twilio", "openpyxl", "fastapi", "uvicorn"} == set()


@pytest.mark.parametrize("module", ["scheduler.tasks", "outreach.cli.send_test", "outreach.cli.database"])
def test_what_a_process_loads_is_enough_to_write_into_every_table_it_knows(module: str) -> None:
    resolve = "[key.column for table in Base.metadata.tables.values() for key in table.foreign_keys]"
    program = f"import {module}; from outreach.store.base import Base; {resolve}"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
