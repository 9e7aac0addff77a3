"""A gauge that never stands still, and stands: doubted; failed where rain or others contradict it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rivers_made import CUT, SERIES, calm, columns, flags, flood, seen, spoilt, trained

from hydria_plugin import Flag
from hydria_plugin.correctors.quality.context import Pace
from hydria_plugin.correctors.quality.feeds import Feeds
from hydria_plugin.correctors.quality.flat import Since, happened_since, told_since
from hydria_plugin.correctors.quality.learning import at_least_seen
from hydria_plugin.correctors.quality.limits import Limits
from hydria_plugin.correctors.quality.rivers import CREEP, PATIENCE, standing
from hydria_plugin.values import Floats

TARGET = SERIES.index("target")


def stand() -> float:
    """Steps for which the record's target may stand."""
    return float(trained().learned.stand[trained().names.index("target")])


def stood(at: int, steps: int) -> tuple[list[int], list[str]]:
    """Flags and methods when the target has stood for ``steps`` since ``at``."""
    x = spoilt("target", at, [columns()[at, TARGET]] * (steps + 1))
    return flags(seen(x, at + steps), "target")


def test_steps_are_counted_from_the_first_value_and_gaps_end_them() -> None:
    y = np.array([1.0, 1.0, 1.0, 2.0, 2.0, np.nan, 2.0, 2.0])[:, None]
    np.testing.assert_array_equal(standing(y, 30)[:, 0], [0, 1, 2, 0, 1, np.nan, 0, 1])
    assert standing(np.ones((40, 1)), 30).max() == 29, "as far as a window shows"


def test_the_limit_is_above_what_the_record_did() -> None:
    longest = np.nanmax(standing(columns()[:CUT, TARGET : TARGET + 1], 48))
    assert longest / 2 < stand() < 20


def test_in_calm_water_it_is_doubted_and_used() -> None:
    steps, at = int(stand()) + 1, calm()
    flag, method = stood(at, steps)
    assert (flag[-1], method[-1]) == (Flag.SUSPECT, "flat") and Flag.FAIL not in flag
    assert flag[-6] == Flag.GOOD, "not before it has stood longer than ever"


def test_while_it_rains_and_others_move_it_fails() -> None:
    steps, at = int(stand()) + 1, flood() - 6
    flag, method = stood(at, steps)
    assert (flag[-1], method[-1]) == (Flag.FAIL, "flat")


def test_what_was_told_before_it_stood_says_nothing() -> None:
    told = np.array([True, False, False, False, True, False])[:, None]
    stands = np.array([0, 0, 1, 2, 3, 4.0])[:, None]
    assert happened_since(told, stands)[:, 0].tolist() == [True, False, False, False, True, True]


def test_an_unknown_series_may_stand_for_ever() -> None:
    assert np.isinf(Limits.unknown(1).stand[0])


def gauges(others: list[Floats], own: Floats, long: bool = True) -> tuple[Feeds, Floats, Limits]:
    """River gauges of one station with 100 between low and high water; the first is asked about."""
    x = np.column_stack([own, *others])
    k = x.shape[1]
    feeds = Feeds(tuple(f"g{i}" for i in range(k)), ("level",) * k, np.zeros(k, int), np.arange(k), np.arange(k)[None])
    known = {"stage": 100.0, "floor": 0.0, "stood_first": 0.2, "stood_second": 0.1, "resolution": 1.0}
    known |= {"leap": 100.0 if long else np.inf}
    return feeds, x, replace(Limits.unknown(k), **{name: np.full(k, value) for name, value in known.items()})


def told(own: Floats, others: list[Floats], long: bool = True) -> tuple[list[int], list[int]]:
    """The steps at which the first gauge lies, and at which it may stand at its crest."""
    feeds, x, limits = gauges(others, own, long)
    stands = standing(own[:, None], WIDE.past)
    lies, crest = told_since(feeds, x, limits, np.array([0]), stands, WIDE)
    return np.flatnonzero(lies[:, 0]).tolist(), np.flatnonzero(crest[:, 0]).tolist()


WIDE, STEPS = Pace(144, 1 / 6), np.arange(60.0)
FROZEN = np.where(STEPS < 30, STEPS, 30.0)  # rises, and stands from step 30 on
RISING, CALM = 10 * np.maximum(STEPS - 28, 0.0), 0 * STEPS


def test_others_that_go_on_fail_a_frozen_gauge_within_six_steps() -> None:
    lies, crest = told(FROZEN, [RISING])
    assert lies[0] <= 36 and not crest
    assert told(FROZEN, [0.5 * RISING, 0.5 * RISING])[0][0] <= 36, "two that agree need less"
    assert told(FROZEN, [CALM]) == ([], [])


def test_a_flood_that_stands_at_its_crest_is_doubted_only() -> None:
    lies, crest = told(FROZEN + 90, [RISING])
    assert crest[0] <= 36 and lies[0] == 30 + CREEP, "no crest lasts as long"
    falling = 200.0 - FROZEN
    assert told(falling, [RISING])[0], "high, but lower than before: no crest"


def test_water_needs_its_time_and_a_short_record_its_movement() -> None:
    sudden = np.where(STEPS < 40, 0.0, 80.0)
    assert told(FROZEN, [sudden])[0][0] == 40 + PATIENCE
    assert told(FROZEN, [RISING], long=False)[0], "it moved before it stood"
    assert told(30 + CALM, [RISING], long=False) == ([], []), "it never did"


def test_rain_since_it_stood_is_counted_at_the_driest_station_and_three_steps_late() -> None:
    feeds = Feeds(
        ("g", "r", "s"), ("level", "rain", "rain"), np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([[0, 1], [0, 2]])
    )
    rain = np.where(STEPS == 40, 30.0, 0.0)
    since = Since.of(
        feeds,
        np.column_stack([FROZEN, rain, 0.5 * rain]),
        Limits.unknown(3),
        np.array([0]),
        standing(FROZEN[:, None], 40),
    )
    assert since.rain[40 + PATIENCE - 1, 0] == 0 and since.rain[40 + PATIENCE, 0] == 15


def test_nothing_that_the_record_did_exceeds_its_limits() -> None:
    statistic = np.zeros((400, 1))
    statistic[7] = 9.0
    assert at_least_seen(statistic, np.array([2.0])) == [9.0] and at_least_seen(statistic, np.array([12.0])) == [12.0]
