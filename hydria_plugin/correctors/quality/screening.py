"""Which series of a window have anything to look at: cheap bounds of every test's statistic. What is passed over here
could not have been flagged; that is most gauges, most of the time, in a storm as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .context import WET_MM, Pace
from .feeds import NOT_TESTED, Feeds, columns, last_sum, throughout
from .flat import height_of_high_water
from .learning import lately
from .limits import Limits, is_code
from .rains import DUMP_MM, NOTHING, SILENCE
from .rivers import LEAST_STAND, climbs, creep_steps, standing, triggered


@dataclass(frozen=True, eq=False)
class Skies:
    """What the rain gauges of the S stations have."""

    most: Floats  # (P, S) mm on the wettest
    many: Ints  # (P, S) how many are wet

    @classmethod
    def of(cls, feeds: Feeds, x: Floats) -> Self:
        most = np.zeros((len(x), len(feeds.member)))
        many = np.zeros(most.shape, dtype=np.int8)
        for rain in feeds.at_stations(x, np.nan, feeds.is_rain):
            many += rain > NOTHING
            np.fmax(most, rain, out=most)
        return cls(most, many)


def worth_a_look(feeds: Feeds, x: Floats, limits: Limits, pace: Pace) -> Bools:
    """(N) the series of ``x`` (P, N) that some test may flag."""
    skies = Skies.of(feeds, x)
    with np.errstate(invalid="ignore"):
        low, high = np.fmin.reduce(x, axis=0), np.fmax.reduce(x, axis=0)
        looked = (low < limits.low) | (high > limits.high) | (is_code(low) & (low < limits.lowest))
        looked |= np.isfinite(limits.second) & ~feeds.is_rain
        looked |= (low <= 0) & (limits.lowest > 0) & np.isfinite(limits.lowest)
        rivers, rains = np.flatnonzero(~feeds.is_rain), np.flatnonzero(feeds.is_rain)
        looked[rivers] |= moves(
            feeds, columns(x, rivers), limits.take(rivers), (high - low)[rivers], rivers, skies, pace
        )
        looked |= ~feeds.is_rain & stands(feeds, x, low, high, limits, skies)
        looked[rains] |= oddly_wet(feeds, columns(x, rains), high[rains], limits.take(rains), rains, skies)
    return np.asarray(looked)


def moves(feeds: Feeds, y: Floats, lim: Limits, span: Floats, which: Ints, skies: Skies, pace: Pace) -> Bools:
    """(K) Rivers with a change that may be too large for the weather: at once, to and fro, or in a long quiet."""
    rainy = lately(last_sum(skies.most, pace.wet) >= WET_MM)
    rainy[: pace.unseen] = True
    wet = feeds.of_series(rainy, np.logical_and, which)
    n = creep_steps(pace)
    calm = throughout(~wet, n).any(axis=0)
    creeps = calm & (span > np.minimum(lim.creep_up, lim.creep_down))
    at = np.flatnonzero(~creeps & (span > lim.climb))
    creeps[at] = (climbs(columns(y, at), lim.climb[at], pace) > 0).any(axis=0)
    swing = np.minimum(lim.swing_quiet, lim.swing_active)
    change = y[1:] - y[:-1]
    swings = (np.abs(change) > swing).sum(axis=0) >= 4
    turns = (np.diff(np.sign(change), axis=0) != 0).sum(axis=0) >= 3
    return np.asarray(triggered(y, lim, wet).any(axis=0) | creeps | (swings & turns))


def stands(feeds: Feeds, x: Floats, low: Floats, high: Floats, lim: Limits, skies: Skies) -> Bools:
    """(N) Rivers that stood still for long while it rained on a station of theirs, or another moved."""
    same = (x[1:] == x[:-1]).sum(axis=0)
    longest = np.zeros(len(feeds), dtype=bool)
    at = np.flatnonzero(~feeds.is_rain & (same > lim.stand))
    longest[at] = (standing(columns(x, at), len(x)) > lim.stand[at]).any(axis=0)
    still = same >= LEAST_STAND
    if not still.any():
        return longest
    fallen = feeds.of_series(skies.most.sum(axis=0)[None], np.maximum, np.arange(len(feeds)))[0]
    moved = widest(feeds, high - low, lim.spread) * lim.spread
    since = widest(feeds, high - low, height_of_high_water(lim))
    rained = fallen > np.minimum(lim.flat_rain, lim.stood_rain)
    return np.asarray(
        longest | still & (rained | (moved > lim.flat_others) | (since > np.minimum(lim.stood_first, lim.stood_second)))
    )


def widest(feeds: Feeds, span: Floats, unit: Floats) -> Floats:
    """(N) the widest ``span`` of a river gauge at a station of theirs, each in its own ``unit``."""
    relative = np.where(~feeds.is_rain & (unit > 0) & np.isfinite(unit), span / unit, 0.0)
    padded = np.append(np.nan_to_num(relative), 0.0)
    station = padded[np.where(feeds.member == NOT_TESTED, len(feeds), feeds.member)].max(axis=1)
    return np.asarray(feeds.of_series(station[None], np.maximum, np.arange(len(feeds)))[0])


def oddly_wet(feeds: Feeds, own: Floats, high: Floats, lim: Limits, which: Ints, skies: Skies) -> Bools:
    """(K) Rain gauges that may be dry while others are wet, wet while they are dry, stuck, or dumping."""
    fallen = feeds.of_series(skies.most.sum(axis=0)[None], np.maximum, which)[0]
    at = np.flatnonzero(
        (fallen > np.minimum(np.minimum(lim.dry_rain, lim.wet_rain), DUMP_MM)) | (lim.repeat < len(own))
    )
    found = np.zeros(len(which), dtype=bool)
    if not len(at):
        return found
    mine, lim = columns(own, at), lim.take(at)
    others = feeds.of_series(skies.most, np.maximum, which[at])
    alone = feeds.of_series(skies.many, np.minimum, which[at]) <= 1
    dry = np.where(mine > NOTHING, 0.0, others).sum(axis=0) > lim.dry_rain  # or silent: it counts as dry since
    wet = np.where(alone & np.isfinite(mine), mine, 0.0).sum(axis=0) > lim.wet_rain
    stuck = ((mine[1:] == mine[:-1]) & (mine[1:] > NOTHING)).sum(axis=0) + 1 > np.minimum(lim.repeat, len(mine))
    found[at] = dry | wet | stuck
    gaps = np.flatnonzero(np.isnan(mine).any(axis=0) & (high[at] >= DUMP_MM) & ~found[at])
    found[at[gaps]] = may_dump(columns(mine, gaps))
    return found


def may_dump(own: Floats) -> Bools:
    """(K) Rain gauges with much after a gap; after zeros others must have had what makes a gauge look dry."""
    gap = np.isnan(own)
    after = (own[SILENCE:] >= DUMP_MM) & gap[SILENCE - 1 : -1]
    for k in range(2, SILENCE + 1):
        after &= gap[SILENCE - k : len(own) - k]
    return np.asarray(after.any(axis=0))
