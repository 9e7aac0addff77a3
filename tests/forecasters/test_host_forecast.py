"""The platform's own model series as a forecaster: untouched centre, doubt from the archive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import History, Layout, ModelError, Signal, Window
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.host_forecast import FEWEST, HostForecast, error_quantiles
from hydria_plugin.learning.splits import split
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of

PAST, HORIZON = 8, 4
SIGMA = 0.05


def layout_with(*slots: str) -> Layout:
    """Two stations, whose slots are the simulations named; the second station lacks the last of them."""
    plain = sample_layout(stations=2, slots=1, past=PAST, horizon=HORIZON)
    series = np.array([[f"{slot}@{s}" for slot in slots] for s in plain.stations])
    if len(slots) > 1:
        series[1, -1] = ""
    kinds = tuple("simulation" if s.startswith("simulation") else "rain" for s in slots)
    return replace(plain, slots=slots, kinds=kinds, series=series)


def record(bias: float = 0.0, *slots: str, archived: bool = True) -> History:
    """A record whose platform forecast each step as the truth plus ``bias`` and noise that grows with the lead."""
    slots = slots or ("simulation.grp",)
    layout = layout_with(*slots)
    base = sample_history(sample_layout(stations=2, slots=1, past=PAST, horizon=HORIZON), steps=1500, gaps=0.0)
    y, rng = base.target.values, np.random.default_rng(4)
    steps = np.arange(1500)[:, None] + np.arange(1, HORIZON + 1)
    truth = np.where(steps < 1500, y[:, np.minimum(steps, 1499)], np.nan)
    noise = SIGMA * np.sqrt(np.arange(1, HORIZON + 1)) * rng.normal(size=truth.shape)
    known = {"simulation.grp": truth + bias + noise} if archived else {}
    inputs = np.repeat((y + bias)[:, :, None], len(slots), axis=2)
    totals = np.empty((2, 1500, len(slots), 0))
    return History(layout, base.times, Signal.measured(y), Signal.measured(inputs), totals, forecasts=known)


def window_with(history: History, at: int) -> Window:
    """The window at ``at`` with the archived forecasts in the future of their slots."""
    window = window_of(history, at)
    future = np.array(window.future.values)
    for slot, known in history.forecasts.items():
        future[:, 0, :, history.layout.slots.index(slot)] = known[:, at]
    return replace(window, future=Signal.measured(future))


def test_the_centre_is_the_platforms_value() -> None:
    history = record()
    fitted = HostForecast().fit(history, split(history))
    forecast = fitted.forecast(window_with(history, 900))
    np.testing.assert_allclose(forecast.median, history.forecasts["simulation.grp"][:, 900])
    assert set(forecast.made_by) == {"host-forecast"}


def test_the_spread_is_that_of_the_archived_errors() -> None:
    history = record()
    fitted = HostForecast().fit(history, split(history))
    values = fitted.forecast(window_with(history, 900)).values
    for lead in range(HORIZON):
        width = values[:, lead, 5] - values[:, lead, 1]  # 10 to 90 %
        assert width == pytest.approx(2 * 1.2816 * SIGMA * np.sqrt(lead + 1), rel=0.15)


def test_a_bias_widens_one_side_and_leaves_the_centre() -> None:
    history = record(bias=0.5)
    fitted = HostForecast().fit(history, split(history))
    forecast = fitted.forecast(window_with(history, 900))
    np.testing.assert_allclose(forecast.median, history.forecasts["simulation.grp"][:, 900])
    below, above = forecast.median - forecast.values[:, :, 0], forecast.values[:, :, -1] - forecast.median
    assert (below > 0.4).all() and (above < 0.2).all()
    assert (np.diff(forecast.values, axis=2) >= 0).all()


def test_hindcast_and_forecast_are_one() -> None:
    history = record()
    fitted = HostForecast().fit(history, split(history))
    steps = np.array([50, 600, 1200])
    many = fitted.hindcast(history, steps, False)
    for i, at in enumerate(steps):
        np.testing.assert_allclose(many[i], fitted.forecast(window_with(history, int(at))).values)


def test_without_a_forecast_there_is_none() -> None:
    history = record()
    forecast = HostForecast().fit(history, split(history)).forecast(window_of(history, 900))
    assert not forecast.there.any()


def test_a_half_known_horizon_is_no_forecast() -> None:
    history = record()
    window = window_with(history, 900)
    future = np.array(window.future.values)
    future[0, 0, -1] = np.nan
    forecast = HostForecast().forecast(replace(window, future=Signal.measured(future)))
    assert forecast.there.tolist() == [False, True]


def test_the_first_slot_with_a_forecast_counts() -> None:
    history = record(0.0, "rain.1", "simulation.a", "simulation.b")
    window = window_of(history, 900)
    future = np.array(window.future.values)
    future[0, 0, :, 1], future[0, 0, :, 2], future[1, 0, :, 2] = 1.0, 2.0, 3.0
    window = replace(window, future=Signal.measured(future))
    assert HostForecast().forecast(window).median[:, 0].tolist() == [1.0, 3.0]
    assert HostForecast(slot="simulation.b").forecast(window).median[:, 0].tolist() == [2.0, 3.0]
    assert not HostForecast(slot="simulation.c").forecast(window).there.any()


def test_untrained_it_has_no_spread() -> None:
    values = HostForecast().forecast(window_with(record(), 900)).values
    assert (np.ptp(values, axis=2) == 0).all()


def test_a_slot_without_archive_is_judged_by_what_came_only_when_the_future_is_known() -> None:
    history = record(archived=False)
    model = HostForecast()
    assert np.isnan(model.hindcast(history, np.array([700]), False)).all()
    came = model.hindcast(history, np.array([700]), True)[0, :, :, 3]
    np.testing.assert_allclose(came, history.inputs.values[:, 701 : 701 + HORIZON, 0])


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    history = record()
    fitted = HostForecast(slot="simulation.*").fit(history, split(history))
    fitted.save(tmp_path)
    again = HostForecast().load(tmp_path)
    window = window_with(history, 900)
    np.testing.assert_array_equal(again.forecast(window).values, fitted.forecast(window).values)


def test_another_horizon_is_refused_by_name() -> None:
    history = record()
    fitted = HostForecast().fit(history, split(history))
    longer = record()
    window = window_of(replace(longer, layout=replace(longer.layout, horizon=6), forecasts={}), 900)
    with pytest.raises(ModelError, match="trained for horizon 4, now 6"):
        fitted.forecast(window)
    with pytest.raises(ModelError, match="not trained"):
        HostForecast().save(Path("."))


def test_a_new_station_is_given_no_spread() -> None:
    history = record()
    fitted = HostForecast().fit(history, split(history))
    window = window_with(history, 900)
    strange = replace(window, layout=replace(window.layout, stations=("new", window.stations[1])))
    width = np.ptp(fitted.forecast(strange).values, axis=2)
    assert (width[0] == 0).all() and (width[1] > 0).all()


def test_too_few_errors_are_no_quantiles() -> None:
    few = np.ones((FEWEST - 1, 2))
    assert (error_quantiles(few, (0.1, 0.5, 0.9)) == 0).all()
    assert (error_quantiles(np.ones((FEWEST, 2)), (0.1, 0.5, 0.9)) == 1).all()


def test_a_good_platform_model_carries_the_blend() -> None:
    history = record()
    blend = Blend(members={"host-forecast": HostForecast()}, rng=np.random.default_rng(1)).fit(history, split(history))
    trained = blend.ready()
    assert trained.mix.centre[0, :, 1:, list(trained.members).index("host-forecast")].mean() > 0.5
    window = window_with(history, 900)
    truth = history.target.values[:, 901 : 901 + HORIZON]
    last = history.target.values[:, 900:901]
    mine, held = blend.forecast(window).median - truth, last - truth
    assert np.isfinite(mine).all() and held.shape == mine.shape


def test_a_pipeline_without_simulations_blends_without_it() -> None:
    history = sample_history(sample_layout(stations=1, slots=2, past=PAST, horizon=HORIZON), steps=800)
    blend = Blend(members={"host-forecast": HostForecast()}).fit(history, split(history))
    assert (blend.ready().mix.centre[..., 0] == 0).all()
    assert blend.forecast(window_of(history, 700)).there.all()
