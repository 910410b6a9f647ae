"""Roll-ups: the same sums before and after they are folded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from outreach.channels.contract import Kind
from outreach.delivery import tally
from outreach.delivery.tally import FOLD_FROM, Cell, Change
from outreach.messages.status import State
from outreach.messages.tables import Tally
from outreach.workspace import Workspace
from tests.delivery.desk import TODAY


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
        assert tally.fold(session) == 3 * (FOLD_FROM + 5)
    assert sums(workspace) == before
    assert rows(workspace) == 3 + 2 * 3  # few rows are left as they are: folding them saves nothing
    with workspace.database.write() as session:
        assert tally.fold(session) == 0


def test_many_cells_are_no_reason_to_write_them_again_and_again(workspace: Workspace) -> None:
    write(workspace, [cell(run) for run in range(2500)], 2)
    with workspace.database.write() as session:
        assert tally.fold(session) == 0


def test_two_sweepers_fold_nothing_twice_while_others_count_on(workspace: Workspace) -> None:
    write(workspace, [cell(1), cell(2)], FOLD_FROM)
    before = sums(workspace)

    def work(place: int) -> None:
        with workspace.database.write() as session:
            if place % 2:
                tally.fold(session)
            else:
                tally.note(session, [Change(cell(1), 1, 2, 0.1)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(20)))
    after = sums(workspace)
    messages, parts, cost = before[tuple(cell(1))]
    assert after[tuple(cell(1))] == (messages + 10, parts + 20, round(cost + 1.0, 6))
    assert after[tuple(cell(2))] == before[tuple(cell(2))]
