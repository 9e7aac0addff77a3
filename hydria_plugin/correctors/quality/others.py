"""What the other river gauges of a station do while one climbs."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .context import Pace
from .feeds import Feeds, around, columns, shifted
from .limits import Limits
from .rivers import creep_steps

FEW = 2  # others at the least that must be there to say that a gauge climbs alone; one in a long record
SHARE = 0.25  # of its climb, each in its own usual movement: others that rise by as much speak for water
LATELY = 3  # times as long as the climb: water that others lost meanwhile may be on its way


def company(feeds: Feeds, x: Floats, limits: Limits, which: Ints, pace: Pace) -> tuple[Bools, Bools]:
    """(T, K) twice: whether none of the others at the stations of the gauges ``which`` (K) rises with them, or did
    lately; and whether one does or did. Neither where nobody can tell."""
    near, there = around(feeds, which)
    at, spread = np.searchsorted(there, which), limits.spread[there]
    rose, seen = rises(columns(x, there), creep_steps(pace), pace.past)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(rose > 0, rose / np.where(np.isfinite(spread), spread, 0.0), rose)
    first, second = (np.full((len(x), len(near.member)), -1.0) for _ in range(2))
    known = np.zeros(first.shape, dtype=np.int16)
    for column in near.at_stations(relative, np.nan, ~near.is_rain):
        known += ~np.isnan(column)
        column = np.where(np.isnan(column), -1.0, column)
        second = np.maximum(second, np.minimum(first, column))
        first = np.maximum(first, column)
    own = columns(relative, at)
    top, next_top = (near.of_series(a, np.maximum, at) for a in (first, second))
    many = near.of_series(known, np.minimum, at) - ~np.isnan(own)
    few = np.where(np.isfinite(limits.leap[which]), 1, FEW)
    rest = np.where(own >= top, next_top, top)
    return seen[:, None] & (many >= few) & (rest < SHARE * own), seen[:, None] & (rest >= SHARE * own)


def rises(x: Floats, n: int, past: int) -> tuple[Floats, Bools]:
    """(T, N) the largest rise over ``n`` steps lately, NaN where none is known now; and (T) where as much is seen."""
    last = np.maximum(x - shifted(x, n), 0.0)
    rose, back = last, [k * n for k in range(1, LATELY) if (k + 1) * n < past]
    for by in back:
        rose = np.where(np.isnan(last), np.nan, np.fmax(rose, shifted(last, by)))
    return rose, np.arange(len(x)) >= n + max(back, default=0)
