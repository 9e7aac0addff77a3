"""What speaks for a sudden change being water: rain on the station's gauges, other gauges that rise, a river already on
the move. And what speaks against it: rain gauges that work and are dry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .feeds import Feeds, columns, last_sum, shifted, within

WET_MM = 2.0  # on the wettest gauge within WET_HOURS: from then on a rise may be water
WET_HOURS = 24.0
LATELY = 3  # steps after what speaks for water that it still does


@dataclass(frozen=True)
class Pace:
    """How many steps things take: P steps are seen."""

    past: int
    hours: float  # of one step

    def steps(self, hours: float, least: int, most: int | None = None) -> int:
        """``hours`` in steps, at least ``least``, never more than a window shows."""
        n = max(least, round(hours / self.hours))
        return max(1, min(n, self.past - 1 if most is None else min(most, self.past - 1)))

    @property
    def wet(self) -> int:
        """Over which rain may be the cause."""
        return self.steps(WET_HOURS, 2, max(2, self.past // 2))

    @property
    def unseen(self) -> int:
        """First steps of a window of which it cannot be told whether it rained before: they are taken for wet."""
        return self.wet + LATELY

    @property
    def move(self) -> int:
        """Over which a rise is taken."""
        return self.steps(1.0, 2, 6)

    @property
    def settle(self) -> int:
        """How long a new level is doubted before it is taken for a new datum."""
        return self.steps(12.0, 6, max(6, self.past - self.unseen - 4))


@dataclass(frozen=True, eq=False)
class Context:
    """Of K series at T steps."""

    wet: Bools  # (T, K) rain fell lately on a gauge of a station of theirs
    dry: Bools  # (T, K) a rain gauge works, and none was wet lately
    others: Bools  # (T, K) another river gauge of a station of theirs rises
    still: Bools  # (T, K) two others or more are there, and none of them rises

    @classmethod
    def of(cls, feeds: Feeds, x: Floats, rises: Bools, which: Ints, pace: Pace) -> Self:
        """``x``: (T, N) values; ``rises``: (T, N) of the river gauges; ``which``: the K series."""
        t, s = len(x), len(feeds.member)
        most, there = np.zeros((t, s)), np.zeros((t, s), dtype=bool)
        for rain in feeds.at_stations(x, np.nan, feeds.is_rain):
            finite = np.isfinite(rain)
            there |= finite
            np.fmax(most, rain, out=most)
        wet = last_sum(most, pace.wet) >= WET_MM
        works = within(there, pace.steps(1.0, 3))
        moving, known = np.zeros((t, s), dtype=np.int16), np.zeros((t, s), dtype=np.int16)
        for column in feeds.at_stations(rises, False, ~feeds.is_rain):
            moving += column
        for column in feeds.at_stations(np.isfinite(x), False, ~feeds.is_rain):
            known += column
        own_rise, own = columns(rises, which), np.isfinite(columns(x, which))
        is_wet = feeds.of_series(wet, np.logical_or, which)
        others = feeds.of_series(moving, np.maximum, which) > own_rise
        many = feeds.of_series(known, np.minimum, which) - own >= 2
        return cls(is_wet, feeds.of_series(works, np.logical_and, which) & ~is_wet, others, many & ~others)


def own_move(x: Floats, rise: Floats, high: Floats, move: int) -> Bools:
    """(T, K) where the river itself was on the move or high before this step: twice, so that one wrong value does not
    speak for the next."""
    before = np.fmin(shifted(x, 1), shifted(x, 2))
    with np.errstate(invalid="ignore"):
        return np.asarray((before - shifted(x, 2 + move) > rise) | (before > high))


def rising(x: Floats, rise: Floats, move: int) -> Bools:
    """(T, N) where a river gauge stands by more than ``rise`` (N) above where it stood ``move`` steps ago."""
    out = np.zeros(x.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        out[move:] = x[move:] - x[: max(len(x) - move, 0)] > rise
    return out
