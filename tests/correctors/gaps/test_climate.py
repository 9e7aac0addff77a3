"""The climatology: seasons and hours are found, one year says nothing of seasons, what is unknown is zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.correctors.gaps.climate import DAY_S, SEASONED, YEAR_S, Climate, basis_of, fit_climate

START = np.datetime64("2020-01-01", "s")


def hours(days: float, every: int = 3) -> np.ndarray:
    return START + np.arange(0, int(days * 24), every) * np.timedelta64(3600, "s")


@given(st.integers(-(10**9), 4 * 10**9))
def test_a_day_and_a_year_later_the_basis_is_the_same(second: int) -> None:
    at, day = np.datetime64(second, "s"), np.timedelta64(int(DAY_S), "s")
    basis = basis_of(np.array([at, at + day, at + np.timedelta64(int(YEAR_S), "s")]))
    np.testing.assert_allclose(basis[0, [0, 2, 4]], basis[1, [0, 2, 4]], atol=1e-6)
    np.testing.assert_allclose(basis[0, [0, 1, 3]], basis[2, [0, 1, 3]], atol=1e-6)
    np.testing.assert_allclose(basis[:, [1, 2]] ** 2 + basis[:, [3, 4]] ** 2, 1.0)


def test_a_season_and_a_daily_round_are_found_with_what_strays_from_them() -> None:
    times = hours(4 * 365.25)
    basis, rng = basis_of(times), np.random.default_rng(0)
    wanted = np.array([[2.0, 1.0, 0.3, -0.5, 0.2], [5.0, 0.0, 0.0, 2.0, 0.0]])
    values = wanted @ basis.T + np.array([[0.1], [1.0]]) * rng.normal(size=(2, len(times)))
    found = fit_climate(values, times)
    np.testing.assert_allclose(found.weights, wanted, atol=0.06)
    np.testing.assert_allclose(found.spread, [0.1, 1.0], rtol=0.05)


@pytest.mark.parametrize(("years", "seasoned"), [(SEASONED - 0.1, False), (SEASONED + 0.1, True)])
def test_a_short_record_says_nothing_about_seasons(years: float, seasoned: bool) -> None:
    times = hours(years * 365.25)
    basis = basis_of(times)
    found = fit_climate((basis @ np.array([2.0, 1.0, 0.4, 1.0, 0.0]))[None], times)
    assert (np.abs(found.weights[0, [1, 3]]) > 0.5).all() == seasoned
    assert (np.abs(found.weights[0, [1, 3]]) < 0.01).all() == (not seasoned)
    assert found.weights[0, 2] == pytest.approx(0.4, abs=0.02), "the hour of the day is told by any record"


def test_gaps_are_left_out_and_a_series_that_never_spoke_is_zero() -> None:
    times = hours(3 * 365.25)
    rng = np.random.default_rng(1)
    whole = basis_of(times) @ np.array([3.0, 1.0, 0.0, 0.0, 0.0])
    holed = np.where(rng.random(len(times)) < 0.5, np.nan, whole)
    found = fit_climate(np.stack([whole, holed, np.full(len(times), np.nan)]), times)
    np.testing.assert_allclose(found.weights[1], found.weights[0], atol=0.01)
    np.testing.assert_array_equal(found.weights[2], 0.0)
    assert found.spread[2] == 1.0


@given(st.permutations(range(4)))
def test_each_series_is_told_by_its_own_weights(order: list[int]) -> None:
    weights = np.arange(20.0).reshape(4, 5)
    basis = basis_of(hours(10))[:4]
    rows = np.array(order)
    found = Climate(weights, np.ones(4)).at(rows, basis)
    np.testing.assert_allclose(found, [weights[r] @ basis[i] for i, r in enumerate(order)])


def test_the_order_of_the_series_changes_nothing() -> None:
    times, rng = hours(700), np.random.default_rng(2)
    values = rng.normal(size=(3, len(times)))
    one, other = fit_climate(values, times), fit_climate(values[[2, 0, 1]], times)
    np.testing.assert_array_equal(other.weights, one.weights[[2, 0, 1]])
    np.testing.assert_array_equal(other.spread, one.spread[[2, 0, 1]])
