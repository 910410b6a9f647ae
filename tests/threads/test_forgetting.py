"""FORGET: nothing of hers can be read any more, neither here nor from a backup, and nothing brings her back."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Column, Table, delete, func, insert, select
from sqlalchemy.engine import make_url

from outreach import consent
from outreach.audience import imports, people
from outreach.audience.tables import Endpoint, Person, PersonField, PersonState, PersonTag, Suppression
from outreach.audience.verdicts import Outcome
from outreach.channels.contract import Kind
from outreach.consent import ConsentState, Source
from outreach.errors import ConflictError, KeyringError, NotFoundError
from outreach.messages.status import State, Withdrawal
from outreach.messages.tables import Message
from outreach.privacy import audit, keyring, rotation
from outreach.privacy.keyring import Keyring
from outreach.privacy.tables import PersonKey
from outreach.privacy.vault import Vault
from outreach.store.base import Base
from outreach.threads import forgetting, inbox
from outreach.threads.forgetting import Caught
from outreach.threads.tables import Thread, ThreadState
from outreach.workspace import Workspace, assemble
from tests.clinic import AMINA, BARAKA, Cast, cast, clinic
from tests.threads.texting import ledger, name_of, write

SAID = "canary: my sister must not know"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The clinic's keyring."""
    path = tmp_path / "keys" / "keyring.json"
    Keyring.new().save(path)
    return path


@pytest.fixture
def here(migrated_url: str, tmp_path: Path, file: Path) -> Iterator[Workspace]:
    """A clinic with its keyring in a file."""
    with clinic(migrated_url, tmp_path / "clinic", keyring=SecretStr(""), keyring_file=file) as made:
        yield made


@pytest.fixture
def known(here: Workspace) -> Cast:
    """The cast; Amina has a tag, a field, and a thread that was answered."""
    made = cast(here)
    with here.database.write() as session:
        session.add(PersonTag(person_id=made.amina, tag="canary-tag"))
        session.add(PersonField(person_id=made.amina, name="district", text="canary-district"))
    opened = write(here, AMINA, SAID)
    inbox.reply(here, opened.thread_id or 0, "Come on Monday.")
    return made


def key_of(workspace: Workspace, vault: Vault, person_id: int) -> bytes | None:
    with workspace.database.read() as session:
        return people.keys_of(session, vault, [person_id]).get(person_id)


Backup = list[tuple[Table, list[dict[str, Any]]]]


def back_up(workspace: Workspace) -> Backup:
    """Every row of every table."""
    with workspace.database.read() as session:
        return [
            (table, [dict(row) for row in session.execute(select(*_written(table))).mappings()])
            for table in Base.metadata.sorted_tables
        ]


def _written(table: Table) -> list[Column[Any]]:
    """Its columns, without those that the database computes: a dump leaves them out."""
    return [column for column in table.columns if column.computed is None]


def restore(workspace: Workspace, backup: Backup) -> None:
    """The database as it was."""
    with workspace.database.write() as session:
        for table, _ in reversed(backup):
            session.execute(delete(table))
        for table, rows in backup:
            if rows:
                session.execute(insert(table), rows)


# --- here ------------------------------------------------------------------------------------------------------------


def test_nothing_that_tells_of_her_is_left_in_any_table(here: Workspace, known: Cast) -> None:
    pseudonym = name_of(here, known.amina)
    with here.database.read() as session:
        hers = {each.value for each in session.scalars(select(Endpoint).where(Endpoint.person_id == known.amina))}
        lookup = people.lookup(here.vault, Kind.SMS, AMINA)
    forgetting.forget(here, pseudonym, "wanjiru")
    for table, rows in back_up(here):
        shown = repr(rows)
        for canary in (pseudonym, "canary", *map(repr, hers)):
            assert canary not in shown, table.name
        if table.name != Suppression.__tablename__:
            assert repr(lookup) not in shown, table.name


def test_everybody_else_is_as_before(here: Workspace, known: Cast) -> None:
    before = {table.name: rows for table, rows in back_up(here)}
    forgetting.forget(here, name_of(here, known.amina), "wanjiru")
    after = {table.name: rows for table, rows in back_up(here)}
    for table in (Endpoint, PersonKey, PersonTag, Message, Thread, consent.Consent, consent.Standing):
        others = [row for row in before[table.__tablename__] if row["person_id"] != known.amina]
        assert [row for row in after[table.__tablename__] if row["person_id"] != known.amina] == others
    assert key_of(here, here.vault, known.baraka) is not None


def test_what_waits_for_her_is_withdrawn_and_her_thread_is_closed(here: Workspace, known: Cast) -> None:
    forgetting.forget(here, name_of(here, known.amina), "wanjiru")
    with here.database.read() as session:
        hers = session.scalars(select(Message).where(Message.person_id == known.amina)).all()
        thread = session.scalars(select(Thread).where(Thread.person_id == known.amina)).one()
    assert {message.body for message in hers} == {None}
    waited = [(message.state, message.reason) for message in hers if message.direction == "out"]
    assert waited == [(State.CANCELLED, Withdrawal.FORGOTTEN)] * len(waited)
    assert waited
    assert (thread.state, thread.outcome, thread.waiting_since) == (ThreadState.CLOSED, "forgotten", None)
    with pytest.raises(ConflictError, match="closed"):
        inbox.reply(here, thread.id, "One more thing")


