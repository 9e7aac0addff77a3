"""How wide: quantiles of past errors around a centre, by how large an error is to be expected now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hydria_plugin.learning.ticks import around_median
from hydria_plugin.values import Floats, Ints

from .cases import Cases

BINS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)  # of the expected error: regimes, finer towards floods
FEWEST = 60  # errors that a regime must have seen, else it is joined with the next lower one
RECENT = 6  # steps that tell whether the river is moving
TINY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Error quantiles in units of the expected error, per station, lead and regime."""

    edges: Floats  # (S, H, B - 1) of the expected error; +inf where a regime was not seen often enough
    offsets: Floats  # (S, H, B, Q)

    def around(self, centre: Floats, expected: Floats, rows: Ints, levels: Sequence[float]) -> Floats:
        """(N, H, Q) quantiles around ``centre`` (N, H) where errors of ``expected`` (N, H) are to be expected."""
        regime = (expected[:, :, None] > self.edges[rows]).sum(axis=2)
        offsets = self.offsets[rows[:, None], np.arange(centre.shape[1]), regime]
        return around_median(centre[:, :, None] + expected[:, :, None] * offsets, list(levels).index(0.5))


def fit_spread(errors: Floats, expected: Floats, levels: Sequence[float]) -> tuple[Floats, Floats]:
    """Edges (B - 1) and offsets (B, Q) for the errors (N) of one station and lead; the median stays the centre."""
    q = list(levels)
    known = np.isfinite(errors) & np.isfinite(expected)
    ratio, size = errors[known] / np.maximum(expected[known], TINY), expected[known]
    edges = np.full(len(BINS), np.inf)
    offsets = np.zeros((len(BINS) + 1, len(q)))
    if not len(ratio):
        return edges, offsets
    wanted = [np.quantile(size, b) for b in BINS if (1 - b) * len(size) >= FEWEST]
    edges[: len(wanted)] = wanted
    regime = (size[:, None] > edges).sum(axis=1)
    for b in range(len(edges) + 1):
        seen = ratio[regime == b]
        offsets[b] = np.quantile(seen, q) if len(seen) else offsets[b - 1]
    offsets[:, q.index(0.5)] = 0.0
    return edges, around_median(offsets, q.index(0.5))


def doubts(cases: Cases, change: Floats, unit: Floats) -> Floats:
    """(N, H, D) what errors grow with, all >= 0, in the target's unit: nothing, recent movement, the change that is
    forecast, the level above its usual, and rain fallen and to come."""
    n, h = change.shape
    moved = recent_range(cases.target)
    rain = rain_between(cases)
    known = np.stack([unit * 0.05, moved, unit * rain[:, 0] * 0.01, unit * rain[:, 1] * 0.01], axis=1)
    coming = np.cumsum(np.nan_to_num(mean_rain(cases.future, cases)), axis=1) * 0.01 * unit[:, None]
    same = np.broadcast_to(known[:, None, :], (n, h, known.shape[1]))
    return np.concatenate([same, np.abs(change)[:, :, None], coming[:, :, None]], axis=2)


def recent_range(target: Floats) -> Floats:
    """(N) largest minus smallest of the newest steps; 0 where nothing is known."""
    last = target[:, -RECENT - 1 :]
    known = np.isfinite(last)
    high = np.where(known, last, -np.inf).max(axis=1)
    low = np.where(known, last, np.inf).min(axis=1)
    return np.where(known.any(axis=1), high - low, 0.0)


def mean_rain(inputs: Floats, cases: Cases) -> Floats:
    """(N, L) over the rain gauges; gauges that are silent were given the others' mean before."""
    rain = cases.rain
    if not len(rain):
        return np.zeros(inputs.shape[:2])
    return np.asarray(inputs[:, :, rain].sum(axis=2) / len(rain))


def rain_between(cases: Cases) -> Floats:
    """(N, 2) rain of the last RECENT steps, and of the steps before them."""
    fallen = np.nan_to_num(mean_rain(cases.inputs, cases))
    newest = np.cumsum(fallen[:, ::-1], axis=1)
    near = newest[:, min(RECENT, newest.shape[1]) - 1]
    return np.stack([near, newest[:, -1] - near], axis=1)


def expected_error(doubt: Floats, weights: Floats) -> Floats:
    """(N, H) the size of error to expect: ``doubt`` (N, H, D) by ``weights`` (N, H, D + 1) or (H, D + 1), whose last
    is the most that is believed."""
    size = (doubt * weights[..., :-1]).sum(axis=2)
    return np.asarray(np.clip(size, TINY, np.maximum(weights[..., -1], TINY)))


def fit_doubt(doubt: Floats, size: Floats) -> Floats:
    """(D + 1) weights >= 0 of ``doubt`` (N, D) that best give the mean size of error (N), relative errors weighing; and
    the most to expect: half as much again as ever in training."""
    known = np.isfinite(size) & np.isfinite(doubt).all(axis=1)
    x, y = doubt[known], size[known]
    weights: Floats = np.zeros(doubt.shape[1])
    if not len(y) or not y.any():
        weights[0] = 1.0
        return np.append(weights, np.inf)
    for _ in range(3):  # reweighted: small errors in quiet times count as much as large ones in floods
        guess = np.maximum(x @ weights, 0.05 * y.mean()) if weights.any() else np.full(len(y), y.mean())
        weights = nonnegative(x / guess[:, None], y / guess)
    weights[0] = max(weights[0], 1e-3 * y.mean() / max(float(x[:, 0].mean()), TINY))
    return np.append(weights, 1.5 * float((x @ weights).max()))


def nonnegative(x: Floats, y: Floats, rounds: int = 100) -> Floats:
    """Least squares with weights >= 0, by cyclic descent on the normal equations."""
    gram, right = x.T @ x, x.T @ y
    weights = np.zeros(len(right))
    moving = np.flatnonzero(np.diag(gram) > TINY * max(float(gram.max()), TINY))
    for _ in range(rounds):
        before = weights.copy()
        for d in moving:
            rest = right[d] - gram[d] @ weights + gram[d, d] * weights[d]
            weights[d] = max(0.0, rest / gram[d, d])
        if np.abs(weights - before).max() <= 1e-6 * max(float(weights.max()), TINY):
            break
    return weights
