"""The static twin: its rain, its heights, its window, what it refuses, and that it is kept whole."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import Flag, History, ModelError, Signal, Split
from hydria_plugin.forecasters.block_network.training import Recipe
from hydria_plugin.forecasters.block_network.twin import (
    MOST_KEPT,
    Height,
    Twin,
    events_in,
    fit_twin,
    thinned,
)
from hydria_plugin.forecasters.block_network.twin_keeping import load_twins, save_twins
from hydria_plugin.forecasters.block_network.twin_rain import gauges_of, lagged
from hydria_plugin.learning.basin_cases import cases
from hydria_plugin.learning.fictitious_basin import Record, simulate
from hydria_plugin.learning.fictitious_cases import STATION, STOP, TEST, history_of, study_split

QUICK = Recipe(members=3, hidden=3, max_epochs=25, smooth=10.0)


@pytest.fixture(scope="module")
def twin(history: History, split: Split) -> Twin:
    return fit_twin(history, split, 0, np.random.default_rng(7), QUICK)


def with_rain(history: History, rain: np.ndarray) -> History:
    return replace(history, inputs=Signal.measured(np.asarray(rain)[None]))


# ---- what it learns -----------------------------------------------------------------------------------------------


def test_it_gives_the_river_from_rain_alone(twin: Twin) -> None:
    assert twin.skill["nse_shown"] > 0.9 and twin.dropped == 0 and twin.initialisations == 3
    assert twin.station == STATION and twin.slots == ("rain.1", "rain.2", "rain.3", "rain.4")
    assert twin.series == ("north", "west", "east", "south") and (twin.power, twin.origin) == (0.75, 0.0)
    assert not twin.networks.straight.any() and len(twin.lagged) == len(twin.height) <= MOST_KEPT
    assert 18 <= twin.lags <= 36 and twin.lagged.shape[1:] == (4, twin.lags)
    assert twin.events == 20 - TEST


def test_a_level_and_its_discharge_tell_the_same(record: Record, split: Split, twin: Twin) -> None:
    level = fit_twin(history_of(record, "level"), split, 0, np.random.default_rng(7), QUICK, lags=twin.lags)
    assert level.power == 1.25 and level.origin > 0 and level.skill["nse"] > 0.9
    gains = [t.networks.slope(t.lagged, t.state)[0].mean(axis=1) * t.networks.kernel.sum(axis=2) for t in (twin, level)]
    one, other = (np.median(g / g.sum(axis=1, keepdims=True), axis=0) for g in gains)
    np.testing.assert_allclose(one, other, atol=0.03)


def test_the_same_seed_gives_the_same_twin(history: History, split: Split) -> None:
    quick = replace(QUICK, members=1, max_epochs=2)
    one, same = (fit_twin(history, split, 0, np.random.default_rng(1), quick, lags=12) for _ in range(2))
    np.testing.assert_array_equal(one.networks.kernel, same.networks.kernel)
    np.testing.assert_array_equal(one.lagged, same.lagged)


def test_the_season_is_told_where_the_record_has_seen_it(history: History, split: Split) -> None:
    """The same values as a record of days."""
    quick, day = replace(QUICK, members=1, max_epochs=2), np.timedelta64(86400, "s")
    times = history.times[0] + day * np.arange(len(history.times))
    daily = replace(history, layout=replace(history.layout, step=day), times=times)
    hours, days = (fit_twin(h, split, 0, np.random.default_rng(1), quick, lags=12) for h in (history, daily))
    assert not hours.season and hours.wetness.shape[1] == hours.state.shape[1] == 3  # 80 days: 1, 3 and 10
    assert days.season and days.wetness.shape[1] == 5 and days.state.shape[1] == 7


def test_the_test_events_are_not_seen(history: History, split: Split, record: Record) -> None:
    spoilt = np.where(split.test[0], 9e3, record.measured)
    other = replace(history, target=Signal.measured(spoilt[None]))
    quick = replace(QUICK, members=1, max_epochs=2)
    one, same = (fit_twin(h, split, 0, np.random.default_rng(1), quick) for h in (history, other))
    np.testing.assert_array_equal(one.networks.kernel, same.networks.kernel)
    assert one.skill != same.skill


# ---- rain ---------------------------------------------------------------------------------------------------------


def test_lags_are_newest_first_and_dry_before_the_record(history: History, split: Split, record: Record) -> None:
    gauges = gauges_of(history, split, 0)
    at = np.array([0, 1, 50])
    x = lagged(gauges, at, 5) * gauges.scale
    np.testing.assert_allclose(x[2], record.gauges[46:51].T[:, ::-1])
    assert not x[0][:, 1:].any() and x.shape == (3, 4, 5)


def test_a_silent_gauge_reads_its_neighbours_and_is_counted(history: History, split: Split, record: Record) -> None:
    rain = record.gauges.copy()
    rain[:400, 0] = np.nan
    rain[:, 3] = np.nan
    gauges = gauges_of(with_rain(history, rain), split, 0)
    np.testing.assert_allclose(gauges.rain[5, 0], rain[5, 1:3].mean())
    assert gauges.speaking[3] == 0 and 0 < gauges.speaking[0] < 1 == gauges.speaking[1] and gauges.wet[3] == 0


def test_one_divisor_for_all_gauges_and_their_likeness(history: History, split: Split, record: Record) -> None:
    inside = (split.fit | split.stop)[0]
    gauges = gauges_of(history, split, 0)
    assert gauges.scale == pytest.approx(record.gauges[inside].std())
    np.testing.assert_allclose(gauges.alike, np.corrcoef(record.gauges[inside].T), atol=1e-9)
    twice = gauges_of(with_rain(history, record.gauges[:, [0, 0, 1, 2]]), split, 0)
    assert twice.alike[0, 1] == pytest.approx(1)


# ---- the river ----------------------------------------------------------------------------------------------------


def test_heights_weights_and_back(history: History, split: Split, record: Record) -> None:
    height = Height.of(history, split, 0)
    at = np.arange(0, 400, 7)
    np.testing.assert_allclose(height.back(height.target(at)), record.measured[at], rtol=1e-6, atol=1e-9)
    weight = height.weight(at)
    assert weight.mean() == pytest.approx(1)
    assert weight[height.values[at].argmin()] == weight.max() and weight.min() > 0
    product = weight * (height.values[at] + 0.5 * height.centre)
    np.testing.assert_allclose(product, product[0])
    level = Height.of(history_of(record, "level"), split, 0)
    np.testing.assert_allclose(level.back(level.target(at)), record.measured_level[at], rtol=1e-6)
    assert level.origin == record.measured_level[(split.fit | split.stop)[0]].min()


def test_values_that_failed_are_no_truth(history: History, split: Split) -> None:
    flags = history.target.flags.copy()
    flags[0, :500] = Flag.FAIL
    height = Height.of(replace(history, target=replace(history.target, flags=flags)), split, 0)
    assert np.isnan(height.values[:500]).all() and np.isfinite(height.values[500:]).all()


def test_thinning_keeps_what_is_high() -> None:
    height = np.random.default_rng(0).random(1000)
    kept = thinned(np.arange(1000), height, 200, np.random.default_rng(1))
    assert len(np.unique(kept)) == 200 and np.isin(np.argsort(-height)[:100], kept).all() and (np.diff(kept) > 0).all()
    np.testing.assert_array_equal(thinned(np.arange(5), height, 200, np.random.default_rng(1)), np.arange(5))


# ---- what it refuses ----------------------------------------------------------------------------------------------


def test_what_cannot_be_learned_is_said(history: History, split: Split, record: Record) -> None:
    rng, steps = np.random.default_rng(0), len(record.times)
    nothing = replace(split, fit=split.fit & (np.arange(steps) < 300)[None] & False)
    flat = replace(history, target=Signal.measured(np.full((1, steps), 3.0)))
    gone = replace(history, target=Signal.measured(np.full((1, steps), np.nan)))
    dry = with_rain(history, np.zeros((steps, 4)))
    levels = replace(history, layout=replace(history.layout, kinds=("level",) * 4))
    for h, s, words in [
        (history, nothing, f"{STATION}: 0 steps with a measured value"),
        (flat, split, "river never changes"),
        (gone, split, "no measured value"),
        (dry, split, "no rain gauge ever changes"),
        (levels, split, "has no rain gauge"),
    ]:
        with pytest.raises(ModelError, match=words):
            fit_twin(h, s, 0, rng, QUICK)


def test_one_gauge_and_a_dead_gauge_are_learned_with(history: History, split: Split, record: Record) -> None:
    rain = record.gauges.copy()
    rain[:, 1] = np.nan
    quick = replace(QUICK, members=1, max_epochs=3)
    assert fit_twin(with_rain(history, rain), split, 0, np.random.default_rng(0), quick, lags=12).speaking[1] == 0
    layout = replace(history.layout, slots=("rain.1",), kinds=("rain",), series=np.array([["north"]]))
    none = np.empty((1, len(record.times), 1, 0))
    lone = replace(history, layout=layout, inputs=Signal.measured(record.gauges[None, :, :1]), totals=none)
    assert fit_twin(lone, split, 0, np.random.default_rng(0), quick, lags=12).slots == ("rain.1",)


def test_events_are_counted_where_it_learns(split: Split) -> None:
    assert events_in(split, 0) == 20 - TEST
    assert events_in(replace(split, stop=split.stop & False), 0) == 20 - TEST - STOP
    assert events_in(replace(split, events=np.full_like(split.events, -1)), 0) == 0


@pytest.mark.parametrize("name", ["faulty", "identical"])
def test_harder_cases_are_learned(name: str) -> None:
    record = simulate(replace(cases()[name], events=16), np.random.default_rng(1))
    quick = replace(QUICK, members=1, max_epochs=4)
    twin = fit_twin(
        history_of(record), study_split(record, np.random.default_rng(2)), 0, np.random.default_rng(0), quick
    )
    assert all(np.isfinite(a).all() for a in twin.networks.arrays().values())
    assert (twin.alike[0, 1] > 0.99) == (name == "identical")


# ---- kept ---------------------------------------------------------------------------------------------------------


def test_a_twin_is_kept_whole(twin: Twin, tmp_path: Path) -> None:
    other = replace(twin, station="Saint-Jean / amont")
    save_twins(tmp_path, {STATION: twin, other.station: other})
    again = load_twins(tmp_path)
    assert set(again) == {STATION, other.station} and again[other.station].station == other.station
    for field in fields(Twin):
        one, same = getattr(twin, field.name), getattr(again[STATION], field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, same)
        elif field.name != "networks":
            assert one == same
    np.testing.assert_array_equal(again[STATION].networks.kernel, twin.networks.kernel)
    assert load_twins(tmp_path / "nowhere") == {}


def test_a_twin_of_the_format_before_is_read_as_one_without_a_season(twin: Twin, tmp_path: Path) -> None:
    save_twins(tmp_path, {STATION: twin})
    path = tmp_path / f"twin.{STATION}.json"
    held = json.loads(path.read_text())
    del held["season"]
    path.write_text(json.dumps(held | {"format": 2}))
    again = load_twins(tmp_path)[STATION]
    assert not again.season and again.wetness.shape == twin.state.shape


def test_a_damaged_twin_is_refused(twin: Twin, tmp_path: Path) -> None:
    save_twins(tmp_path, {STATION: twin})
    path = tmp_path / f"twin.{STATION}.json"
    held = json.loads(path.read_text())
    for change, words in [({"format": 9}, "has format 9"), ({"slots": 3}, "cannot read the network")]:
        path.write_text(json.dumps(held | change))
        with pytest.raises(ModelError, match=words):
            load_twins(tmp_path)
    path.write_text(json.dumps(held))
    path.with_suffix(".safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match="cannot read the network"):
        load_twins(tmp_path)
