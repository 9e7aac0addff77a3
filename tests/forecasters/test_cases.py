"""Cases: what a forecaster sees, from a window and from a record alike."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from hydria_plugin import Flag, Signal
from hydria_plugin.forecasters.cases import (
    NOWHERE,
    cases_of_history,
    cases_of_window,
    newest,
    rows_of,
    strided,
    with_neighbours,
)
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of

LAYOUT = sample_layout()
HISTORY = sample_history(LAYOUT, 300)


@pytest.mark.parametrize("future", [False, True])
@pytest.mark.parametrize("step", [23, 24, 150, 290, 293, 299])
def test_a_window_and_a_record_give_the_same_case(step: int, future: bool) -> None:
    window = window_of(HISTORY, step, future)
    rows = rows_of(LAYOUT, LAYOUT.stations)
    at_once = cases_of_window(window, 0, rows, 6)
    for s in range(len(LAYOUT.stations)):
        alone = cases_of_history(HISTORY, s, np.array([step]), future, s, 6)
        for field in (f.name for f in fields(alone) if f.name not in ("kinds", "future")):
            np.testing.assert_array_equal(getattr(alone, field)[0], getattr(at_once, field)[s], err_msg=field)
        weather = alone.rain  # of a river upstream nobody knows the future
        np.testing.assert_array_equal(alone.future[0][:, weather], at_once.future[s][:, weather])


def test_the_future_of_a_river_is_never_given() -> None:
    cases = cases_of_history(HISTORY, 0, np.arange(50, 60), True, 0, 6)
    river = LAYOUT.slots.index("level.upstream")
    assert np.isnan(cases.future[:, :, river]).all()
    assert np.isfinite(cases.future[:, :, 0]).any()


def test_archived_forecasts_are_known_in_both_forms() -> None:
    layout = replace(LAYOUT, kinds=("rain", "rain", "simulation"))
    archived = np.random.default_rng(1).random((3, 300, LAYOUT.horizon))
    history = replace(HISTORY, layout=layout, forecasts={"level.upstream": archived})
    for future in (False, True):
        cases = cases_of_history(history, 1, np.array([100]), future, 1, 6)
        np.testing.assert_array_equal(cases.future[0, :, 2], archived[1, 100])


def test_before_the_record_there_are_gaps() -> None:
    taken = strided(np.arange(5.0), np.array([1, 4]), 3)
    np.testing.assert_array_equal(taken, [[np.nan, 0, 1], [2, 3, 4]])
    np.testing.assert_array_equal(strided(np.arange(5.0), np.array([3]), 3, 3), [[4, np.nan, np.nan]])


def test_the_newest_value_has_an_age() -> None:
    target = np.array([[1.0, 2.0, np.nan], [1.0, np.nan, np.nan], [np.nan, np.nan, 7.0]])
    np.testing.assert_array_equal(newest(target, 1), [2.0, np.nan, 7.0])
    np.testing.assert_array_equal(newest(target, 2), [2.0, 1.0, 7.0])


def test_a_silent_gauge_is_given_the_mean_of_the_others() -> None:
    inputs = np.array([[1.0, 3.0, np.nan, 5.0], [np.nan, np.nan, np.nan, 5.0]])
    filled = with_neighbours(inputs, ("rain", "rain", "rain", "level"))
    np.testing.assert_array_equal(filled, [[1.0, 3.0, 2.0, 5.0], [np.nan, np.nan, np.nan, 5.0]])
    assert np.isnan(inputs[0, 2]), "what was given is not written into"


def test_failed_values_are_gaps() -> None:
    flags = np.where(np.isfinite(HISTORY.target.values), Flag.GOOD, Flag.MISSING).astype(np.uint8)
    flags[0, 100] = Flag.FAIL
    history = replace(HISTORY, target=Signal.measured(HISTORY.target.values, flags))
    assert np.isnan(cases_of_history(history, 0, np.array([100]), False, 0, 6).target[0, -1])


def test_stations_are_found_by_name() -> None:
    np.testing.assert_array_equal(rows_of(LAYOUT, ("s3", "x", "s1")), [2, NOWHERE, 0])


def test_foreseen_ends_at_the_first_unknown_lead() -> None:
    cases = cases_of_history(HISTORY, 0, np.array([150]), True, 0, 6)
    future = cases.future.copy()
    future[0, :, :] = 1.0
    future[0, 3, :2] = np.nan
    seen = replace(cases, future=future).foreseen
    np.testing.assert_array_equal(seen[0], [True, True, True, False, False, False])
