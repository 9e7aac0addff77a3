"""Reading a Window off the buffer's arrays: which column is whose, and gathering them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .outlook import Outlook
from .rings import Ring
from .tables import Gridding
from .totals import RunningTotals
from .values import Bools, Flag, Floats, Layout, Signal


class Columns:
    """Where the stations' targets and slots stand among the N series; N itself stands for an absent slot."""

    def __init__(self, layout: Layout, gridding: Gridding) -> None:
        n = len(gridding.series)
        self.shape = layout.series.shape
        self.targets = np.asarray([gridding.place[name] for name in layout.targets], dtype=np.int64)
        names = layout.series.reshape(-1).tolist()
        self.slots = np.asarray([gridding.place[name] if name else n for name in names], dtype=np.int64)  # (S * V)
        totalled = np.unique(self.slots[self.slots < n])
        self.summed: Bools = gridding.summed[totalled]  # of the series that totals are kept of
        self.total_of = np.full(n + 1, len(totalled), dtype=np.int64)  # its length: there is none
        self.total_of[totalled] = np.arange(len(totalled))


def observed_at(ring: Ring, columns: Columns, n: int, steps: int, scenarios: int) -> Signal:
    """(S, R, P) the targets up to step ``n``; the scenarios share one array."""
    values, flags = ring.window(n, steps, columns.targets)
    signal = Signal.measured(values, flags)
    return signal.each(lambda a: shared(a.T[:, None], 1, scenarios))


def past_at(ring: Ring, columns: Columns, n: int, steps: int, scenarios: int) -> Signal:
    """(S, R, P, V) the inputs up to step ``n``; the scenarios share one array."""
    values, flags = ring.window(n, steps, columns.slots)
    signal = Signal.measured(values, flags)
    return signal.each(lambda a: shared(a.reshape(steps, *columns.shape).transpose(1, 0, 2)[:, None], 1, scenarios))


def future_at(outlook: Outlook, columns: Columns, n: int, horizon: int) -> Signal:
    """(S, R, H, V) what the host forecast for the steps after ``n``, NaN where nothing."""
    (s, v), known = columns.shape, outlook.future(n, horizon, columns.slots)
    if known is None:
        values, flags = np.full(1, np.nan), np.full(1, np.uint8(Flag.MISSING))
        return Signal.measured(values, flags).each(lambda a: np.broadcast_to(a, (s, 1, horizon, v)))
    signal = Signal.measured(known.reshape(-1, horizon, s, v))
    return signal.each(lambda a: a.transpose(2, 0, 1, 3))


def antecedent_at(totals: RunningTotals, columns: Columns, n: int) -> Floats:
    """(S, V, A) the running totals at step ``n``, NaN for absent slots."""
    known = totals.at(n)
    known = np.concatenate([known, np.full((len(known), 1), np.nan)], axis=1)
    picked = np.take(known, columns.total_of[columns.slots], axis=1)
    return np.asarray(picked.reshape(len(known), *columns.shape).transpose(1, 2, 0))


def shared(array: NDArray[Any], axis: int, times: int) -> NDArray[Any]:
    """``array`` seen ``times`` over along an axis of length one, without copying."""
    shape = list(array.shape)
    shape[axis] = times
    return np.broadcast_to(array, shape)
