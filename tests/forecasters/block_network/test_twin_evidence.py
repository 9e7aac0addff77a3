"""What teaches a twin: rain that the gauges read themselves, and a river that answers to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import Flag, History, Signal, Split
from hydria_plugin.forecasters.block_network.training import Recipe
from hydria_plugin.forecasters.block_network.twin import Height, fit_twin, teaching
from hydria_plugin.forecasters.block_network.twin_evidence import (
    enough_left,
    out_and_back,
    read_windows,
    sound_river,
)
from hydria_plugin.forecasters.block_network.twin_rain import gauges_of
from hydria_plugin.forecasters.block_network.twin_window import WINDOWS
from hydria_plugin.learning.basin_cases import demonstration
from hydria_plugin.learning.fictitious_basin import HOUR, START, simulate

LONGEST = WINDOWS[-1]


def filled(history: History, gauge: int, steps: slice | np.ndarray, value: float) -> History:
    """As a corrector leaves it: a value with its doubt."""
    values, sigma = np.array(history.inputs.values), np.array(history.inputs.sigma)
    values[0, steps, gauge], sigma[0, steps, gauge] = value, 1.0
    return replace(history, inputs=replace(history.inputs, values=values, sigma=sigma))


def taught(history: History, split: Split) -> list[np.ndarray]:
    return teaching(gauges_of(history, split, 0), Height.of(history, split, 0), split, 0)


# ---- the river ----------------------------------------------------------------------------------------------------


def test_a_doubted_failed_or_estimated_value_is_no_answer() -> None:
    signal = Signal.measured(np.arange(10.0))
    flags, sigma = np.array(signal.flags), np.zeros(10)
    flags[2], flags[4], sigma[6] = Flag.SUSPECT, Flag.FAIL, 0.3
    river = sound_river(replace(signal, flags=flags, sigma=sigma))
    assert np.flatnonzero(np.isnan(river)).tolist() == [2, 4, 6]
    np.testing.assert_array_equal(river[[0, 3, 9]], [0, 3, 9])


def test_where_most_values_are_doubted_a_doubt_says_nothing() -> None:
    flags = np.full(10, Flag.SUSPECT, dtype=np.uint8)
    flags[:4] = Flag.GOOD
    np.testing.assert_array_equal(sound_river(Signal.measured(np.arange(10.0), flags)), np.arange(10.0))
    flags[:5] = Flag.GOOD
    assert np.isfinite(sound_river(Signal.measured(np.arange(10.0), flags))).sum() == 5


@pytest.mark.parametrize("far", [3.0, -3.0])
def test_a_value_that_goes_far_and_comes_straight_back_is_found(far: float) -> None:
    river = 1 + 0.1 * np.sin(np.arange(500) / 5)
    river[200] += far
    assert np.flatnonzero(out_and_back(river)).tolist() == [200]
    river[201] += far  # two steps long: it may be water
    assert not out_and_back(river).any()


def test_a_flood_a_new_level_and_a_gap_do_not_come_straight_back() -> None:
    river = 1 + 0.1 * np.sin(np.arange(5000) / 5)
    flood, datum, gap = river.copy(), river.copy(), river.copy()
    flood[200:220] += 3 * 0.8 ** np.arange(20)
    datum[200:] += 3
    gap[199], gap[200] = np.nan, 4.0
    for one in (river, flood, datum, gap, np.ones(9), np.full(9, np.nan), np.ones(1)):
        assert not out_and_back(one).any()


def test_a_sound_river_of_three_years_is_kept_whole() -> None:
    basin = replace(demonstration(), faults=None)
    record = simulate(basin, np.random.default_rng(1), times=START + HOUR * np.arange(1, 26_000))
    for values in (record.measured, record.measured_level):
        assert np.isfinite(sound_river(Signal.measured(values))).all()


def test_a_height_is_of_the_sound_river(history: History, split: Split) -> None:
    """A spike below all of the record would be the origin of a level."""
    level = replace(history, layout=replace(history.layout, quantities=("level",), units=("m",)))
    values = np.array(level.target.values)
    values[0, np.flatnonzero(split.fit[0])[5]] = -900.0
    spoilt = Height.of(replace(level, target=Signal.measured(values)), split, 0)
    assert spoilt.origin == pytest.approx(Height.of(level, split, 0).origin)


# ---- the rain -----------------------------------------------------------------------------------------------------


def test_windows_with_more_than_a_small_share_of_made_rain_are_not_read() -> None:
    rain, made = np.zeros((40, 2)), np.zeros((40, 2), dtype=bool)
    rain[10], made[10, 1], made[30, 0] = (1.0, 1.0), True, True
    read = read_windows(rain, made, 5)
    assert np.flatnonzero(~read).tolist() == [10, 11, 12, 13, 14]  # a dry value that was made is as good as read
    rain[10] = (20.0, 1.0)
    assert read_windows(rain, made, 5).all()
    rain[10] = (18.0, 1.0)
    assert not read_windows(rain, made, 5)[10]


def test_a_sound_record_teaches_whole(history: History, split: Split) -> None:
    for found, mask in zip(taught(history, split), (split.fit, split.stop, split.test), strict=True):
        np.testing.assert_array_equal(found, np.flatnonzero(mask[0]))


def test_made_rain_teaches_nothing_until_it_has_left_the_window(history: History, split: Split) -> None:
    at = int(np.flatnonzero(split.fit[0])[300])
    steps = np.concatenate(taught(filled(history, 0, slice(at, at + 3), 40.0), split))
    whole = np.concatenate(taught(history, split))
    gone = np.setdiff1d(whole, steps)
    assert len(gone) and gone.min() >= at and gone.max() < at + 2 + LONGEST
    np.testing.assert_array_equal(gone, whole[(whole >= at) & (whole < at + 2 + LONGEST)])


def test_the_networks_are_shown_no_made_rain(history: History, split: Split) -> None:
    at = int(np.flatnonzero(split.fit[0])[300])
    quick = Recipe(members=1, hidden=2, max_epochs=1)
    twin = fit_twin(filled(history, 0, slice(at, at + 3), 777.0), split, 0, np.random.default_rng(0), quick)
    assert twin.lagged.max() * twin.rain_scale < 600


@pytest.mark.parametrize("part", ["fit", "stop"])
def test_where_a_gauge_was_silent_for_long_what_was_made_is_better_than_nothing(
    history: History, split: Split, part: str
) -> None:
    made = filled(history, 0, np.flatnonzero(getattr(split, part)[0]), 5.0)
    for found, mask in zip(taught(made, split), (split.fit, split.stop, split.test), strict=True):
        np.testing.assert_array_equal(found, np.flatnonzero(mask[0]))


def test_half_of_the_water_is_enough() -> None:
    height, every = np.array([np.nan, -1.0, 1, 1, 2]), np.ones(5, dtype=bool)
    assert enough_left(height, every, np.array([0, 0, 1, 1, 0], dtype=bool))
    assert not enough_left(height, every, np.array([1, 1, 1, 0, 0], dtype=bool))
    assert not enough_left(height * 0, every, ~every)


def test_a_gauge_that_was_filled_was_silent(history: History, split: Split) -> None:
    inside = (split.fit | split.stop)[0]
    gauges = gauges_of(filled(history, 2, slice(0, 400), 9.0), split, 0)
    assert gauges.speaking[2] == pytest.approx(1 - inside[:400].sum() / inside.sum()) and gauges.speaking[0] == 1
    assert gauges.rain[10, 2] == 9.0 and gauges.made[:400, 2].all() and gauges.made.sum() == 400
    own = history.inputs.values[0, :, 2][inside & (np.arange(len(inside)) >= 400)]
    assert gauges.wet[2] == pytest.approx((own > 0.1).mean())
