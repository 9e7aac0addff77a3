"""The state of the ground that a twin is told beside the rain of its window: how wet it is, and the season.

How wet: totals of the mean rain that fade with memories from a day to a season. A memory is of all rain, that of the
window too, where it is so long that the window hardly moves it; a shorter one is of the rain before the window, lest
it hide the rain that is to be read. Soil and base flow answer to both; what each brings is in
docs/decisions/0110-the-twin-knows-the-season.md.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats

from .twin_rain import Gauges

MEMORIES = tuple(np.timedelta64(days, "D") for days in (1, 3, 10, 30, 90))
LONG = 3  # windows: a memory that is longer is of all rain
ENOUGH = 3  # memories that a record must be long: it says little of a slower one
YEAR = np.timedelta64(8766, "h")
SEASONS = np.timedelta64(330, "D")  # a shorter record has not seen them all


def ground(gauges: Gauges, lags: int) -> Floats:
    """(T, K) for a window of ``lags`` steps: the wetness, then the sine and cosine of the season where it is told."""
    wet = wetness(gauges, lags)
    return np.concatenate([wet, season(gauges)], axis=1) if knows_season(gauges) else wet


def wetness(gauges: Gauges, lags: int) -> Floats:
    """(T, K) totals of the mean rain, one for each memory that the record can tell of, as log(1 + mm)."""
    rain = gauges.rain.mean(axis=1)
    before = np.concatenate([np.zeros(lags), rain])[: len(rain)]
    kept = memories(gauges)
    totals = [faded(rain if m > LONG * lags * gauges.step else before, float(m / gauges.step)) for m in kept]
    return np.asarray(np.log1p(np.array(totals).reshape(len(kept), len(rain)).T))


def memories(gauges: Gauges) -> list[np.timedelta64]:
    """Those that are a step long at least, and of which the record can tell."""
    return [memory for memory in MEMORIES if memory >= gauges.step and ENOUGH * memory <= gauges.learned]


def faded(rain: Floats, memory: float) -> Floats:
    """(T) of (T): the total of the rain so far, of which 1/e is left after ``memory`` steps; dry before the record."""
    keeps, total, totals = float(np.exp(-1.0 / memory)), 0.0, []
    for depth in rain.tolist():
        total = total * keeps + depth
        totals.append(total)
    return np.array(totals)


def knows_season(gauges: Gauges) -> bool:
    """Whether the record has seen every season."""
    return bool(gauges.learned >= SEASONS)


def season(gauges: Gauges) -> Floats:
    """(T, 2) sine and cosine of the time of the year."""
    angle = 2.0 * np.pi * ((gauges.times - np.datetime64("2000-01-01", "s")) / YEAR)
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)