def test_the_ledger_keeps_its_lines_and_says_that_she_is_gone(here: Workspace, known: Cast) -> None:
    forgetting.forget(here, name_of(here, known.amina), "wanjiru")
    assert ledger(here, known.amina) == [
        ("tb", ConsentState.GRANTED, Source.STAFF),
        (consent.ALL, ConsentState.REVOKED, Source.STAFF),
    ]


def test_words_of_her_own_row_in_a_table_go_from_the_ledger(here: Workspace, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(f"phone,consent\n{AMINA},told her sister Rehema\n{BARAKA},paper form\n")
    imports.import_file(here.database, here.vault, here.settings, table, imports.Options(topic="tb"))
    with here.database.read() as session:
        amina = people.by_number(session, here.vault, AMINA) or 0
        assert "Rehema" in repr([line.evidence for line in consent.history(session, amina)])
    forgetting.forget(here, name_of(here, amina), "wanjiru")
    with here.database.read() as session:
        assert "Rehema" not in repr([line.evidence for line in consent.history(session, amina)])
        assert "paper form" in repr(session.scalars(select(consent.Consent.evidence)).all())


def test_no_import_brings_her_back(here: Workspace, known: Cast, tmp_path: Path) -> None:
    forgetting.forget(here, name_of(here, known.amina), "wanjiru")
    table = tmp_path / "people.csv"
    table.write_text(f"phone,consent\n{AMINA},paper form\n{BARAKA},paper form\n")
    report = imports.import_file(here.database, here.vault, here.settings, table, imports.Options(topic="tb"))
    assert report.verdicts.read_text("utf-8-sig").splitlines()[1].split(",")[1:3] == ["refused", "forgotten"]
    assert report.totals.outcomes[Outcome.UNCHANGED] == 1


def test_who_writes_from_her_number_afterwards_is_somebody_new(here: Workspace, known: Cast) -> None:
    forgetting.forget(here, name_of(here, known.amina), "wanjiru")
    write(here, AMINA, "hello?")
    with here.database.read() as session:
        fresh = people.by_number(session, here.vault, AMINA)
    assert fresh not in {None, known.amina}


def test_a_text_that_arrives_while_she_is_forgotten_is_kept_as_somebody_new(here: Workspace, known: Cast) -> None:
    outcomes: list[str] = []
    late = threading.Thread(target=lambda: outcomes.append(write(here, AMINA, "hello?").outcome))
    with here.database.write() as session:
        forgetting.erase(session, here, known.amina, Source.STAFF)
        late.start()
        late.join(timeout=0.5)
    late.join(timeout=30)
    assert outcomes == ["thread"]
    with here.database.read() as session:
        assert people.by_number(session, here.vault, AMINA) != known.amina


def test_it_is_in_the_record_without_her_name(here: Workspace, known: Cast) -> None:
    pseudonym = name_of(here, known.amina)
    forgetting.forget(here, pseudonym, "wanjiru", "she asked at the desk")
    with here.database.read() as session:
        entry = audit.entries(session, here.vault)[-1]
    assert (entry.who, entry.action, entry.subject) == ("wanjiru", "person_forgotten", f"person:{known.amina}")
    assert entry.why == "she asked at the desk"


def test_nobody_is_forgotten_twice(here: Workspace, known: Cast) -> None:
    pseudonym = name_of(here, known.amina)
    forgetting.forget(here, pseudonym, "wanjiru")
    with pytest.raises(NotFoundError):
        forgetting.forget(here, pseudonym, "wanjiru")
    with here.database.write() as session:
        forgetting.erase(session, here, known.amina, Source.STAFF)
    assert len(ledger(here, known.amina)) == 2


# --- backups ---------------------------------------------------------------------------------------------------------


def test_yesterdays_backup_does_not_open_for_her_and_does_for_everybody_else(
    here: Workspace, known: Cast, file: Path, tmp_path: Path
) -> None:
    old = shutil.copy(file, tmp_path / "old-keyring.json")
    yesterday = back_up(here)
    assert forgetting.forget(here, name_of(here, known.amina), "wanjiru")
    restore(here, yesterday)
    today = Vault(keyring.read(file))
    with pytest.raises(KeyringError, match="forgotten"):
        key_of(here, today, known.amina)
    assert key_of(here, today, known.baraka) is not None
    assert key_of(here, Vault(keyring.read(Path(old))), known.amina) is not None, "only the keyring of today forgets"


@contextmanager
def copied(workspace: Workspace, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """A whole copy of the database as it is now, as a backup would be restored: its URL."""
    url = workspace.settings.database_url
    if url.startswith("sqlite"):
        source, target = make_url(url).database or "", folder / "backup.db"
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
        yield f"sqlite:///{folder / 'backup.db'}"
        return
    workspace.database.close()  # PostgreSQL copies no database that is in use
    with request.getfixturevalue("postgres").database(template=make_url(url).database) as copy_url:
        yield copy_url


def _opened(workspace: Workspace, person_id: int) -> int:
    """How many ways to reach somebody can be read, by whatever master key this keyring has."""
    with workspace.database.read() as session:
        row = session.scalars(select(PersonKey).where(PersonKey.person_id == person_id)).one()
        reaches = session.scalars(select(Endpoint).where(Endpoint.person_id == person_id)).all()
    count = 0
    for master in workspace.vault.masters:
        with suppress(KeyringError):
            key = workspace.vault.unwrap(person_id, master, row.wrapped)
            count += sum(bool(people.value_of(key, reach)) for reach in reaches)
    return count


def test_nothing_of_hers_in_a_copied_database_opens_with_todays_keyring(
    here: Workspace, known: Cast, file: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with here.database.read() as session:
        sealed_of_amina = session.scalar(
            select(func.count()).where(Message.person_id == known.amina, Message.body.is_not(None))
        )
    assert sealed_of_amina
    with copied(here, request, tmp_path) as url:
        forgetting.forget(here, name_of(here, known.amina), "wanjiru")
        there = assemble(here.settings.model_copy(update={"database_url": url}))
        opened = {person: _opened(there, person) for person in (known.amina, known.baraka)}
        assert opened == {known.amina: 0, known.baraka: 2}, "everybody else is restored"
        assert forgetting.catch_up(there) == Caught(again=1)
        assert "canary" not in repr(back_up(there))
        there.close()


def test_a_restored_backup_forgets_her_again(here: Workspace, known: Cast, tmp_path: Path) -> None:
    yesterday = back_up(here)
    forgetting.forget(here, name_of(here, known.amina), "wanjiru")
    restore(here, yesterday)
    assert forgetting.catch_up(here) == Caught(again=1)
    with here.database.read() as session:
        assert session.get_one(Person, known.amina).state == PersonState.FORGOTTEN
        assert session.get_one(Person, known.baraka).state == PersonState.ACTIVE
        assert session.get(Suppression, people.lookup(here.vault, Kind.SMS, AMINA)) is not None
    assert "canary" not in repr(back_up(here))
    assert forgetting.catch_up(here) == Caught()


def test_what_was_broken_off_between_database_and_keyring_is_done_later(
    here: Workspace, known: Cast, file: Path
) -> None:
    yesterday = back_up(here)
    with here.database.write() as session:
        forgetting.erase(session, here, known.amina, Source.STAFF)
    assert keyring.read(file).master["k1"].holds(known.amina)
    assert forgetting.catch_up(here) == Caught(cut=1)
    assert forgetting.catch_up(here) == Caught()
    restore(here, yesterday)
    with pytest.raises(KeyringError):
        key_of(here, here.vault, known.amina)


def test_another_machine_cuts_her_out_of_its_own_copy(here: Workspace, known: Cast, file: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(file, tmp_path / "copy.json"))
    there = assemble(here.settings.model_copy(update={"keyring_file": copy}))
    forgetting.forget(here, name_of(here, known.amina), "wanjiru")
    assert forgetting.catch_up(there) == Caught(cut=1)
    assert keyring.read(copy) == keyring.read(file), "without a new secret having travelled"
    there.close()


def test_a_keyring_that_is_a_setting_says_that_backups_still_open_until_it_is_rotated(
    migrated_url: str, tmp_path: Path
) -> None:
    with clinic(migrated_url, tmp_path / "clinic") as here:
        amina = cast(here).amina
        yesterday = back_up(here)
        assert not forgetting.forget(here, name_of(here, amina), "wanjiru")
        assert forgetting.catch_up(here) == Caught(pending=1)
        ready = rotation.prepare(here.vault)
        used = rotation.use(here.database, ready.vault, "wanjiru")
        done = rotation.finish(here.database, used.vault, "wanjiru")
        restore(here, yesterday)
        with pytest.raises(KeyringError, match="not in the keyring"):
            key_of(here, done.vault, amina)


def test_who_is_forgotten_while_keys_are_rotated_is_cut_out_of_both(here: Workspace, known: Cast, file: Path) -> None:
    rotation.prepare(here.vault)
    rotation.use(here.database, here.vault, "wanjiru")
    midway = back_up(here)
    forgetting.forget(here, name_of(here, known.amina), "wanjiru")
    assert not any(tree.holds(known.amina) for tree in keyring.read(file).master.values())
    restore(here, midway)
    with pytest.raises(KeyringError):
        key_of(here, here.vault, known.amina)


def test_a_new_master_key_is_whole_again(here: Workspace, known: Cast, file: Path) -> None:
    forgetting.forget(here, name_of(here, known.amina), "wanjiru")
    rotation.prepare(here.vault)
    rotation.use(here.database, here.vault, "wanjiru")
    assert forgetting.catch_up(here) == Caught(), "she never had a key under the new one"
    rotation.finish(here.database, here.vault, "wanjiru")
    assert [tree.missing for tree in keyring.read(file).master.values()] == [0]
