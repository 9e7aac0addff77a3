"""Two-way variances, the variance of a band, and trajectories laid onto quantiles."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hydria_plugin.values import at_levels, band_variance, onto_quantiles, thinned, two_way
from hydria_plugin.values.ensembles import MOST

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
NORMAL = np.array([NormalDist().inv_cdf(p) for p in LEVELS])


def made(
    model: float, scenario: float, together: float, r: int, m: int, trials: int, rng: np.random.Generator
) -> np.ndarray:
    """(S, R + 1, M, 1) trajectories of known variances; scenario 0 stands far from the draws, and must not count."""
    best = np.full((trials, 1, m), 50.0)
    cells = model**0.5 * rng.normal(size=(trials, 1, m)) + scenario**0.5 * rng.normal(size=(trials, r, 1))
    cells = cells + together**0.5 * rng.normal(size=(trials, r, m))
    return np.concatenate([best, cells], axis=1)[..., None]


@pytest.mark.parametrize(("model", "scenario", "together"), [(4.0, 1.0, 0.0), (1.0, 4.0, 2.0), (2.0, 0.0, 3.0)])
def test_variances_are_unbiased(model: float, scenario: float, together: float) -> None:
    found = two_way(made(model, scenario, together, 19, 8, 6000, np.random.default_rng(3)))[:, 0]
    np.testing.assert_allclose(found.mean(axis=0), [model, scenario + together], rtol=0.05, atol=0.02)


def test_it_is_the_textbook_s_analysis_of_variance() -> None:
    y = np.random.default_rng(1).gamma(2.0, size=(1, 7, 5, 3))
    r, m = y.shape[1:3]
    row, column = y.mean(axis=2, keepdims=True), y.mean(axis=1, keepdims=True)
    rest = ((y - row - column + y.mean(axis=(1, 2), keepdims=True)) ** 2).sum(axis=(1, 2)) / ((r - 1) * (m - 1))
    model = np.maximum(column[:, 0].var(axis=1, ddof=1) - rest / r, 0)
    scenario = row[:, :, 0].var(axis=1, ddof=1) - rest / m  # and the two together: + rest
    found = two_way(np.concatenate([y[:, :1] + 9, y], axis=1))
    np.testing.assert_allclose(found, np.stack([model, scenario + rest], axis=2), rtol=1e-12)


@given(arrays(np.float64, (2, 4, 3, 2), elements=st.floats(-1e3, 1e3)), st.floats(-1e3, 1e3), st.floats(0.1, 10))
def test_shifting_changes_nothing_and_stretching_squares(y: np.ndarray, shift: float, factor: float) -> None:
    found = two_way(y)
    assert (found >= 0).all()
    np.testing.assert_allclose(two_way(y * factor + shift), found * factor**2, rtol=1e-6, atol=1e-4)


@given(arrays(np.float64, (3, 5, 4, 2), elements=st.floats(-1e3, 1e3)), st.permutations(range(4)))
def test_the_order_of_members_and_stations_does_not_matter(y: np.ndarray, order: list[int]) -> None:
    np.testing.assert_allclose(two_way(y[::-1][:, :, order]), two_way(y)[::-1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("r", "m", "model_known", "input_known"),
    [(1, 5, True, False), (1, 1, False, False), (2, 5, True, False), (3, 1, False, True), (3, 2, True, True)],
)
def test_what_cannot_be_known_is_not_zero(r: int, m: int, model_known: bool, input_known: bool) -> None:
    found = two_way(np.random.default_rng(1).normal(size=(2, r, m, 3)))
    assert np.isfinite(found[..., 0]).all() == model_known and np.isnan(found[..., 0]).all() == (not model_known)
    assert np.isfinite(found[..., 1]).all() == input_known and np.isnan(found[..., 1]).all() == (not input_known)


def test_scenarios_that_do_not_differ_leave_no_input_variance() -> None:
    members = np.broadcast_to(np.random.default_rng(1).normal(size=(2, 1, 6, 3)), (2, 20, 6, 3))
    found = two_way(members)
    np.testing.assert_allclose(found[..., 1], 0.0, atol=1e-25)
    np.testing.assert_allclose(found[..., 0], members[:, 0].var(axis=1, ddof=1), rtol=1e-9)


def test_a_gap_is_of_its_station_and_lead() -> None:
    members = np.random.default_rng(1).normal(size=(2, 4, 3, 2))
    members[0, 2, 1, 1] = np.nan
    found = two_way(members)
    assert np.isnan(found[0, 1]).all()
    assert np.isfinite(found[0, 0]).all() and np.isfinite(found[1]).all()


# ---- the variance of a band


def test_the_variance_of_a_normal_band() -> None:
    values = np.stack([3.0 * NORMAL + 1e6, 0.5 * NORMAL])[:, None]
    np.testing.assert_allclose(band_variance(values, LEVELS)[:, 0], [9.0, 0.25], rtol=0.12)


def test_it_is_that_of_draws_from_the_same_distribution() -> None:
    values = np.array([0.0, 1.0, 1.5, 4.0, 9.0, 20.0, 26.0])[None, None]
    draws = at_levels(values, LEVELS, (np.arange(400_000) + 0.5) / 400_000)
    shifted = at_levels(values + 1e3, LEVELS, (np.arange(400_000) + 0.5) / 400_000)  # far from 0: no tail is clipped
    assert band_variance(values, LEVELS)[0, 0] == pytest.approx(shifted.var(), rel=1e-3)
    assert draws.min() == 0.0


@given(arrays(np.float64, 7, elements=st.floats(-1e3, 1e3)), st.floats(0.1, 10))
def test_it_scales_and_is_not_negative(one: np.ndarray, factor: float) -> None:
    values = np.sort(one)[None, None]
    found = band_variance(values, LEVELS)
    assert found >= 0
    np.testing.assert_allclose(band_variance(values * factor + 5, LEVELS), found * factor**2, rtol=1e-6, atol=1e-6)


def test_a_band_without_width_or_with_a_gap() -> None:
    values = np.array([[[1.0] * 7, [*[1.0] * 6, np.nan]]])
    np.testing.assert_array_equal(band_variance(values, LEVELS), [[0.0, np.nan]])
    np.testing.assert_array_equal(band_variance(np.array([[[2.0], [np.nan]]]), (0.5,)), [[0.0, np.nan]])


# ---- trajectories onto quantiles


@given(arrays(np.float64, (2, 2, 6, 3), elements=st.floats(-1e3, 1e3), unique=True))
def test_ranks_stay_and_quantiles_are_met(members: np.ndarray) -> None:
    values = np.broadcast_to(100.0 + 10.0 * NORMAL, (2, 3, 7))
    laid = onto_quantiles(members, values, LEVELS)
    flat, was = laid.reshape(2, 12, 3), members.reshape(2, 12, 3)
    np.testing.assert_array_equal(flat.argsort(axis=1), was.argsort(axis=1))
    np.testing.assert_allclose(np.median(flat, axis=1), 100.0, atol=1.0)
    assert ((flat < 90.0).mean(axis=1) == pytest.approx(0.16, abs=0.1)) and (flat.max() > 100 + 10 * NORMAL[-1])


def test_many_trajectories_have_the_quantiles_of_the_band() -> None:
    members = np.random.default_rng(2).normal(size=(1, 20, 40, 1))
    laid = onto_quantiles(members, np.array([[3.0 + 2.0 * NORMAL]]), LEVELS)
    np.testing.assert_allclose(np.quantile(laid, LEVELS), 3.0 + 2.0 * NORMAL, atol=0.05)


def test_what_is_not_negative_stays_so() -> None:
    members = np.random.default_rng(2).normal(size=(1, 20, 40, 1))
    laid = onto_quantiles(members, np.array([[[0.1, 0.4, 1.0, 2.0, 3.0, 5.0, 8.0]]]), LEVELS)
    assert laid.min() >= 0.0 and laid.max() > 8.0


def test_a_gap_in_members_or_quantiles_is_a_gap() -> None:
    members = np.random.default_rng(2).normal(size=(3, 1, 4, 2))
    values = np.broadcast_to(NORMAL, (3, 2, 7)).copy()
    members[0, 0, 1, 1], values[1] = np.nan, np.nan
    laid = onto_quantiles(members, values, LEVELS)
    assert np.isnan(laid[:2]).all() and np.isfinite(laid[2]).all()


def test_one_quantile_is_what_every_member_becomes() -> None:
    laid = onto_quantiles(np.random.default_rng(2).normal(size=(1, 1, 4, 2)), np.array([[[5.0], [6.0]]]), (0.5,))
    np.testing.assert_array_equal(laid[0, 0], [[5.0, 6.0]] * 4)


# ---- fewer trajectories


@pytest.mark.parametrize(("r", "m", "left"), [(20, 40, 6), (1, 40, 40), (20, 6, 6), (200, 5, 1), (1, 500, 120)])
def test_few_trajectories_are_kept_with_all_scenarios(r: int, m: int, left: int) -> None:
    members = np.random.default_rng(1).normal(size=(2, r, m, 3))
    kept = thinned(members)
    assert kept.shape == (2, r, left, 3)
    assert kept.shape[1] * kept.shape[2] <= max(MOST, r)
    assert np.isin(kept, members).all()
