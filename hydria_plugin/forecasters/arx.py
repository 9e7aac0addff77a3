"""The columns of the ridge: lags of the target and the inputs, joined into blocks that widen with age."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hydria_plugin.values import Floats, Ints

from .cases import Cases, newest
from .spread import mean_rain

FINE = 6  # lags that stand alone; older ones are joined
GROWTH = 1.6


def blocks(length: int, fine: int = FINE) -> Ints:
    """(B, 2) first and last lag of each block: 0, 1, 2, ... then wider and wider, to ``length - 1``."""
    edges = list(range(min(fine, length)))
    width = 1.0
    while edges[-1] + 1 < length:
        width *= GROWTH
        edges.append(min(length - 1, edges[-1] + max(1, round(width))))
    last = np.array(edges)
    first = np.concatenate([[0], last[:-1] + 1])
    return np.stack([first, last], axis=1)


def block_means(values: Floats, lags: Ints) -> Floats:
    """(N, B, ...) means over blocks of lags of (N, P, ...), newest last; NaN where nothing of a block is known."""
    known = np.isfinite(values[:, ::-1])
    total = np.cumsum(np.where(known, values[:, ::-1], 0.0), axis=1)
    count = np.cumsum(known, axis=1)
    first, last = lags[:, 0], lags[:, 1]
    inside = first > 0
    some = total[:, last] - np.where(inside.reshape((1, -1) + (1,) * (values.ndim - 2)), total[:, first - 1], 0.0)
    seen = count[:, last] - np.where(inside.reshape((1, -1) + (1,) * (values.ndim - 2)), count[:, first - 1], 0)
    return np.where(seen > 0, some / np.maximum(seen, 1), np.nan)


def past_columns(cases: Cases, unit: Floats, centre: Floats) -> Floats:
    """(N, C) what is known at the issue time: the target against its newest value, its level, the inputs by blocks and
    the wetness by running totals. (Products of rain and level were tried here: they cost skill without a rain
    forecast.)"""
    base = cases.base[:, None]
    lags = blocks(cases.target.shape[1])
    target = (block_means(cases.target, lags)[:, 1:] - base) / unit[:, None]
    level = (base - centre[:, None]) / unit[:, None]
    parts = [target, level, *input_columns(cases, lags)]
    return np.concatenate(parts, axis=1)


def gauges_of(kinds: Sequence[str], past: int, totals: int) -> Ints:
    """(C) which gauge each column of :func:`past_columns` comes from: -1 the target, 0 all rain gauges together (one
    that is silent is given the mean of the others before), 1 + v any other input."""
    lags = len(blocks(past))
    of = [0 if kind == "rain" else 1 + v for v, kind in enumerate(kinds)]
    return np.concatenate([np.full(lags, -1), np.repeat(np.array(of, dtype=int), lags + totals)])


def input_columns(cases: Cases, lags: Ints) -> list[Floats]:
    """Rain and evaporation by blocks of lags; rivers and temperature against their own newest value."""
    parts: list[Floats] = []
    for v, kind in enumerate(cases.kinds):
        by_block = block_means(cases.inputs[:, :, v], lags)
        if kind not in ("rain", "pet"):
            now = newest(cases.inputs[:, :, v], len(lags))[:, None]
            by_block = np.concatenate([now, by_block[:, 1:] - now], axis=1)
        parts.append(by_block)
        parts.append(cases.totals[:, v])
    return parts


def future_columns(cases: Cases, unit: Floats, centre: Floats) -> Floats:
    """(N, H, C) the rain to come, for each lead by blocks counted back from its valid time, as sums in the horizon;
    and the same times the level. NaN where rain is not known up to the lead."""
    lags = blocks(cases.future.shape[1])
    parts = [ahead_sums(cases.future[:, :, v], lags) for v in cases.rain]
    if not parts:
        return np.zeros((*cases.future.shape[:2], 0))
    level = (cases.base - centre) / unit
    parts.append(ahead_sums(mean_rain(cases.future, cases), lags) * level[:, None, None])
    return np.concatenate(parts, axis=2)


def ahead_sums(future: Floats, lags: Ints) -> Floats:
    """(N, H, B) of (N, H): for lead f the sum over steps f - last to f - first that lie in the horizon; 0 if none.
    NaN from the first unknown step on."""
    total = np.concatenate([np.zeros((len(future), 1)), np.cumsum(future, axis=1)], axis=1)
    leads = np.arange(1, future.shape[1] + 1)[:, None]
    upper = np.maximum(leads - lags[None, :, 0], 0)
    lower = np.maximum(leads - lags[None, :, 1] - 1, 0)
    return np.where(upper > lower, total[:, upper] - total[:, lower], 0.0 * total[:, leads])
