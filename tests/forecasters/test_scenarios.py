"""The mixture over scenarios, and which stations it concerns."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hydria_plugin import Signal, Window
from hydria_plugin.forecasters.cases import Cases, forecast_window
from hydria_plugin.forecasters.scenarios import mixture, varied, widened
from hydria_plugin.testing import sample_window

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])


def test_one_scenario_is_itself() -> None:
    values = np.sort(np.random.default_rng(1).normal(size=(4, 1, 3, 7)), axis=3)
    np.testing.assert_array_equal(mixture(values, LEVELS), values[:, 0])


@given(arrays(np.float64, 7, elements=st.floats(-1e3, 1e3)), st.integers(2, 5))
def test_equal_scenarios_are_that_scenario(one: np.ndarray, count: int) -> None:
    one = np.sort(one)
    values = np.broadcast_to(one, (1, count, 1, 7))
    np.testing.assert_allclose(mixture(values, LEVELS)[0, 0], one, atol=1e-4)


@given(arrays(np.float64, (3, 7), elements=st.floats(-1e3, 1e3)))
def test_it_never_crosses_and_stays_within_the_members(members: np.ndarray) -> None:
    members = np.sort(members, axis=1)
    mixed = mixture(members[None, :, None], LEVELS)[0, 0]
    assert np.all(np.diff(mixed) >= 0)
    room = 1e-3 + 0.6 * np.abs(members).max()  # tails reach a little beyond the outer quantiles
    assert mixed[0] >= members.min() - room and mixed[-1] <= members.max() + room
    assert mixed[3] >= members[:, 3].min() - 1e-3 and mixed[3] <= members[:, 3].max() + 1e-3


def test_two_far_members_against_the_true_mixture() -> None:
    members = np.stack([NORMAL, 10.0 + NORMAL])
    mixed = mixture(members[None, :, None], LEVELS)[0, 0]
    draws = np.concatenate(
        [np.random.default_rng(1).normal(size=200_000), np.random.default_rng(2).normal(10, 1, 200_000)]
    )
    want = np.quantile(draws, LEVELS)
    outer = [0, 1, 2, 4, 5, 6]  # the median of two far humps is anywhere between
    np.testing.assert_allclose(mixed[outer], want[outer], atol=0.35)
    assert want[2] < mixed[3] < want[4]


def test_a_gap_in_one_member_is_a_gap() -> None:
    values = np.broadcast_to(NORMAL, (2, 3, 2, 7)).copy()
    values[0, 1, 1, 3] = np.nan
    mixed = mixture(values, LEVELS)
    assert np.isnan(mixed[0, 1]).all()
    assert np.isfinite(mixed[1]).all() and np.isfinite(mixed[0, 0]).all()


@pytest.mark.parametrize("levels", [(0.5,), (0.1, 0.5, 0.9)])
def test_any_number_of_quantiles(levels: tuple[float, ...]) -> None:
    values = np.broadcast_to(np.linspace(0, 1, len(levels)), (1, 2, 1, len(levels)))
    np.testing.assert_allclose(mixture(values, levels)[0, 0], np.linspace(0, 1, len(levels)), atol=1e-6)


@given(arrays(np.float64, (4, 7), elements=st.floats(-1e3, 1e3)))
def test_it_is_where_the_mean_distribution_function_reaches_the_level(members: np.ndarray) -> None:
    """Against the definition: the mean of the distribution functions, each evaluated by itself."""
    members = np.sort(members, axis=1) + np.arange(7)  # no jumps: each function is one
    found = mixture(members[None, :, None], LEVELS)[0, 0]
    below = members[:, :1] - (members[:, 1:2] - members[:, :1])
    above = members[:, -1:] + (members[:, -1:] - members[:, -2:-1])
    support, full = np.hstack([below, members, above]), np.array([0.0, *LEVELS, 1.0])
    mean = np.mean([np.interp(found, one, full) for one in support], axis=0)
    flat = np.mean([np.interp(found + 1e-3, one, full) for one in support], axis=0) - mean < 1e-9
    np.testing.assert_allclose(mean[~flat], np.array(LEVELS)[~flat], atol=1e-6)


def test_ten_thousand_stations_take_seconds() -> None:
    rng = np.random.default_rng(1)
    values = np.sort(rng.gamma(2.0, size=(500, 19, 24, 7)), axis=3)
    started = time.process_time()
    mixture(values, LEVELS)
    assert time.process_time() - started < 3.0  # a twentieth of them; a loop over stations takes ten times as long


# ---- which stations' quantiles are mixed


def scenarios_of(window: Window, count: int = 4) -> Window:
    return replace(
        window,
        observed=window.observed.each(lambda a: np.broadcast_to(a, (len(a), count, *a.shape[2:]))),
        past=window.past.each(lambda a: np.broadcast_to(a, (len(a), count, *a.shape[2:]))),
        future=window.future.each(lambda a: np.broadcast_to(a, (len(a), count, *a.shape[2:]))),
    )


def changed(signal: Signal, **arrays: np.ndarray) -> Signal:
    return replace(signal, **arrays)


def test_measured_inputs_that_vary_are_for_the_members_only() -> None:
    window = scenarios_of(sample_window(gaps=0.0))
    past = window.past.values.copy()
    past[1, 2, 3, 0] += 1.0
    window = replace(window, past=changed(window.past, values=past))
    assert varied(window).tolist() == [False, True, False]
    assert not widened(window).any()


def test_an_estimate_widens_its_station() -> None:
    window = scenarios_of(sample_window(gaps=0.0))
    sigma = window.past.sigma.copy()
    sigma[2, :, 5, 0] = 0.3
    assert widened(replace(window, past=changed(window.past, sigma=sigma))).tolist() == [False, False, True]
    sigma[2, :, 5, 0] = np.nan
    assert widened(replace(window, past=changed(window.past, sigma=sigma))).tolist() == [False, False, True]


def test_an_ensemble_of_the_horizon_widens() -> None:
    window = scenarios_of(sample_window(gaps=0.0, future=True))
    future = window.future.values.copy()
    future[0, 3] *= 2.0
    window = replace(window, future=changed(window.future, values=future))
    assert widened(window).tolist() == [True, False, False] and varied(window).tolist() == [True, False, False]


def test_one_scenario_widens_nothing() -> None:
    window = sample_window()
    assert not widened(window).any() and not varied(window).any()
    assert not varied(scenarios_of(window)).any(), "gaps do not differ from gaps"


def test_a_forecast_of_measured_inputs_is_that_of_the_best_estimate() -> None:
    """And where an input is estimated it is the mixture over the scenarios."""
    window, rows = scenarios_of(sample_window(gaps=0.0)), np.arange(3)
    observed = window.observed.values + np.arange(4)[:, None]
    window = replace(window, observed=changed(window.observed, values=observed))
    asked: list[int] = []

    def answer(cases: Cases) -> np.ndarray:
        asked.append(len(cases))
        return np.asarray(cases.base[:, None, None] + np.zeros((1, 6, 1)) + 0.1 * NORMAL)

    plain = forecast_window(window, rows, 6, answer)
    np.testing.assert_allclose(plain[:, 0, 3], window.observed.values[:, 0, -1])
    assert asked == [3]
    sigma = window.past.sigma.copy()
    sigma[1, :, -1, 0] = 0.5
    wide = forecast_window(replace(window, past=changed(window.past, sigma=sigma)), rows, 6, answer)
    np.testing.assert_array_equal(wide[[0, 2]], plain[[0, 2]])
    assert asked == [3, 3, 3]  # the other three scenarios of the one station, at once
    np.testing.assert_allclose(wide[1, 0, 3], window.observed.values[1, 0, -1] + 2.0, atol=0.05)
