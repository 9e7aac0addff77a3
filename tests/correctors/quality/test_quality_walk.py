"""The walk over those steps alone that need it says the same as the walk over every step."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rivers_made import CUT, PAST, SERIES, columns, history, trained

from hydria_plugin import Flag
from hydria_plugin.correctors.quality.context import Pace
from hydria_plugin.correctors.quality.jumps import Walk, judge_jumps
from hydria_plugin.correctors.quality.limits import Limits
from hydria_plugin.correctors.quality.verdicts import judge_all, judge_window
from hydria_plugin.values import Bools, Floats

HOURLY = Pace(PAST, 1.0)
GAUGES = ("target", "up", "side")


def walked(x: Floats, limits: Limits, active: Bools, weather: Bools, strict: Bools) -> tuple[Floats, Floats]:
    """Flags and methods of the walk with every gauge at every step."""
    walk = Walk(x, limits, active, weather, strict, HOURLY)
    for t in range(len(x)):
        walk.step(t, np.arange(x.shape[1]))
    return np.where(np.isnan(x), 0, walk.flag), np.where(np.isnan(x), 0, walk.method)


def limits(rng: np.random.Generator, k: int) -> Limits:
    """Those of the valley's gauges, each drawn wider or narrower."""
    found = trained().learned.take([trained().names.index(GAUGES[i % 3]) for i in range(k)])
    scaled = {
        f.name: getattr(found, f.name) * rng.choice([0.1, 0.5, 1.0, 2.0], k)
        for f in fields(Limits)
        if f.name.startswith(("up_", "down_", "spike_", "shift_"))
    }
    return replace(found, **scaled)


def spoilt(rng: np.random.Generator, k: int) -> Floats:
    """(PAST, K) windows of the valley's gauges with gaps, spikes, new datums and zeros."""
    at = rng.integers(CUT, len(columns()) - PAST, k)
    x = np.stack([columns()[t : t + PAST, (0, 3, 4)[i % 3]] for i, t in enumerate(at)], axis=1)
    hit = rng.random(x.shape) < 0.06
    x[hit] *= rng.choice([0.0, 0.8, 1.3, 3.0, -1.0], hit.sum())
    begin = rng.integers(0, PAST, k)
    x += (np.arange(PAST)[:, None] >= begin) * rng.choice([0.0, 0.4, -0.3, 2.0], k)
    x[rng.random(x.shape) < rng.choice([0.0, 0.05, 0.5])] = np.nan
    return x


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_the_short_walk_says_what_the_whole_one_says(seed: int) -> None:
    rng, k = np.random.default_rng(seed), 12
    x, lim = spoilt(rng, k), limits(rng, k)
    weather = np.repeat(rng.random((6, k)) < 0.4, PAST // 6, axis=0)
    active = weather | (rng.random((PAST, k)) < 0.2)
    strict = ~active & (rng.random((PAST, k)) < 0.5)
    found = judge_jumps(x, lim, active, weather, strict, HOURLY)
    flag, method = walked(x, lim, active, weather, strict)
    np.testing.assert_array_equal(found.flag, flag)
    np.testing.assert_array_equal(found.method, method)


def test_the_property_is_tried_on_all_verdicts() -> None:
    """What the draws above hold: doubts, failures, and nothing."""
    rng = np.random.default_rng(3)
    x, lim = spoilt(rng, 60), limits(rng, 60)
    no = np.zeros(x.shape, dtype=bool)
    found = judge_jumps(x, lim, no, no, no, HOURLY)
    assert {0, int(Flag.SUSPECT), int(Flag.FAIL)} <= set(found.flag.ravel().tolist())
    assert len(set(found.method.ravel().tolist())) >= 4


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_what_is_passed_over_could_not_have_been_flagged(seed: int) -> None:
    """A window judged with a look only where it is worth one, and with a look everywhere."""
    rng = np.random.default_rng(seed)
    feeds, lim = trained().for_layout(history().layout)
    at = int(rng.integers(CUT, len(columns()) - PAST))
    x = columns()[at : at + PAST, [SERIES.index(name) for name in feeds.names]].copy()
    hit = rng.random(x.shape) < rng.choice([0.0, 0.05])
    x[hit] *= rng.choice([0.0, 0.8, 1.5, 9.0, -1.0], hit.sum())
    first, column, length = int(rng.integers(0, PAST - 12)), int(rng.integers(len(feeds))), int(rng.integers(3, 30))
    x[first : first + length, column] = rng.choice([np.nan, 0.0, x[first, column]])
    x[min(first + length, PAST - 1), column] += rng.choice([0.0, 30.0])
    found = judge_window(feeds, x, lim, HOURLY)
    every = judge_all(feeds, x, lim, HOURLY, np.arange(len(feeds)))
    np.testing.assert_array_equal(found.flag, every.flag)
    np.testing.assert_array_equal(found.method, every.method)
