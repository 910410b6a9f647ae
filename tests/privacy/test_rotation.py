"""A new master key while everything runs: nobody's key is lost, whoever holds the old one alone opens nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from outreach.audience import people
from outreach.errors import ConflictError, KeyringError
from outreach.privacy import audit, keyring, rotation
from outreach.privacy.keyring import Keyring
from outreach.privacy.tables import KeyProof, PersonKey
from outreach.privacy.vault import Vault
from outreach.workspace import Workspace, assemble
from tests.clinic import clinic, person

COUNT = 12


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "CHUNK", 5)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The clinic's keyring."""
    path = tmp_path / "keys" / "keyring.json"
    Keyring.new().save(path)
    return path


@pytest.fixture
def here(migrated_url: str, tmp_path: Path, file: Path) -> Iterator[Workspace]:
    """A clinic of a dozen people with its keyring in a file."""
    with clinic(migrated_url, tmp_path / "clinic", keyring=SecretStr(""), keyring_file=file) as made:
        take_in(made, range(COUNT))
        yield made


def take_in(workspace: Workspace, numbers: range) -> None:
    for number in numbers:
        with workspace.database.write() as session:
            person(session, workspace, f"+2547120{number:05}")


def keys(workspace: Workspace, vault: Vault) -> dict[int, bytes]:
    """Everybody's key, opened."""
    with workspace.database.read() as session:
        return people.keys_of(session, vault, session.scalars(select(PersonKey.person_id)).all())


def masters(workspace: Workspace) -> set[str]:
    """The master keys that the database knows."""
    with workspace.database.read() as session:
        wraps = set(session.scalars(select(PersonKey.master)))
        assert wraps <= set(session.scalars(select(KeyProof.master)))
        return set(session.scalars(select(KeyProof.master)))


def rotate(workspace: Workspace) -> None:
    rotation.prepare(workspace.vault)
    rotation.use(workspace.database, workspace.vault, "wanjiru")
    rotation.finish(workspace.database, workspace.vault, "wanjiru")


def test_everybody_keeps_her_key_and_the_old_master_opens_nobodys(here: Workspace, file: Path) -> None:
    before, old = keys(here, here.vault), Vault(keyring.read(file))
    rotate(here)
    assert keys(here, here.vault) == before
    assert len(before) == COUNT
    assert (masters(here), here.vault.masters) == ({"k2"}, ("k2",))
    with pytest.raises(KeyringError, match="'k2' is not in the keyring"):
        keys(here, old)
    assemble(here.settings).close()


def test_a_second_rotation_follows_the_first(here: Workspace) -> None:
    before = keys(here, here.vault)
    rotate(here)
    rotate(here)
    assert (here.vault.masters, keys(here, here.vault)) == (("k3",), before)


def test_a_prepared_key_is_not_used_and_not_made_twice(here: Workspace, file: Path) -> None:
    rotation.prepare(here.vault)
    once = keyring.read(file)
    rotation.prepare(here.vault)
    assert keyring.read(file) == once
    assert (once.current, set(once.master)) == ("k1", {"k1", "k2"})
    take_in(here, range(COUNT, COUNT + 1))
    assert masters(here) == {"k1"}


def test_what_was_broken_off_goes_on(here: Workspace) -> None:
    before = keys(here, here.vault)
    rotation.prepare(here.vault)

    def die(done: int, about: int) -> None:
        raise KeyboardInterrupt(f"{done} of {about}")

    with pytest.raises(KeyboardInterrupt, match="5 of 12"):
        rotation.use(here.database, here.vault, "wanjiru", die)
    assert keys(here, here.vault) == before, "half of them by each"
    assert rotation.use(here.database, here.vault, "wanjiru").wrapped == COUNT - 5
    assert rotation.use(here.database, here.vault, "wanjiru").wrapped == 0


def test_finishing_wraps_what_another_machine_still_wrapped_by_the_old_key(here: Workspace, file: Path) -> None:
    there = replace(here, vault=Vault(keyring.read(file)))  # a copy of the keyring that nobody has brought up to date
    rotation.prepare(here.vault)
    rotation.use(here.database, here.vault, "wanjiru")
    take_in(there, range(COUNT, COUNT + 3))
    assert masters(here) == {"k1", "k2"}
    assert rotation.finish(here.database, here.vault, "wanjiru").wrapped == 3
    assert len(keys(here, here.vault)) == COUNT + 3


def test_a_machine_with_the_old_keyring_can_lose_nobodys_key(here: Workspace, file: Path) -> None:
    there = replace(here, vault=Vault(keyring.read(file)))
    rotate(here)
    with pytest.raises(ConflictError):
        take_in(there, range(COUNT, COUNT + 1))
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), here.database.write() as session:
        session.execute(update(PersonKey).values(master=there.vault.current))
    assert len(keys(here, here.vault)) == COUNT


def test_a_machine_with_the_old_keyring_does_not_start(here: Workspace, file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    keyring.read(file).save(copy)
    rotate(here)
    with pytest.raises(KeyringError, match="Bring the newest one"):
        assemble(here.settings.model_copy(update={"keyring_file": copy}))


def test_people_are_taken_in_and_found_all_the_while(here: Workspace, file: Path) -> None:
    there = replace(here, vault=Vault(keyring.read(file), file))  # another process with the same file
    crowd = threading.Thread(target=take_in, args=(there, range(COUNT, COUNT + 40)))
    crowd.start()
    rotate(here)
    rotate(here)
    crowd.join(timeout=60)
    assert len(keys(here, here.vault)) == COUNT + 40
    assert keys(here, there.vault) == keys(here, here.vault)


def test_each_step_is_in_the_record(here: Workspace) -> None:
    rotate(here)
    with here.database.read() as session:
        told = [(entry.who, entry.action, entry.subject, entry.why) for entry in audit.entries(session, here.vault)]
    assert told == [
        ("wanjiru", "keys_rotated", "key:k2", "12 wrapped"),
        ("wanjiru", "keys_rotated", "key:k2", "the old ones destroyed"),
    ]


def test_a_keyring_that_is_a_setting_is_handed_out_to_be_set(migrated_url: str, tmp_path: Path) -> None:
    with clinic(migrated_url, tmp_path / "clinic") as here:
        take_in(here, range(3))
        before = keys(here, here.vault)
        ready = rotation.prepare(here.vault)
        assert (ready.by_hand, ready.vault.masters, ready.vault.current) == (True, ("k1", "k2"), "k1")
        used = rotation.use(here.database, ready.vault, "wanjiru")
        assert (used.by_hand, used.vault.current, used.wrapped) == (True, "k2", 3)
        done = rotation.finish(here.database, used.vault, "wanjiru")
        assert (done.by_hand, done.vault.masters) == (True, ("k2",))
        assert keys(here, done.vault) == before
        set_anew = here.settings.model_copy(update={"keyring": SecretStr(done.vault.keyring.dump())})
        assemble(set_anew).close()
