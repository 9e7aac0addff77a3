"""A drift climbs straight and alone; a flood that climbs as straight does not, or not for as long."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rivers_made import CUT, SERIES, calm, columns, flags, seen, trained

from hydria_plugin import Flag
from hydria_plugin.correctors.quality.context import Pace
from hydria_plugin.correctors.quality.docket import Docket
from hydria_plugin.correctors.quality.feeds import Feeds
from hydria_plugin.correctors.quality.limits import Limits
from hydria_plugin.correctors.quality.others import company
from hydria_plugin.correctors.quality.rivers import climbs, creep_steps
from hydria_plugin.correctors.quality.slow import climb_tests
from hydria_plugin.values import Floats

PACE, DAILY = Pace(48, 1 / 6), Pace(30, 24.0)
N = creep_steps(PACE)
TARGET, UP, SIDE = (SERIES.index(name) for name in ("target", "up", "side"))
LIMIT = float(trained().learned.climb[trained().names.index("target")])
RAMP = np.linspace(0.0, 3.0 * LIMIT, 25)[1:]
AT = calm(quiet=45)


def drizzle(drift: Floats | None = None, also: tuple[int, ...] = ()) -> Floats:
    """Calm water and a little rain, after which nothing can be told from the weather alone; then a climb."""
    x = columns().copy()
    x[AT - 12 : AT + 24 : 4, 1:3] = 1.2
    if drift is not None:
        x[AT : AT + 24, TARGET] += drift
    for i in also:
        x[AT : AT + 24, i] += np.ptp(x[:CUT, i]) * np.arange(1, 25) / 24
    return x


def worst(x: Floats) -> int:
    """Of the target, on the newest value of 24 windows, by the test of shifts."""
    found = [flags(seen(x, AT + k), "target") for k in range(24)]
    return max(int(flag[-1]) if method[-1] == "shift" else 0 for flag, method in found)


def test_though_it_rained_a_drift_fails_within_24_steps_where_no_other_rises() -> None:
    assert worst(drizzle()) == 0
    assert worst(drizzle(RAMP)) == Flag.FAIL


def test_the_same_climb_is_doubted_and_used_where_the_others_climb_too() -> None:
    assert worst(drizzle(RAMP, (UP, SIDE))) == Flag.SUSPECT


def test_a_flash_flood_as_high_is_not_even_doubted_as_a_drift() -> None:
    flash = np.interp(np.arange(24), [0, 9, 12, 24], [0.0, 0.0, RAMP[-1], 0.5 * RAMP[-1]])
    assert worst(drizzle(flash)) != Flag.FAIL
    assert worst(drizzle(flash, (UP, SIDE))) != Flag.FAIL


def test_a_climb_is_straight() -> None:
    steps = np.arange(40.0)
    ramp = np.clip(steps - 10, 0, N) / N
    assert np.flatnonzero(climbs(ramp[:, None], 0.99, PACE)[:, 0] > 0).tolist() == [10 + N]
    assert (climbs((steps >= 15)[:, None] * 1.0, 0.5, PACE)[N:] == 0).all(), "a step is none"
    flash = np.interp(steps, [0, 20, 24, 40], [0.0, 0.0, 1.0, 0.7])[:, None]
    assert (climbs(flash, 0.5, PACE)[N:] == 0).all(), "a flash flood rises in a few steps"
    assert (climbs(-ramp[:, None], 0.1, PACE)[N:] == 0).all()
    ramp[11 : 10 + N] = np.nan
    assert not (climbs(ramp[:, None], 0.5, PACE) > 0).any(), "over a gap nobody knows whether it was straight"


def valley(rises: list[Floats], long: bool = True) -> tuple[Feeds, Floats, Limits]:
    """River gauges of one station, each with a usual movement of 1 and a longest climb of 10."""
    k = len(rises)
    names = tuple(f"g{i}" for i in range(k))
    feeds = Feeds(names, ("level",) * k, np.zeros(k, int), np.arange(k), np.arange(k)[None])
    found = {"spread": 1.0, "climb": 10.0, "stage": 30.0, "leap": 100.0 if long else np.inf}
    return feeds, np.column_stack(rises), replace(Limits.unknown(k), **{n: np.full(k, v) for n, v in found.items()})


STEPS = np.arange(100.0)
RISE = np.clip(STEPS - 70, 0, N)  # 24 up


@pytest.mark.parametrize(
    ("others", "long", "alone"),
    [
        ([0 * STEPS, 0 * STEPS], False, True),
        ([0 * STEPS], False, False),  # one other is too few in a short record
        ([0 * STEPS], True, True),
        ([0.3 * RISE, 0 * STEPS], True, False),
        ([np.clip(STEPS - 30, 0, 12), 0 * STEPS], True, False),  # it rose before: its water comes
        ([np.full(100, np.nan), 0 * STEPS], False, False),
        ([-RISE, 0.1 * RISE], True, True),
    ],
)
def test_who_climbs_alone(others: list[Floats], long: bool, alone: bool) -> None:
    feeds, x, limits = valley([RISE, *others], long)
    wide = Pace(144, 1 / 6)
    assert company(feeds, x, limits, np.array([0]), wide)[0][70 + N, 0] == alone
    assert not company(feeds, x[60:], limits, np.array([0]), wide)[0][10 + N, 0], "before as much is seen"


@pytest.mark.parametrize(
    ("pace", "base", "verdict"),
    [(DAILY, 0.0, Flag.FAIL), (DAILY, 40.0, Flag.SUSPECT), (Pace(48, 1.0), 0.0, Flag.SUSPECT)],
)
def test_no_flood_climbs_straight_for_ten_days(pace: Pace, base: float, verdict: Flag) -> None:
    """Of a river without any other gauge; out of high water it may."""
    n = creep_steps(pace)
    feeds, x, limits = valley([base + np.clip(STEPS - 40, 0, n)])
    docket = Docket(x.shape)
    climb_tests(docket, feeds, x, limits, np.array([0]), pace)
    assert docket.flag[:, 0].max() == docket.flag[40 + n, 0] == verdict
