"""Observations of one pipeline in memory, as the cycles received them, found by time without a search through all."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from hydria_plugin import Observations


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one cycle received."""

    known_at: np.datetime64
    first: np.datetime64
    last: np.datetime64
    newest: np.datetime64  # the newest ``last`` up to this cycle: rises, so it can be searched
    rows: Observations


class Received:
    """In the order of the cycles, which is nearly that of the times."""

    def __init__(self) -> None:
        self._cycles: list[Cycle] = []

    def add(self, known_at: np.datetime64, rows: Observations) -> None:
        if len(rows):
            first, last = rows.times.min(), rows.times.max()
            newest = max(last, self._cycles[-1].newest) if self._cycles else last
            self._cycles.append(Cycle(known_at, first, last, newest, rows))

    def between(self, since: np.datetime64, until: np.datetime64, known_at: np.datetime64) -> tuple[Observations, ...]:
        """The values for times in [since, until] that cycles up to ``known_at`` received."""
        start = bisect_left(self._cycles, since, key=lambda cycle: cycle.newest)
        return tuple(
            between(cycle.rows, since, until)
            for cycle in self._cycles[start:]
            if cycle.last >= since and cycle.first <= until and cycle.known_at <= known_at
        )

    def prune(self, before: np.datetime64) -> int:
        """Forget cycles whose newest time is before ``before``; how many."""
        held = len(self._cycles)
        old, self._cycles = self._cycles, []
        for cycle in old:
            if cycle.last >= before:
                self.add(cycle.known_at, cycle.rows)
        return held - len(self._cycles)


def between(received: Observations, since: np.datetime64, until: np.datetime64) -> Observations:
    """The values for times in [since, until]; all of them without a copy."""
    inside = (received.times >= since) & (received.times <= until)
    return received if inside.all() else received.where(inside)
