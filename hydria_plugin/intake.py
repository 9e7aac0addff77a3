"""Rows on their way into the buffer's arrays: whose they are, in what portions, and batches of them as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

import numpy as np

from .steps import numbers_of
from .tables import Gridding
from .values import Bools, Ints, Observations


class Asked:
    """From which step to which each of N series was asked for, without a gap."""

    def __init__(self, since: Ints, until: Ints) -> None:
        self.since, self.until = since, until

    @classmethod
    def nothing(cls, n: int) -> Asked:
        bounds = np.iinfo(np.int64)
        return cls(np.full(n, bounds.max, np.int64), np.full(n, bounds.min // 2, np.int64))

    def note(self, series: Ints, first: int, last: int) -> None:
        """These were asked for, from ``first`` to ``last``."""
        self.since[series] = np.minimum(self.since[series], first)
        self.until[series] = np.maximum(self.until[series], last)

    def never(self, series: Ints, steps: Ints, ahead: Ints) -> Bools:
        """Which steps of series nobody asked for; ``ahead``: steps after the last that may have come beside."""
        return np.asarray((steps < self.since[series]) | (steps > self.until[series] + ahead))


def placed(rows: Observations, gridding: Gridding) -> Observations:
    """The rows of series that the pipeline has, pointing into its own."""
    if rows.series == gridding.series:
        return rows
    place = np.asarray([gridding.place.get(name, -1) for name in rows.series], dtype=np.int32)[rows.index]
    return replace(rows, series=gridding.series, index=place).where(place >= 0)


def by_stretches(
    series: tuple[str, ...], batches: Sequence[Observations], step: np.timedelta64, length: int
) -> Iterator[Observations]:
    """The rows of all batches, by stretches of ``length`` steps; within each in the order they came."""
    rows = joined(series, batches)
    batch = np.repeat(np.arange(len(batches)), [len(b) for b in batches])
    stretch = numbers_of(rows.times, step) // length
    order = np.lexsort((batch, stretch))
    batch, stretch = batch[order], stretch[order]
    for part in np.split(order, 1 + np.flatnonzero((np.diff(batch) != 0) | (np.diff(stretch) != 0))):
        yield rows.where(part)


def runs(number: Ints, at: Ints, length: int) -> Iterator[Ints]:
    """The rows ``at`` (sorted by step) in runs of at most ``length`` steps: what the ring takes at a time."""
    steps, first = number[at], 0
    while first < len(at):
        last = int(np.searchsorted(steps, steps[first] + length))
        yield at[first:last]
        first = last


def best_of_each(number: Ints, place: Ints, rank: Ints) -> Ints:
    """Which rows are the best ranked of those for their series and step."""
    order = np.lexsort((rank, place, number))
    number, place = number[order], place[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (number[1:] != number[:-1]) | (place[1:] != place[:-1])
    return np.asarray(order[first])


def joined(series: tuple[str, ...], batches: Sequence[Observations]) -> Observations:
    """One value from several over the same series, in their order."""
    if len(batches) == 1:
        return batches[0]
    batches = [nothing(series), *batches]
    columns = (f.name for f in fields(Observations) if f.name != "series")
    return Observations(series, **{name: np.concatenate([getattr(b, name) for b in batches]) for name in columns})


def nothing(series: tuple[str, ...]) -> Observations:
    """No rows."""
    whole, second, moment = np.empty(0, np.int32), np.empty(0, "M8[s]"), np.empty(0, "M8[us]")
    return Observations(series, whole, second, np.empty(0), np.empty(0, np.uint8), whole, whole, moment)
