"""Independent flood events: peaks over a threshold, declustered.

Two peaks are two events when they stand at least ``separation`` steps apart and the water between them falls below
three quarters of the lower one: the rule of the US Water Resources Council (1976), as reviewed by Lang, Ouarda and
Bobée (1999), Towards operational guidelines for over-threshold modeling, J. Hydrology 225, 103-117. Heights count
above the record's median, so that the rule holds for levels of any datum. The rule there asks for 5 days and more
between peaks; flash floods need less, so the default is a day, and never less than the horizon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin import History
from hydria_plugin.values import Bools, Floats, Ints

THRESHOLD_QUANTILE = 0.9  # of the record; a tenth of the time is "high water"
TROUGH = 0.75  # of the lower peak
DAY = np.timedelta64(86_400, "s")


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """The independent events of one station, in order of time. N events, steps of the record."""

    starts: Ints  # (N) first step above the threshold
    peaks: Ints  # (N) step of the highest value
    stops: Ints  # (N) last step above the threshold
    heights: Floats  # (N) of the peak, above the record's median

    def __len__(self) -> int:
        return len(self.peaks)

    @property
    def largest(self) -> int:
        """Which is the largest; ValueError without events."""
        return int(np.argmax(self.heights))


def find_events(values: Floats, separation: int, threshold: float | None = None) -> Events:
    """The independent events in (T) ``values``; NaN is a gap. A constant or empty record has none."""
    known = values[np.isfinite(values)]
    if not len(known):
        none = np.empty(0, int)
        return Events(none, none, none, np.empty(0))
    floor = float(np.median(known))
    limit = float(np.quantile(known, THRESHOLD_QUANTILE)) if threshold is None else threshold
    heights = np.where(np.isfinite(values), values - floor, -np.inf)
    starts, stops = runs(heights > limit - floor)
    return declustered(np.asarray(heights), starts, stops, separation)


def runs(mask: Bools) -> tuple[Ints, Ints]:
    """First and last steps of every run of True in (T) ``mask``."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1


def declustered(heights: Floats, starts: Ints, stops: Ints, separation: int) -> Events:
    """Runs above the threshold, joined where they are one event. A gap in the record counts as no trough."""
    kept: list[list[int]] = []  # start, peak, stop
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        peak = start + int(np.argmax(heights[start : stop + 1]))
        if kept and not apart(heights, kept[-1][1], peak, separation):
            first, before, _ = kept[-1]
            kept[-1] = [first, before if heights[before] >= heights[peak] else peak, stop]
        else:
            kept.append([start, peak, stop])
    found = np.array(kept, dtype=int).reshape(-1, 3)
    return Events(found[:, 0], found[:, 1], found[:, 2], heights[found[:, 1]])


def apart(heights: Floats, one: int, other: int, separation: int) -> bool:
    """Whether two peaks are two events."""
    between = heights[one : other + 1]
    trough = np.min(between, where=np.isfinite(between), initial=np.inf)
    return other - one >= separation and bool(trough < TROUGH * min(heights[one], heights[other]))


def separation_of(history: History) -> int:
    """Steps that part two peaks: a day, and never less than the horizon."""
    return max(history.layout.horizon, int(np.ceil(DAY / history.layout.step)))


def station_events(history: History, separation: int | None = None) -> tuple[Events, ...]:
    """The events of every station; values flagged as failed, or filled, make none."""
    separation = separation_of(history) if separation is None else separation
    trusted = history.target.trusted
    return tuple(
        find_events(np.where(ok, row, np.nan), separation)
        for row, ok in zip(history.target.values.astype(np.float64), trusted, strict=True)
    )


def numbered(events: tuple[Events, ...], steps: int, horizon: int) -> np.ndarray:
    """(S, T) the event that a forecast issued at each step is about (its horizon touches it), -1 for none. Where two
    events' horizons overlap, the later one."""
    out = np.full((len(events), steps), -1, dtype=np.int32)
    for row, station in zip(out, events, strict=True):
        for i, (start, stop) in enumerate(zip(station.starts.tolist(), station.stops.tolist(), strict=True)):
            row[max(0, start - horizon) : stop] = i
    return out


def independent_events(numbers: np.ndarray) -> Ints:
    """(S) how many independent events each station of (S, T) ``Split.events`` has."""
    return np.asarray(numbers.max(axis=1, initial=-1) + 1)


def units(numbers: np.ndarray) -> Ints:
    """(S, T) every step to the event nearest in time: the units that a bootstrap over events draws. All 0 for a
    station without events."""
    out = np.zeros(numbers.shape, dtype=np.int64)
    steps = np.arange(numbers.shape[1])
    for row, found in zip(numbers, out, strict=True):
        there = np.flatnonzero(row >= 0)
        if len(there):
            after = np.clip(np.searchsorted(there, steps), 0, len(there) - 1)
            before = np.maximum(after - 1, 0)
            nearer = np.abs(there[before] - steps) <= np.abs(there[after] - steps)
            found[:] = row[np.where(nearer, there[before], there[after])]
    return out
