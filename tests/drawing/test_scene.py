"""What is drawn of a station: taken out of the bulletin as it is, and what is within reach of the picture."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.drawing.scene import FAR, PAST_TO_FUTURE
from tests.drawing.scenes import BULLETIN, LAYOUT, of_values, scene

ROUND = st.floats(-1000, 1000).map(lambda x: round(x, 3))


@pytest.mark.parametrize("row", range(3))
def test_each_station_shows_its_own_numbers(row: int) -> None:
    station = LAYOUT.stations[row]
    s = scene(station)
    assert (s.station, s.name) == (station, LAYOUT.names[row])
    assert (s.quantity, s.unit) == (LAYOUT.quantities[row], LAYOUT.units[row])
    assert (s.made_by, s.rung) == (BULLETIN.forecast.made_by[row], int(BULLETIN.forecast.rung[row]))
    np.testing.assert_array_equal(s.values, BULLETIN.forecast.values[row])
    np.testing.assert_array_equal(s.median, BULLETIN.forecast.median[row])
    assert BULLETIN.window is not None
    past = BULLETIN.window.observed.values[row, 0, -(1 + PAST_TO_FUTURE * LAYOUT.horizon) :]
    np.testing.assert_array_equal(s.observed[1], past)


def test_a_station_without_a_name_is_called_by_its_id() -> None:
    assert scene("s2", replace(BULLETIN, layout=replace(LAYOUT, names=()))).name == "s2"


def test_times_go_on_step_by_step_from_the_past_over_now_into_the_future() -> None:
    s = scene()
    assert s.observed[0][-1] == s.issued_at and s.valid[0] == s.issued_at + s.step
    whole = np.concatenate([s.observed[0], s.valid])
    assert (np.diff(whole) == s.step).all()
    assert s.span == (whole[0], whole[-1])
    assert len(s.observed[0]) == len(s.observed[1]) == len(s.estimated)
    assert len(s.observed[0]) <= 1 + PAST_TO_FUTURE * LAYOUT.horizon


def test_truth_that_goes_on_makes_the_picture_longer_and_truth_that_ends_early_does_not() -> None:
    s = scene()
    for steps, end in ((2, s.valid[-1]), (LAYOUT.horizon + 5, s.issued_at + (LAYOUT.horizon + 5) * s.step)):
        times = s.issued_at + s.step * np.arange(1, steps + 1)
        assert scene(truth=(times, np.ones(steps))).span[1] == end


def test_a_station_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="station 'Anduze' is not in the bulletin; there are s1, s2, s3"):
        scene("Anduze")


def test_only_limits_that_are_set_are_shown_and_keep_their_rank() -> None:
    assert scene("s1").limits == (("yellow", 0, 0.5), ("orange", 1, 0.9), ("red", 2, 40.0))
    assert scene("s2").limits == (("yellow", 0, 0.5), ("red", 2, 2.0))
    assert scene("s3").limits == () and scene("s1", thresholds=None).limits == ()


def test_the_alert_is_the_stations_own() -> None:
    alerts = {a.station: a for a in reversed(BULLETIN.alerts)}
    assert alerts, "the sample crosses a threshold"
    for station in LAYOUT.stations:
        assert scene(station).alert is alerts.get(station)


def test_what_was_filled_in_is_told_with_the_window_and_without() -> None:
    assert BULLETIN.window is not None
    signal = BULLETIN.window.observed
    sigma = np.zeros(signal.shape)
    sigma[0, 0, -4:-2] = 0.1
    filled = replace(BULLETIN, window=replace(BULLETIN.window, observed=replace(signal, sigma=sigma)))
    assert np.flatnonzero(scene(b=filled).estimated[::-1]).tolist() == [2, 3]
    assert not scene("s2", filled).estimated.any()
    observed = np.array(BULLETIN.summary.observed, dtype=float)
    completed = np.full_like(observed, np.nan)
    observed[0, -3], completed[0, -3] = np.nan, 7.0
    kept = replace(BULLETIN, window=None, summary=replace(BULLETIN.summary, observed=observed, completed=completed))
    s = scene(b=kept)
    assert np.flatnonzero(s.estimated[::-1]).tolist() == [2] and s.observed[1][-3] == 7.0


def test_the_newest_observation_is_the_last_that_is_known() -> None:
    s = of_values([1.0, 2.0, np.nan, np.nan], [1.0] * LAYOUT.horizon, [])
    assert s.last == (s.issued_at - 2 * s.step, 2.0)
    assert of_values([np.nan, np.nan], [1.0] * LAYOUT.horizon, []).last is None


def test_one_missing_number_and_the_forecast_is_not_there() -> None:
    s = scene()
    assert s.there
    assert not replace(
        s, values=np.where(np.arange(s.values.size).reshape(s.values.shape) == 3, np.nan, s.values)
    ).there


@given(st.sets(st.sampled_from([0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4]), max_size=6), st.sets(st.integers(0, 6)))
def test_bands_are_pairs_around_the_median_one_within_the_other(low: set[float], lonely: set[int]) -> None:
    levels = sorted(low)
    alone = {levels[i] for i in lonely if i < len(levels)}
    above = [round(1 - p, 6) for p in levels if p not in alone]
    s = replace(scene(), quantiles=tuple(sorted([*levels, 0.5, *above])))
    bands = s.bands
    assert [s.quantiles[i] for i, _ in bands] == [p for p in levels if p not in alone]
    assert all(s.quantiles[i] + s.quantiles[j] == pytest.approx(1.0) for i, j in bands)
    assert all(a[0] < b[0] and a[1] > b[1] for a, b in pairwise(bands)), "widest first"


@given(st.lists(ROUND, min_size=1, max_size=6), st.lists(ROUND, min_size=3, max_size=3), st.lists(ROUND, max_size=4))
def test_all_that_is_drawn_is_within_reach_and_the_next_threshold_too(
    observed: list[float], values: list[float], limits: list[float]
) -> None:
    s = of_values(observed, values, limits)
    low, high = s.reach()
    drawn = [*observed, *values]
    assert low == min(drawn) and high >= max(drawn)
    above = sorted(limit for limit in limits if limit > max(drawn))
    if above:
        assert high >= above[0]
        far = max(drawn) + FAR * (max(drawn) - min(drawn))
        assert high <= max(above[0], far), "a threshold far away does not flatten the picture"
    else:
        assert high == max(drawn)


@pytest.mark.parametrize(
    ("limits", "top"), [([2.1], 2.1), ([2.1, 3.4], 3.4), ([2.1, 3.6], 2.1), ([90.0], 90.0), ([1.5], 2.0)]
)
def test_the_next_threshold_is_always_in_the_picture_and_those_after_it_where_near(
    limits: list[float], top: float
) -> None:
    assert of_values([1.0, 1.5], [2.0] * LAYOUT.horizon, limits).reach() == (1.0, top)


def test_where_no_number_is_known_there_is_a_picture_all_the_same() -> None:
    s = of_values([np.nan], [np.nan] * LAYOUT.horizon, [0.4, 3.0])
    assert s.reach() == (0.0, 3.0) and s.last is None and not s.there
