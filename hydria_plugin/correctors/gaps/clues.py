"""What tells of a river where its own gauge is silent: its last values, the rivers beside it, the rain and the wetness.

A cell is one missing value: series ``b``, step ``p``, and ``q``, the step of the last value known before it. One code
makes the clues along a window, along a record, and for the fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .series import ABSENT

BACK = (1, 3, 12)  # steps before the last value, for how it was moving
BESIDE = 2  # rivers at most
LAGS = 3  # positions per river
RAIN_LAGS = ((0, 1), (1, 2), (2, 4), (4, 8), (8, 16), (16, 32), (32, 72))  # first, and one after the last
RECENT = 8  # steps of which half must be spoken for the rain to be known
OWN = 2 + len(BACK)


@dataclass(frozen=True, eq=False)
class Wetness:
    """The running totals of the rain, asked cell by cell."""

    totals: Floats  # (S, L or 1, V, A) at each step, or at the last
    rain: Bools  # (S, V) the slots that are rain
    home: Ints  # (B) the station of each series
    usual: Floats  # (B, A) what stands for a total that is not known

    def at(self, b: Ints, p: Ints) -> Floats:
        """(C, A) the logarithm of the mean over the gauges."""
        return self.last[b] if self.totals.shape[1] == 1 else self.reckoned(b, p)

    @cached_property
    def last(self) -> Floats:
        """(B, A) the same at the last step, of every series once: its cells ask for it again and again."""
        return self.reckoned(np.arange(len(self.home)), np.full(len(self.home), self.totals.shape[1] - 1))

    def reckoned(self, b: Ints, p: Ints) -> Floats:
        s = self.home[b]
        found = self.totals[s, np.minimum(p, self.totals.shape[1] - 1)]
        there = np.isfinite(found) & self.rain[s][:, :, None]
        count = there.sum(axis=1)
        mean = np.where(there, found, 0.0).sum(axis=1) / np.maximum(count, 1)
        return np.where(count > 0, np.log1p(np.maximum(mean, 0.0)), self.usual[b])


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """B series along L steps, in the scale in which rivers are filled."""

    z: Floats  # (B, L) with what was filled so far
    usual: Floats  # (B, L) climatology
    last: Ints  # (B, L) the newest step up to here with a value, ABSENT
    rain: Floats  # (B, L + 1) sums of the basin's mean rain from the start
    spoken: Ints  # (B, L + 1) steps from the start in which a gauge spoke
    wet: Wetness


def width(totals: int) -> int:
    """Clues per cell: :data:`OWN`, two groups per river, the rain, the wetness and their product."""
    return OWN + 2 * LAGS * BESIDE + len(RAIN_LAGS) + totals + 1


def columns(totals: int) -> Bools:
    """(4, F) which clues are own, of the first river, of the second, of the rain and the wetness."""
    kind = np.concatenate([
        np.zeros(OWN, dtype=int), np.repeat(1 + np.arange(BESIDE), 2 * LAGS), np.full(len(RAIN_LAGS) + totals + 1, 3)
    ])  # fmt: skip
    return np.asarray(np.arange(4)[:, None] == kind)


def clues(shown: Shown, b: Ints, p: Ints, q: Ints, rivers: Ints, lags: Ints) -> Floats:
    """(C, F) for the cells; those without a last value have zeros for it. ``rivers`` (C, J) as rows of ``shown``, and
    their ``lags`` (C, J) in steps."""
    there = (q != ABSENT)[:, None]
    start = np.maximum(q, 0)
    own = np.stack([shown.z[b, start] - shown.usual[b, p], *moves(shown, b, start)], axis=1)
    parts = [np.ones((len(b), 1)), np.where(there, own, 0.0)]
    for j in range(BESIDE):
        parts += beside(shown, p, start, rivers[:, j], lags[:, j], there)
    parts += [fallen(shown, b, p), *wetness(shown, b, p)]
    return np.concatenate(parts, axis=1)


def moves(shown: Shown, b: Ints, start: Ints) -> list[Floats]:
    """The last value less those some steps before it; where one is missing, the newest that was known then."""
    found = []
    for back in BACK:
        then = shown.last[b, np.maximum(start - back, 0)]
        found.append(np.where(then == ABSENT, 0.0, shown.z[b, start] - shown.z[b, np.maximum(then, 0)]))
    return found


def beside(shown: Shown, p: Ints, start: Ints, river: Ints, lag: Ints, there: Bools) -> list[Floats]:
    """A river at the cell's time and at the last value's, now and one and two lags before."""
    row, has = np.maximum(river, 0), (river != ABSENT)[:, None]
    if not has.any():
        return [np.zeros((len(p), LAGS))] * 2
    back = lag[:, None] * np.arange(LAGS)

    def at(step: Ints) -> Floats:
        where = np.maximum(step[:, None] - back, 0)
        return np.asarray(shown.z[row[:, None], where] - shown.usual[row, p][:, None])

    return [np.where(has, at(p), 0.0), np.where(has & there, at(start), 0.0)]


def fallen(shown: Shown, b: Ints, p: Ints) -> Floats:
    """(C, 7) mean rain of the basin by lag."""
    edges = np.array([lag for lag, _ in RAIN_LAGS] + [RAIN_LAGS[-1][1]])
    total = shown.rain[b[:, None], np.maximum(p[:, None] + 1 - edges, 0)]
    return np.asarray(total[:, :-1] - total[:, 1:])


def wetness(shown: Shown, b: Ints, p: Ints) -> list[Floats]:
    """(C, A) and (C, 1) the running totals, and the recent rain on wet ground."""
    wet = shown.wet.at(b, p)
    recent = shown.rain[b, p + 1] - shown.rain[b, np.maximum(p + 1 - 12, 0)]
    middle = wet[:, wet.shape[1] // 2] if wet.shape[1] else np.zeros(len(b))
    return [wet, (recent * middle)[:, None]]


def rain_known(shown: Shown, b: Ints, p: Ints) -> Bools:
    """(C) whether some gauge spoke in half of the recent steps."""
    start = np.maximum(p + 1 - RECENT, 0)
    spoken = shown.spoken[b, p + 1] - shown.spoken[b, start]
    return np.asarray(2 * spoken >= p + 1 - start)


def river_known(shown: Shown, p: Ints, river: Ints, lag: Ints) -> Bools:
    """(C) whether the river's value is there, or no older than a third of its lag."""
    last = shown.last[np.maximum(river, 0), p]
    return np.asarray((river != ABSENT) & (last != ABSENT) & (p - last <= lag // 3))
