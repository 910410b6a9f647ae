"""The record of what staff did: one chain however many write it, and no change of it goes unnoticed."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from outreach.errors import NotFoundError
from outreach.privacy import audit, verify
from outreach.privacy.audit import BEGINNING, Action, Checkpoint, Line, Seals
from outreach.privacy.keyring import Keyring
from outreach.privacy.tables import AuditCheckpoint, AuditLine
from outreach.privacy.vault import Vault
from outreach.privacy.verify import Finding, Wrong
from outreach.workspace import Workspace

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
SEALS = Seals(Vault(Keyring.new()))
LONG = 30


def chain(length: int = LONG) -> list[Line]:
    """A whole chain."""
    made: list[Line] = []
    for number in range(1, length + 1):
        at, previous = AT + timedelta(seconds=number), made[-1].hash if made else BEGINNING
        line = Line(number, at, "wanjiru", Action.THREAD_CLOSED, f"thread:{number}", b"sealed", previous, b"")
        made.append(replace(line, hash=SEALS.of(line)))
    return made


def end_of(lines: list[Line]) -> Checkpoint:
    """A checkpoint at the end of a chain."""
    return SEALS.sign(len(lines), AT, lines[-1].hash)


# --- 10,000 edits ----------------------------------------------------------------------------------------------------

Tamper = Callable[[list[Line], random.Random], list[Line]]


def edit(lines: list[Line], chance: random.Random) -> list[Line]:
    """Change one field of one line by one step."""
    place = chance.randrange(len(lines))
    line = lines[place]
    name = chance.choice(Line.__slots__)
    value = getattr(line, name)
    if isinstance(value, bytes):
        at = chance.randrange(len(value))
        other: object = value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
    elif isinstance(value, str):
        other = value + chance.choice("x ,\"'")
    elif isinstance(value, datetime):
        other = value + timedelta(microseconds=chance.choice([-1, 1]))
    else:
        other = value + chance.choice([-1, 1, 1000])
    changes: dict[str, Any] = {name: other}
    return [*lines[:place], replace(line, **changes), *lines[place + 1 :]]


def remove(lines: list[Line], chance: random.Random) -> list[Line]:
    """Take some lines in a row away."""
    place = chance.randrange(len(lines))
    return lines[:place] + lines[place + chance.randint(1, len(lines) - place) :]


def remove_and_count_anew(lines: list[Line], chance: random.Random) -> list[Line]:
    """Take one away, and number what comes after it so that none seems to be missing."""
    place = chance.randrange(len(lines))
    return lines[:place] + [replace(line, id=line.id - 1) for line in lines[place + 1 :]]


def swap(lines: list[Line], chance: random.Random) -> list[Line]:
    """Let two lines change their places and their numbers."""
    one, other = chance.sample(range(len(lines)), 2)
    made = list(lines)
    made[one], made[other] = replace(lines[other], id=lines[one].id), replace(lines[one], id=lines[other].id)
    return made


def slip_in(lines: list[Line], chance: random.Random) -> list[Line]:
    """Put in a copy of a line, or one that was made with another keyring."""
    place = chance.randrange(len(lines))
    line = chance.choice(lines)
    if chance.random() < 0.5:
        foreign = replace(line, id=place + 1, previous=lines[place - 1].hash if place else BEGINNING)
        line = replace(foreign, hash=Seals(Vault(Keyring.new())).of(foreign))
    return [*lines[:place], replace(line, id=place + 1), *(replace(each, id=each.id + 1) for each in lines[place:])]


TAMPERS: list[Tamper] = [edit, remove, remove_and_count_anew, swap, slip_in]


def test_ten_thousand_edits_are_all_found() -> None:
    chance, whole = random.Random(20261123), chain()
    kept = [end_of(whole)]
    assert verify.check(whole, kept, SEALS).findings == []
    missed = [
        (tamper.__name__, number)
        for number in range(10_000)
        if not verify.check((tamper := TAMPERS[number % len(TAMPERS)])(whole, chance), kept, SEALS).findings
    ]
    assert missed == []


# --- what each change is called --------------------------------------------------------------------------------------

WHOLE = chain(6)
CASES = [
    ("a word edited", [*WHOLE[:2], replace(WHOLE[2], who="mallory"), *WHOLE[3:]], {(3, Wrong.EDITED)}),
    ("one removed", [*WHOLE[:2], *WHOLE[3:]], {(4, Wrong.MISSING), (4, Wrong.OUT_OF_PLACE)}),
    ("the first removed", WHOLE[1:], {(2, Wrong.MISSING), (2, Wrong.OUT_OF_PLACE)}),
    ("the last removed", WHOLE[:5], {(6, Wrong.CUT_OFF)}),
    ("all removed", [], {(6, Wrong.CUT_OFF)}),
]


@pytest.mark.parametrize(("label", "lines", "found"), CASES, ids=[case[0] for case in CASES])
def test_a_change_is_called_what_it_is(label: str, lines: list[Line], found: set[tuple[int, Wrong]]) -> None:
    verdict = verify.check(lines, [end_of(WHOLE)], SEALS)
    assert {(finding.line, finding.wrong) for finding in verdict.findings} == found


def test_a_chain_written_anew_with_the_same_keys_does_not_fit_a_checkpoint_kept_elsewhere() -> None:
    forged: list[Line] = []
    for line in WHOLE:
        changed = replace(line, who="somebody else", previous=forged[-1].hash if forged else BEGINNING)
        forged.append(replace(changed, hash=SEALS.of(changed)))
    assert verify.check(forged, [], SEALS).findings == [], "without a checkpoint nobody could tell"
    assert verify.check(forged, [end_of(WHOLE)], SEALS).findings == [Finding(6, Wrong.REWRITTEN)]


@pytest.mark.parametrize("change", [{"count": 5}, {"hash": bytes(32)}, {"at": AT + timedelta(seconds=1)}])
def test_a_checkpoint_that_was_changed_is_found(change: dict[str, Any]) -> None:
    made = replace(end_of(WHOLE), **change)
    assert verify.check(WHOLE, [made], SEALS).findings == [Finding(made.count, Wrong.FORGED)]


def test_no_two_lines_say_the_same_bytes() -> None:
    line = WHOLE[0]
    moved = replace(line, who=line.who + ',"', action="", subject=line.action + line.subject)
    assert SEALS.of(moved) != SEALS.of(replace(moved, who=line.who, action=',"'))


# --- in a database ---------------------------------------------------------------------------------------------------


def write(workspace: Workspace, count: int, who: str = "wanjiru") -> None:
    for number in range(count):
        with workspace.database.write() as session:
            audit.append(session, workspace.vault, who, Action.THREAD_CLOSED, f"thread:{number}", "asked by phone")


def findings(workspace: Workspace, *kept: Checkpoint) -> list[Finding]:
    with workspace.database.read() as session:
        return verify.verify(session, workspace.vault, kept).findings


def test_lines_are_read_as_they_were_written_and_their_reason_is_sealed(workspace: Workspace) -> None:
    write(workspace, 2)
    with workspace.database.read() as session:
        entry = audit.entries(session, workspace.vault)[-1]
        stored = session.get_one(AuditLine, 2)
    assert (entry.id, entry.who, entry.action, entry.subject, entry.why) == (
        2, "wanjiru", "thread_closed", "thread:1", "asked by phone"
    )  # fmt: skip
    assert b"asked" not in stored.why
    assert findings(workspace) == []


def test_many_who_write_at_once_write_one_chain(workspace: Workspace) -> None:
    threads = [threading.Thread(target=write, args=(workspace, 10, f"staff-{each}")) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with workspace.database.read() as session:
        verdict = verify.verify(session, workspace.vault)
        wrote = Counter(line.who for line in audit.lines(session))
    assert (verdict.lines, verdict.findings) == (80, [])
    assert set(wrote.values()) == {10}


def test_a_line_stands_or_falls_with_what_it_tells_of(workspace: Workspace) -> None:
    write(workspace, 1)
    with workspace.database.write() as session:
        audit.append(session, workspace.vault, "wanjiru", Action.THREAD_CLOSED, "thread:9")
        session.rollback()
    write(workspace, 1)
    with workspace.database.read() as session:
        assert [line.id for line in audit.lines(session)] == [1, 2]
    assert findings(workspace) == []


def test_a_checkpoint_is_written_every_so_often_and_finds_an_end_cut_off(workspace: Workspace) -> None:
    write(workspace, audit.EVERY + 3)
    with workspace.database.write() as session:
        assert [each.count for each in audit.checkpoints(session)] == [audit.EVERY]
        session.execute(delete(AuditLine).where(AuditLine.id >= audit.EVERY))
    assert findings(workspace) == [Finding(audit.EVERY, Wrong.CUT_OFF)]


def test_a_checkpoint_kept_elsewhere_finds_that_everything_was_emptied(workspace: Workspace, tmp_path: Path) -> None:
    write(workspace, 3)
    file = tmp_path / "checkpoint.json"
    with workspace.database.write() as session:
        file.write_text(verify.dump(audit.checkpoint(session, workspace.vault)))
    write(workspace, 1)
    assert findings(workspace, verify.load(file)) == []
    with workspace.database.write() as session:
        session.execute(delete(AuditLine))
        session.execute(delete(AuditCheckpoint))
    assert findings(workspace) == []
    assert findings(workspace, verify.load(file)) == [Finding(3, Wrong.CUT_OFF)]


def test_an_edit_in_the_database_is_found(workspace: Workspace) -> None:
    write(workspace, 3)
    with workspace.database.write() as session:
        session.execute(update(AuditLine).where(AuditLine.id == 2).values(who="mallory"))
    assert findings(workspace) == [Finding(2, Wrong.EDITED)]


def test_an_empty_chain_is_whole_and_can_be_signed(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        made = audit.checkpoint(session, workspace.vault)
    assert (made.count, findings(workspace, made)) == (0, [])
    with workspace.database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM audit_checkpoint")) == 0


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"count": 1, "at": "now", "hash": "", "signature": ""}'])
def test_a_file_without_a_checkpoint_is_told_with_the_remedy(content: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(content)
    with pytest.raises(NotFoundError, match="outreach audit checkpoint"):
        verify.load(tmp_path / "file")
