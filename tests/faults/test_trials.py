"""The short form of the crash trials, on both databases; and that they can fail."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from tests.faults import trials
from tests.faults.place import Land
from tests.faults.seeded import BUGS
from tests.postgres import Postgres

FEW = 30

#: Some that need no luck, so that a few trials find them; `make faults` runs all of them.
QUICK = ("roll-up forgets", "hours are not asked", "no attempt")


def _hold(land: Land, folder: Path, seed: int) -> None:
    found = trials.run(land, folder, FEW, seed)
    assert found.violations == []
    assert found.trials >= FEW
    assert found.sent > 0
    assert json.loads(json.dumps(found.figures())) == found.figures()


def test_whoever_dies_nothing_is_lost_or_doubled_and_a_guard_taken_away_is_missed(tmp_path: Path) -> None:
    with closing(Land(tmp_path)) as land:
        _hold(land, tmp_path, 11)
        for name in QUICK:
            bug = BUGS[name]
            found = trials.run(land, tmp_path, 8, seed=13, bug=bug.patch, stop_at_first=True)
            assert [each for each in found.violations if each.startswith(f"{bug.by}:")], name


def test_whoever_dies_nothing_is_lost_or_doubled_on_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    with closing(Land(tmp_path, postgres.url)) as land:
        _hold(land, tmp_path, 12)


def test_there_are_enough_bugs_and_they_break_most_invariants() -> None:
    assert len(BUGS) >= 12
    assert len({bug.by for bug in BUGS.values()}) >= 11
