"""Independent events: peaks over a threshold, declustered; numbers and units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.learning.events import (
    TROUGH,
    find_events,
    independent_events,
    numbered,
    runs,
    separation_of,
    station_events,
    units,
)
from hydria_plugin.testing.samples import sample_history, sample_layout


def hydrograph(steps: int, *peaks: tuple[int, float], width: float = 4.0, floor: float = 0.3) -> np.ndarray:
    """Bell-shaped floods of given height at given steps on a constant base level."""
    t = np.arange(steps)
    return floor + np.max([h * np.exp(-(((t - at) / width) ** 2)) for at, h in peaks], axis=0)


def test_each_flood_is_one_event_with_its_peak() -> None:
    found = find_events(hydrograph(400, (60, 2.0), (200, 5.0), (330, 1.0)), separation=24)
    assert found.peaks.tolist() == [60, 200, 330]
    assert found.largest == 1
    assert found.heights == pytest.approx([2.0, 5.0, 1.0], abs=1e-3)


def test_two_peaks_without_a_trough_are_one_event() -> None:
    joined = hydrograph(300, (100, 2.0), (140, 3.0), width=40.0)
    assert find_events(joined, separation=24, threshold=0.5).peaks.tolist() == [140]
    dip = hydrograph(300, (100, 2.0), (140, 3.0), width=10.0)
    assert find_events(dip, separation=24, threshold=0.5).peaks.tolist() == [100, 140]


def test_peaks_closer_than_the_separation_are_one_event() -> None:
    flood = hydrograph(300, (100, 3.0), (120, 2.0))
    assert len(find_events(flood, separation=24)) == 1
    assert len(find_events(flood, separation=20)) == 2


@pytest.mark.parametrize("values", [np.full(50, 3.0), np.full(50, np.nan), np.empty(0)], ids=["flat", "gaps", "empty"])
def test_no_event_where_nothing_moves(values: np.ndarray) -> None:
    assert len(find_events(values, separation=5)) == 0


def test_a_gap_does_not_make_two_events_of_one() -> None:
    flood = hydrograph(300, (100, 3.0))
    flood[97:104] = np.nan
    assert len(find_events(flood, separation=24)) == 1


def test_heights_do_not_depend_on_the_datum() -> None:
    flood = hydrograph(400, (60, 2.0), (200, 5.0))
    low, high = find_events(flood, 24), find_events(flood + 1000.0, 24)
    assert low.peaks.tolist() == high.peaks.tolist()
    assert low.heights == pytest.approx(high.heights)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 100, width=32), min_size=3, max_size=200), st.integers(1, 30))
def test_events_obey_the_rule(values: list[float], separation: int) -> None:
    series = np.array(values, dtype=float)
    found = find_events(series, separation)
    floor = np.median(series)
    assert np.all(np.diff(found.peaks) >= separation)
    assert np.all(found.starts <= found.peaks) and np.all(found.peaks <= found.stops)
    assert np.all(found.starts[1:] > found.stops[:-1])
    for a, b in zip(found.peaks[:-1], found.peaks[1:], strict=True):
        between = series[a : b + 1].min() - floor
        assert between < TROUGH * (min(series[a], series[b]) - floor)
    if len(found):
        assert series[found.peaks[found.largest]] == series.max()


def test_runs_are_the_maximal_stretches() -> None:
    starts, stops = runs(np.array([1, 1, 0, 1, 0, 0, 1], dtype=bool))
    assert starts.tolist() == [0, 3, 6] and stops.tolist() == [1, 3, 6]


def test_failed_values_make_no_event() -> None:
    history = sample_history(steps=800, gaps=0.0)
    flags = np.array(history.target.flags)
    values = np.array(history.target.values)
    values[0, 400], flags[0, 400] = 99.0, 4
    spoiled = type(history.target)(values, history.target.sigma, flags, history.target.method, values)
    before = station_events(history)[0]
    object.__setattr__(history, "target", spoiled)
    assert station_events(history)[0].heights.max() == pytest.approx(before.heights.max(), abs=0.01)


def test_separation_is_a_day_or_the_horizon() -> None:
    assert separation_of(sample_history(sample_layout(horizon=6), steps=60)) == 24
    assert separation_of(sample_history(sample_layout(horizon=48, past=12), steps=80)) == 48
    daily = sample_layout(horizon=5, step=np.timedelta64(86_400, "s"))
    assert separation_of(sample_history(daily, steps=60)) == 5


def test_numbers_cover_the_issue_times_whose_horizon_meets_the_flood() -> None:
    flood = find_events(hydrograph(300, (100, 3.0)), separation=24)
    numbers = numbered((flood,), 300, horizon=6)
    start, stop = int(flood.starts[0]), int(flood.stops[0])
    assert np.flatnonzero(numbers[0] == 0).tolist() == list(range(start - 6, stop))
    assert independent_events(numbers).tolist() == [1]


def test_units_give_every_step_to_the_nearest_event() -> None:
    flood = find_events(hydrograph(300, (60, 3.0), (220, 3.0)), separation=24)
    of_step = units(numbered((flood,), 300, horizon=6))[0]
    assert set(of_step.tolist()) == {0, 1}
    assert np.all(np.diff(of_step) >= 0)
    assert abs(int(np.flatnonzero(of_step == 1)[0]) - 140) <= 4
    assert units(np.full((1, 10), -1, np.int32)).tolist() == [[0] * 10]
