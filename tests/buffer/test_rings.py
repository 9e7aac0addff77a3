"""The ring of the newest steps against a table that forgets nothing but what is too old."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hydria_plugin import rings
from hydria_plugin.rings import UNKNOWN, Ring, rank_of
from hydria_plugin.values import Flag

SERIES, LENGTH = 3, 5
GAP = (None, int(Flag.MISSING))
Cell = tuple[float | None, int]
FLAGS = st.sampled_from([Flag.GOOD, Flag.SUSPECT, Flag.FAIL])
CELLS = st.tuples(st.integers(0, LENGTH - 1), st.integers(0, SERIES - 1), st.integers(-3, 3), FLAGS)
WALKS = st.lists(st.tuples(st.integers(-2, 7), st.lists(CELLS, max_size=4)), min_size=1, max_size=8)


def put(ring: Ring, step: int, series: int, value: float, flag: int = Flag.GOOD, rank: int = 0) -> tuple[float, float]:
    before, after = ring.put(*one(step, series, value, flag, rank))
    return float(before[0]), float(after[0])


def news(ring: Ring, step: int, series: int, value: float, flag: int = Flag.GOOD, rank: int = 0) -> bool:
    return bool(ring.news(*one(step, series, value, flag, rank))[0])


def one(step: int, series: int, value: float, flag: int, rank: int) -> tuple[np.ndarray, ...]:
    flags = np.array([flag], np.uint8)
    return np.array([step]), np.array([series]), np.array([value], float), flags, np.array([rank], np.int32)


def shown(ring: Ring, step: int, columns: list[int]) -> list[Cell]:
    """Values and flags of one step, None for a gap."""
    values, flags = ring.window(step, 1, np.array(columns))
    return [(None if np.isnan(v) else float(v), int(f)) for v, f in zip(values[0], flags[0], strict=True)]


@given(WALKS, st.integers(-20, 20))
@settings(max_examples=40)
def test_it_holds_what_was_put_and_forgets_what_is_too_old(walk: list, start: int) -> None:
    ring, table, newest = Ring(SERIES, LENGTH, False), {}, start
    ring.advance(start)
    for onward, cells in walk:
        ring.advance(newest + onward)
        newest = max(newest, newest + onward)
        for back, series, value, flag in cells:
            put(ring, newest - back, series, value, flag)
            table[newest - back, series] = (float(value), int(flag))
        assert (ring.newest, ring.oldest) == (newest, newest - LENGTH + 1)
        for step in range(ring.oldest, newest + 1):
            kept = [table.get((step, series), GAP) for series in range(SERIES)]
            assert shown(ring, step, [0, 1, 2, SERIES]) == [*kept, GAP]


@given(st.integers(-9, 9), st.integers(1, LENGTH), st.permutations(range(SERIES + 1)))
@settings(max_examples=25)
def test_a_window_ends_at_its_step_and_has_its_columns_in_order(last: int, steps: int, order: list[int]) -> None:
    ring = Ring(SERIES, LENGTH, False)
    ring.advance(last)
    for step in range(ring.oldest, last + 1):
        for series in range(SERIES):
            put(ring, step, series, 10 * step + series)
    values, flags = ring.window(last, steps, np.array(order))
    wanted = [[np.nan if c == SERIES else 10 * s + c for c in order] for s in range(last - steps + 1, last + 1)]
    np.testing.assert_array_equal(values, wanted)
    np.testing.assert_array_equal(flags == Flag.MISSING, np.isnan(wanted))


@pytest.mark.parametrize("columns", [[], [0], [3, 0, 0, 2]])
def test_many_columns_are_gathered_another_way_and_are_the_same(
    columns: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring(SERIES, LENGTH, False)
    ring.advance(7)
    for step, series in [(3, 0), (5, 2), (7, 1), (7, 0)]:
        put(ring, step, series, step + series, Flag.SUSPECT)
    few = ring.window(7, LENGTH, np.array(columns, int))
    monkeypatch.setattr(rings, "FEW", 0)
    many = ring.window(7, LENGTH, np.array(columns, int))
    for a, b in zip(few, many, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


def test_before_its_first_step_it_holds_nothing_and_says_so() -> None:
    ring = Ring(SERIES, LENGTH, False)
    assert ring.newest is None
    with pytest.raises(ValueError, match="the ring holds no step yet: advance it first"):
        ring.held(np.array([0]))


def test_held_are_the_newest_steps_only() -> None:
    ring = Ring(SERIES, LENGTH, False)
    ring.advance(3)
    assert ring.held(np.arange(-3, 6)).tolist() == [False, False, True, True, True, True, True, False, False]


def test_once_cleared_nothing_old_comes_back() -> None:
    ring = Ring(SERIES, LENGTH, True)
    ring.advance(10)
    put(ring, 9, 1, 4.0, rank=8)
    ring.clear()
    ring.advance(10)
    assert shown(ring, 9, [1]) == [GAP]
    assert news(ring, 9, 1, 4.0, rank=9)


@given(st.integers(-3, 3), FLAGS, st.integers(-3, 3), FLAGS)
@settings(max_examples=30)
def test_news_is_another_value_or_flag_and_only_once(a: int, flag: Flag, b: int, other: Flag) -> None:
    ring = Ring(SERIES, LENGTH, False)
    ring.advance(0)
    assert news(ring, 0, 1, a, flag)
    put(ring, 0, 1, a, flag)
    assert not news(ring, 0, 1, a, flag)
    assert news(ring, 0, 1, b, other) == ((a, flag) != (b, other))
    assert news(ring, -1, 1, a, flag) and news(ring, 0, 0, a, flag)


def test_a_gap_that_was_a_gap_is_no_news() -> None:
    ring = Ring(SERIES, LENGTH, False)
    ring.advance(0)
    assert not news(ring, 0, 0, np.nan, Flag.MISSING)
    put(ring, 0, 0, 1.0)
    assert news(ring, 0, 0, np.nan, Flag.MISSING)


@pytest.mark.parametrize(
    ("rank", "value", "is_news"),
    [
        (4096, 1.0, True),  # a newer issue, though it says the same
        (4096, 2.0, True),
        (8192, 1.0, False),  # the same issue again
        (8192, 2.0, True),  # the same issue, corrected
        (12288, 2.0, False),  # an older issue
    ],
)
def test_of_several_forecasts_the_newest_issue_counts(rank: int, value: float, is_news: bool) -> None:
    ring = Ring(SERIES, LENGTH, True)
    ring.advance(4)
    put(ring, 4, 2, 1.0, rank=8192)
    assert news(ring, 4, 2, value, rank=rank) == is_news


def test_the_first_forecast_of_a_step_is_news_if_it_says_anything() -> None:
    ring = Ring(SERIES, LENGTH, True)
    ring.advance(4)
    assert news(ring, 4, 0, 1.0, rank=8192)
    assert not news(ring, 4, 0, np.nan, Flag.MISSING, rank=8192)


def test_what_failed_is_a_gap_in_totals_and_stays_to_be_seen() -> None:
    ring = Ring(SERIES, LENGTH, False)
    ring.advance(0)
    steps = [(3.0, Flag.GOOD), (4.0, Flag.FAIL), (5.0, Flag.FAIL), (6.0, Flag.SUSPECT), (np.nan, Flag.MISSING)]
    counted = [put(ring, 0, 0, value, flag) for value, flag in steps]
    nan = np.nan
    np.testing.assert_array_equal(counted, [(nan, 3), (3, nan), (nan, nan), (nan, 6), (6, nan)])
    put(ring, 0, 0, 7.0, Flag.FAIL)
    assert shown(ring, 0, [0]) == [(7.0, int(Flag.FAIL))]


ISSUES = st.tuples(st.integers(0, 2**20), st.integers(-5, 5000), st.booleans())


@given(st.lists(ISSUES, min_size=2, max_size=6))
@example([(0, 4096, False), (1, 0, False)])
@settings(max_examples=40)
def test_ranks_go_by_issue_then_member_and_the_lost_come_last(issues: list[tuple[int, int, bool]]) -> None:
    leads, members, lost = (np.array(column) for column in zip(*issues, strict=True))
    ranks = rank_of(leads, members, lost)
    keys = [(gone, min(lead, 2**18), min(max(member, 0), 4095)) for lead, member, gone in issues]
    keys = [(True, 0, 0) if key[0] else key for key in keys]
    for a, rank in zip(keys, ranks.tolist(), strict=True):
        assert 0 <= rank < UNKNOWN
        assert [rank < r for r in ranks.tolist()] == [a < b for b in keys]
