"""What a twin is told of the ground: memories that fit the record and its step, and the season."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin.forecasters.block_network.twin_ground import faded, ground, memories, season, wetness
from hydria_plugin.forecasters.block_network.twin_rain import Gauges

MINUTE, HOUR, DAY = (np.timedelta64(n, "s") for n in (60, 3600, 86400))
START = np.datetime64("2021-09-01T00:00:00", "s")


def gauges(step: np.timedelta64, learned: np.timedelta64, steps: int = 200, zones: int = 3) -> Gauges:
    """Dry ones, of which ``learned`` is what was learned from."""
    names, even = tuple(f"rain.{z}" for z in range(zones)), np.ones(zones)
    times = START + step * np.arange(1, steps + 1)
    rain = np.zeros((steps, zones))
    said = np.zeros(rain.shape, dtype=bool)
    return Gauges(names, names, rain, said, times, step, learned, 1.0, even, even, np.eye(zones), even, even)


def rained(on: Gauges, at: int, mm: float) -> Gauges:
    rain = on.rain.copy()
    rain[at] = mm
    return replace(on, rain=rain)


def days_of(one: Gauges) -> list[float]:
    return [float(memory / DAY) for memory in memories(one)]


@pytest.mark.parametrize(
    ("step", "learned", "kept", "seasonal"),
    [
        (HOUR, 1100 * DAY, [1, 3, 10, 30, 90], True),
        (HOUR, 330 * DAY, [1, 3, 10, 30, 90], True),  # of a year some weeks at an end may be kept for the test
        (HOUR, 329 * DAY, [1, 3, 10, 30, 90], False),
        (HOUR, 269 * DAY, [1, 3, 10, 30], False),
        (HOUR, 42 * DAY, [1, 3, 10], False),
        (HOUR, 2 * DAY, [], False),
        (10 * MINUTE, 400 * DAY, [1, 3, 10, 30, 90], True),
        (DAY, 4000 * DAY, [1, 3, 10, 30, 90], True),
        (7 * DAY, 4000 * DAY, [10, 30, 90], True),
        (100 * DAY, 9000 * DAY, [], True),
    ],
)
def test_memories_fit_the_step_and_the_record(
    step: np.timedelta64, learned: np.timedelta64, kept: list[float], seasonal: bool
) -> None:
    one = gauges(step, learned)
    assert days_of(one) == kept
    assert ground(one, 12).shape == (200, len(kept) + 2 * seasonal)


def test_a_short_memory_is_of_the_rain_before_the_window_and_a_long_one_of_all() -> None:
    one = rained(gauges(HOUR, 1100 * DAY), 10, 8.0)
    wet = np.expm1(wetness(one, 48))  # three windows are 144 h: memories of 24 and 72 h are short
    assert not wet[:10].any() and not wet[:58, :2].any()
    np.testing.assert_allclose(wet[58, :2], 8.0)
    np.testing.assert_allclose(wet[10, 2:], 8.0)
    np.testing.assert_allclose(wet[58 + 24], 8.0 * np.exp([-1, -1 / 3, -0.3, -0.1, -1 / 30]))


def test_what_is_long_goes_by_the_window_and_not_by_the_clock() -> None:
    """Of daily steps with a window of 12 days only the memory of 90 days is long, of 10 minutes all but the first."""
    daily = np.expm1(wetness(rained(gauges(DAY, 4000 * DAY), 10, 8.0), 12))
    assert daily[10].tolist() == pytest.approx([0, 0, 0, 0, 8.0]) and daily[22, :4] == pytest.approx([8.0] * 4)
    np.testing.assert_allclose(daily[32, :4], 8.0 * np.exp([-10, -10 / 3, -1, -1 / 3]))
    quick = np.expm1(wetness(rained(gauges(10 * MINUTE, 400 * DAY), 10, 8.0), 72))
    assert quick[10].tolist() == pytest.approx([0, 8.0, 8.0, 8.0, 8.0]) and quick[82, 0] == pytest.approx(8.0)


def test_a_total_is_the_same_by_any_step() -> None:
    hourly, daily = np.full(24 * 60, 0.5), np.full(60, 12.0)
    for days in (10, 30, 90):
        np.testing.assert_allclose(faded(hourly, 24.0 * days)[-1], faded(daily, days)[-1], rtol=0.05)


def test_the_season_comes_back_every_year_and_is_half_a_turn_away_after_half() -> None:
    one = season(gauges(DAY, 4000 * DAY, 4000))
    np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1.0)
    np.testing.assert_allclose(one[:-1461], one[1461:], atol=1e-9)  # four years
    np.testing.assert_allclose(one[:-183], -one[183:], atol=0.01)
    assert one[122].tolist() == pytest.approx([0.0, 1.0], abs=0.03)  # 1 January 2022
