"""`outreach init` and `outreach db`: a folder becomes a workspace, again and again, and no key is ever lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from outreach.messages.samples import samples
from outreach.privacy.keyring import Keyring
from outreach.settings import load
from outreach.store.database import Database
from outreach.workspace import open_workspace
from tests.cli.typed import typed


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this user's configuration would be."""
    place = tmp_path / "home" / ".config"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place))
    return place


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    place = tmp_path / "my [clinic]"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def everything(folder: Path) -> dict[str, bytes]:
    """Every file but the database, which SQLite may rewrite."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and ".outreach" not in file.parts
    }


def test_an_empty_folder_becomes_a_workspace_that_has_no_faults(folder: Path, home: Path) -> None:
    done = typed("init")
    assert (done.code, done.err) == (0, "")
    assert typed("check").code == 0
    [keyring] = home.rglob("*.json")
    assert (mode(keyring), mode(folder / ".env")) == ("0o600", "0o600")
    assert folder not in keyring.parents, "outside the workspace"
    assert load(folder).keyring_file == keyring
    assert sorted(each.name for each in folder.iterdir()) == [".env", ".outreach", "campaigns", "templates"]
    assert typed("threads", "list").code == 0


def test_a_folder_that_is_not_there_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert typed("init", "deep/clinic").code == 0
    open_workspace(tmp_path / "deep" / "clinic").close()


def test_a_second_time_changes_nothing(folder: Path, home: Path) -> None:
    typed("init")
    (folder / "campaigns" / "mine.yaml").write_text("title: mine\n")
    shutil.rmtree(folder / "templates" / "hiv")
    before, keys = everything(folder), everything(home)
    assert typed("init").code == 0
    assert (everything(folder), everything(home)) == (before, keys)


def test_in_a_checkout_nothing_is_copied(folder: Path) -> None:
    for name in ("campaigns", "templates"):
        shutil.copytree(samples() / name, folder / name)
    before = everything(folder)
    done = typed("init")
    assert done.code == 0
    assert "samples" not in done.out
    assert {name: text for name, text in everything(folder).items() if name != ".env"} == before


def test_settings_that_are_there_stay_as_they_are(folder: Path) -> None:
    (folder / ".env").write_text("OUTREACH_CLINIC=Sunrise")  # without an end of line
    assert typed("init").code == 0
    settings = load(folder)
    assert settings.clinic == "Sunrise"
    assert settings.keyring_file is not None


def test_keys_from_the_environment_are_taken_and_no_others_made(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTREACH_KEYRING", Keyring.new().dump())
    assert typed("init").code == 0
    assert not home.exists()
    assert not (folder / ".env").exists()


def test_a_database_whose_keyring_is_not_named_gets_no_new_keys(folder: Path, home: Path) -> None:
    typed("init")
    (folder / ".env").unlink()
    keys = everything(home)
    refused = typed("init")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "OUTREACH_KEYRING_FILE" in refused.err
    assert everything(home) == keys
    assert not (folder / ".env").exists()


def test_a_shared_database_whose_keyring_is_not_named_gets_no_new_keys(
    folder: Path, home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTREACH_DATABASE_URL", database_url)
    assert typed("init").code == 0
    other = folder / "another machine"
    other.mkdir()
    refused = typed("init", str(other))
    assert (refused.code, "set up already" in refused.err) == (2, True)
    assert len(list(home.rglob("*.json"))) == 1


def test_what_was_broken_off_after_the_keys_goes_on_with_them(folder: Path, home: Path) -> None:
    typed("init")
    [keyring] = home.rglob("*.json")
    keys = keyring.read_bytes()
    (folder / ".env").unlink()
    shutil.rmtree(folder / ".outreach")
    assert typed("init").code == 0
    assert keyring.read_bytes() == keys
    assert load(folder).keyring_file == keyring


WRONG = [
    ("no workspace", [], ["threads", "list"], "outreach init"),
    ("no keyring", [], ["db", "upgrade"], "outreach init"),
    ("no such revision", ["init"], ["db", "downgrade", "nowhere"], "'nowhere'"),
]


@pytest.mark.parametrize(("label", "before", "words", "remedy"), WRONG, ids=[row[0] for row in WRONG])
def test_a_mistake_is_one_line_and_no_traceback(
    label: str, before: list[str], words: list[str], remedy: str, folder: Path
) -> None:
    if before:
        assert typed(*before).code == 0
    told = typed(*words)
    assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert remedy in told.err


def test_the_database_goes_down_and_up_again(folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_DATABASE_URL", database_url)
    assert typed("init").code == 0
    assert typed("db", "downgrade", "base").code == 0
    told = typed("threads", "list")
    assert (told.code, "outreach db upgrade" in told.err) == (2, True)
    assert typed("db", "upgrade").code == 0
    assert typed("db", "upgrade").code == 0, "again is harmless"
    assert typed("threads", "list").code == 0


def test_a_database_of_somebody_elses_keys_is_not_migrated(
    folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTREACH_DATABASE_URL", database_url)
    typed("init")
    database = Database(database_url)
    with database.engine.execution_options(writing=True).begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    monkeypatch.setenv("OUTREACH_KEYRING", Keyring.new().dump())
    told = typed("db", "upgrade")
    assert (told.code, "does not belong" in told.err) == (2, True)
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar_one() == 0
    database.close()
