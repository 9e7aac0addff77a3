"""Ticks: found where a gauge has one, nowhere else; quantiles come to stand on them, and lose less for it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import ModelError
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.keeping import save_arrays
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.forecasters.reliability import pinball
from hydria_plugin.forecasters.ridge import Ridge
from hydria_plugin.learning.ticks import FEWEST, STILL, on_ticks, tick_of, ticks_of
from hydria_plugin.testing import sample_history, sample_layout, sample_window
from hydria_plugin.values import Signal

from .records import split_of

LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
MIDDLE = 3


def walk(n: int, size: float, seed: int = 0) -> np.ndarray:
    """A level that rests four steps in five."""
    rng = np.random.default_rng(seed)
    return 3.0 + np.cumsum(np.where(rng.random(n) < 0.2, rng.normal(size=n) * size, 0.0))


class TestFinding:
    @pytest.mark.parametrize("tick", [0.01, 0.003048, 1.0, 0.25])
    @pytest.mark.parametrize("offset", [0.0, 0.37])
    def test_a_rounded_level_shows_its_step_wherever_it_begins(self, tick: float, offset: float) -> None:
        values = offset + tick * np.round(walk(5_000, 3 * tick) / tick)
        assert tick_of(values) == pytest.approx(tick, rel=1e-6)

    def test_feet_written_in_rounded_metres(self) -> None:
        feet = 0.01 * np.round(walk(5_000, 0.03) / 0.01)
        assert tick_of(np.round(0.3048 * feet, 4)) == pytest.approx(0.003048, rel=0.02)

    def test_gaps_and_single_precision_do_not_hide_it(self) -> None:
        values = (0.01 * np.round(walk(5_000, 0.03) / 0.01)).astype(np.float32).astype(np.float64)
        values[::17] = np.nan
        assert tick_of(values) == pytest.approx(0.01, rel=1e-3)

    def test_what_flows_has_none(self) -> None:
        assert tick_of(walk(5_000, 1.0)) == 0.0

    def test_a_gauge_read_to_significant_digits_has_none_of_its_own(self) -> None:
        steps = np.tile([0.01, -0.01, 0.013, -0.013, 0.017, -0.017], 200)
        assert tick_of(np.cumsum(steps)) == 0.0

    @pytest.mark.parametrize("values", [np.full(500, np.nan), np.full(500, 2.0), np.array([]), np.array([1.0])])
    def test_nothing_to_see(self, values: np.ndarray) -> None:
        assert tick_of(values) == 0.0

    def test_too_few_changes(self) -> None:
        assert tick_of(np.cumsum(np.full(FEWEST, 0.01))) == 0.0
        assert tick_of(np.cumsum(np.full(FEWEST + 1, 0.01))) == pytest.approx(0.01)

    def test_the_test_part_and_what_is_not_trusted_say_nothing(self) -> None:
        history = sample_history(sample_layout(stations=2, slots=1), 2_000)
        split = split_of(history)
        values = np.array(history.target.values)
        values[:, split.test[0]] = np.round(values[:, split.test[0]], 1)
        values[1] = np.round(values[1], 2)
        ticks = ticks_of(dataclasses.replace(history, target=Signal.measured(values)), split)
        assert ticks[0] == 0.0
        assert ticks[1] == pytest.approx(0.01, rel=1e-3)


def spread(centre: np.ndarray, size: float) -> np.ndarray:
    return centre[..., None] + size * np.array([-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645])


class TestStandingOnThem:
    @settings(max_examples=80, deadline=None)
    @given(st.integers(0, 10_000), st.floats(0.001, 2.0), st.floats(0.001, 1.0))
    def test_every_quantile_is_a_tick_or_the_centre_and_none_cross(self, seed: int, tick: float, size: float) -> None:
        rng = np.random.default_rng(seed)
        last, given_ = rng.normal(size=(4, 3)) + 9, spread(rng.normal(size=(4, 3)) + 9, size)
        shown = on_ticks(given_, last, np.full(4, tick), MIDDLE)
        away = (shown - last[..., None]) / tick
        whole = np.abs(away - np.round(away)) < 1e-6
        assert (whole | (shown == shown[..., MIDDLE : MIDDLE + 1])).all()
        assert (np.diff(shown, axis=-1) >= 0).all()
        moved = np.abs(shown[..., MIDDLE] - given_[..., MIDDLE])
        assert (moved <= STILL * tick + 1e-12).all()

    @settings(max_examples=80, deadline=None)
    @given(st.integers(0, 10_000))
    def test_no_quantile_moves_by_more_than_half_a_tick_but_to_the_centre(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        last, given_ = np.zeros((5, 2)), spread(rng.normal(size=(5, 2)), 0.5)
        shown = on_ticks(given_, last, np.full(5, 0.3), MIDDLE)
        near = np.abs(shown - given_) <= 0.15 + 1e-12
        assert (near | (shown == shown[..., MIDDLE : MIDDLE + 1])).all()

    def test_where_the_truth_comes_in_ticks_the_loss_falls(self) -> None:
        rng = np.random.default_rng(5)
        last, tick = np.zeros((20_000, 1)), np.full(20_000, 1.0)
        size = 0.45
        truth = np.round(size * rng.normal(size=last.shape))
        smooth = spread(last, size)
        shown = on_ticks(smooth, last, tick, MIDDLE)
        assert pinball(truth, shown, LEVELS).mean() < 0.9 * pinball(truth, smooth, LEVELS).mean()

    def test_a_centre_that_hardly_moves_has_not_moved(self) -> None:
        last, tick = np.array([[5.0, 5.0]]), np.array([0.01])
        shown = on_ticks(spread(last + np.array([[0.0024, 0.0026]]), 0.001), last, tick, MIDDLE)
        assert shown[0, :, MIDDLE] == pytest.approx([5.0, 5.0026])

    def test_no_discharge_below_zero_for_the_sake_of_a_tick(self) -> None:
        last, tick = np.array([[0.015]]), np.array([0.01])
        given_ = np.array([[[0.0, 0.001, 0.005, 0.015, 0.02, 0.03, 0.04]]])
        assert on_ticks(given_, last, tick, MIDDLE).min() == 0.0
        below = on_ticks(given_ - 0.5, last, tick, MIDDLE)
        assert below.min() < -0.4

    def test_stations_without_ticks_and_rows_without_a_last_value_are_left_alone(self) -> None:
        values = spread(np.array([[1.234], [2.345], [3.456]]), 0.1)
        last = np.array([[1.0], [np.nan], [3.0]])
        shown = on_ticks(values, last, np.array([0.0, 0.5, 0.5]), MIDDLE)
        assert (shown[:2] == values[:2]).all()
        assert (shown[2] != values[2]).any()
        assert on_ticks(values, last, np.zeros(3), MIDDLE) is values


class TestInTheBlend:
    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls) -> tuple[Blend, Blend]:
        layout = sample_layout(stations=2, slots=2, past=24, horizon=6)
        history = sample_history(layout, 3_000)
        values = np.array(history.target.values)
        values[1] = np.round(values[1], 1)
        history = dataclasses.replace(history, target=Signal.measured(values))
        blend = Blend(members={"ridge": Ridge(), "persistence": Persistence()})
        return blend, blend.fit(history, split_of(history))

    def test_forecasts_of_a_gauge_with_ticks_stand_on_them(self, fitted: tuple[Blend, Blend]) -> None:
        _, trained = fitted
        assert trained.trained is not None
        assert trained.trained.mix.tick == pytest.approx([0.0, 0.1], rel=1e-3)
        window = sample_window(sample_layout(stations=2, slots=2, past=24, horizon=6))
        values = trained.forecast(window).values
        last = window.observed.values[:, 0, -1]
        away = (values - last[:, None, None]) / 0.1
        on = np.abs(away - np.round(away)) < 1e-3
        assert (on | (values == values[..., MIDDLE : MIDDLE + 1]))[1].all()
        assert not on[0].all()

    def test_ticks_are_kept(self, fitted: tuple[Blend, Blend], tmp_path: Path) -> None:
        blend, trained = fitted
        assert trained.trained is not None
        trained.save(tmp_path)
        loaded = blend.load(tmp_path)
        assert loaded.trained is not None
        assert (loaded.trained.mix.tick == trained.trained.mix.tick).all()

    def test_a_blend_kept_before_there_were_ticks_is_refused(self, fitted: tuple[Blend, Blend], tmp_path: Path) -> None:
        blend, trained = fitted
        assert trained.trained is not None
        trained.save(tmp_path)
        arrays = trained.trained.mix.arrays()
        save_arrays(tmp_path, {name: a for name, a in arrays.items() if name != "tick"})
        with pytest.raises(ModelError, match="'tick'"):
            blend.load(tmp_path)
