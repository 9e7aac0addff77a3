"""A series of two sensors: it jumps there and back between two levels a constant apart. The less frequent level is
doubted and used: which of the two is true, nobody can tell from the series alone."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Bools, Floats

from .feeds import shifted

THERE, BACK = 3, 3  # jumps of one size up, and down, that make a second datum
ALIKE = 0.1  # of a size: jumps are of one size within it, or within TICKS resolutions
TICKS = 2
OUTSTANDING = 10.0  # times what nine of ten changes stay below: less is no jump
COARSE_TICKS = 20  # resolutions: rounded low water jumps by less, there and back
MOST = 0.5  # of all jumps between two calms must be of this size: gates make many sizes


def second_datum(y: Floats, resolution: Floats) -> Floats:
    """(K) where the less frequent level of a record (T, K) lies beside the other, in its unit; NaN where there is one
    level only."""
    return np.asarray([one_datum(series, tick) for series, tick in zip(y.T, resolution, strict=True)])


def one_datum(y: Floats, tick: float) -> float:
    change = np.diff(y)
    if not np.isfinite(change).any() or not np.isfinite(tick):
        return np.nan
    least = max(OUTSTANDING * float(np.nanquantile(np.abs(change), 0.9)), COARSE_TICKS * tick)
    sizes = np.sort(np.abs(change[between_calms(change) & (np.abs(change) > least)]))
    if len(sizes) < THERE + BACK:
        return np.nan
    reach = np.maximum(ALIKE * sizes, TICKS * tick)
    many = np.searchsorted(sizes, sizes + reach, "right") - np.searchsorted(sizes, sizes - reach, "left")
    size = float(sizes[np.argmax(many)])
    jumps = jumps_of(y[:, None], np.array([size]), np.array([tick]))[:, 0]
    still = np.where(np.append(False, between_calms(change)), jumps, 0.0)
    if (still > 0).sum() < THERE or (still < 0).sum() < BACK or (still != 0).sum() < MOST * len(sizes):
        return np.nan
    above = last_jump(jumps[:, None], len(y))[:, 0]
    return size if (above > 0).sum() <= (above < 0).sum() else -size


def between_calms(change: Floats) -> Bools:
    """(T - 1) the changes before and after which the gauge did not move, or as far: floods and gates go on moving."""
    size = np.abs(change)
    with np.errstate(invalid="ignore"):
        before = (size[:-1] <= ALIKE * size[1:]) | (size[:-1] >= (1 - ALIKE) * size[1:])
        after = (size[1:] <= ALIKE * size[:-1]) | (size[1:] >= (1 - ALIKE) * size[:-1])
    return np.asarray(np.append(False, before) & np.append(after, False), dtype=bool)


def jumps_of(y: Floats, size: Floats, tick: Floats) -> Floats:
    """(T, K) the sign of each change that is one from a datum to the other, ``size`` (K) apart; else 0."""
    change = y - shifted(y, 1)
    with np.errstate(invalid="ignore"):
        alike = np.abs(np.abs(change) - np.abs(size)) <= np.maximum(ALIKE * np.abs(size), TICKS * tick)
        return np.where(alike, np.sign(change), 0.0)


def last_jump(jumps: Floats, past: int) -> Floats:
    """(T, K) the sign of the last jump that a window of ``past`` steps shows, 0 where it shows none."""
    steps = np.arange(len(jumps))[:, None]
    last = np.maximum.accumulate(np.where(jumps != 0, steps, -past), axis=0)
    sign = np.take_along_axis(jumps, np.maximum(last, 0), axis=0)
    return np.where(steps - last < past - 1, sign, 0.0)


def at_second_datum(y: Floats, second: Floats, tick: Floats, past: int) -> Bools:
    """(T, K) where a gauge reads its less frequent level, as far as the window shows how it came there."""
    out = np.zeros(y.shape, dtype=bool)
    at = np.flatnonzero(np.isfinite(second))
    if len(at):
        sign = last_jump(jumps_of(y[:, at], second[at], tick[at]), past)
        out[:, at] = np.isfinite(y[:, at]) & (sign == np.sign(second[at]))
    return out
