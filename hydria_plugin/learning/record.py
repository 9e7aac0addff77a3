"""The record: the same signals as the buffer's windows hold, over many steps at once, for learning.

Gridding and running totals are the buffer's own, so a forecaster learns from exactly what it will be given. What the
host forecast is kept as it was known at each step. Values are as known in the end, corrections included.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..assembly import Columns
from ..intake import joined
from ..rings import UNKNOWN, rank_of
from ..roles import Source
from ..steps import microseconds_in, number_of, numbers_of, stamps
from ..tables import Gridding, grid
from ..totals import reach, steps_in, totals_over
from ..values import Flag, Floats, History, Ints, Layout, Observations, Problem, Signal, Wanted

ROWS_AT_ONCE = 8_000_000  # values asked of the source in one read
IN_MEMORY = 2**30  # bytes; larger arrays are mapped to a temporary file
PROMPT = np.timedelta64(0, "s")
IN_THE_END = np.datetime64("2200-01-01T00:00:00", "us")  # all that was ever received


def read_history(
    source: Source,
    layout: Layout,
    first: np.datetime64,
    last: np.datetime64,
    *,
    durations: Sequence[np.timedelta64] = (),
    rain_label: str = "end",
    known_at: np.datetime64 | None = None,
    delay: np.timedelta64 = PROMPT,
) -> History:
    """The steps from ``first`` to ``last``, both on the grid, as known at ``known_at`` (None: in the end).

    Running totals look back before ``first``, as a running buffer would. The host's forecasts are those known
    ``delay`` after each step, when its cycle would have run. Raises FeedError.
    """
    steps = [steps_in(d, layout.step) for d in durations]
    start, end = number_of(first, layout.step), number_of(last, layout.step)
    record = Record(layout, Gridding.for_layout(layout, rain_label), start - reach(steps), end)
    for high, rows in batches(source, record, IN_THE_END if known_at is None else known_at):
        record.take(rows, high)
    return record.history(start, steps, tuple(durations), microseconds_in(delay))


def batches(source: Source, record: Record, known_at: np.datetime64) -> Iterator[tuple[int, Observations]]:
    """The source's rows up to a step, some millions at a time. As in the buffer, one step more is asked for and
    dropped."""
    gridding, step = record.gridding, record.layout.step
    some = max(record.layout.horizon, ROWS_AT_ONCE // max(1, len(gridding.series)))
    for low in range(record.first, record.last + 1, some):
        high = min(low + some - 1, record.last)
        start, first_at, issued_at, end = stamps(np.asarray([low - 1, low, high, high + record.layout.horizon]), step)
        wanted = Wanted(gridding.series, start, issued_at, known_at, end, step)
        rows, problems = grid(source.read(wanted), gridding, wanted)
        record.problems += problems
        last = high + record.layout.horizon if high == record.last else high
        yield last, rows.where(rows.times >= first_at)


class Record:
    """Values of N series over the steps ``first`` to ``last``, dense, and the host's forecasts as rows."""

    def __init__(self, layout: Layout, gridding: Gridding, first: int, last: int) -> None:
        self.layout, self.gridding, self.first, self.last = layout, gridding, first, last
        self.columns = Columns(layout, gridding)
        shape = last - first + 1, len(gridding.series) + 1  # the last column stands for absent slots
        self.values = filled(shape, np.float64, np.nan)
        self.flags = filled(shape, np.uint8, int(Flag.MISSING))
        self.rank = filled(shape, np.int32, UNKNOWN) if gridding.simulated.any() else None
        self.forecasts: list[Observations] = []
        self.problems: tuple[Problem, ...] = ()

    def take(self, rows: Observations, high: int) -> None:
        """Put rows in; forecasts for after step ``high`` come again with the next read."""
        number = numbers_of(rows.times, self.layout.step)
        ahead = rows.lead > 0
        if ahead.any():
            self.forecasts.append(rows.where(ahead & (number <= high)))
        at = np.flatnonzero((~ahead | self.gridding.simulated[rows.index]) & (number <= self.last))
        cell = number[at] - self.first, rows.index[at]
        if self.rank is not None:
            lost = np.isnan(rows.values[at]) & self.gridding.simulated[rows.index[at]]
            rank = rank_of(rows.lead[at], rows.member[at], lost)
            order = np.argsort(-rank, kind="stable")  # the best is written last
            order = order[rank[order] <= self.rank[cell][order]]
            at, cell = at[order], (cell[0][order], cell[1][order])
            self.rank[cell] = rank[order]
        self.values[cell] = rows.values[at]
        self.flags[cell] = rows.flags[at]

    def history(self, start: int, steps: Sequence[int], durations: tuple[np.timedelta64, ...], delay: int) -> History:
        """The history from step ``start`` on; ``steps``: the durations in steps, ``delay`` in microseconds."""
        (s, v), t, skip = self.columns.shape, self.last - start + 1, start - self.first
        targets, slots = self.columns.targets, self.columns.slots.reshape(s, v)
        target = Signal.measured(self.values[skip:, targets].T, self.flags[skip:, targets].T)
        values, flags = room((s, t, v), np.float64), room((s, t, v), np.uint8)
        totals = room((s, t, v, len(steps)), np.float64)
        for i, columns in enumerate(slots):
            values[i], flags[i] = self.values[skip:, columns], self.flags[skip:, columns]
            if steps:
                totals[i] = self.totals(columns, np.arange(start, self.last + 1), steps)
        times = stamps(np.arange(start, self.last + 1), self.layout.step)
        inputs = Signal.measured(values, flags)
        return History(self.layout, times, target, inputs, totals, durations, self.archived(start, delay))

    def totals(self, columns: Ints, at: Ints, steps: Sequence[int]) -> Floats:
        """(T, V, A) running totals of some columns; what failed is a gap there."""
        values = np.where(self.flags[:, columns] == Flag.FAIL, np.nan, self.values[:, columns])
        summed = np.append(self.gridding.summed, False)[columns]
        return totals_over(values, self.first, at, steps, summed)

    def archived(self, start: int, delay: int) -> dict[str, Floats]:
        """Slot -> (S, T, H): at each step the newest forecast of the host that was known by then, for those slots
        that have any."""
        if not any(len(rows) for rows in self.forecasts):
            return {}
        known = Archive(joined(self.gridding.series, self.forecasts), self.layout.step, delay)
        (s, v), t, horizon = self.columns.shape, self.last - start + 1, self.layout.horizon
        slots, out = self.columns.slots.reshape(s, v), {}
        for k, name in enumerate(self.layout.slots):
            mine = [i for i in range(s) if known.has(int(slots[i, k]))]
            if mine:
                out[name] = filled((s, t, horizon), np.float64, np.nan)
            for i in mine:
                out[name][i] = known.at(int(slots[i, k]), start, t, horizon)
        return out


