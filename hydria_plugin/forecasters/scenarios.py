"""A window of many scenarios: which stations they concern, and one distribution out of many.

The errors that a forecaster's spread was learned from are made with gauges as they are: the usual error of measured
inputs is in it already. So the quantiles of a station whose inputs are all measured are those of the best estimate, and
the scenarios are for its members. Where something is estimated (``sigma``), or the horizon's inputs are an ensemble,
the quantiles are the mixture over the scenarios (docs/decisions/0061-what-scenarios-widen.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hydria_plugin import Signal, Window
from hydria_plugin.values import Bools, Floats

CELLS = 20_000  # distributions that are mixed at once
NARROW = 1e-8  # of the largest value: quantiles that are nearer are a jump


def widened(window: Window) -> Bools:
    """(S) the stations whose quantiles are mixed over the scenarios."""
    if window.scenarios == 1:
        return np.zeros(len(window.stations), dtype=bool)
    estimated = [_any(signal.sigma[:, 0] != 0) for signal in (window.observed, window.past, window.future)]
    return np.asarray(np.logical_or.reduce([*estimated, differing(window.future)]))


def varied(window: Window) -> Bools:
    """(S) the stations of which some scenario differs from the best estimate: others need be asked once only."""
    return np.asarray(differing(window.observed) | differing(window.past) | differing(window.future))


def differing(signal: Signal) -> Bools:
    """(S) does some scenario differ from the best estimate?"""
    values = signal.values
    if values.shape[1] == 1 or values.strides[1] == 0:
        return np.zeros(len(values), dtype=bool)
    best, others = values[:, :1], values[:, 1:]
    return _any((others != best) & ~(np.isnan(others) & np.isnan(best)))


def _any(array: Bools) -> Bools:
    return np.asarray(array.reshape(len(array), -1).any(axis=1)) if array.size else np.zeros(len(array), dtype=bool)


def mixture(values: Floats, levels: Sequence[float]) -> Floats:
    """(S, H, Q) quantiles of the mixture of R distributions given by their quantiles ``values`` (S, R, H, Q).

    Each distribution is linear between its quantiles, with its outer slopes carried on to probability 0 and 1.
    A NaN in any scenario makes the station's lead NaN.
    """
    if values.shape[1] == 1:
        return np.asarray(values[:, 0])
    s, r, h, q = values.shape
    flat = np.moveaxis(np.asarray(values, dtype=np.float64), 1, 2).reshape(s * h, r, q)
    parts = [mixed(flat[first : first + CELLS], np.asarray(levels)) for first in range(0, s * h, CELLS)]
    found = np.concatenate(parts) if parts else flat[:, 0]
    return np.maximum.accumulate(found.reshape(s, h, q), axis=2)


def mixed(many: Floats, levels: Floats) -> Floats:
    """(C, Q) of (C, R, Q): the mean distribution function, inverted. It is linear between the points of all R; at each
    of them its slope changes by what that one's does, and it jumps by what equal quantiles hold."""
    whole = np.asarray(np.isfinite(many).all(axis=(1, 2)))
    support, full = with_tails(np.where(whole[:, None, None], many, 0.0), levels)
    c, r, k = support.shape
    width, mass = np.diff(support, axis=2), np.diff(full) / r
    steep = width <= NARROW * np.maximum(1.0, np.abs(support).max(axis=(1, 2), keepdims=True))
    slope = np.divide(mass, width, out=np.zeros_like(width), where=~steep)
    turns = np.diff(np.pad(slope, ((0, 0), (0, 0), (1, 1))), axis=2)
    jumps = np.pad(np.where(steep, mass, 0.0), ((0, 0), (0, 0), (1, 0)))
    order = support.reshape(c, r * k).argsort(axis=1)
    points, turns, jumps = (np.take_along_axis(a.reshape(c, r * k), order, axis=1) for a in (support, turns, jumps))
    rise = np.maximum(np.cumsum(turns, axis=1)[:, :-1], 0.0) * np.diff(points, axis=1)
    after = np.cumsum(np.pad(rise, ((0, 0), (1, 0))) + jumps, axis=1)
    found = np.stack([inverted(points, after - jumps, after, level) for level in levels], axis=1)
    return np.where(whole[:, None], found, np.nan)


def inverted(points: Floats, before: Floats, after: Floats, level: float) -> Floats:
    """(C) where functions that rise between ``points`` (C, K), from ``after`` one to ``before`` the next, and jump at
    them, reach a level; the last point where none does."""
    at = np.minimum((after < level).sum(axis=1), points.shape[1] - 1)[:, None]
    x0, y0 = (np.take_along_axis(a, np.maximum(at - 1, 0), axis=1)[:, 0] for a in (points, after))
    x1, y1 = (np.take_along_axis(a, at, axis=1)[:, 0] for a in (points, before))
    share = np.divide(level - y0, y1 - y0, out=np.ones_like(y0), where=y1 > y0)
    return np.asarray(x0 + np.clip(share, 0.0, 1.0) * (x1 - x0))


def with_tails(many: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Quantiles (C, R, Q + 2) and their levels, from 0 to 1."""
    if len(levels) == 1:
        return np.repeat(many, 3, axis=2), np.array([0.0, levels[0], 1.0])
    low, high = many[..., :1], many[..., -1:]
    below = low - (many[..., 1:2] - low) * levels[0] / (levels[1] - levels[0])
    above = high + (high - many[..., -2:-1]) * (1 - levels[-1]) / (levels[-1] - levels[-2])
    return np.concatenate([below, many, above], axis=2), np.concatenate([[0.0], levels, [1.0]])
