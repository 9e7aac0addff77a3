"""Parts of a network at once: in order, as they fail one by one, with no thread too many and none left."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.correctors.side_by_side import MANY, MOST, cores, side_by_side, slices

from .threads import threads


def who(part: int) -> int:
    """Which thread works; long enough for all to have their share."""
    time.sleep(0.002)
    return threading.get_ident()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 5))
def test_what_is_found_stands_in_the_order_of_the_parts(parts: list[int], many: int) -> None:
    def slowly(part: int) -> int:
        time.sleep(0.001 * part)
        return 7 * part

    before = threading.active_count()
    with threads(many):
        assert side_by_side(slowly, parts, 1) == [7 * part for part in parts]
    assert threading.active_count() == before


def test_two_parts_are_worked_on_at_once() -> None:
    both = threading.Barrier(2, timeout=20)
    with threads(2):
        assert sorted(side_by_side(lambda _: both.wait(), [0, 1], 1)) == [0, 1]


@pytest.mark.parametrize("many", [1, 2, 5])
def test_the_first_failure_passes_as_it_is_and_no_thread_is_left(many: int) -> None:
    failures, begun, before = {2: ValueError("the third"), 3: KeyError("the fourth")}, [], threading.active_count()

    def fails(part: int) -> int:
        begun.append(part)
        if part == 2:
            time.sleep(0.02)  # the fourth fails before it
        if part in failures:
            raise failures[part]
        time.sleep(0.001)
        return part

    with threads(many), pytest.raises(ValueError, match="the third") as met:
        side_by_side(fails, range(500), 1)
    assert met.value is failures[2]
    assert threading.active_count() == before
    assert {0, 1, 2} <= set(begun) and len(begun) < 500


def test_a_small_site_and_a_single_part_make_no_thread() -> None:
    here = {threading.get_ident()}
    assert set(side_by_side(who, range(20), MANY - 1)) == here
    with threads(4):
        assert set(side_by_side(who, [0], 10_000)) == here


def test_no_more_threads_than_cores_and_than_pay() -> None:
    assert cores() >= 1
    assert 1 <= len(set(side_by_side(who, range(40), MANY))) <= min(MOST, cores())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no thread to a core")
def test_on_one_core_there_is_no_thread() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert cores() == 1
        assert set(side_by_side(who, range(20), 10_000)) == {threading.get_ident()}
    finally:
        os.sched_setaffinity(0, allowed)


def test_numpys_error_state_goes_along() -> None:
    with threads(2), np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        side_by_side(lambda part: np.ones(3) / np.zeros(3), [0, 1], 1)


@given(st.integers(0, 60), st.integers(1, 70))
def test_slices_hold_every_row_once(length: int, size: int) -> None:
    parts = slices(length, size)
    assert np.concatenate([np.arange(length)[part] for part in parts]).tolist() == list(range(length))
    assert parts and max(len(range(length)[part]) for part in parts) <= size
