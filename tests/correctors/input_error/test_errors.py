"""How wrong rain, estimates, rain forecasts and rated discharges are made: their means, sizes and tails."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin import History, Window
from hydria_plugin.correctors.input_error import ahead, curves, estimates
from hydria_plugin.correctors.input_error.corrector import InputError
from hydria_plugin.correctors.input_error.rain import MOST, GaugeError, dropped
from hydria_plugin.learning.splits import split
from hydria_plugin.testing import sample_history, sample_layout, sample_window
from hydria_plugin.values import Floats

Z = np.random.default_rng(1).standard_normal((1, 200_000, 1))


# ---- rain gauges


@pytest.mark.parametrize("mm", [2.0, 8.0, 30.0])
def test_the_mean_is_what_was_read(mm: float) -> None:
    found = GaugeError().perturbed(np.array([[mm]]), Z, 1.0)
    assert found.mean() == pytest.approx(mm, rel=0.01)


def test_storms_have_heavier_tails_than_lognormal() -> None:
    gauge = GaugeError(floor_mm=0.0)
    shower, storm = (np.log(gauge.perturbed(np.array([[mm]]), Z, 1.0) / mm).ravel() for mm in (0.5, 30.0))

    def kurtosis(x: Floats) -> float:
        x = (x - x.mean()) / x.std()
        return float((x**4).mean())

    assert kurtosis(shower) == pytest.approx(3.0, abs=0.4) and kurtosis(storm) > 5.0
    assert shower.std() == pytest.approx(0.25, rel=0.05)
    assert np.abs(storm).max() <= MOST + 0.5


def test_drizzle_errs_by_the_floor() -> None:
    """Both parts move together, so that their sizes add up."""
    found = GaugeError(floor_mm=0.1).perturbed(np.array([[0.4]]), Z, 1.0)
    assert found.std() == pytest.approx(0.4 * 0.25 + 0.1, rel=0.1)
    assert found.min() >= 0


def test_dry_stays_dry_a_gap_a_gap_and_no_error_none() -> None:
    z = Z[:, :3].repeat(3, axis=2)
    mm = np.array([[0.0, np.nan, 4.0]])
    found = GaugeError().perturbed(mm, z, 1.0)
    assert not found[..., 0].any() and np.isnan(found[..., 1]).all()
    np.testing.assert_array_equal(
        GaugeError(relative=0.0, floor_mm=0.0).perturbed(mm, z, 1.0), np.broadcast_to(mm[:, None], (1, 3, 3))
    )


def test_no_station_loses_all_its_gauges() -> None:
    out = np.array([[[True, True, False], [True, False, False]]])
    np.testing.assert_array_equal(
        dropped(out, np.array([[True, True, False]])), [[[False, False, False], [True, False, False]]]
    )


# ---- estimates


@pytest.mark.parametrize(("value", "sigma", "positive"), [(5.0, 1.0, True), (2.0, 3.0, True), (-1.0, 2.0, False)])
def test_an_estimate_is_as_wrong_as_its_sigma_says(value: float, sigma: float, positive: bool) -> None:
    found = estimates.perturbed(np.array([[value]]), np.array([[sigma]]), Z, positive)
    assert found.mean() == pytest.approx(value, rel=0.03)
    assert found.std() == pytest.approx(sigma, rel=0.08)
    assert not positive or found.min() >= 0


def test_a_measured_value_is_itself_and_a_zero_may_have_been_rain() -> None:
    z = Z[:, :500]
    assert (estimates.perturbed(np.array([[3.0]]), np.array([[0.0]]), z, True) == 3.0).all()
    found = estimates.perturbed(np.array([[0.0]]), np.array([[0.5]]), z, True)
    assert found.min() == 0 and 0.3 < (found > 0).mean() < 0.7


def test_a_sigma_that_is_no_number_is_as_wide_as_the_series() -> None:
    values = np.array([[1.0, 3.0, np.nan, 5.0], [np.nan] * 4])
    sigma = np.array([[0.0, np.nan, np.nan, 0.2], [np.nan] * 4])
    found = estimates.doubt_of(values, sigma)
    np.testing.assert_allclose(found[0], [0.0, np.std([1, 3, 5]), 0.0, 0.2])
    assert not found[1].any()


def filled(sigma: float) -> Window:
    window = sample_window(gaps=0.0)
    sigmas = window.past.sigma.copy()
    sigmas[1, :, 8:14, 2] = sigma
    return replace(window, past=replace(window.past, sigma=sigmas))


def test_a_filled_gap_is_wrong_alike_along_it_and_nowhere_else() -> None:
    window = filled(0.3)
    made = InputError(scenarios=400, dropout=0.0).correct_inputs(window).past.values[1, 1:, :, 2]
    away = made - window.past.values[1, 0, :, 2]
    assert not np.delete(away, np.arange(8, 14), axis=1).any()
    assert away[:, 8:14].std() == pytest.approx(0.3, rel=0.15)
    assert np.corrcoef(away[:, 8], away[:, 9])[0, 1] > 0.8


def test_a_sigma_of_nan_does_not_stop_it() -> None:
    made = InputError(scenarios=8).correct_inputs(filled(np.nan)).past.values[1, 1:, :, 2]
    assert np.isfinite(made[:, 8:14]).all() and made[:, 8:14].std(axis=0).min() > 0


# ---- rain forecasts


def archived(noise: float, steps: int = 3000) -> History:
    """A record with a forecast archive of the first gauge: what came, times lognormal noise."""
    history = sample_history(steps=steps, gaps=0.0)
    came = history.inputs.values[..., 0]
    known = np.full((*came.shape, history.layout.horizon), np.nan)
    for lead in range(1, history.layout.horizon + 1):
        known[:, :-lead, lead - 1] = came[:, lead:]
    wrong = np.exp(noise * np.random.default_rng(2).standard_normal((*came.shape, 1)))
    return replace(history, forecasts={history.layout.slots[0]: known * wrong})


@pytest.mark.parametrize("noise", [0.3, 0.8])
def test_the_error_of_an_archive_is_found(noise: float) -> None:
    history = archived(noise)
    found = ahead.fitted(history, split(history).fit, 1.0)
    assert found is not None and found.shape == (6,)
    np.testing.assert_allclose(found, noise, rtol=0.35)  # a little rain is added to both: small sums err less


def test_without_an_archive_the_usual_error_grows_with_the_lead() -> None:
    history = sample_history()
    assert ahead.fitted(history, split(history).fit, 1.0) is None
    usual = ahead.usual(48, 1.0)
    assert (np.diff(usual) >= 0).all() and usual[0] < usual[23] == usual[-1]


def test_nothing_after_the_fit_part_is_learned_from() -> None:
    history = archived(0.5)
    fit = split(history).fit & (np.arange(len(history)) < 1500)
    spoilt = {k: a.copy() for k, a in history.forecasts.items()}
    for a in spoilt.values():
        a[:, 1500:] *= 50
    found, again = (ahead.fitted(h, fit, 1.0) for h in (history, replace(history, forecasts=spoilt)))
    assert found is not None and again is not None
    np.testing.assert_array_equal(found, again)


def test_a_forecast_s_scenarios_are_held_over_the_leads() -> None:
    window = sample_window(sample_layout(stations=1), future=True, gaps=0.0)
    future = np.full(window.future.shape, np.nan)
    future[..., :2] = 6.0
    window = replace(window, future=type(window.future).measured(future))
    made = InputError(scenarios=300).correct_inputs(window)
    ratio = np.log(made.future.values[0, 1:, :, 0] / 6.0)
    assert np.corrcoef(ratio[:, 0], ratio[:, -1])[0, 1] > 0.9, "one scenario is too high throughout"
    assert (np.diff(ratio.std(axis=0)) > 0).all(), "the later, the less sure"
    assert (made.future.sigma[..., :2] > 0).all(), "a forecast is an estimate"
    assert np.exp(ratio).mean() == pytest.approx(1.0, abs=0.15)


def test_a_forecast_without_rain_stays_without() -> None:
    window = sample_window(future=True, gaps=0.0)
    dry = replace(window, future=type(window.future).measured(np.zeros(window.future.shape)))
    made = InputError().correct_inputs(dry)
    assert not made.future.values.any()


def test_forecasts_may_be_declared_perfect() -> None:
    window = sample_window(future=True, gaps=0.0)
    made = InputError(forecast=0.0, relative=0.0).correct_inputs(window)
    np.testing.assert_allclose(made.future.values, np.broadcast_to(window.future.values, made.future.shape), rtol=1e-12)


# ---- rating curves


@dataclass(frozen=True)
class Rated:
    station: str
    valid_from: np.datetime64
    discharge: Floats
    sigma: Floats


OLD, NEW = np.datetime64("2000-01-01", "s"), np.datetime64("2020-01-01", "s")
CURVE = Rated("s1", NEW, np.array([0.0, 2.0, 20.0]), np.array([0.0, 0.2, 1.0]))


def test_the_error_is_that_of_the_gaugings_and_grows_beyond() -> None:
    curve = curves.Curve.of(CURVE)
    np.testing.assert_allclose(curve.of_discharge(np.array([1.0, 2.0, 20.0])), [0.1, 0.1, 0.05])
    assert curve.of_discharge(np.array([40.0]))[0] == pytest.approx(0.05 + curves.BEYOND * np.log(2))
    assert curve.beyond(np.array([19.0, 21.0, np.nan])).tolist() == [False, True, False]


@given(st.floats(0.1, 200.0))
def test_one_curve_per_scenario_is_too_high_or_too_low_throughout(q: float) -> None:
    found = curves.perturbed(curves.Curve.of(CURVE), np.array([q, q * 1.01]), np.array([-2.0, 2.0]))
    assert (found[0] < [q, q * 1.01]).all() and (found[1] > [q, q * 1.01]).all()


def test_the_newest_curve_that_holds_counts_and_only_for_discharges() -> None:
    layout = replace(sample_layout(stations=2), quantities=("discharge", "level"))
    old = replace(CURVE, valid_from=OLD, sigma=np.array([0.0, 1.0, 10.0]))
    other = replace(CURVE, station="s2")
    found = curves.curves_of(layout, (CURVE, old, other), NEW)
    assert list(found) == ["level@s1"] and found["level@s1"].relative[-1] == pytest.approx(0.05)
    before = curves.curves_of(layout, (CURVE, old), NEW - np.timedelta64(1, "D"))
    assert before["level@s1"].relative[-1] == pytest.approx(0.5)
    assert curves.curves_of(layout, (), NEW) == {}


def test_without_a_sigma_the_usual_error() -> None:
    curve = curves.Curve.of(replace(CURVE, sigma=np.full(3, np.nan)))
    np.testing.assert_allclose(curve.relative, curves.USUAL)