class Archive:
    """The host's forecasts of some series, by issue, and from which step on each could be used."""

    def __init__(self, rows: Observations, step: np.timedelta64, delay: int) -> None:
        """``delay``: microseconds after a step at which its cycle runs."""
        number = numbers_of(rows.times, step)
        step_us = microseconds_in(step)
        usable = -(-(rows.received_at.view(np.int64) - delay) // step_us)
        order = np.lexsort((number - rows.lead, rows.index))
        self._series = rows.index[order]
        self._issue, self._lead = (number - rows.lead)[order], rows.lead[order]
        self._usable, self._values = np.maximum(usable, number - rows.lead)[order], rows.values[order]

    def _rows(self, series: int) -> slice:
        low, high = np.searchsorted(self._series, [series, series + 1])
        return slice(int(low), int(high))

    def has(self, series: int) -> bool:
        rows = self._rows(series)
        return bool(rows.start < rows.stop)

    def at(self, series: int, start: int, steps: int, horizon: int) -> Floats:
        """(T, H) the mean of the members of the newest issue known at each step."""
        rows = self._rows(series)
        issues, first, which = np.unique(self._issue[rows], return_index=True, return_inverse=True)
        lead, values = self._lead[rows], self._values[rows]
        table = mean_by(which, lead - 1, values, (len(issues), int(lead.max())))
        usable = np.maximum.reduceat(self._usable[rows], first)
        newest = np.full(steps, -1)
        there = usable < start + steps
        np.maximum.at(newest, np.maximum(usable[there] - start, 0), np.flatnonzero(there))
        newest = np.maximum.accumulate(newest)
        ahead = np.arange(start, start + steps)[:, None] + np.arange(horizon) - issues[newest][:, None]
        reached = (newest[:, None] >= 0) & (ahead < table.shape[1])
        return np.where(reached, table[newest[:, None], np.clip(ahead, 0, table.shape[1] - 1)], np.nan)


def mean_by(row: Ints, column: Ints, values: Floats, shape: tuple[int, int]) -> Floats:
    """The mean of the finite values that fall in each cell, NaN where none does."""
    finite = np.isfinite(values)
    cell = (row * shape[1] + column)[finite]
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    total = np.bincount(cell, weights=values[finite], minlength=shape[0] * shape[1])
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(shape)


def room(shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """An array in memory, or mapped to a file without name when it is large; large ones keep single precision."""
    bytes_needed = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if bytes_needed <= IN_MEMORY:
        return np.empty(shape, dtype=dtype)
    kept = np.float32 if dtype is np.float64 else dtype
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype=kept, shape=shape)


def filled(shape: tuple[int, ...], dtype: type[np.generic], value: float) -> NDArray[Any]:
    array = room(shape, dtype)
    array[...] = value
    return array
