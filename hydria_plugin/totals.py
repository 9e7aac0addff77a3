"""Running totals over up to weeks, without holding weeks of steps.

The total over ``d`` steps at step ``n`` is ``C(n) - K(n - d)``: C cumulates the series step by step, K is C at the
edges of bins of ``w`` steps and straight in between. So the newest part is exact, and what leaves a total of thirty
days leaves it a bin at a time, evenly. ``w`` is the power of two below ``d / 32``, 1 for short durations, and bins
begin at multiples of ``w`` steps since 1970: the total does not depend on when the program started.

Values are counted in whole 2**-24 of their unit, so that sums are exact whatever the order in which values came,
were corrected or came again: live, replayed and over a record, the totals are the same to the last bit.

With gaps: sums are scaled to the full duration, means are over what is there; NaN if less than half of it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .values import Bools, Floats, Ints

ONE = float(2**24)  # a resolution of 6e-8 of the unit
EXACT_BELOW = 64  # steps; shorter durations have bins of one step


def steps_in(duration: np.timedelta64, step: np.timedelta64) -> int:
    """Whole steps that a duration takes, at least one."""
    ratio = duration.astype("timedelta64[s]").astype(np.int64) / step.astype("timedelta64[s]").astype(np.int64)
    return max(1, int(np.ceil(ratio)))


def bin_width(d: int) -> int:
    """Steps per bin for a duration of ``d`` steps."""
    return 1 if d < EXACT_BELOW else 1 << ((d // 32).bit_length() - 1)


def reach(durations: Sequence[int]) -> int:
    """Steps before the newest that totals over ``durations`` look at."""
    return max((d + bin_width(d) for d in durations), default=0)


def counted(values: Floats, longest: int) -> NDArray[np.int64]:
    """Values in whole 2**-24, a gap as 0; cut where a sum over ``longest`` steps would overflow (beyond 1e6 units)."""
    most = float(2**61) / max(longest, 1)
    with np.errstate(invalid="ignore"):
        whole = np.rint(np.clip(values * ONE, -most, most))
    return np.where(np.isnan(whole), 0.0, whole).astype(np.int64)


def finished(total: Floats, count: Floats, d: int, summed: Bools) -> Floats:
    """From a sum and the number of values in it to the total: sums scaled to ``d``, means."""
    enough = 2 * count >= d
    mean = total / (ONE * np.where(enough, count, 1.0))
    return np.where(enough, np.where(summed, mean * d, mean), np.nan)


@dataclass(slots=True)
class Bins:
    """The newest bins of ``width`` steps of N series: a ring, a row per bin."""

    width: int
    sums: NDArray[np.int64]  # (B, N) in 2**-24
    counts: NDArray[np.int32]  # (B, N)
    newest: int | None = None  # number of the newest bin

    @classmethod
    def empty(cls, width: int, steps: int, n: int) -> Bins:
        size = steps // width + 3
        return cls(width, np.zeros((size, n), dtype=np.int64), np.zeros((size, n), dtype=np.int32))

    def advance(self, step: int) -> None:
        """Make room for ``step``; the oldest bins are forgotten."""
        newest = (step - 1) // self.width
        fresh = len(self.sums) if self.newest is None else min(newest - self.newest, len(self.sums))
        for number in range(newest - fresh + 1, newest + 1):
            self.sums[number % len(self.sums)] = 0
            self.counts[number % len(self.sums)] = 0
        self.newest = newest if self.newest is None else max(newest, self.newest)

    def add(self, series: Ints, steps: Ints, more: Ints, count: Ints) -> None:
        """Add to the bins of ``steps``; what is older than the ring is let go."""
        assert self.newest is not None
        number = (steps - 1) // self.width
        held = number > self.newest - len(self.sums)
        cell = (number % len(self.sums)) * self.sums.shape[1] + series
        if not held.all():
            cell, more, count = cell[held], more[held], count[held]
        np.add.at(self.sums.reshape(-1), cell, more)
        np.add.at(self.counts.reshape(-1), cell, count)

    def between(self, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(N), (N) sum and count of the bins ``first`` to ``last - 1``."""
        size, n = self.sums.shape
        total, count = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        for number in range(first, last):
            total += self.sums[number % size]
            count += self.counts[number % size]
        return total, count


