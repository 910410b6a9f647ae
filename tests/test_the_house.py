"""The house keeps its rules: short files, nothing where it does not belong, closed lists that are closed."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from outreach.channels.contract import Cause
from outreach.delivery import consequences
from outreach.messages.status import Refusal
from tests.console import test_deeds as deeds

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

LONGEST_FILE = 400  # lines; most are under 250
LONGEST_FUNCTION = 40  # lines with their docstring; most are under 25

TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "Makefile",
    "README.md",
    "benchmarks",
    "campaigns",
    "deploy",
    "outreach",
    "pyproject.toml",
    "requirements.lock",
    "scheduler",
    "templates",
    "tests",
}

UNWELCOME = {
    "aiobreaker": "no release since 2021",
    "bleach": "ended",
    "fastapi-users": "in maintenance mode",
    "niquests": "a second HTTP library",
    "passlib": "no release since 2020",
    "python-jose": "weak history; joserfc instead",
    "slowapi": "limits instead",
    "sqladmin": "shows raw columns",
    "sqlalchemy-utils": "its EncryptedType has a static IV",
}


def _files(*under: str) -> list[Path]:
    """What is tracked, or new and not ignored."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "--", *under]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for path in (ROOT / name for name in sorted(set(names))) if path.is_file()]


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


MODULES = [path for path in _files("outreach", "scheduler") if path.suffix == ".py"]
WRITTEN = [path for path in MODULES if "migrations" not in path.parts]  # a migration is a list, written once


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_are_short() -> None:
    lengths = {_named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in WRITTEN}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{_named(path)}:{function.lineno} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in WRITTEN
        for function in _functions(path)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        _named(path)
        for path in MODULES
        if (text := path.read_text(encoding="utf-8")) and ast.get_docstring(ast.parse(text)) is None
    ]
    assert silent == []


def test_the_top_level_holds_only_what_is_named() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in _files()} <= TOP_LEVEL


@pytest.mark.parametrize(("folder", "endings"), [("campaigns", {".yaml", ".json"}), ("templates", {".txt"})])
def test_what_staff_write_lies_apart_from_code(folder: str, endings: set[str]) -> None:
    files = _files(folder)
    assert files
    assert [_named(path) for path in files if path.suffix not in endings] == []


def test_no_file_names_a_machine_or_an_index_host() -> None:
    told = re.compile(r"(?<![\w.])/(?:work|root|home|Users)/\w|pypi\.(?:org|io)|pythonhosted\.|index-url[= ]+http")
    hits = [
        f"{_named(path)}:{number}"
        for path in _files()
        if path.suffix != ".json" or path.parent.name == "campaigns"
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if told.search(line)
    ]
    assert hits == []


# --- what is depended on ---------------------------------------------------------------------------------------------


def _required(requirements: list[str]) -> set[str]:
    """Names of packages from requirement lines, spelled as indexes do: lower case, hyphens."""
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements)
    return {re.sub(r"[._]+", "-", match.group()).lower() for match in found if match}


DECLARED = _required([*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]])
LOCKED = _required([line for line in LOCK.splitlines() if "==" in line])


def test_nothing_unwelcome_is_installed() -> None:
    assert {name: why for name, why in UNWELCOME.items() if name in LOCKED} == {}


def test_the_lock_holds_everything_declared_and_names_no_place() -> None:
    assert DECLARED <= LOCKED
    assert "://" not in LOCK
    assert not re.search(r"^(-|.*@ )", LOCK, re.MULTILINE)


def test_everything_locked_has_a_hash() -> None:
    pins = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert [pin.split("==")[0] for pin in pins if "--hash=sha256:" not in pin] == []


@pytest.mark.parametrize("library", ["requests"])
def test_a_library_that_came_with_another_is_not_used(library: str) -> None:
    wanted = re.compile(rf"^\s*(?:import|from) {library}\b", re.MULTILINE)
    assert [_named(path) for path in MODULES if wanted.search(path.read_text(encoding="utf-8"))] == []


def test_the_changelog_tells_of_this_version() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == PROJECT["project"]["version"]


# --- closed lists ----------------------------------------------------------------------------------------------------


def test_every_cause_has_its_consequence() -> None:
    assert set(consequences.AT_SENDING) == set(Cause)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_is_made_somewhere(refusal: Refusal) -> None:
    makers = [path for path in MODULES if f"Refusal.{refusal.name}" in path.read_text(encoding="utf-8")]
    assert makers


def test_every_deed_of_the_console_says_on_which_page_its_form_is() -> None:
    """A new one: a row in tests/console/test_deeds.py. That a script alone asks for it: `OF_SCRIPTS`, and why."""
    said = [row.deed for row in deeds.ROWS]
    assert set(said) == deeds.WANTED
    assert len(set(said)) == len(said)
