"""How mutants are chosen and counted; the mutants themselves are `make mutants`, which takes hours."""

from __future__ import annotations

import pytest

from tests import mutants

KNOWN = {f"outreach.{package}.one.x_f__mutmut_{n}": None for package in ("consent", "threads") for n in range(40)}


def test_a_sample_is_so_many_of_each_package_and_another_seed_is_another_sample() -> None:
    first, again, other = (mutants.choose(KNOWN, ["*"], 5, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert [sum(f".{package}." in name for name in first) for package in ("consent", "threads")] == [5, 5]


def test_a_pattern_chooses_all_that_match_and_a_package_with_fewer_gives_all_it_has() -> None:
    assert mutants.choose(KNOWN, ["outreach.consent.*"], None, 1) == sorted(name for name in KNOWN if "consent" in name)
    assert len(mutants.choose(KNOWN, ["*_1"], 5, 1)) == 2


def test_what_no_test_comes_to_counts_like_a_survivor() -> None:
    told = mutants.line("consent", [1, 1, 3, -24, 0, 33])
    assert "4 noticed     1 survived     1 without a test   66.7%" in told


@pytest.mark.parametrize(("hits", "low", "high"), [(0, 0.0, 0.278), (5, 0.237, 0.763), (10, 0.722, 1.0)])
def test_the_interval_is_wilsons(hits: int, low: float, high: float) -> None:
    assert list(mutants.interval(hits, 10)) == pytest.approx([low, high], abs=0.001)
