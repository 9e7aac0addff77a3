"""The doubt told apart: model, input and the rest of the issued band."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hydria_plugin import Forecast, ForecastCorrector, Signal, Store, Window
from hydria_plugin.alerts import AlertRules, Thresholds
from hydria_plugin.correctors.input_error.corrector import InputError
from hydria_plugin.cycle import Pipeline, run_cycle
from hydria_plugin.decomposition import INPUT, MODEL, RESIDUAL, apart, of_members, shares
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.stores.sql import SqlStore
from hydria_plugin.testing import sample_window
from hydria_plugin.values import Floats, band_variance
from tests.test_cycle import HISTORY, LAYOUT, Playing

NORMAL = np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])


class Spreading:
    """Members that differ by what they make of the rain and by a constant; its band is two wide."""

    def __init__(self, members: int = 10, unlike: float = 0.3) -> None:
        self.constants = unlike * np.linspace(-1, 1, members) if members > 1 else np.zeros(1)

    def forecast(self, window: Window) -> Forecast:
        last = np.nan_to_num(window.observed.values[:, 0, -1])
        rain = np.nan_to_num(window.past.values[..., 0]).sum(axis=2)  # (S, R)
        paths = last[:, None, None] + 0.1 * rain[..., None] + self.constants
        members = np.broadcast_to(paths[..., None], (*paths.shape, window.layout.horizon))
        centre = np.broadcast_to(paths[:, 0].mean(axis=1)[:, None, None], (len(last), window.layout.horizon, 1))
        return Forecast.of(window, centre + 2.0 * NORMAL, "spreading", members=members)


class Halving:
    """Half as wide about the median."""

    def correct_forecast(self, forecast: Forecast, window: Window) -> Forecast:
        middle = forecast.median[..., None]
        return replace(forecast, values=middle + 0.5 * (forecast.values - middle))


def forecast_of(window: Window, members: Floats | None, width: float = 1.0) -> Forecast:
    shape = (len(window.stations), window.layout.horizon, 1)
    return Forecast.of(window, np.zeros(shape) + width * NORMAL, "made", members=members)


def drawn(window: Window, r: int = 20, m: int = 8, seed: int = 1) -> Floats:
    """(S, R, M, H) members that differ by 0.3, scenarios by 0.4."""
    rng, s, h = np.random.default_rng(seed), len(window.stations), window.layout.horizon
    return np.asarray(0.3 * rng.normal(size=(s, 1, m, h)) + 0.4 * rng.normal(size=(s, r, 1, h)))


def test_the_three_add_up_to_the_issued_band() -> None:
    window = sample_window()
    issued = forecast_of(window, drawn(window))
    told = apart(issued, issued, window).variance
    assert told is not None
    np.testing.assert_allclose(told.sum(axis=2), band_variance(issued.values, issued.quantiles))
    assert (told > 0).all()
    np.testing.assert_allclose(told[..., MODEL].mean(), 0.09, rtol=0.4)
    np.testing.assert_allclose(told[..., INPUT].mean(), 0.16, rtol=0.4)


def test_a_band_narrower_than_the_spread_leaves_no_rest() -> None:
    window = sample_window()
    issued = forecast_of(window, drawn(window), width=0.1)
    told = apart(issued, issued, window).variance
    assert told is not None and not told[..., RESIDUAL].any()
    assert (told[..., MODEL] + told[..., INPUT] > band_variance(issued.values, issued.quantiles)).any()


def test_the_rest_is_of_the_corrected_band_and_the_spread_of_the_raw_one() -> None:
    window = sample_window()
    raw = forecast_of(window, drawn(window), width=3.0)
    issued = replace(raw, values=raw.values / 2, members=np.asarray(raw.members) * 7)
    told, before = apart(raw, issued, window).variance, apart(raw, raw, window).variance
    assert told is not None and before is not None
    np.testing.assert_array_equal(told[..., :RESIDUAL], before[..., :RESIDUAL])
    np.testing.assert_allclose(told.sum(axis=2), before.sum(axis=2) / 4)


def test_a_forecaster_that_says_so_itself_is_believed() -> None:
    window = sample_window()
    said = np.broadcast_to([0.2, 0.1, np.nan], (3, 6, 3))
    raw = replace(forecast_of(window, drawn(window)), variance=said)
    told = apart(raw, raw, window).variance
    assert told is not None
    np.testing.assert_array_equal(told[..., :RESIDUAL], said[..., :RESIDUAL])
    assert np.isfinite(told[..., RESIDUAL]).all()


# ---- what is not known is not zero


def test_without_members_nothing_is_told() -> None:
    window = sample_window()
    issued = forecast_of(window, None)
    assert apart(issued, issued, window) is issued


def test_one_member_only_does_not_know_the_model_s_share() -> None:
    window = sample_window()
    issued = forecast_of(window, drawn(window, m=1))
    told = apart(issued, issued, window).variance
    assert told is not None
    assert np.isnan(told[..., MODEL]).all() and (told[..., INPUT] > 0).all() and (told[..., RESIDUAL] > 0).all()


def test_one_scenario_only_does_not_know_the_inputs_share() -> None:
    window = sample_window()
    issued = forecast_of(window, drawn(window, r=1))
    told = apart(issued, issued, window).variance
    assert told is not None and np.isnan(told[..., INPUT]).all() and (told[..., MODEL] > 0).all()


def test_one_of_each_knows_neither() -> None:
    window = sample_window()
    issued = forecast_of(window, drawn(window, 1, 1))
    told = apart(issued, issued, window).variance
    assert told is not None and np.isnan(told).all()


def test_all_gauges_silent_is_not_a_perfect_input() -> None:
    window = sample_window()
    past = window.past.values.copy()
    past[1, :, :, :2] = np.nan
    window = replace(window, past=Signal.measured(past))
    members = np.broadcast_to(drawn(window, r=1), (3, 20, 8, 6))
    issued = forecast_of(window, members)
    told = apart(issued, issued, window).variance
    assert told is not None
    assert np.isnan(told[1, :, INPUT]).all() and not told[0, :, INPUT].any()
    assert (told[1, :, MODEL] > 0).all()


def test_a_station_without_forecast_has_no_doubt_to_share() -> None:
    window = sample_window()
    issued = forecast_of(window, drawn(window))
    values = issued.values.copy()
    values[1] = np.nan
    told = apart(issued, replace(issued, values=values), window).variance
    assert told is not None and np.isnan(told[1]).all() and np.isfinite(told[[0, 2]]).all()


# ---- shares


@given(arrays(np.float64, (2, 3, 3), elements=st.floats(0, 1e3)))
def test_shares_are_parts_of_one(variance: np.ndarray) -> None:
    found = shares(variance)
    whole = variance.sum(axis=2) > 0
    np.testing.assert_allclose(found[whole].sum(axis=1), 1.0)
    assert np.isnan(found[~whole]).all()


def test_an_unknown_share_is_in_none() -> None:
    np.testing.assert_allclose(shares(np.array([[[np.nan, 1.0, 3.0]]]))[0, 0], [np.nan, 0.25, 0.75])


def test_blocks_of_stations_change_nothing() -> None:
    members = np.random.default_rng(1).normal(size=(600, 4, 3, 2))
    found = of_members(members)
    assert found is not None
    np.testing.assert_array_equal(found[[0, 300, 599]], of_members(members[[0, 300, 599]]))


# ---- in the cycle


def pipeline(correctors: dict[str, ForecastCorrector], store: Store) -> Pipeline:
    none = Thresholds((), np.empty((3, 0)))
    made = Pipeline("p", LAYOUT, Playing(), {"spreading": Spreading()}, store, none, AlertRules())
    return replace(made, input_correctors={"input-error": InputError()}, forecast_correctors=correctors)


def wet_step() -> np.datetime64:
    fell = np.convolve(np.nan_to_num(HISTORY.inputs.values[:, :, 0]).sum(axis=0), np.ones(12), "full")
    at = 30 + int(np.argmax(fell[30:180]))
    return np.datetime64(HISTORY.times[at], "s")


@pytest.mark.parametrize("halved", [False, True])
def test_the_cycle_tells_the_doubt_apart(halved: bool) -> None:
    at = wet_step()
    correctors: dict[str, ForecastCorrector] = {"halving": Halving()} if halved else {}
    p = pipeline(correctors, MemoryStore())
    bulletin = run_cycle(p, at, at)
    told = bulletin.forecast.variance
    assert not bulletin.problems and told is not None
    assert (told[..., INPUT] > 0).all() and (told[..., MODEL] > 0).all()
    whole = band_variance(bulletin.forecast.values, bulletin.forecast.quantiles)
    assert whole.mean() == pytest.approx(1.0 if halved else 4.0, rel=0.15)
    np.testing.assert_allclose(told.sum(axis=2), np.maximum(whole, told[..., :RESIDUAL].sum(axis=2)))
    np.testing.assert_allclose(told[..., MODEL], np.var(Spreading().constants, ddof=1), rtol=1e-6)


def test_a_store_keeps_it(tmp_path: Path) -> None:
    at = wet_step()
    store = SqlStore(url=f"sqlite:///{tmp_path / 'h.db'}")
    made = run_cycle(pipeline({}, store), at, at)
    read = store.bulletin("p", at)
    assert read is not None and read.forecast.variance is not None and made.forecast.variance is not None
    np.testing.assert_array_equal(read.forecast.variance, made.forecast.variance)
    store.close()
