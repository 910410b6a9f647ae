"""Tables that came through a page: taken in batch by batch, each row once, whoever is killed and whoever cancels."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select, text, update

from outreach import failpoints
from outreach.audience import intakes, uploads
from outreach.audience.intakes import Left
from outreach.audience.sheets import open_sheet
from outreach.audience.tables import Intake, IntakePiece, IntakeRefused, IntakeState, Person
from outreach.audience.uploads import Arrival
from outreach.consent import Consent
from outreach.delivery import retention
from outreach.errors import ConflictError, NotFoundError
from outreach.failpoints import Action, FailpointError, Trap
from outreach.privacy import audit
from outreach.workspace import Workspace
from tests import logs
from tests.console.conftest import on_sqlite
from tests.processes import environment

#: Five people; one number is no number, and one row names somebody of an earlier batch once more.
ROWS = ("0712000071", "0712000072", "12", "0712000073", "0712000071", "0712000074", "0712000075")
CHOSEN = {"topic": "tb", "source": "paper form 7", "wording": "", "country": "KE", "columns": {"0": "phone"}}
LEFT = [Left(4, "phone_too_short", "Tel"), Left(6, "duplicate_in_file", "")]
BY = "njeri"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Batches of two rows, pieces of seven bytes."""
    monkeypatch.setattr(intakes, "BATCH", 2)
    monkeypatch.setattr(uploads, "PIECE", 7)
    yield
    failpoints.lay([])


def offered(workspace: Workspace, table: bytes = b"Tel\n" + "\n".join(ROWS).encode()) -> str:
    """A table that waits for a yes."""
    arrival = Arrival(workspace.database, workspace.vault, BY)
    arrival.write(table[:10])
    arrival.write(table[10:])
    arrival.close()
    return arrival.offer(CHOSEN)


def started(workspace: Workspace) -> str:
    token = offered(workspace)
    with workspace.database.write() as session:
        intakes.start(session, BY, token, CHOSEN, len(ROWS))
    return token


def row(workspace: Workspace, token: str) -> Intake:
    with workspace.database.read() as session:
        return session.scalars(select(Intake).where(Intake.token == token)).one()


def counts(workspace: Workspace, *tables: Any) -> list[int]:
    with workspace.database.read() as session:
        return [session.scalars(select(func.count()).select_from(each)).one() for each in tables]


def change(workspace: Workspace, **values: Any) -> None:
    with workspace.database.write() as session:
        session.execute(update(Intake).values(**values))


def lease_runs_out(workspace: Workspace) -> None:
    change(workspace, leased_until=workspace.database.now() - timedelta(seconds=1))


def record(workspace: Workspace) -> list[tuple[str, str, str, str]]:
    with workspace.database.read() as session:
        return [(each.who, each.action, each.subject, each.why) for each in audit.entries(session, workspace.vault)]


def test_a_table_is_taken_in_and_gone_and_what_was_left_out_is_known(workspace: Workspace) -> None:
    token = started(workspace)
    assert intakes.carry_on(workspace) == len(ROWS)
    done = row(workspace, token)
    assert (done.state, done.rows, done.outcomes) == (IntakeState.DONE, 7, {"added": 5, "refused": 2})
    assert done.reasons == {"phone_too_short": 1, "duplicate_in_file": 1}
    assert list(intakes.left_out(workspace.database, workspace.vault, done)) == LEFT
    assert counts(workspace, Person, IntakePiece) == [5, 0]
    assert record(workspace) == [(BY, "people_imported", "topic:tb", "5 added, 2 refused")]
    assert intakes.carry_on(workspace) == 0


