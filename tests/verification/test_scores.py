"""Scores against independent libraries (`scores`, `hydroeval`) and against laws."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hydria_plugin.verification import scores

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
values = hnp.arrays(float, 40, elements=st.floats(0.1, 100, allow_nan=False))


def sample(seed: int = 0, n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.gamma(2.0, 3.0, n)
    return truth, truth + rng.normal(0, 1, n), np.roll(truth, 1)


@pytest.fixture(scope="module")
def library():  # type: ignore[no-untyped-def]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scores as library
        import xarray

    return library, xarray.DataArray


def test_nse_and_kge_equal_hydroeval() -> None:
    import hydroeval

    truth, forecast, _ = sample()
    assert scores.nse(truth, forecast) == pytest.approx(float(hydroeval.evaluator(hydroeval.nse, forecast, truth)[0]))
    assert scores.kge(truth, forecast) == pytest.approx(
        float(hydroeval.evaluator(hydroeval.kge, forecast, truth)[0, 0])
    )


def test_pinball_equals_scores_library(library) -> None:  # type: ignore[no-untyped-def]
    package, array = library
    truth, forecast, _ = sample()
    for level in LEVELS:
        theirs = float(package.continuous.quantile_score(array(forecast), array(truth), alpha=level))
        ours = scores.pinball(truth, forecast[:, None], (level,)).mean()
        assert ours == pytest.approx(theirs)


def test_crps_of_many_quantiles_approaches_that_of_the_ensemble(library) -> None:  # type: ignore[no-untyped-def]
    package, array = library
    rng = np.random.default_rng(3)
    members = rng.normal(0.0, 1.0, (50, 4000))
    truth = rng.normal(0.3, 1.0, 50)
    levels = (np.arange(400) + 0.5) / 400
    quantiles = np.quantile(members, levels, axis=1).T
    theirs = float(
        package.probability.crps_for_ensemble(
            array(members, dims=("t", "m")), array(truth, dims=("t",)), ensemble_member_dim="m", method="ecdf"
        )
    )
    assert scores.crps(truth, quantiles, levels) == pytest.approx(theirs, rel=2e-3)


def test_crps_of_a_uniform_distribution_is_the_closed_form() -> None:
    levels = (np.arange(1000) + 0.5) / 1000  # quantiles of U(0, 1) are the levels themselves
    truth = np.array([0.3])
    exact = 0.3**3 / 3 + 0.7**3 / 3
    assert scores.crps(truth, np.array([levels]), levels) == pytest.approx(exact, abs=1e-5)


def test_persistence_index_is_one_minus_the_ratio_of_squared_errors() -> None:
    truth, forecast, last = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.5, 4.0]), np.array([1.0, 1.0, 2.0])
    assert scores.persistence_index(truth, forecast, last) == pytest.approx(1 - 0.25 / 5.0)
    assert scores.persistence_index(truth, last, last) == 0.0


def test_peak_error_is_taken_at_the_time_of_the_observed_peak() -> None:
    truth, forecast = np.array([1.0, 10.0, 3.0]), np.array([1.0, 8.0, 12.0])
    assert scores.peak_error(truth, forecast) == pytest.approx(80.0)
    assert scores.peak_delay(truth, forecast) == 1.0


def test_contingency() -> None:
    observed = np.array([True, True, False, False])
    warned = np.array([True, False, True, False])
    found = scores.contingency(observed, warned)
    assert found == {"pod": 0.5, "far": 0.5, "csi": pytest.approx(1 / 3)}
    assert np.isnan(scores.contingency(observed & False, warned & False)["pod"])


@given(values, values)
@settings(max_examples=50, deadline=None)
def test_gaps_change_nothing(truth: np.ndarray, forecast: np.ndarray) -> None:
    holes = np.concatenate([truth, [np.nan, 1.0]]), np.concatenate([forecast, [1.0, np.nan]])
    for score in (scores.nse, scores.kge):
        np.testing.assert_allclose(score(*holes), score(truth, forecast), equal_nan=True)


@given(values)
@settings(max_examples=50, deadline=None)
def test_a_perfect_forecast_is_perfect(truth: np.ndarray) -> None:
    sure = np.repeat(truth[:, None], len(LEVELS), axis=1)
    assert scores.crps(truth, sure, LEVELS) == pytest.approx(0.0)
    assert scores.coverage(truth, truth, truth) == 1.0
    if truth.std() > 0:
        assert scores.nse(truth, truth) == 1.0


def test_level_weights_sum_to_one() -> None:
    assert scores.level_weights(LEVELS).sum() == pytest.approx(1.0)


def test_no_pairs_is_nan_not_an_error() -> None:
    none = np.full(5, np.nan)
    assert np.isnan(scores.nse(none, none))
    assert np.isnan(scores.crps(none, np.full((5, 7), np.nan), LEVELS))
    assert np.isnan(scores.coverage(none, none, none))
    assert np.isnan(scores.peak_error(none, none))


def test_block_bootstrap_covers_the_truth_at_its_nominal_rate() -> None:
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(60):
        x = rng.normal(1.0, 1.0, 200)
        low, high = scores.block_bootstrap(lambda r, x=x: float(x[r].mean()), np.arange(200) // 5, rng, 200)
        inside += low <= 1.0 <= high
    assert 46 <= inside <= 60  # 90 % of 60 = 54, within binomial bounds


def test_block_bootstrap_needs_two_blocks() -> None:
    low, high = scores.block_bootstrap(lambda r: 1.0, np.zeros(9, int), np.random.default_rng(0))
    assert np.isnan(low) and np.isnan(high)