@dataclass(slots=True)
class Span:
    """The sum over some bins, kept: the next one differs by a bin at either end, and by what came late."""

    bins: Bins
    first: int = 0
    last: int = 0  # one after the last bin
    total: NDArray[np.int64] | None = None
    count: NDArray[np.int64] | None = None

    def add(self, series: Ints, steps: Ints, more: Ints, count: Ints) -> None:
        """These values were added to the bins as well."""
        if self.total is None or self.count is None or len(steps) == 0:
            return
        if (steps.max() - 1) // self.bins.width < self.first or (steps.min() - 1) // self.bins.width >= self.last:
            return
        number = (steps - 1) // self.bins.width
        mine = (number >= self.first) & (number < self.last)
        np.add.at(self.total, series[mine], more[mine])
        np.add.at(self.count, series[mine], count[mine])

    def over(self, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(N), (N) sum and count of the bins ``first`` to ``last - 1``."""
        ahead = self.first <= first <= self.last <= last and first - self.first + last - self.last < last - first
        if self.total is None or self.count is None or not ahead:
            self.total, self.count = self.bins.between(first, last)
        else:
            for sign, part in ((-1, (self.first, first)), (1, (self.last, last))):
                total, count = self.bins.between(*part)
                self.total, self.count = self.total + sign * total, self.count + sign * count
        self.first, self.last = first, last
        return self.total, self.count


class RunningTotals:
    """Totals of N series over ``durations`` (steps), for any of the newest ``depth`` steps."""

    def __init__(self, summed: Bools, durations: Sequence[int], depth: int) -> None:
        self.summed = np.asarray(summed, dtype=bool)
        self.durations = tuple(durations)
        self._longest = max(self.durations, default=1)
        n = len(self.summed)
        widths = {bin_width(d) for d in self.durations} | {1}
        exact = [d for d in self.durations if bin_width(d) == 1]
        steps = {w: max(d for d in self.durations if bin_width(d) == w) + w for w in widths - {1}}
        steps[1] = max([*exact, *widths])
        self._levels = {w: Bins.empty(w, steps[w] + depth, n) for w in sorted(widths)} if self.durations else {}
        self._whole = {d: Span(self._levels[bin_width(d)]) for d in self.durations}
        self._rest = {w: Span(self._levels[1]) for w in self._levels}

    def advance(self, step: int) -> None:
        for level in self._levels.values():
            level.advance(step)

    def change(self, series: Ints, steps: Ints, before: Floats, after: Floats) -> None:
        """The values of ``series`` at ``steps``, not newer than the last ``advance``, went from ``before`` to ``after``
        (NaN = a gap)."""
        if not self._levels:
            return
        more = counted(after, self._longest) - counted(before, self._longest)
        count = np.isfinite(after).astype(np.int32) - np.isfinite(before).astype(np.int32)
        for level in self._levels.values():
            level.add(series, steps, more, count)
        for span in (*self._whole.values(), *self._rest.values()):
            span.add(series, steps, more, count)

    def at(self, step: int) -> Floats:
        """(A, N) the totals at ``step``."""
        out = np.empty((len(self.durations), len(self.summed)))
        for row, d in zip(out, self.durations, strict=True):
            row[:] = finished(*self._sum(step, d), d, self.summed)
        return out

    def _sum(self, step: int, d: int) -> tuple[Floats, Floats]:
        w = bin_width(d)
        first, inside = divmod(step - d, w)
        total, count = self._whole[d].over(first, step // w)
        if w > 1:
            rest, there = self._rest[w].over(step // w * w, step)
            total, count = total + rest, count + there
        if not inside:
            return total.astype(np.float64), count.astype(np.float64)
        left, gone = self._levels[w].between(first, first + 1)
        return total - left * (inside / w), count - gone * (inside / w)


def totals_over(values: Floats, first: int, at: Ints, durations: Sequence[int], summed: Bools) -> Floats:
    """(K, N, A) the totals at the steps ``at`` of a record ``values`` (T, N) that begins at step ``first``; steps
    before the record count as gaps. The same numbers as :class:`RunningTotals` gives, to the last bit."""
    longest = max(durations, default=1)
    zero = np.zeros((1, values.shape[1]), dtype=np.int64)
    sums = np.concatenate([zero, np.cumsum(counted(values, longest), axis=0)])
    counts = np.concatenate([zero, np.cumsum(np.isfinite(values), axis=0, dtype=np.int64)])
    out = np.empty((len(at), values.shape[1], len(durations)))

    def until(cumulated: NDArray[np.int64], steps: Ints) -> NDArray[np.int64]:
        return cumulated[np.clip(steps - first + 1, 0, len(values))]

    for a, d in enumerate(durations):
        w = bin_width(d)
        edge = (at - d) // w * w
        share = ((at - d - edge) / w)[:, None]
        parts = [
            (until(c, at) - until(c, edge)) - (until(c, edge + w) - until(c, edge)) * share for c in (sums, counts)
        ]
        out[:, :, a] = finished(parts[0], parts[1], d, summed)
    return out
