"""Bands that hold what they promise: after a shift, in floods, on ticks; nothing learned from what is suspected."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import (
    Flag,
    Forecast,
    ForecastCorrector,
    Learning,
    ModelError,
    Persistent,
    Signal,
    State,
    Trainable,
    Verified,
    Window,
)
from hydria_plugin.correctors.conformal.classes import Seen, flooded, shares
from hydria_plugin.correctors.conformal.corrector import Conformal
from hydria_plugin.correctors.conformal.tracking import Stretch, beyond, pooled, scaled, stretched, taught
from hydria_plugin.correctors.lead_knots import between, hearing, leads_of
from hydria_plugin.testing import check_corrector, sample_history, sample_layout
from hydria_plugin.testing.samples import window_of
from tests.forecasters.records import split_of

LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
NORMAL = np.array([NormalDist().inv_cdf(q) for q in LEVELS])
HORIZON, STATIONS = 6, 3


@cache
def window(at: int = 200) -> Window:
    layout = sample_layout(stations=STATIONS, past=24, horizon=HORIZON)
    return window_of(sample_history(layout, steps=300, gaps=0.0), at)


def forecast(of: Window, width: float = 0.3) -> Forecast:
    last = of.observed.values[:, 0, -1]
    steps = np.sqrt(np.arange(1, of.layout.horizon + 1))
    values = last[:, None, None] + width * NORMAL * steps[:, None]
    return Forecast.of(of, np.asarray(values), "made")


def verified(truth: np.ndarray, issued: np.ndarray, raw: np.ndarray | None = None, flag: Flag = Flag.GOOD) -> Verified:
    """Truth (S) met what was issued (S, H, Q)."""
    s, h = issued.shape[:2]
    names, base = tuple(f"s{i + 1}" for i in range(s)), np.full((s, h), 10.0)
    return Verified(
        np.datetime64("2026-01-01", "s"), names, tuple(LEVELS), issued, truth, np.full(s, flag, np.uint8), base=base,
        rise=np.zeros((s, h)), raw=issued if raw is None else raw,
    )  # fmt: skip


def lived(scale: np.ndarray, seed: int = 0, widths: float = 1.0) -> np.ndarray:
    """(T) whether truth fell in the 10-90 % band at lead 1, when the errors' spread is ``scale`` (T) times what the raw
    forecast says; each forecast is corrected with what was learned from those before it."""
    rng, conformal, state, inside = np.random.default_rng(seed), Conformal(), {}, []
    raw = 10.0 + widths * NORMAL * np.ones((1, HORIZON, 1))
    now = only(window(), 1)
    for spread in scale:
        issued = conformal.correct_forecast(made(now, raw), replace(now, learned={"conformal": state})).values
        truth = np.array([10.0 + widths * spread * rng.normal()])
        inside.append(issued[0, 0, 1] <= truth[0] <= issued[0, 0, 5])
        state = conformal.learn(verified(truth, issued, raw), state)
    return np.array(inside)


def only(of: Window, stations: int) -> Window:
    return of.only(range(stations))


def made(of: Window, values: np.ndarray) -> Forecast:
    return Forecast.of(of, values, "made")


def taught_by(seed: int, steps: int = 40, flag: Flag = Flag.GOOD, scale: float = 2.0) -> State:
    rng, conformal, state = np.random.default_rng(seed), Conformal(), {}
    raw = 10.0 + NORMAL * np.ones((STATIONS, HORIZON, 1))
    for _ in range(steps):
        truth = 10.0 + scale * rng.normal(size=STATIONS)
        state = conformal.learn(verified(truth, raw, raw, flag), state)
    return state


def test_it_is_what_it_says() -> None:
    conformal = Conformal()
    for power in (ForecastCorrector, Learning, Trainable, Persistent):
        assert isinstance(conformal, power)
    check_corrector(conformal)


def test_without_anything_learned_and_with_all_inputs_nothing_changes() -> None:
    given = forecast(window())
    np.testing.assert_array_equal(Conformal().correct_forecast(given, window()).values, given.values)


def test_a_reliable_forecast_stays_one() -> None:
    inside = np.concatenate([lived(np.ones(700), seed) for seed in range(2)])
    assert 0.76 <= inside.mean() <= 0.84


def test_after_errors_grow_two_and_a_half_times_the_band_holds_again_within_a_hundred_steps() -> None:
    shift = np.concatenate([np.ones(300), np.full(300, 2.5)])
    inside = np.stack([lived(shift, seed) for seed in range(4)])
    assert inside[:, 300:330].mean() < 0.7, "it must have been broken first"
    assert inside[:, 400:500].mean() >= 0.75


def test_after_errors_shrink_the_band_narrows_again() -> None:
    shift = np.concatenate([np.full(200, 2.5), np.ones(500)])
    inside = np.stack([lived(shift, seed) for seed in range(2)])
    assert 0.74 <= inside[:, 500:].mean() <= 0.88


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 50), scale=st.floats(0.0, 30.0), steps=st.integers(0, 60))
def test_quantiles_never_cross_and_are_finite(seed: int, scale: float, steps: int) -> None:
    now = replace(window(), learned={"conformal": taught_by(seed, steps, scale=scale)})
    after = Conformal().correct_forecast(forecast(now), now)
    assert np.isfinite(after.values).all()
    assert (np.diff(after.values, axis=2) >= 0).all()


@pytest.mark.parametrize("flag", [Flag.SUSPECT, Flag.FAIL])
def test_suspected_truth_teaches_nothing(flag: Flag) -> None:
    state = taught_by(1)
    raw = 10.0 + NORMAL * np.ones((STATIONS, HORIZON, 1))
    after = Conformal().learn(verified(np.full(STATIONS, 50.0), raw, raw, flag), state)
    for name, array in state.items():
        np.testing.assert_array_equal(after[name], array, err_msg=name)


def test_truth_that_never_arrives_leaves_the_state_as_it_is() -> None:
    state = taught_by(2)
    raw = 10.0 + NORMAL * np.ones((STATIONS, HORIZON, 1))
    assert Conformal().learn(verified(np.full(STATIONS, np.nan), raw), state) is state


def test_a_station_without_truth_learns_nothing_while_others_do() -> None:
    state = taught_by(3)
    raw = 10.0 + NORMAL * np.ones((STATIONS, HORIZON, 1))
    after = Conformal().learn(verified(np.array([50.0, np.nan, 50.0]), raw), state)
    for name, array in state.items():
        np.testing.assert_array_equal(after[name][1], array[1], err_msg=name)
    assert not np.array_equal(after["fast"][0], state["fast"][0])


def test_learning_is_pure() -> None:
    before = {name: array.copy() for name, array in taught_by(4).items()}
    state = taught_by(4)
    raw = 10.0 + NORMAL * np.ones((STATIONS, HORIZON, 1))
    once, twice = (Conformal().learn(verified(np.full(STATIONS, 12.0), raw), state) for _ in range(2))
    for name in state:
        np.testing.assert_array_equal(state[name], before[name])
        np.testing.assert_array_equal(once[name], twice[name])


@settings(deadline=None, max_examples=10)
@given(order=st.permutations(range(STATIONS)))
def test_the_order_of_stations_changes_nothing(order: list[int]) -> None:
    rng, state, turned = np.random.default_rng(5), {}, {}
    raw = 10.0 + NORMAL * rng.uniform(0.5, 2.0, (STATIONS, HORIZON, 1))
    for _ in range(20):
        truth = 10.0 + 2 * rng.normal(size=STATIONS)
        state = Conformal().learn(verified(truth, raw), state)
        turned = Conformal().learn(verified(truth[order], raw[order]), turned)
    for name in state:
        np.testing.assert_allclose(turned[name], state[name][order], rtol=1e-6, err_msg=name)


def test_a_state_of_another_shape_is_not_used() -> None:
    other = taught_by(6)
    small = only(window(), 1)
    given_ = forecast(small)
    after = Conformal().correct_forecast(given_, replace(small, learned={"conformal": other}))
    np.testing.assert_array_equal(after.values, given_.values)


def test_a_station_without_forecast_stays_without() -> None:
    whole = forecast(window())
    values = np.array(whole.values)
    values[1] = np.nan
    now = replace(window(), learned={"conformal": taught_by(7)})
    after = Conformal().correct_forecast(made(now, values), now)
    assert after.missing == ("s2",)
    assert np.isfinite(after.values[[0, 2]]).all()


def test_a_band_is_wider_where_inputs_are_missing() -> None:
    whole = window()
    values = np.array(whole.past.values)
    values[:, :, -1] = np.nan
    blind = replace(whole, past=Signal.measured(values))
    given_ = forecast(whole)
    after = Conformal(degraded=0.4).correct_forecast(given_, blind)
    wide = (after.values[..., 5] - after.values[..., 1]) / (given_.values[..., 5] - given_.values[..., 1])
    present = whole.layout.present.sum(axis=1)
    np.testing.assert_allclose(wide, np.exp(0.4 * present / (present + 1.0))[:, None] * np.ones(HORIZON))
    np.testing.assert_array_equal(after.median, given_.median)


def test_no_water_below_nothing() -> None:
    now = replace(window(), learned={"conformal": taught_by(8, steps=200, scale=20.0)})
    values = 0.01 + np.linspace(0.0, 0.02, 7) * np.ones((STATIONS, HORIZON, 1))
    assert (Conformal().correct_forecast(made(now, values), now).values >= 0.0).all()


def test_outer_quantiles_lie_on_the_ticks_of_the_gauge() -> None:
    conformal = Conformal()
    conformal.ticks = {"s1": 0.01}
    now = replace(window(), learned={"conformal": taught_by(9)})
    after = conformal.correct_forecast(forecast(now), now)
    last = now.observed.values[0, 0, -1]
    counted = (np.delete(after.values[0], 3, axis=1) - last) / 0.01
    np.testing.assert_allclose(counted, np.round(counted), atol=1e-6)


def test_it_is_trained_on_the_ticks_of_the_record_and_kept(tmp_path: Path) -> None:
    history = sample_history(sample_layout(stations=2), steps=2000, gaps=0.0)
    coarse = np.round(np.array(history.target.values), 2)
    history = replace(history, target=Signal.measured(coarse))
    fitted = Conformal(degraded=0.1).fit(history, split_of(history))
    assert fitted.ticks["s1"] == pytest.approx(0.01, rel=0.05)
    fitted.save(tmp_path)
    again = Conformal(degraded=0.1).load(tmp_path)
    assert again.ticks == fitted.ticks and again.degraded == 0.1


@pytest.mark.parametrize("text", ["", "{}", '{"ticks": 3}', '{"ticks": {"a": "x"}}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "conformal.json").write_text(text)
    with pytest.raises(ModelError, match=r"conformal\.json cannot be read.*hydria train"):
        Conformal().load(tmp_path)


@pytest.mark.parametrize("degraded", [-0.1, 2.1])
def test_how_much_wider_has_bounds(degraded: float) -> None:
    with pytest.raises(ValueError, match="degraded must lie between 0 and 2"):
        Conformal(degraded=degraded)


# ---- the parts


@settings(deadline=None, max_examples=50)
@given(values=st.lists(st.integers(0, 4), min_size=7, max_size=7), truth=st.integers(-1, 5))
def test_truth_on_a_tick_counts_by_its_share(values: list[int], truth: int) -> None:
    quantiles = np.sort(np.array(values, float))[None, None]
    under = beyond(np.array([float(truth)]), quantiles, LEVELS)[0, 0] + LEVELS
    assert ((under >= 0) & (under <= 1)).all()
    assert (np.diff(under) >= -1e-12).all(), "a higher quantile is not less likely to be above"
    free = quantiles[0, 0] != truth
    np.testing.assert_array_equal(under[free], (truth < quantiles[0, 0])[free])


def test_on_a_forecast_of_ticks_that_is_right_misses_cancel_out() -> None:
    """Truth takes 0, 1, 2 with probabilities .6, .3, .1; the quantiles are those of that distribution."""
    quantiles = np.array([0, 0, 0, 0, 1, 1, 2.0])[None, None]
    mean = sum(p * beyond(np.array([float(y)]), quantiles, LEVELS)[0, 0] for y, p in ((0, 0.6), (1, 0.3), (2, 0.1)))
    assert np.abs(mean).max() < 0.11
    wrong = np.array([0, 0, 0, 0, 0, 0, 1.0])[None, None]
    off = sum(p * beyond(np.array([float(y)]), wrong, LEVELS)[0, 0] for y, p in ((0, 0.6), (1, 0.3), (2, 0.1)))
    assert off[4:].min() < -0.1, "too narrow above"


@settings(deadline=None, max_examples=30)
@given(log=st.floats(-12, 5), borders=st.lists(st.floats(-5, 3), min_size=4, max_size=4))
def test_classes_share_one_forecast(log: float, borders: list[float]) -> None:
    found = shares(np.exp(np.array([[log]])), np.sort(np.array(borders))[None, None])
    assert found.sum() == pytest.approx(1.0)
    assert (found >= -1e-12).all()


def test_borders_follow_the_quantiles_of_the_widths() -> None:
    rng, seen = np.random.default_rng(0), Seen.nothing(1, 1)
    for _ in range(4000):
        seen = seen.met(np.exp(rng.normal(size=(1, 1))), rng.normal(size=(1, 1, 3)))
    np.testing.assert_allclose(seen.borders[0, 0], [-0.524, 0.524, 1.282, 1.881], atol=0.35)
    np.testing.assert_allclose(seen.floods[0, 0], 1.282, atol=0.4)


def test_a_flood_is_any_of_the_three_marks() -> None:
    limits = np.array([[[1.0, 1.0, 1.0]]])
    for mark in range(3):
        marks = np.zeros((1, 1, 3))
        assert not flooded(marks, limits).any()
        marks[..., mark] = 1.0
        assert flooded(marks, limits).all()
    assert not flooded(np.full((1, 1, 3), np.nan), limits).any()


@pytest.mark.parametrize("horizon", [1, 2, 3, 6, 24, 72])
def test_knots_stand_for_all_leads(horizon: int) -> None:
    np.testing.assert_allclose(between(horizon).sum(axis=1), 1.0)
    np.testing.assert_allclose(hearing(horizon).sum(axis=1), 1.0)
    knots = leads_of(horizon)
    assert knots[0] == 1 and knots[-1] == horizon and (np.diff(knots) > 0).all()
    np.testing.assert_allclose(between(horizon)[knots - 1], np.eye(len(knots)), atol=1e-12)


def test_a_station_with_few_floods_borrows_from_those_with_many() -> None:
    flood = np.array([[[0.0, 0.0]], [[0.6, 0.2]]])
    found = pooled(flood, np.array([[0.0], [5000.0]]))
    np.testing.assert_allclose(found[0, 0], [0.6, 0.2], rtol=1e-6)
    np.testing.assert_allclose(found[1, 0], [0.6, 0.2], rtol=1e-6)
    np.testing.assert_array_equal(pooled(flood, np.zeros((2, 1))), 0.0)


def test_what_is_learned_of_narrow_bands_leaves_the_wide_ones() -> None:
    new = Stretch.none(1, HORIZON, len(LEVELS))
    narrow = np.zeros((1, HORIZON, 4))
    narrow[..., 0] = 1.0
    quantiles = 10.0 + NORMAL * np.ones((1, HORIZON, 1))
    after = taught(new, quantiles, np.array([13.0]), LEVELS, 3, narrow, np.zeros((1, HORIZON), bool))
    assert (after.scale[:, :, 0, 1] > 0).all() and (after.scale[:, :, 0, 0] < 0).all()
    np.testing.assert_array_equal(after.scale[:, :, 1:], 0.0)
    np.testing.assert_array_equal(after.flood, 0.0)


def test_each_level_is_scaled_by_its_side_and_the_median_stays() -> None:
    quantiles = np.array([[[-3.0, -2.0, -1.0, 5.0, 6.0, 7.0, 8.0]]])
    found = scaled(quantiles, 3, lambda side, q: np.array([[(10.0, 100.0)[side] + q]]))
    away = np.array([-8.0, -7.0, -6.0, 0.0, 1.0, 2.0, 3.0]) * [10, 11, 12, 1, 104, 105, 106]
    np.testing.assert_array_equal(found[0, 0], 5.0 + away)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_what_is_issued_and_learned_of_a_station_is_the_same_among_others(seed: int, among: int) -> None:
    rng = np.random.default_rng(seed)
    quantiles = np.sort(rng.normal(size=(among, HORIZON, 7)), axis=2)
    quantiles[rng.random(quantiles.shape[:2]) < 0.1] = np.nan
    truth = np.where(rng.random(among) < 0.2, np.nan, np.round(rng.normal(size=among), 1))
    classes, floods = rng.dirichlet(np.ones(4), (among, HORIZON)), rng.random((among, HORIZON)) < 0.3
    new = Stretch.none(among, HORIZON, 7)
    every = taught(new, quantiles, truth, LEVELS, 3, classes, floods).arrays()
    for i in range(among):
        row, none = slice(i, i + 1), Stretch.none(1, HORIZON, 7)
        alone = taught(none, quantiles[row], truth[row], LEVELS, 3, classes[row], floods[row]).arrays()
        for name, array in alone.items():
            np.testing.assert_allclose(array[0], every[name][i], atol=1e-6, err_msg=name)


def test_levels_that_learned_against_each_other_are_put_in_order() -> None:
    held = Stretch.none(2, HORIZON, 7)
    held.level[1, :, :3] = [-0.7, 0.0, 0.7]  # the lowest comes nearer to the median than the third
    quantiles = 10.0 + NORMAL * np.ones((2, HORIZON, 1))
    nothing, classes = np.zeros((2, HORIZON), bool), np.zeros((2, HORIZON, 4))
    found = stretched(quantiles, held, between(HORIZON), classes, nothing, 3, np.zeros(2))
    np.testing.assert_array_equal(found[0], quantiles[0])
    assert (np.diff(found, axis=2) >= 0).all() and (found[1, :, 0] > quantiles[1, :, 0]).all()
