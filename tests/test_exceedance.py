"""Probabilities of exceedance, tails, coupled members and rises, against what is known otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from hydria_plugin.exceedance import exceedance, rise, within_horizon
from hydria_plugin.values import Floats, Forecast

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
T0 = np.datetime64("2026-01-01T00:00", "s")


def forecast_of(values: Floats, members: Floats | None = None, quantiles: tuple[float, ...] = QUANTILES) -> Forecast:
    values = np.asarray(values, dtype=float)
    there = np.isfinite(values).all(axis=(1, 2))
    return Forecast(
        T0,
        np.timedelta64(3600, "s"),
        tuple(f"s{i}" for i in range(len(values))),
        quantiles,
        values,
        tuple("x" if t else "" for t in there),
        np.where(there, 0, -1).astype(np.int16),
        members=members,
    )


def one(values: Floats, limit: float, quantiles: tuple[float, ...] = QUANTILES) -> float:
    return float(exceedance(np.asarray(values, float)[None, None], quantiles, np.array([[limit]]))[0, 0, 0])


@pytest.mark.parametrize("q", QUANTILES)
def test_at_each_quantile_the_probability_is_its_complement(q: float) -> None:
    values = stats.norm.ppf(QUANTILES)
    assert one(values, float(stats.norm.ppf(q))) == pytest.approx(1 - q, abs=1e-12)


def test_between_quantiles_it_is_linear() -> None:
    assert one(np.arange(7.0), 3.5) == pytest.approx(1 - 0.625)


def test_the_upper_tail_is_exact_for_an_exponential_variable() -> None:
    law = stats.expon(scale=3.0)
    for limit in law.ppf([0.97, 0.99, 0.999, 0.9999]):
        assert one(law.ppf(QUANTILES), limit) == pytest.approx(law.sf(limit), rel=1e-9)


@pytest.mark.parametrize(
    ("law", "worst"),
    [(stats.norm(), 0.006), (stats.gumbel_r(), 0.007), (stats.logistic(), 0.002), (stats.lognorm(0.5), 0.009)],
)
def test_tails_are_close_to_known_distributions(law: stats.rv_continuous, worst: float) -> None:
    values = law.ppf(QUANTILES)
    beyond = [p for p in np.linspace(0.001, 0.999, 999) if p < 0.05 or p > 0.95]
    errors = [abs(one(values, float(law.ppf(p))) - (1 - p)) for p in beyond]
    assert max(errors) < worst


def test_the_upper_tail_is_close_for_a_gumbel_variable() -> None:
    law = stats.gumbel_r(2.0, 0.7)
    values = law.ppf(QUANTILES)
    assert max(abs(one(values, x) - law.sf(x)) for x in law.ppf(np.linspace(0.951, 0.9999, 200))) < 0.0015


def test_for_normal_variables_the_tail_errs_towards_warning() -> None:
    values = stats.norm.ppf(QUANTILES)
    assert all(one(values, x) >= stats.norm.sf(x) for x in (1.7, 2.0, 3.0, 4.0))


def test_a_forecast_without_width_is_a_step() -> None:
    flat = np.full(7, 2.0)
    assert [one(flat, x) for x in (1.9, 2.0, 2.1)] == [1.0, 1.0, 0.0]
    assert [one(np.array([2.0]), x, (0.5,)) for x in (1.9, 2.0, 2.1)] == [1.0, 1.0, 0.0]


@given(
    st.lists(st.floats(-50, 50), min_size=7, max_size=7),
    st.lists(st.floats(-80, 80), min_size=2, max_size=12),
)
@example([0.0] * 6 + [5e-324], [0.0, 1.0])  # the narrowest tail there is
def test_it_never_rises_with_the_limit_and_stays_a_probability(values: list[float], limits: list[float]) -> None:
    row = np.sort(np.array(values))[None, None]
    p = exceedance(row, QUANTILES, np.sort(np.array(limits))[None])[0, :, 0]
    assert np.all((p >= 0) & (p <= 1)) and np.all(np.diff(p) <= 1e-12)


def test_missing_values_and_limits_give_no_probability() -> None:
    values = np.tile(np.arange(7.0), (2, 3, 1))
    values[1] = np.nan
    p = exceedance(values, QUANTILES, np.array([[1.0, np.nan], [1.0, 1.0]]))
    assert np.isfinite(p[0, 0]).all() and np.isnan(p[0, 1]).all() and np.isnan(p[1]).all()


def test_without_members_the_largest_marginal_is_a_lower_bound() -> None:
    values = np.stack([np.arange(7.0), np.arange(7.0) + 1.5])[None]
    p, bound = within_horizon(forecast_of(values), np.array([[3.0]]))
    assert p[0, 0] == pytest.approx(exceedance(values, QUANTILES, np.array([[3.0]]))[0, 0, 1])
    assert bound.all()


def trajectories(rng: np.random.Generator, dependence: float, size: int, leads: int) -> Floats:
    """Standard normal margins, correlation ``dependence`` between any two leads."""
    common, own = rng.standard_normal((size, 1)), rng.standard_normal((size, leads))
    return np.asarray(np.sqrt(dependence) * common + np.sqrt(1 - dependence) * own)


@pytest.mark.parametrize("dependence", [0.0, 0.5, 0.9, 1.0])
def test_members_give_the_probability_over_the_horizon(dependence: float) -> None:
    rng = np.random.default_rng(1)
    values = np.tile(stats.norm.ppf(QUANTILES), (1, 6, 1)) * 2 + 10
    members = trajectories(rng, dependence, 4000, 6).reshape(1, 40, 100, 6) - 5  # uncalibrated: biased, too narrow
    p, bound = within_horizon(forecast_of(values, members), np.array([[12.0]]))
    truth = (trajectories(rng, dependence, 200_000, 6) * 2 + 10 >= 12).any(axis=1).mean()
    marginal = exceedance(values, QUANTILES, np.array([[12.0]])).max()
    assert not bound.any()
    assert p[0, 0] == pytest.approx(truth, abs=0.035)  # linear between quantiles, 4,000 members
    assert p[0, 0] >= marginal


def test_members_of_one_station_do_not_touch_another() -> None:
    rng = np.random.default_rng(2)
    values = np.tile(stats.norm.ppf(QUANTILES), (600, 4, 1))
    members = rng.standard_normal((600, 2, 20, 4))
    members[5] = np.nan
    limits = rng.normal(1, 1, (600, 2))
    p, bound = within_horizon(forecast_of(values, members), limits)
    assert np.flatnonzero(bound).tolist() == [5]
    for row in (0, 299, 511, 599):
        alone, _ = within_horizon(forecast_of(values[[row]], members[[row]]), limits[[row]])
        np.testing.assert_array_equal(p[row], alone[0])


def test_no_forecast_no_probability() -> None:
    values = np.tile(np.arange(7.0), (2, 3, 1))
    values[0] = np.nan
    p, _ = within_horizon(forecast_of(values), np.array([[3.0], [3.0]]))
    assert np.isnan(p[0, 0]) and np.isfinite(p[1, 0])


def test_rise_is_from_the_lowest_of_the_steps_before() -> None:
    path = np.array([[5.0, 1.0, 2.0, 4.0, 4.5], [1.0, np.nan, 3.0, np.nan, np.nan], [np.nan] * 5])
    np.testing.assert_allclose(rise(path, 2, 1), [2.5, np.nan, np.nan])
    np.testing.assert_allclose(rise(path, 2, 3), [3.0, 2.0, np.nan])
    np.testing.assert_allclose(rise(path, 9, 1), [3.5, np.nan, np.nan])
    assert np.isnan(rise(path[:, :1], 2, 3)).all()
