"""The flood, step by step, through the real host: a clock that is set, a feed that grows, cycles, store and sinks."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..host import open_host
from ..roles import Step
from ..values import Bulletin
from .platform import LIVE, PIPELINE, Case, shown, stamp

DELAY = np.timedelta64(3 * 60 + 5, "s")  # a little more than the pipeline's: the rows are there, the cycle is due
LOOK_AGAIN = np.timedelta64(16 * 60, "s")  # later in the step, for what came late


@dataclass
class SetClock:
    """A clock that shows what it was last set to."""

    at: np.datetime64

    def __call__(self) -> np.datetime64:
        return self.at


@dataclass
class LiveFeed:
    """A file that grows as a telemetry writes it: each value when it arrives, late ones late, missing ones never."""

    path: Path
    coming: list[tuple[np.datetime64, np.datetime64, str, float]]  # arrival, time, series, value; by arrival
    written: int = 0

    @classmethod
    def of(cls, case: Case, path: Path) -> LiveFeed:
        late = {(l.series, t): l.minutes for l in case.late for t in range(l.first, l.last + 1)}
        coming = [
            (case.times[t] + np.timedelta64(1 + late.get((name, t), 0), "m"), case.times[t], name, float(values[t]))
            for name, values in case.series.items()
            for t in range(case.first, case.last + 1)
            if np.isfinite(values[t])
        ]
        return cls(path, sorted(coming))

    def arrive(self, now: np.datetime64) -> None:
        """Append what has arrived by ``now``."""
        until = bisect_right(self.coming, now, key=lambda row: row[0])
        rows = [
            (stamp(time), name, shown(value), stamp(arrival))
            for arrival, time, name, value in self.coming[self.written : until]
        ]
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        self.written = until


def replay(config: Path, case: Case, told: Callable[[Bulletin], None]) -> tuple[Step, ...]:
    """Every step of the flood; ``told`` hears of each bulletin, revisions too (late data may bring news, and what the
    first told is no news in the second). Gives the ledger of it."""
    clock = SetClock(case.times[case.first].astype("datetime64[us]"))
    feed = LiveFeed.of(case, config.parent / "feeds" / LIVE)
    steps = case.times[case.first : case.last + 1]
    told_last = None
    with open_host(config, clock=clock) as host:
        for step in steps:
            for wait in (DELAY, LOOK_AGAIN):
                clock.at = step.astype("datetime64[us]") + wait
                feed.arrive(clock.at)
                host.tick()
                bulletin = host.store.bulletin(PIPELINE, step)
                if bulletin is not None and bulletin.key != told_last:
                    told(bulletin)
                    told_last = bulletin.key
        return host.store.steps(PIPELINE, steps[0], steps[-1])
