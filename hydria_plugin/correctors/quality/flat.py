"""What speaks against a river gauge that stands still: rain on its stations, and other gauges that move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .context import Pace
from .feeds import NOT_TESTED, Feeds, columns, last_sum, shifted
from .limits import Limits
from .rivers import FLAT, LEAST_STAND, PATIENCE, creep_steps, moved_by

STAYED = 0.02  # of the height of high water: less that the others foretold says nothing against standing still
LEAST_RAIN_MM = 5.0


def height_of_high_water(limits: Limits) -> Floats:
    """(N) above low water; not known where it is none."""
    with np.errstate(invalid="ignore"):
        height = limits.stage - limits.floor
        return np.where(np.isfinite(height) & (height > 0), height, np.inf)


def least_told(limits: Limits) -> Floats:
    """(N) what the others must foretell, at the least, to say anything against standing still."""
    with np.errstate(invalid="ignore"):
        return np.maximum(5 * limits.resolution, STAYED * np.nan_to_num(limits.stage - limits.floor))


def happened_since(told: Bools, stands: Floats) -> Bools:
    """(T, K) whether something was ``told`` since the gauge began to stand, ``stands`` steps ago."""
    steps = np.arange(len(told))[:, None]
    last = np.maximum.accumulate(np.where(told, steps, -len(told)), axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(steps - last <= stands)


def steps_before(stands: Floats) -> Ints:
    """(T, K) the step at which a gauge began to stand, ``stands`` steps ago."""
    return np.asarray(np.arange(len(stands))[:, None] - np.nan_to_num(stands).astype(int))


def flat_evidence(feeds: Feeds, x: Floats, limits: Limits, which: Ints) -> tuple[Floats, Floats]:
    """(T, K) twice: the rain on the driest of the stations over the FLAT steps before, in mm; and by how much the
    gauge should have moved, told by the most moved of the others, each in its own usual movement."""
    t, s = len(x), len(feeds.member)
    mean = last_sum(mean_rain(feeds, x), FLAT)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(limits.spread > 0, moved_by(x) / limits.spread, 0.0)
    relative = np.where(np.isfinite(limits.spread) & np.isfinite(relative), relative, 0.0)
    first, second = np.zeros((t, s)), np.zeros((t, s))
    for column in feeds.at_stations(relative, 0.0, ~feeds.is_rain):
        second = np.maximum(second, np.minimum(first, column))
        first = np.maximum(first, column)
    top, next_top = (feeds.of_series(a, np.maximum, which) for a in (first, second))
    others = np.where(columns(relative, which) >= top, next_top, top) * limits.spread[which]
    return shifted(feeds.of_series(mean, np.minimum, which), PATIENCE), shifted(others, PATIENCE)


def mean_rain(feeds: Feeds, x: Floats) -> Floats:
    """(T, S) mm on the mean of the rain gauges of the stations, 0 where none works."""
    rain, count = np.zeros((len(x), len(feeds.member))), np.zeros((len(x), len(feeds.member)))
    for column in feeds.at_stations(x, np.nan, feeds.is_rain):
        rain += np.nan_to_num(column)
        count += np.isfinite(column)
    return np.where(count > 0, rain / np.maximum(count, 1), 0.0)


@dataclass(frozen=True, eq=False)
class Since:
    """What went on since K gauges began to stand, up to PATIENCE steps ago, (T, K): water needs its time."""

    rain: Floats  # mm on the mean of the rain gauges, of the driest of their stations
    first: Floats  # how far the most moved of the others went, in its own height of high water
    second: Floats  # and the second

    @classmethod
    def of(cls, feeds: Feeds, x: Floats, limits: Limits, which: Ints, stands: Floats) -> Self:
        """``stands``: (T, K) for how many steps the gauges ``which`` (K) have stood."""
        station, _, of = feeds.places_of(which)
        begun = columns(steps_before(stands), of)
        until = np.maximum(np.arange(len(x))[:, None] - PATIENCE, begun)
        height = height_of_high_water(limits)

        def went(values: Floats, every: Any) -> Floats:
            return np.take_along_axis(values, until[:, every], 0) - np.take_along_axis(values, begun[:, every], 0)

        first, second = np.zeros(begun.shape), np.zeros(begun.shape)
        for place in feeds.member[station].T:
            there = np.flatnonzero((place != NOT_TESTED) & ~feeds.is_rain[place] & (place != which[of]))
            if len(there):
                moved = np.nan_to_num(np.abs(went(columns(x, place[there]), there)) / height[place[there]])
                second[:, there] = np.maximum(second[:, there], np.minimum(first[:, there], moved))
                first[:, there] = np.maximum(first[:, there], moved)
        rain = went(columns(np.cumsum(mean_rain(feeds, x), axis=0), station), slice(None))
        at = np.searchsorted(of, np.arange(len(which)))
        return cls(
            np.minimum.reduceat(rain, at, axis=1),
            np.maximum.reduceat(first, at, axis=1),
            np.maximum.reduceat(second, at, axis=1),
        )

    def tells(self, limits: Limits, stopped: Bools) -> Bools:
        """(T, K) more than ever while the gauge stood. ``stopped``: it moved before; else a short record says nothing
        of others."""
        others = (self.first > limits.stood_first) | (self.second > limits.stood_second)
        return np.asarray((self.rain > limits.stood_rain) | (others & (stopped | np.isfinite(limits.leap))))


def told_since(feeds: Feeds, x: Floats, limits: Limits, which: Ints, stands: Floats, pace: Pace) -> tuple[Bools, Bools]:
    """(T, K) twice: more went on than ever while the gauges ``which`` stood, for ``stands`` steps; and so it did, but
    the water is high, and higher than before: a flood stands at its crest while others have yet to rise, or fall."""
    y, lim = columns(x, which), limits.take(which)
    with np.errstate(invalid="ignore"):
        moved = np.take_along_axis(moved_by(y), steps_before(stands), axis=0) > 5 * lim.resolution
        moved &= stands < pace.past - FLAT  # the window shows how it moved before it stood
        since = Since.of(feeds, x, limits, which, stands).tells(lim, moved) & (stands >= LEAST_STAND)
        crest = since & (y > lim.stage) & ~(y <= shifted(y, creep_steps(pace)))
    return since & ~crest, crest
