"""The host's forecasts and the ring of steps, as the buffer holds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.outlook import Outlook
from hydria_plugin.rings import UNKNOWN, Ring, rank_of
from hydria_plugin.values import Flag

HORIZON = 4
seeds = st.integers(0, 2**32 - 1)


def put(outlook: Outlook, issue: int, series: int, values: list[float], member: int = 0) -> np.ndarray:
    """One series of one issue, lead 1 first; which values were news."""
    n = len(values)
    one = np.ones(n, dtype=np.int64)
    return outlook.put(issue * one, series * one, member * one, np.arange(1, n + 1), np.asarray(values))


def seen(outlook: Outlook, step: int, n: int = 3) -> np.ndarray:
    """(R, H, N) what a window at ``step`` is given, NaN where nothing is known."""
    known = outlook.future(step, HORIZON, np.arange(n))
    return np.full((1, HORIZON, n), np.nan) if known is None else known


def test_only_what_changes_is_news() -> None:
    outlook = Outlook(3)
    assert put(outlook, 5, 1, [1.0, 2.0]).tolist() == [True, True]
    assert put(outlook, 5, 1, [1.0, 3.0, np.nan]).tolist() == [False, True, False]
    np.testing.assert_array_equal(seen(outlook, 5)[0, :, 1], [1.0, 3.0, np.nan, np.nan])


def test_an_issue_grows_by_series_members_and_leads() -> None:
    outlook = Outlook(3)
    put(outlook, 5, 2, [1.0])
    put(outlook, 5, 0, [10.0, 20.0, 30.0], member=7)
    put(outlook, 5, 0, [12.0, 22.0], member=3)
    known = seen(outlook, 5)
    assert known.shape == (3, HORIZON, 3)  # the mean, members 3 and 7
    np.testing.assert_array_equal(known[:, 0, 0], [11.0, 12.0, 10.0])
    np.testing.assert_array_equal(known[:, 2, 0], [30.0, 30.0, 30.0])  # a member that ends early goes on as the mean
    np.testing.assert_array_equal(known[:, 0, 2], [1.0, 1.0, 1.0])


def test_issues_of_different_series_stand_side_by_side() -> None:
    outlook = Outlook(3)
    put(outlook, 5, 0, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    put(outlook, 7, 1, [1.0, 2.0])
    np.testing.assert_array_equal(seen(outlook, 7)[0, :, 0], [3.0, 4.0, 5.0, 6.0])
    np.testing.assert_array_equal(seen(outlook, 7)[0, :2, 1], [1.0, 2.0])
    assert np.isnan(seen(outlook, 6)[0, :, 1]).all()  # not issued yet


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_forgetting_changes_no_window_that_may_still_be_asked_for(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole, lean = Outlook(3), Outlook(3)
    for now in range(20):
        for _ in range(int(rng.integers(0, 4))):
            issue, series = int(rng.integers(max(0, now - 8), now + 1)), int(rng.integers(0, 3))
            values = rng.integers(0, 9, int(rng.integers(1, 7))).astype(float).tolist()
            put(whole, issue, series, values)
            put(lean, issue, series, values)
        lean.forget(now - 3)
        for step in range(max(0, now - 3), now + 1):
            np.testing.assert_array_equal(seen(whole, step)[0], seen(lean, step)[0])
    assert len(lean.issues) <= 3 + 3 + 1  # the newest of each series, and the steps that may be asked again


def test_a_settled_issue_that_comes_again_is_no_news() -> None:
    outlook = Outlook(3)
    put(outlook, 1, 0, [1.0, 2.0])
    put(outlook, 4, 0, [3.0, 4.0])
    outlook.forget(6)
    assert list(outlook.issues) == [4]
    assert not put(outlook, 1, 0, [1.0, 2.0]).any() and list(outlook.issues) == [4]
    assert put(outlook, 2, 1, [1.0]).all()  # late, but the only one of its series


def test_rank_prefers_the_newest_issue_then_the_first_member_then_any_value() -> None:
    lead, member = np.asarray([1, 1, 2, 0, 0]), np.asarray([0, 5, 0, 0, 0])
    lost = np.asarray([False, False, False, False, True])
    rank = rank_of(lead, member, lost)
    assert np.argsort(rank).tolist() == [3, 0, 1, 2, 4] and rank.max() < UNKNOWN


def one_ring(length: int = 5) -> Ring:
    return Ring(2, length, simulated=False)


def write(ring: Ring, step: int, values: list[float], flag: int = int(Flag.GOOD)) -> np.ndarray:
    """Both series at one step; which cells were news."""
    cells = np.full(2, step), np.arange(2), np.asarray(values), np.full(2, flag, np.uint8), np.zeros(2, np.int32)
    news = ring.news(*cells)
    ring.put(*cells)
    return news


def test_a_ring_forgets_the_oldest_and_never_shows_it_again() -> None:
    ring = one_ring()
    for step in range(10, 18):
        ring.advance(step)
        write(ring, step, [step, -step])
    values, _ = ring.window(17, 5, np.asarray([0, 1, 2]))
    assert values[:, 0].tolist() == [13, 14, 15, 16, 17] and np.isnan(values[:, 2]).all()
    ring.advance(20)
    np.testing.assert_array_equal(ring.window(20, 5, np.asarray([0]))[0][:, 0], [16, 17, np.nan, np.nan, np.nan])
    assert ring.held(np.asarray([15, 16, 20, 21])).tolist() == [False, True, True, False]
    ring.advance(1000)
    assert np.isnan(ring.window(1000, 5, np.asarray([0, 1]))[0]).all()


def test_news_is_another_value_or_another_flag() -> None:
    ring = one_ring()
    ring.advance(3)
    assert write(ring, 3, [1.0, np.nan], flag=int(Flag.MISSING)).tolist() == [True, False]
    assert write(ring, 3, [1.0, 2.0], flag=int(Flag.MISSING)).tolist() == [False, True]
    assert write(ring, 3, [1.0, 2.0], flag=int(Flag.SUSPECT)).tolist() == [True, True]


def test_going_back_is_not_advancing() -> None:
    ring = one_ring()
    with pytest.raises(ValueError, match="holds no step yet"):
        _ = ring.oldest
    ring.advance(9)
    write(ring, 9, [1.0, 2.0])
    ring.advance(7)
    assert ring.newest == 9 and ring.window(9, 1, np.asarray([0]))[0][0, 0] == 1.0


@pytest.mark.parametrize("columns", [3, 2500])
def test_few_and_many_columns_are_gathered_alike(columns: int) -> None:
    ring = Ring(4, 6, simulated=False)
    rng = np.random.default_rng(1)
    for step in range(8):
        ring.advance(step)
        n = np.arange(4)
        ring.put(np.full(4, step), n, rng.random(4), np.ones(4, np.uint8), np.zeros(4, np.int32))
    pick = rng.integers(0, 5, columns)
    values, flags = ring.window(7, 4, pick)
    one_by_one = np.stack([ring.window(7, 4, np.asarray([c]))[0][:, 0] for c in pick[:50]], axis=1)
    np.testing.assert_array_equal(values[:, :50], one_by_one)
    assert (flags[:, pick == 4] == Flag.MISSING).all()
