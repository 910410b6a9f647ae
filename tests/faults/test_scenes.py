"""Each row of the fault table that needs no server of its own, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from outreach.delivery import moves
from tests.faults.carrier import Ledger
from tests.faults.jobs import warm_up
from tests.faults.place import Land
from tests.faults.scenes import SCENES, play


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def land(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    """Where clinics are made one after the other; children are forked from here, with everything compiled."""
    server = request.getfixturevalue("postgres").url if request.param == "postgres" else ""
    folder = tmp_path_factory.mktemp("land")
    with closing(Land(folder, server)) as land:
        with land.place() as place:
            warm_up(place, Ledger(folder / "warm.jsonl"))
        yield land


@pytest.mark.parametrize("name", SCENES)
def test_the_row_holds(land: Land, tmp_path: Path, name: str) -> None:
    assert play(land, tmp_path, name) == []


GUARDS = {
    "_is_called_late": "frozen before the call, thawed into silence",
    "_spares_a_try": "frozen before the call, thawed before another try",
}


@pytest.mark.parametrize("guard", GUARDS)
def test_the_row_does_not_hold_without_its_guard(
    land: Land, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    monkeypatch.setattr(moves, guard, lambda row, move: False)
    assert play(land, tmp_path, GUARDS[guard]) != []
