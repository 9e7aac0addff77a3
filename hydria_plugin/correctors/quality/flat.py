"""What speaks against a river gauge that stands still: rain on its stations, and other gauges that move."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .feeds import Feeds, columns, last_sum, shifted
from .limits import Limits
from .rivers import FLAT, PATIENCE, moved_by

STAYED = 0.02  # of the height of high water: less that the others foretold says nothing against standing still
LEAST_RAIN_MM = 5.0


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


def flat_evidence(feeds: Feeds, x: Floats, limits: Limits, which: Ints) -> tuple[Floats, Floats]:
    """(T, K) twice: the rain on the driest of the stations over the FLAT steps before, in mm; and by how much the
    gauge should have moved, told by the most moved of the others, each in its own usual movement."""
    t, s = len(x), len(feeds.member)
    rain, count = np.zeros((t, s)), np.zeros((t, s))
    for column in feeds.at_stations(x, np.nan, feeds.is_rain):
        rain += np.nan_to_num(column)
        count += np.isfinite(column)
    mean = last_sum(np.where(count > 0, rain / np.maximum(count, 1), 0.0), FLAT)
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