@pytest.mark.parametrize(("point", "rows"), [("intake.before_commit", 2), ("intake.committed", 4)])
def test_who_goes_on_after_a_crash_takes_each_row_in_once(workspace: Workspace, point: str, rows: int) -> None:
    token = started(workspace)
    failpoints.lay([(point, Trap(Action.FAIL, passes=1))])
    with pytest.raises(FailpointError):
        intakes.carry_on(workspace)
    assert row(workspace, token).rows == rows
    assert intakes.carry_on(workspace) == 0, "it is still leased"
    lease_runs_out(workspace)
    assert intakes.carry_on(workspace) == len(ROWS) - rows
    done = row(workspace, token)
    assert (done.state, done.rows, done.outcomes) == (IntakeState.DONE, 7, {"added": 5, "refused": 2})
    assert list(intakes.left_out(workspace.database, workspace.vault, done)) == LEFT, "of an earlier batch's number too"
    assert counts(workspace, Person, Consent) == [5, 5]
    assert len(record(workspace)) == 1


@on_sqlite
def test_a_killed_worker_leaves_whole_batches_and_another_goes_on(workspace: Workspace) -> None:
    token = started(workspace)
    code = """if True:
        from outreach import failpoints
        from outreach.audience import intakes, uploads
        from outreach.workspace import open_workspace
        intakes.BATCH, uploads.PIECE = 2, 7
        failpoints.lay([("intake.committed", failpoints.Trap(failpoints.Action.KILL, 1))])
        intakes.carry_on(open_workspace())
        """
    env = {
        "OUTREACH_WORKSPACE": str(workspace.folder),
        "OUTREACH_DATABASE_URL": workspace.settings.database_url,
        "OUTREACH_KEYRING": workspace.settings.keyring.get_secret_value(),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment(env), check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (row(workspace, token).rows, counts(workspace, Person)) == (4, [3])
    lease_runs_out(workspace)
    assert intakes.carry_on(workspace) == 3
    assert counts(workspace, Person, Consent) == [5, 5]


def test_cancel_ends_it_between_two_batches_and_keeps_what_was_taken_in(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = started(workspace)

    def cancelled_meanwhile(point: str) -> None:
        if point == "intake.committed":
            with workspace.database.write() as session:
                intakes.cancel(session, workspace.vault, "otieno", token)

    monkeypatch.setattr(failpoints, "reach", cancelled_meanwhile)
    assert intakes.carry_on(workspace) == 2
    over = row(workspace, token)
    assert (over.state, over.rows, counts(workspace, Person, IntakePiece)) == (IntakeState.CANCELLED, 2, [2, 0])
    assert record(workspace) == [("otieno", "import_cancelled", "topic:tb", "2 added")]
    with pytest.raises(ConflictError), workspace.database.write() as session:
        intakes.cancel(session, workspace.vault, "otieno", token)


def test_who_lost_the_lease_writes_nothing_more(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    token = started(workspace)

    def frozen_too_long(point: str) -> None:
        if point == "intake.committed":
            change(workspace, lease="somebody else's")

    monkeypatch.setattr(failpoints, "reach", frozen_too_long)
    assert intakes.carry_on(workspace) == 2
    assert (row(workspace, token).lease, counts(workspace, Person)) == ("somebody else's", [2])


def test_who_is_asked_to_stop_leaves_it_to_the_next_at_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, stopping = started(workspace), threading.Event()
    monkeypatch.setattr(failpoints, "reach", lambda _point: stopping.set())
    assert intakes.carry_on(workspace, stopping) == 2
    assert (row(workspace, token).lease, row(workspace, token).leased_until) == ("", None)
    assert intakes.carry_on(workspace) == 5


def test_a_yes_is_said_once_and_only_to_ones_own_table(workspace: Workspace) -> None:
    token = offered(workspace)
    with pytest.raises(NotFoundError), workspace.database.write() as session:
        intakes.start(session, "otieno", token, CHOSEN, 7)
    with workspace.database.write() as session:
        intakes.start(session, BY, token, CHOSEN, 7)
    with pytest.raises(ConflictError), workspace.database.write() as session:
        intakes.start(session, BY, token, CHOSEN, 7)
    with workspace.database.read() as session:
        assert uploads.find(session, "otieno", token).state == IntakeState.RUNNING, "from then on it is everybody's"


def test_what_nobody_says_yes_to_goes_after_an_hour(workspace: Workspace) -> None:
    token = offered(workspace)
    broken_off = Arrival(workspace.database, workspace.vault, BY)
    broken_off.write(b"Tel\n0712000071")
    assert intakes.tidy(workspace) == 0
    change(workspace, changed_at=workspace.database.now() - uploads.KEPT - timedelta(seconds=1))
    with pytest.raises(NotFoundError), workspace.database.read() as session:
        uploads.find(session, BY, token)
    assert intakes.tidy(workspace) == 2
    assert counts(workspace, Intake, IntakePiece) == [0, 0]


def test_a_slow_line_has_its_hour_for_each_piece(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PIECE", 4)
    arrival = Arrival(workspace.database, workspace.vault, BY)
    arrival.write(b"Tel\n")
    change(workspace, changed_at=workspace.database.now() - uploads.KEPT - timedelta(seconds=1))
    arrival.write(b"0712")
    assert intakes.tidy(workspace) == 0


def test_a_table_that_became_shorter_is_broken_off(workspace: Workspace) -> None:
    token = started(workspace)
    change(workspace, rows=1000)
    intakes.carry_on(workspace)
    assert row(workspace, token).state == IntakeState.BROKEN


def test_what_no_worker_gets_on_with_is_broken_off_after_a_week(workspace: Workspace) -> None:
    token = started(workspace)
    change(workspace, changed_at=workspace.database.now() - intakes.STUCK - timedelta(seconds=1))
    assert intakes.tidy(workspace) == 1
    assert (row(workspace, token).state, counts(workspace, IntakePiece)) == (IntakeState.BROKEN, [0])
    assert record(workspace) == [(BY, "people_imported", "topic:tb", "nothing, then it was broken off")]


def test_what_is_over_goes_with_retention_and_what_runs_stays(workspace: Workspace) -> None:
    started(workspace)
    intakes.carry_on(workspace)
    started(workspace)
    change(workspace, changed_at=workspace.database.now() - workspace.settings.keep_imports - timedelta(seconds=1))
    assert retention.retain(workspace)[retention.Kept.IMPORTS] == 1
    assert counts(workspace, Intake, IntakeRefused) == [1, 0]


def _csv(folder: Path) -> Path:
    file = folder / "a.csv"
    file.write_text("phone,Jina\n" + "\n".join(f"07120000{each:02},Wanjirũ" for each in range(30)), encoding="utf-8")
    return file


def _xlsx(folder: Path) -> Path:
    file, book = folder / "a.xlsx", Workbook()
    for each in range(30):
        book.worksheets[0].append(["phone" if not each else f"07120000{each:02}", "Wanjirũ"])
    book.save(file)
    return file


@on_sqlite
@pytest.mark.parametrize("written", [_csv, _xlsx])
def test_a_table_in_pieces_reads_as_its_file_does(workspace: Workspace, tmp_path: Path, written: Any) -> None:
    file = written(tmp_path)
    kept = row(workspace, offered(workspace, file.read_bytes()))
    with open_sheet(file) as sheet:
        expected = (sheet.header, list(sheet.records), sheet.about)
    with open_sheet(uploads.source(workspace.database, workspace.vault, kept)) as sheet:
        assert (sheet.header, list(sheet.records), sheet.about) == expected


def _everything(workspace: Workspace) -> Iterator[Sequence[Any]]:
    with workspace.database.read() as session:
        for table in ("intake", "intake_piece", "intake_refused"):
            yield from session.execute(text(f"SELECT * FROM {table}"))


def test_neither_number_nor_name_stands_open_anywhere(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PIECE", 4096)
    with logs.kept(json=False) as said:
        table = b"Tel,Canary Column\n0712000071,canary-name\n071,canary-name\n"
        token = offered(workspace, table)
        kept = [str(list(each)) + repr(list(each)) for each in _everything(workspace)]
        with workspace.database.write() as session:
            intakes.start(session, BY, token, {**CHOSEN, "columns": {"0": "phone", "1": "skip"}}, 2)
        intakes.carry_on(workspace)
        kept += [str(list(each)) for each in _everything(workspace)]
    for secret in ("0712000071", "712000071", "canary", "Canary"):
        assert not [line for line in [*kept, said.getvalue()] if secret in line]
    assert "imported" in said.getvalue()
