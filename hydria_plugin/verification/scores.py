"""Scores of forecasts against truth, in numpy. Pairs with a NaN on either side are left out; no pairs = NaN.

``truth`` and ``forecast`` are (N) unless said otherwise; quantile forecasts are (N, Q) with their levels (Q).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..values import Bools, Floats, Ints


def pairs(truth: Floats, *forecasts: Floats) -> tuple[Floats, ...]:
    """Truth and forecasts where all are finite."""
    good = np.isfinite(truth)
    for f in forecasts:
        good &= np.isfinite(f) if f.ndim == 1 else np.isfinite(f).all(axis=1)
    return (truth[good], *(f[good] for f in forecasts))


def nse(truth: Floats, forecast: Floats) -> float:
    """Nash-Sutcliffe efficiency (Nash and Sutcliffe, 1970): 1 - squared error over the variance of the truth."""
    o, f = pairs(truth, forecast)
    spread = np.sum((o - o.mean()) ** 2) if o.size else 0.0
    return float(1 - np.sum((o - f) ** 2) / spread) if spread > 0 else float("nan")


def persistence_index(truth: Floats, forecast: Floats, last: Floats) -> float:
    """1 - squared error over that of keeping the value known at the issue time (Kitanidis and Bras, 1980)."""
    o, f, p = pairs(truth, forecast, last)
    naive = np.sum((o - p) ** 2)
    return float(1 - np.sum((o - f) ** 2) / naive) if naive > 0 else float("nan")


def kge(truth: Floats, forecast: Floats) -> float:
    """Kling-Gupta efficiency (Gupta et al., 2009); meaningless where the mean of the truth is near zero."""
    o, f = pairs(truth, forecast)
    if o.size < 2 or o.std() == 0 or f.std() == 0 or o.mean() == 0:
        return float("nan")
    r, alpha, beta = np.corrcoef(o, f)[0, 1], f.std() / o.std(), f.mean() / o.mean()
    return float(1 - np.sqrt((r - 1) ** 2 + (alpha - 1) ** 2 + (beta - 1) ** 2))


def peak_error(truth: Floats, forecast: Floats) -> float:
    """Synchronous percentage of the peak discharge: forecast at the time of the observed peak, in % of it."""
    o, f = pairs(truth, forecast)
    if o.size == 0 or o.max() == 0:
        return float("nan")
    top = int(np.argmax(o))
    return float(100 * f[top] / o[top])


def peak_delay(truth: Floats, forecast: Floats, steps: Ints | None = None) -> float:
    """Steps between the observed and the forecast peak; positive = forecast late. Both (N) along one event, at
    ``steps`` (N); one after the other by default."""
    if not (np.isfinite(truth).any() and np.isfinite(forecast).any()):
        return float("nan")
    at = np.arange(len(truth)) if steps is None else steps
    return float(at[np.nanargmax(forecast)] - at[np.nanargmax(truth)])


def pinball(truth: Floats, quantiles: Floats, levels: Sequence[float]) -> Floats:
    """(N, Q) quantile loss."""
    error = truth[:, None] - quantiles
    level = np.asarray(levels)
    return np.asarray(np.maximum(level * error, (level - 1) * error))


def crps(truth: Floats, quantiles: Floats, levels: Sequence[float]) -> float:
    """Continuous ranked probability score as twice the integral of the quantile loss over the levels: trapezoids
    between the levels, constant beyond the outermost ones."""
    o, q = pairs(truth, quantiles)
    return float(crps_each(o, q, levels).mean()) if o.size else float("nan")


def crps_each(truth: Floats, quantiles: Floats, levels: Sequence[float]) -> Floats:
    """(N) the score of each pair."""
    return np.asarray(2 * pinball(truth, quantiles, levels) @ level_weights(levels))


def level_weights(levels: Sequence[float]) -> Floats:
    """(Q) trapezoid weights over [0, 1], summing to 1."""
    level = np.asarray(levels, dtype=float)
    edges = np.concatenate([[0.0], (level[1:] + level[:-1]) / 2, [1.0]])
    return np.asarray(np.diff(edges))


def skill(score: float, reference: float) -> float:
    """1 - score / reference."""
    return 1 - score / reference if reference > 0 else float("nan")


def coverage(truth: Floats, low: Floats, high: Floats) -> float:
    """Share of truths within [low, high]."""
    o, a, b = pairs(truth, low, high)
    return float(np.mean((o >= a) & (o <= b))) if o.size else float("nan")


def contingency(observed: Bools, warned: Bools) -> dict[str, float]:
    """Probability of detection, false-alarm ratio and critical success index of yes/no events (N)."""
    hits = int(np.sum(observed & warned))
    misses, false = int(np.sum(observed & ~warned)), int(np.sum(~observed & warned))

    def ratio(a: int, b: int) -> float:
        return a / b if b else float("nan")

    return {
        "pod": ratio(hits, hits + misses),
        "far": ratio(false, hits + false),
        "csi": ratio(hits, hits + misses + false),
    }


def block_bootstrap(
    score: Callable[[np.ndarray], float], blocks: np.ndarray, rng: np.random.Generator, draws: int = 500
) -> tuple[float, float]:
    """5 and 95 % of ``score(rows)`` when whole ``blocks`` (N, integer: e.g. the week) are drawn with replacement."""
    order = np.argsort(blocks, kind="stable")
    cuts = np.flatnonzero(np.diff(blocks[order])) + 1
    groups = np.split(order, cuts)
    if len(groups) < 2:
        return float("nan"), float("nan")
    found = [
        score(np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])) for _ in range(draws)
    ]
    low, high = np.nanquantile(found, [0.05, 0.95]) if np.isfinite(found).any() else (np.nan, np.nan)
    return float(low), float(high)
