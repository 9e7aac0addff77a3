"""The feed of a made-up region: every station is a copy of one of a few, some steps later than its neighbour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import Layout, Source, Wanted
from hydria_plugin.testing.samples import sample_history, sample_layout

if TYPE_CHECKING:
    import pandas as pd

FEW, STEPS = 5, 12_000
STEP = np.timedelta64(900, "s")
PAST, LEADS, INPUTS = 72, 24, 4
BEGIN = np.datetime64("2026-01-01T00:00:00", "s")


def layout_for(stations: int) -> Layout:
    return sample_layout(stations, INPUTS, PAST, LEADS, STEP)


class MadeRegion:
    """Any stretch of the region's record, a value per series and step."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        few = sample_history(layout_for(FEW), STEPS, seed=7)
        columns = np.concatenate([few.target.values[:, :, None], few.inputs.values], axis=2)  # (FEW, T, 1 + V)
        self.record = columns.transpose(1, 0, 2).reshape(STEPS, -1)
        place = {name: (i % FEW) * (INPUTS + 1) for i, name in enumerate(layout.targets)}
        for s, row in enumerate(layout.series):
            place |= {name: (s % FEW) * (INPUTS + 1) + 1 + v for v, name in enumerate(row.tolist()) if name}
        self.names = np.asarray(layout.all_series(), dtype=object)
        self.column = np.asarray([place[name] for name in self.names])
        self.shift = np.asarray([hash_of(name) for name in self.names]) % 7

    def values_at(self, steps: np.ndarray) -> np.ndarray:
        """(T, N)"""
        return np.asarray(self.record[(steps[:, None] - self.shift) % STEPS, self.column])

    def table(self, first: np.datetime64, last: np.datetime64) -> pd.DataFrame:
        """The long table of the steps in [first, last]."""
        import pandas as pd

        steps = np.arange(int((first - BEGIN) / STEP), int((last - BEGIN) / STEP) + 1)
        times = np.repeat((BEGIN + steps * STEP).astype("M8[us]"), len(self.names))
        values = self.values_at(steps).reshape(-1)
        there = np.isfinite(values)
        series = pd.Categorical.from_codes(np.tile(np.arange(len(self.names)), len(steps))[there], self.names)
        stamps = pd.DatetimeIndex(times[there]).tz_localize("UTC")
        return pd.DataFrame({"series": series, "time": stamps, "value": values[there]}, copy=False)


def hash_of(name: str) -> int:
    """The same number for one station's series, whatever the run."""
    return sum(map(ord, name.rpartition("@")[2]))


class Switched:
    """A record in memory that begins at ``begin``, until a source takes over."""

    def __init__(self, region: MadeRegion, begin: np.datetime64) -> None:
        self.region, self.begin = region, begin
        self.source: Source | None = None

    def read(self, wanted: Wanted) -> pd.DataFrame:
        if self.source is not None:
            return self.source.read(wanted)
        return self.region.table(max(wanted.start, self.begin), wanted.issued_at)


class Silent:
    """A source that has nothing new."""

    def read(self, wanted: Wanted) -> pd.DataFrame:
        import pandas as pd

        none = pd.DatetimeIndex([], tz="UTC")
        return pd.DataFrame({"series": pd.Series([], dtype=object), "time": none, "value": pd.Series([], dtype=float)})


def append_csv(path: Path, region: MadeRegion, step: np.datetime64) -> int:
    """Write one step's values at the end of a long CSV file; how many."""
    table = region.table(step, step)
    stamp = f"{step}Z"
    lines = [f"{s},{stamp},{v:.4f}\n" for s, v in zip(table["series"], table["value"], strict=True)]
    new = not path.exists()
    with path.open("a", encoding="utf-8") as file:
        file.write(("series,time,value\n" if new else "") + "".join(lines))
    return len(lines)
