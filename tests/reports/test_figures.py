"""The figures: every state is counted once, and what does not add up is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreach.channels.contract import Cause, Kind
from outreach.delivery.tally import Cell
from outreach.messages.status import Failure, Refusal, State, Withdrawal
from outreach.reports import delivery
from outreach.reports.figures import COUNTED, Figures, Sum, add_up, figures
from outreach.store.database import Database
from outreach.threads.keywords import Verb
from tests.reports.known import MONDAY, SCOPE, run, weigh_delivery


def test_every_state_of_an_outgoing_message_is_counted_once() -> None:
    assert set(COUNTED) == set(State) - {State.RECEIVED}


@pytest.mark.parametrize("of", delivery.REASONS)
def test_every_reason_there_is_has_its_column(of: str) -> None:
    shown = {column.what for column in delivery.COLUMNS if column.of == of}
    given = {"refused": Refusal, "cancelled": Withdrawal}.get(of, [*Cause, *Failure])
    assert shown == {*map(str, given), delivery.UNNAMED} - delivery.ACTS


def test_the_figures_of_a_run(database: Database) -> None:
    with database.write() as session:
        weigh_delivery(session)
        found = figures(session, 1)
    expected = Figures(
        planned=160, waiting=37, sent=94, delivered=68, undelivered=6, unknown=1, failed=5, refused=13, cancelled=7,
        expired=3, replies=9, threads=6, keywords=3, stops=2, parts=108, cost=4.266,
    )  # fmt: skip
    assert replace(found, states={}, reasons={}) == expected
    assert found.states["queued"] == 30
    assert sum(found.states.values()) == found.planned
    assert found.reasons["refused"] == {"no_consent": 9, "stopped": 4}
    assert found.adds_up() == []


def test_the_clinic_is_all_its_runs_and_what_belongs_to_none(database: Database) -> None:
    with database.write() as session:
        weigh_delivery(session)
        clinic, first, second, none = (figures(session, number) for number in (None, 1, 2, 0))
    assert clinic.planned == first.planned + second.planned + none.planned == 166
    assert clinic.replies == first.replies + none.replies == 10
    assert clinic.cost == pytest.approx(first.cost + second.cost + none.cost)


def test_the_rows_of_the_report_come_to_the_figures(database: Database) -> None:
    with database.write() as session:
        weigh_delivery(session)
        found, rows = figures(session), delivery.rows(session, SCOPE)
    for column in delivery.COLUMNS:
        if not column.is_key and not column.of:
            assert sum(row[column.name] for row in rows) == pytest.approx(getattr(found, column.name))  # type: ignore[misc]


def test_each_figure_with_reasons_is_the_sum_of_its_reasons(database: Database) -> None:
    with database.write() as session:
        weigh_delivery(session)
        rows = delivery.rows(session, SCOPE)
    for of in delivery.REASONS:
        parts = [column.name for column in delivery.COLUMNS if column.of == of]
        assert [row[of] for row in rows] == [sum(int(str(row[name])) for name in parts) for row in rows]


def test_a_step_that_is_no_longer_known_stands_after_the_others(database: Database) -> None:
    with database.write() as session:
        weigh_delivery(session)
        run(session, "another")
        steps = [row["step"] for row in delivery.rows(session, SCOPE)]
    assert steps == ["welcome", "welcome", "advice", "advice", "confirmation"]


@pytest.mark.parametrize("verb", Verb)
def test_every_keyword_counts_as_a_keyword_and_stop_as_a_stop(verb: Verb) -> None:
    cell = Cell(1, "welcome", MONDAY, Kind.SMS, State.RECEIVED, f"keyword:{verb}")
    found = add_up([Sum(cell, 3, 3, 0.0)])
    assert (found.replies, found.keywords, found.threads) == (3, 3, 0)
    assert found.stops == (3 if verb is Verb.STOP else 0)


def test_an_outcome_that_nobody_counts_does_not_add_up() -> None:
    cell = Cell(1, "welcome", MONDAY, Kind.SMS, State.RECEIVED, "room")
    assert add_up([Sum(cell, 1, 1, 0.0)]).adds_up() == ["replies are 1, but threads and keywords come to 0"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Figures(planned=5, sent=4), "planned is 5, but its states come to 4"),
        (Figures(replies=2, threads=1), "replies are 2, but threads and keywords come to 1"),
        (Figures(below_zero=1), "cells of the roll-ups that are below zero: 1"),
    ],
)
def test_what_does_not_add_up_is_said(wrong: Figures, told: str) -> None:
    assert wrong.adds_up() == [told]


def test_what_was_taken_from_the_wrong_cell_is_noticed_though_the_sums_are_right() -> None:
    cells = [Cell(0, step, MONDAY, Kind.SMS, State.QUEUED, "") for step in ("reply", "")]
    found = add_up([Sum(cells[0], 1, 1, 0.0), Sum(cells[1], -1, -1, 0.0)])
    assert (found.planned, found.waiting) == (0, 0)
    assert found.adds_up() == ["cells of the roll-ups that are below zero: 1"]


def test_what_adds_up_needs_no_words() -> None:
    assert Figures(planned=3, sent=1, waiting=1, expired=1, replies=2, threads=1, keywords=1).adds_up() == []
