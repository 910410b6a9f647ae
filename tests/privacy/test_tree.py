"""A tree of keys: every leaf has a key of its own, and what is cut out never comes back."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.privacy.tree import DEPTH, KeyTree

LAST = (1 << DEPTH) - 1
LEAVES = st.integers(min_value=0, max_value=LAST)
WHOLE = KeyTree.new()


@settings(max_examples=60)
@given(gone=st.sets(LEAVES, max_size=8), kept=LEAVES)
def test_cutting_leaves_out_changes_no_other_leaf(gone: set[int], kept: int) -> None:
    rest = WHOLE.without(gone)
    assert [rest.leaf(number) for number in gone] == [None] * len(gone)
    if kept not in gone:
        assert rest.leaf(kept) == WHOLE.leaf(kept)
    assert list(rest.cut()) == sorted(gone)
    assert rest.missing == len(gone)


@settings(max_examples=30)
@given(first=st.sets(LEAVES, max_size=5), then=st.sets(LEAVES, max_size=5))
def test_it_does_not_matter_in_which_order_leaves_are_cut(first: set[int], then: set[int]) -> None:
    assert WHOLE.without(first).without(then) == WHOLE.without(first | then)


@pytest.mark.parametrize("number", [0, 1, LAST, LAST - 1])
def test_neighbours_of_a_cut_leaf_stay(number: int) -> None:
    rest = WHOLE.without([number])
    for each in {number - 1, number + 1, number ^ 1} & set(range(4)) | {LAST, LAST - 1} - {number}:
        assert rest.leaf(each) == WHOLE.leaf(each) or each == number


def test_no_node_that_is_left_stands_above_a_cut_leaf() -> None:
    gone = 4711
    rest = WHOLE.without([gone])
    path = {((1 << DEPTH) | gone) >> height for height in range(DEPTH + 1)}
    assert not path & rest.nodes.keys()
    assert len(rest.nodes) == DEPTH, "one sibling a level"


def test_leaves_and_nodes_never_share_a_key() -> None:
    rest = WHOLE.without(range(20))
    keys = [*rest.nodes.values(), *(WHOLE.leaf(number) for number in range(100))]
    assert len(set(keys)) == len(keys)


def test_what_is_written_down_is_read_again() -> None:
    rest = WHOLE.without([7, 9, LAST])
    assert KeyTree.parse(rest.dump()) == rest


@pytest.mark.parametrize("raw", [{"0": "AAAA"}, {"1": "AAAA"}, {"x": "A" * 43 + "="}, {f"{1 << 64:x}": "A" * 43 + "="}])
def test_what_is_no_tree_is_not_read(raw: dict[str, str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (which one is the reader's own business)
        KeyTree.parse(raw)


def test_leaves_that_were_cut_are_told_in_order() -> None:
    gone = [3, 4, 1 << 40, LAST]
    assert list(WHOLE.without(gone).cut()) == gone
    assert all(before < after for before, after in pairwise(gone))
