"""What of a record tells a twin who contributes.

A rain value that was made from the neighbours says nothing of its own gauge, and the share that it earns is theirs. A
river value that was doubted, or that leaves both of its neighbours in time and comes back, is no answer to the rain. A
twin forecasts nothing, so it may look at what came after. What that brings is in
docs/decisions/0112-made-values-teach-no-shares.md.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin import Flag, Signal
from hydria_plugin.values import Bools, Floats

MADE = 0.05  # share of the rain of a window that may be made
REMAINS = 0.5  # share that must be left of the water, and of the river's values: else nothing is left out
OUT = 5.0  # times what 99 of 100 changes of the river stay below: a value that goes so far and comes back is none
BACK = 0.1  # of how far it went: nearer than that it comes back


def sound_river(signal: Signal) -> Floats:
    """(T) of (T): the values that answer to rain, NaN elsewhere. Where most are doubted, a doubt says nothing."""
    values = np.asarray(signal.told, dtype=np.float64)
    sure = np.where(signal.flags == Flag.SUSPECT, np.nan, values)
    if np.isfinite(sure).sum() >= REMAINS * np.isfinite(values).sum():
        values = sure
    return np.where(out_and_back(values), np.nan, values)


def out_and_back(values: Floats) -> Bools:
    """(T) where one value stands far above or far below both of its neighbours in time, and these agree."""
    found = np.zeros(len(values), dtype=bool)
    change = np.diff(values)
    if not np.isfinite(change).any():
        return found
    there, home = change[:-1], -change[1:]
    far = np.abs(there)
    with np.errstate(invalid="ignore"):
        comes_back = np.abs(there - home) <= BACK * far
        found[1:-1] = comes_back & (far > OUT * np.nanquantile(np.abs(change), 0.99))
    return found


def read_windows(rain: Floats, made: Bools, lags: int) -> Bools:
    """(T) where the gauges themselves read the rain (T, Z) of the ``lags`` steps up to each, but for a small share."""
    made_up, whole = (total_over(np.asarray(x.sum(axis=1)), lags) for x in (np.where(made, rain, 0.0), rain))
    return np.asarray(made_up <= MADE * whole)


def total_over(values: Floats, steps: int) -> Floats:
    """(T) of (T): the sum over the ``steps`` steps up to each."""
    return np.convolve(values, np.ones(steps))[: len(values)]


def enough_left(height: Floats, before: Bools, left: Bools) -> bool:
    """Whether the steps ``left`` hold enough of the water of those ``before``. Where they do not, a gauge was silent
    for much of the record, and what was made for it is better than nothing."""
    water = np.maximum(np.nan_to_num(height), 0.0)
    return bool(left.any()) and float(water[left].sum()) >= REMAINS * float(water[before].sum())
