"""The keyring's file: whole or not at all, read by nobody else, and noticed when it changes under a running process."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from outreach.errors import KeyringError
from outreach.privacy import keyring
from outreach.privacy.keyring import Keyring
from outreach.privacy.tree import KeyTree
from outreach.privacy.vault import Vault

AMINA, BARAKA = 4711, 4712


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A keyring's file."""
    path = tmp_path / "keyring.json"
    Keyring.new().save(path)
    return path


def another(file: Path) -> None:
    file.unlink()
    Keyring.new().save(file)


def without(*people: int) -> Callable[[Keyring], Keyring]:
    return lambda ring: replace(ring, master={name: tree.without(people) for name, tree in ring.master.items()})


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda text: text[:50], "not readable"),
        (lambda text: text.replace('"k1"', '"k2"', 1), "incomplete"),
        (lambda text: text.replace('"1":', '"2":'), "incomplete"),
        (lambda text: "[]", "not readable"),
    ],
)
def test_a_damaged_keyring_is_refused(file: Path, damage: Callable[[str], str], says: str) -> None:
    file.write_text(damage(file.read_text()))
    with pytest.raises(KeyringError, match=says):
        keyring.read(file)


def test_a_change_replaces_the_file_and_keeps_its_mode(file: Path) -> None:
    before = file.stat().st_ino
    keyring.change(file, without(AMINA))
    assert file.stat().st_ino != before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name], "nothing of the old one is left beside it"
    assert keyring.read(file).master["k1"].leaf(AMINA) is None


def test_a_change_follows_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "keyring.json"
    link.parent.mkdir()
    link.symlink_to(file)
    keyring.change(link, without(AMINA))
    assert link.is_symlink()
    assert keyring.read(file).master["k1"].missing == 1


def test_changes_by_many_at_once_are_all_kept(file: Path) -> None:
    crowd = range(100, 120)
    threads = [threading.Thread(target=keyring.change, args=(file, without(each))) for each in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(keyring.read(file).master["k1"].cut()) == list(crowd)


def test_a_folder_that_cannot_be_written_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)  # a folder's mode does not stop root, who runs the tests in CI
    with pytest.raises(KeyringError, match="cannot be replaced"):
        keyring.change(file, without(AMINA))


def test_a_running_process_learns_that_somebody_was_forgotten(file: Path) -> None:
    vault = Vault(keyring.read(file), file)
    amina, baraka = vault.new_key(AMINA), vault.new_key(BARAKA)
    keyring.change(file, without(AMINA))
    with pytest.raises(KeyringError, match="forgotten"):
        vault.unwrap(AMINA, *amina[1:])
    assert vault.unwrap(BARAKA, *baraka[1:]) == baraka[0]


def test_a_running_process_learns_of_a_new_master_key(file: Path) -> None:
    vault, other = Vault(keyring.read(file), file), Vault(keyring.read(file), file)
    key, master, wrapped = vault.new_key(AMINA)
    keyring.change(file, lambda ring: replace(ring, current="k2", master={**ring.master, "k2": KeyTree.new()}))
    assert other.wrap(AMINA, key)[0] == "k2"
    assert vault.unwrap(AMINA, *other.wrap(AMINA, key)) == key
    assert vault.unwrap(AMINA, master, wrapped) == key


@pytest.mark.parametrize("trouble", [Path.unlink, lambda file: file.write_text("{"), another])
def test_a_keyring_that_is_away_or_somebody_elses_changes_nothing_in_a_running_process(
    file: Path, trouble: Callable[[Path], object]
) -> None:
    vault = Vault(keyring.read(file), file)
    key, master, wrapped = vault.new_key(AMINA)
    trouble(file)
    assert vault.unwrap(AMINA, master, wrapped) == key
