"""Running totals: the definition, the ring against the record, exactness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.totals import RunningTotals, bin_width, reach, steps_in, totals_over

seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("duration", "step", "steps"),
    [("1h", 900, 4), ("30m", 3600, 1), ("90m", 3600, 2), ("30D", 900, 2880), ("1D", 86400, 1)],
)
def test_whole_steps(duration: str, step: int, steps: int) -> None:
    number, unit = int(duration[:-1]), duration[-1]
    assert steps_in(np.timedelta64(number, unit), np.timedelta64(step, "s")) == steps


def test_bins_are_few_and_short() -> None:
    for d in (*range(1, 3000), 43_200):
        w = bin_width(d)
        assert w & (w - 1) == 0 and (w == 1) == (d < 64)
        assert w == 1 or 32 <= d / w <= 64
    assert reach([]) == 0 and reach([10, 2880]) == 2880 + 64


def naive(values: np.ndarray, d: int, summed: bool) -> float:
    """A total over the newest ``d`` of ``values``, without bins."""
    newest = values[-d:]
    there = newest[np.isfinite(newest)]
    if 2 * len(there) < d:
        return np.nan
    return float(there.mean() * d if summed else there.mean())


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 63), st.booleans())
def test_short_totals_are_plain_sums_and_means(seed: int, d: int, summed: bool) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((100, 3)) < 0.3, np.nan, rng.gamma(0.5, 5.0, (100, 3)))
    out = totals_over(values, 1000, np.asarray([1099]), [d], np.full(3, summed))
    np.testing.assert_allclose(out[0, :, 0], [naive(values[:, i], d, summed) for i in range(3)], rtol=1e-5, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(64, 500))
def test_long_totals_differ_by_less_than_the_bin_they_leave(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.gamma(0.2, 5.0, (1200, 1))
    out = totals_over(values, 1, np.arange(700, 1200), [d], np.asarray([True]))[:, 0, 0]
    exact = np.asarray([values[n - d : n, 0].sum() for n in range(700, 1200)])
    w = bin_width(d)
    leaving = np.asarray([values[n - d - w : n - d + w, 0].sum() for n in range(700, 1200)])
    assert (np.abs(out - exact) <= leaving + 1e-3).all()
    assert abs(out.mean() / exact.mean() - 1) < 0.02


def test_constant_rain_gives_exactly_duration_times_rate() -> None:
    values = np.full((4000, 2), 0.25)
    out = totals_over(
        values, 12345, np.arange(12345 + 3200, 12345 + 4000), [1, 7, 100, 2880], np.asarray([True, False])
    )
    assert (out[:, 0] == np.asarray([1, 7, 100, 2880]) * 0.25).all()
    assert (out[:, 1] == 0.25).all()


def fed(
    values: np.ndarray, first: int, totals: RunningTotals, rng: np.random.Generator, late: float
) -> dict[int, np.ndarray]:
    """Totals at every step, the values coming one step after the other, some late, some first wrong."""
    n = values.shape[1]
    held = np.full(values.shape, np.nan)
    out = {}
    for t in range(len(values)):
        totals.advance(first + t)
        back = max(0, t - 5)
        now = rng.random((t - back + 1, n)) > late if t + 1 < len(values) else np.ones((t - back + 1, n), bool)
        wrong = np.where(rng.random(values.shape[1]) < 0.2, values[t] + 1.5, values[t])
        for k in range(back, t + 1):
            target = wrong if k == t else values[k]
            change = np.flatnonzero(now[k - back] & ~((held[k] == target) | (np.isnan(held[k]) & np.isnan(target))))
            totals.change(change, np.full(len(change), first + k), held[k, change], target[change])
            held[k, change] = target[change]
        out[t] = totals.at(first + t).T
        np.testing.assert_array_equal(
            out[t], totals_over(held[: t + 1], first, np.asarray([first + t]), totals.durations, totals.summed)[0]
        )
    return out


@settings(max_examples=8, deadline=None)
@given(seeds, st.integers(1, 10**8))
def test_live_totals_are_those_of_the_record_to_the_last_bit(seed: int, first: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((260, 3)) < 0.15, np.nan, rng.gamma(0.5, 50.0, (260, 3)))
    totals = RunningTotals(np.asarray([True, False, True]), [1, 5, 63, 64, 90, 200], depth=8)
    fed(values, first, totals, rng, late=0.3)


def test_an_earlier_step_can_be_asked_again() -> None:
    rng = np.random.default_rng(3)
    values = rng.gamma(0.5, 5.0, (400, 2))
    totals = RunningTotals(np.asarray([True, False]), [3, 64, 130], depth=10)
    for t in range(400):
        totals.advance(t)
        totals.change(np.arange(2), np.full(2, t), np.full(2, np.nan), values[t])
    for t in (399, 395, 389, 399, 392):
        expected = totals_over(values[: t + 1], 0, np.asarray([t]), [3, 64, 130], totals.summed)[0]
        np.testing.assert_array_equal(totals.at(t).T, expected)


def test_less_than_half_is_no_total() -> None:
    values = np.full((100, 1), 2.0)
    values[:50] = np.nan
    at = np.arange(90, 100)
    out = totals_over(values, 0, at, [90], np.asarray([True]))[:, 0, 0]
    assert np.isnan(out[:3]).all() and (out[-5:] == 180.0).all()
    assert np.isnan(totals_over(np.full((10, 1), np.nan), 0, np.asarray([9]), [1], np.asarray([True]))).all()


@pytest.mark.parametrize("value", [1e-4, 0.2, 1e6, -273.15])
def test_resolution(value: float) -> None:
    out = totals_over(np.full((3000, 1), value), 0, np.asarray([2999]), [48, 2880], np.asarray([False]))[0, 0]
    assert out == pytest.approx([value, value], rel=1e-3, abs=1e-7)


def test_absurd_values_do_not_wrap_around() -> None:
    out = totals_over(np.full((3000, 1), 1e29), 0, np.asarray([2999]), [2880], np.asarray([True]))[0, 0, 0]
    assert out > 1e9
