"""The newest steps of every series, dense: one row per step, the rows used in a circle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .values import Bools, Flag, Floats, Ints

FEW = 2000  # columns that are gathered at once
UNKNOWN = np.iinfo(np.int32).max  # rank of a cell that has no value


def rank_of(lead: Ints, member: Ints, lost: Bools) -> NDArray[np.int32]:
    """Smaller is better: the newest issue, and of an ensemble its first member; what is ``lost`` comes last."""
    rank = np.minimum(lead, 2**18) * 4096 + np.clip(member, 0, 4095)
    return np.where(lost, UNKNOWN - 1, rank).astype(np.int32)


class Ring:
    """Values and flags of N series at the newest ``length`` steps; column N is a gap for ever (an absent slot).

    Where series are simulations, ``rank`` says how good a value is: of several forecasts valid at one step the one of
    the newest issue counts (see ``rank_of``).
    """

    def __init__(self, n: int, length: int, simulated: bool) -> None:
        self.values = np.full((length, n + 1), np.nan)
        self.flags = np.full((length, n + 1), np.uint8(Flag.MISSING))
        self.rank = np.full((length, n), UNKNOWN, dtype=np.int32) if simulated else None
        self.newest: int | None = None

    @property
    def length(self) -> int:
        return len(self.values)

    @property
    def oldest(self) -> int:
        """The first step that is held."""
        if self.newest is None:
            raise ValueError("the ring holds no step yet: advance it first")
        return self.newest - len(self.values) + 1

    def clear(self) -> None:
        self.newest = None

    def advance(self, step: int) -> None:
        """Make room up to ``step``; as many of the oldest are forgotten."""
        length = len(self.values)
        fresh = length if self.newest is None else min(max(step - self.newest, 0), length)
        for number in range(step - fresh + 1, step + 1):
            row = number % length
            self.values[row] = np.nan
            self.flags[row] = Flag.MISSING
            if self.rank is not None:
                self.rank[row] = UNKNOWN
        self.newest = step if self.newest is None else max(step, self.newest)

    def held(self, steps: Ints) -> Bools:
        return np.asarray((steps >= self.oldest) & (steps <= (self.newest or 0)))

    def news(self, steps: Ints, series: Ints, values: Floats, flags: NDArray[np.uint8], ranks: Ints) -> Bools:
        """Which of these cells would change: another value, another flag, or a newer issue's value."""
        row = steps % len(self.values)
        there = self.values[row, series]
        same = ((there == values) | (np.isnan(there) & np.isnan(values))) & (self.flags[row, series] == flags)
        if self.rank is None:
            return np.asarray(~same)
        held = self.rank[row, series]
        return np.asarray((ranks < held) & (held != UNKNOWN) | (ranks <= held) & ~same)

    def put(
        self, steps: Ints, series: Ints, values: Floats, flags: NDArray[np.uint8], ranks: Ints
    ) -> tuple[Floats, Floats]:
        """Write the cells; (before, after) as far as they count in totals: what failed is a gap there."""
        row = steps % len(self.values)
        before = np.where(self.flags[row, series] == Flag.FAIL, np.nan, self.values[row, series])
        self.values[row, series] = values
        self.flags[row, series] = flags
        if self.rank is not None:
            self.rank[row, series] = ranks
        return before, np.where(flags == Flag.FAIL, np.nan, values)

    def window(self, last: int, steps: int, columns: Ints) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        """(steps, K) values and flags of the ``columns`` at the ``steps`` steps up to ``last``."""
        rows = np.arange(last - steps + 1, last + 1) % self.length
        if len(columns) < FEW:
            return self.values[rows[:, None], columns], self.flags[rows[:, None], columns]
        values = np.empty((steps, len(columns)))
        flags = np.empty((steps, len(columns)), dtype=np.uint8)
        for k, row in enumerate(rows):  # a row at a time stays in the processor's cache
            np.take(self.values[row], columns, out=values[k], mode="clip")
            np.take(self.flags[row], columns, out=flags[k], mode="clip")
        return values, flags
