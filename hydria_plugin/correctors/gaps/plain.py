"""What is filled where nothing was learned: the mean of the basin's other gauges, the last value, a straight line."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import METHODS, Floats, Ints

from .series import ABSENT, Fills

SMOOTHER, LAST = np.uint16(METHODS.index("smoother")), np.uint16(METHODS.index("last"))
MOST_HELD = 6  # steps that a last value is held
RAIN_ERROR, RAIN_FLOOR_MM = 0.6, 0.2  # of the mean of the others, and where they are dry


def plain_rain(values: Floats, gauges: Ints, p: Ints) -> tuple[Floats, Floats]:
    """(C) the mean of the ``gauges`` (C, G) that speak at the steps ``p`` (C), and its standard error; NaN if none."""
    beside = np.where(gauges == ABSENT, np.nan, values[np.maximum(gauges, 0), p[:, None]])
    there = np.isfinite(beside)
    count = there.sum(axis=1)
    mean = np.where(there, beside, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan), RAIN_FLOOR_MM + RAIN_ERROR * mean


def plain_rivers(values: Floats, b: Ints, p: Ints, causal: bool) -> Fills:
    """Between two values a straight line; after the last it is held for some steps; then nothing."""
    rows, at = np.unique(b, return_inverse=True)
    own = values[rows]
    length = own.shape[1]
    steps, there = np.arange(length), np.isfinite(own)
    last = np.maximum.accumulate(np.where(there, steps, ABSENT), axis=1)[at, p]
    following = np.minimum.accumulate(np.where(there, steps, length)[:, ::-1], axis=1)[:, ::-1][at, p]
    following = np.full(len(p), length) if causal else following
    between = (last != ABSENT) & (following < length)
    age, whole = p - last, np.maximum(following - last, 1)
    start = own[at, np.maximum(last, 0)]
    end = own[at, np.minimum(following, length - 1)]
    value = np.where(between, start + (end - start) * age / whole, start)
    move = movement(own)[at]
    free = np.where(between, age * (whole - age) / whole, age)
    held = (last != ABSENT) & (between | (age <= MOST_HELD))
    value = np.where(held, value, np.nan)
    return Fills(b, p, value, np.maximum(move * np.sqrt(np.maximum(free, 0)), 1e-6), np.where(between, SMOOTHER, LAST))


def movement(own: Floats) -> Floats:
    """(B) root mean square of the changes over one step within each row; where none is seen, of its values."""
    steps = np.diff(own, axis=1)
    there = np.isfinite(steps)
    count = there.sum(axis=1)
    square = np.where(there, steps**2, 0.0).sum(axis=1) / np.maximum(count, 1)
    known = np.isfinite(own)
    mean = np.where(known, np.abs(own), 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.asarray(np.where(count > 0, np.sqrt(square), mean))
