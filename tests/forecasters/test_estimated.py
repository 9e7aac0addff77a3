"""A forecast from an estimated value is wider by its error, and by nothing where the value was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Flag, Signal, Window
from hydria_plugin.forecasters.cases import usable
from hydria_plugin.forecasters.estimated import base_sigma, less_sure, newest_sigma, sigma_at
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.testing import sample_window
from hydria_plugin.testing.samples import QUANTILES, sample_history, window_of


def estimated(window: Window, sigma: float, flag: Flag = Flag.MISSING) -> Window:
    """The newest value of the first station is an estimate."""
    sigmas, flags = np.array(window.observed.sigma), np.array(window.observed.flags)
    sigmas[0, 0, -1], flags[0, 0, -1] = sigma, flag
    return replace(window, observed=replace(window.observed, sigma=sigmas, flags=flags))


def test_an_estimate_in_the_place_of_a_failed_value_is_used_and_the_failed_value_is_not() -> None:
    values, flags = np.array([1.0, 2.0, np.nan]), np.array([4, 4, 9], dtype=np.uint8)
    signal = replace(Signal.measured(values, flags), sigma=np.array([0.0, 0.3, 0.0]))
    assert np.array_equal(usable(signal), [np.nan, 2.0, np.nan], equal_nan=True)


@pytest.mark.parametrize("flag", [Flag.MISSING, Flag.FAIL])
def test_the_last_rung_says_that_it_starts_from_an_estimate(flag: Flag) -> None:
    window = sample_window(gaps=0.0)
    sure, unsure = (Persistence().forecast(w) for w in (window, estimated(window, 0.2, flag)))
    assert np.array_equal(sure.median, unsure.median) and np.array_equal(sure.values[1:], unsure.values[1:])
    band = unsure.values[0, :, 5] - unsure.values[0, :, 1]
    assert (band >= 2 * 1.2815 * 0.2).all() and (band > sure.values[0, :, 5] - sure.values[0, :, 1]).all()


def test_what_a_window_says_a_record_says() -> None:
    history = sample_history(gaps=0.0)
    sigma = np.zeros(history.target.shape)
    sigma[:, 700] = 0.5
    history = replace(history, target=replace(history.target, sigma=sigma))
    at = np.array([699, 700, 701])
    by_record = sigma_at(history.target.each(lambda a: a[0]), at, 6)
    assert np.array_equal(by_record, [0.0, 0.5, 0.0])
    assert np.array_equal(by_record, [base_sigma(window_of(history, int(t)), 6)[0] for t in at])
    persistence = Persistence()
    many = persistence.hindcast(history, at, False)
    for n, t in enumerate(at):
        np.testing.assert_allclose(many[n], persistence.forecast(window_of(history, int(t))).values)


def test_a_gap_or_too_old_an_estimate_adds_nothing() -> None:
    values = np.array([[1.0, np.nan, np.nan], [np.nan, np.nan, np.nan]])
    sigma = np.array([[0.4, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert np.array_equal(newest_sigma(values, sigma, 2), [0.4, 0.0])
    assert np.array_equal(newest_sigma(values, sigma, 1), [0.0, 0.0])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-50, 50), min_size=7, max_size=7),
    st.floats(0, 100),
)
def test_wider_quantiles_never_cross_and_keep_their_middle(offsets: list[float], sigma: float) -> None:
    values = np.sort(np.array(offsets))[None, None]
    wide = less_sure(values, np.array([sigma]), QUANTILES)
    assert (np.diff(wide, axis=2) >= 0).all() and wide[0, 0, 3] == values[0, 0, 3]
    assert (np.abs(wide - wide[..., [3]]) >= np.abs(values - values[..., [3]]) - 1e-12).all()
