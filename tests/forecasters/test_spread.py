"""How wide a forecast is: regimes, monotone quantiles, weights that cannot be negative."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hydria_plugin.forecasters.spread import (
    Spread,
    expected_error,
    fit_doubt,
    fit_spread,
    nonnegative,
    recent_range,
)
from hydria_plugin.learning.ticks import around_median

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@given(arrays(np.float64, (3, 7), elements=st.floats(-1e6, 1e6)))
def test_rising_around_a_median_that_stays(values: np.ndarray) -> None:
    rising = around_median(values, 3)
    assert np.all(np.diff(rising, axis=1) >= 0)
    np.testing.assert_array_equal(rising[:, 3], values[:, 3])


def test_what_already_rises_is_left_alone() -> None:
    values = np.sort(np.random.default_rng(1).normal(size=(5, 7)), axis=1)
    np.testing.assert_array_equal(around_median(values, 3), values)


def test_errors_that_grow_with_the_regime() -> None:
    rng = np.random.default_rng(1)
    expected = rng.gamma(2.0, 1.0, 20_000)
    errors = expected * rng.normal(size=20_000)
    edges, offsets = fit_spread(errors, expected, LEVELS)
    spread = Spread(edges[None, None], offsets[None, None])
    for size in (0.3, 2.0, 6.0):
        values = spread.around(np.zeros((1, 1)), np.full((1, 1), size), np.zeros(1, int), LEVELS)[0, 0]
        np.testing.assert_allclose(values[[1, 5]] / size, [-1.28, 1.28], atol=0.25)
        assert values[3] == 0.0


def test_few_errors_have_one_regime_only() -> None:
    edges, offsets = fit_spread(np.linspace(-1, 1, 50), np.linspace(1, 2, 50), LEVELS)
    assert np.isinf(edges).all()
    assert offsets[0, 0] < 0 < offsets[0, -1]


def test_no_errors_at_all() -> None:
    edges, offsets = fit_spread(np.full(5, np.nan), np.ones(5), LEVELS)
    assert np.isinf(edges).all() and not offsets.any()


def test_weights_of_doubt_are_found() -> None:
    rng = np.random.default_rng(1)
    doubt = rng.gamma(1.0, 1.0, size=(5000, 3))
    size = np.abs(doubt @ [0.5, 0.0, 2.0]) * rng.gamma(4.0, 0.25, 5000)
    weights = fit_doubt(doubt, size)
    np.testing.assert_allclose(weights[:3], [0.5, 0.0, 2.0], atol=0.1)
    assert weights[3] == pytest.approx(1.5 * (doubt @ weights[:3]).max())


def test_the_expected_error_has_a_ceiling() -> None:
    doubt = np.full((1, 2, 1), 1e9)
    np.testing.assert_array_equal(expected_error(doubt, np.array([[1.0, 7.0], [1.0, 8.0]])), [[7.0, 8.0]])


@given(arrays(np.float64, (30, 3), elements=st.floats(0, 10)), arrays(np.float64, 30, elements=st.floats(-10, 10)))
def test_no_weight_is_negative(x: np.ndarray, y: np.ndarray) -> None:
    weights = nonnegative(x, y)
    assert np.all(weights >= 0)
    assert np.sum((x @ weights - y) ** 2) <= np.sum(y**2) * (1 + 1e-9)


def test_recent_range_sees_what_is_known() -> None:
    target = np.array([[9.0, 1.0, np.nan, 3.0], [np.nan] * 4])
    np.testing.assert_array_equal(recent_range(target), [8.0, 0.0])
