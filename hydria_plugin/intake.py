"""Rows on their way into the buffer's arrays: whose they are, in what portions, and batches of them as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from .tables import Gridding
from .values import Ints, Observations


def positions(series: tuple[str, ...], gridding: Gridding, index: Ints) -> NDArray[np.int64]:
    """The index among the pipeline's series of rows that point into ``series``; -1 for those it does not have."""
    if series == gridding.series:
        return index.astype(np.int64)
    return np.asarray([gridding.place.get(name, -1) for name in series], dtype=np.int64)[index]


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
    first = np.concatenate([[True], (number[1:] != number[:-1]) | (place[1:] != place[:-1])])
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
