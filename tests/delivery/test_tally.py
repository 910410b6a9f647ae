"""Roll-ups: the same sums before and after they are folded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from outreach.channels.contract import Kind
from outreach.delivery import carriers, tally
from outreach.delivery.tally import Cell, Change
from outreach.messages.status import State
from outreach.messages.tables import Message, Tally
from outreach.store import rollups
from outreach.store.rollups import FOLD_FROM
from outreach.workspace import Workspace
from tests.delivery.desk import TODAY, crowd, messages, run_of
from tests.invariants import counted


def cell(run: int, state: State = State.SENT, reason: str = "") -> Cell:
    return Cell(run, "welcome", TODAY, Kind.SMS, state, reason)


def sums(workspace: Workspace) -> dict[tuple[object, ...], tuple[int, int, float]]:
    columns = [getattr(Tally, name) for name in Cell._fields]
    query = select(*columns, func.sum(Tally.messages), func.sum(Tally.parts), func.sum(Tally.cost)).group_by(*columns)
    with workspace.database.read() as session:
        return {tuple(row[:-3]): (row[-3], row[-2], round(row[-1], 6)) for row in session.execute(query)}


def rows(workspace: Workspace) -> int:
    with workspace.database.read() as session:
        return session.scalar(select(func.count()).select_from(Tally)) or 0


def write(workspace: Workspace, cells: list[Cell], times: int) -> None:
    for _ in range(times):
        with workspace.database.write() as session:
            tally.note(session, [Change(each, 1, 2, 0.1) for each in cells])


def test_changes_of_one_cell_are_one_row_and_what_cancels_out_is_none(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        tally.note(session, [Change(cell(1), 1, 2, 0.1), Change(cell(1), 1, 1, 0.1), Change(cell(2), 1, 1, 0.1)])
        tally.note(session, [Change(cell(3), 1, 1, 0.5), Change(cell(3), -1, -1, -0.5)])
        tally.note(session, [])
    assert rows(workspace) == 2
    assert sums(workspace)[tuple(cell(1))] == (2, 3, 0.2)


def test_folding_keeps_every_sum(workspace: Workspace) -> None:
    crowded, quiet = [cell(1), cell(2, reason="why"), cell(3, State.FAILED)], [cell(4), cell(5)]
    write(workspace, crowded, FOLD_FROM + 5)
    write(workspace, quiet, 3)
    before = sums(workspace)
    with workspace.database.write() as session:
        assert rollups.fold(session, Tally) == 3 * (FOLD_FROM + 5)
    assert sums(workspace) == before
    assert rows(workspace) == 3 + 2 * 3  # few rows are left as they are: folding them saves nothing
    with workspace.database.write() as session:
        assert rollups.fold(session, Tally) == 0


def test_many_cells_are_no_reason_to_write_them_again_and_again(workspace: Workspace) -> None:
    write(workspace, [cell(run) for run in range(2500)], 2)
    with workspace.database.write() as session:
        assert rollups.fold(session, Tally) == 0


def test_two_sweepers_fold_nothing_twice_while_others_count_on(workspace: Workspace) -> None:
    write(workspace, [cell(1), cell(2)], FOLD_FROM)
    before = sums(workspace)

    def work(place: int) -> None:
        with workspace.database.write() as session:
            if place % 2:
                rollups.fold(session, Tally)
            else:
                tally.note(session, [Change(cell(1), 1, 2, 0.1)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(20)))
    after = sums(workspace)
    messages, parts, cost = before[tuple(cell(1))]
    assert after[tuple(cell(1))] == (messages + 10, parts + 20, round(cost + 1.0, 6))
    assert after[tuple(cell(2))] == before[tuple(cell(2))]


def test_who_takes_over_anothers_queue_is_counted_for_it(workspace: Workspace) -> None:
    people, run = crowd(workspace, 3), run_of(workspace)
    with workspace.database.write() as session:
        messages(session, people, run, sender="gone", parts=2)
        messages(session, people[:1], None, sender="gone", step="")
        messages(session, people, run, sender="gone", state=State.DELIVERED)
        for kind in Kind:
            carriers.hand_on(session, ["one", "two"], kind)
        assert list(counted(session)) == []
        assert set(session.scalars(select(Message.sender).where(Message.state == State.QUEUED))) <= {"one", "two"}


def test_days_long_past_are_folded_however_few_their_rows(workspace: Workspace) -> None:
    cold = cell(1)._replace(day=TODAY - timedelta(days=9))
    write(workspace, [cold, cell(2)], 3)
    before = sums(workspace)
    with workspace.database.write() as session:
        assert rollups.fold(session, Tally) == 3
        assert rollups.fold(session, Tally) == 0
    assert (rows(workspace), sums(workspace)) == (1 + 3, before)
