"""Fitting the rivers: which speak for which and how late, and the regressions of every age."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .clues import BESIDE, Shown, clues, columns, width
from .rivers import AGES, ENDLESS, NOMINAL, TIERS, Cells, Rivers
from .series import ABSENT

MOST = 4_000  # cases per river and age
RIDGE = 1e-3
FEWEST = 200  # cases below which an age says nothing: the last value, or the climatology
MARGIN = 0.5  # of the range seen, that a fill may go beyond it
SLOWEST = 24  # steps of lag at most


def fit_rivers(shown: Shown, rows: Ints, near: list[list[int]], power: Floats, inside: Bools, seed: int) -> Rivers:
    """``rows``: which of the N series shown are filled as rivers; ``inside`` (N, T): what may be learned from."""
    n, totals = len(shown.z), shown.wet.usual.shape[1]
    place = np.full(n, ABSENT, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    beside, lags = np.full((n, BESIDE), ABSENT, dtype=np.int64), np.ones((n, BESIDE), dtype=np.int64)
    weights = np.zeros((len(rows), TIERS, len(NOMINAL), width(totals)), dtype=np.float32)
    error, bend = np.zeros((len(rows), TIERS, len(NOMINAL), 2)), np.ones(len(rows))
    low, high = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
    for i, row in enumerate(rows.tolist()):
        beside[row], lags[row] = best_beside(shown, row, near[row], inside)
        fitter = Fitter(shown, row, beside[row], lags[row], inside[row], np.random.default_rng([seed, i]))
        for age in range(len(NOMINAL)):
            weights[i, :, age], error[i, :, age] = fitter.fit(age)
        low[i], high[i] = fitter.range()
        bend[i] = fitter.bend(weights[i], error[i])
    return Rivers(place, beside, lags, power, weights, error, bend, low, high)


def known_at(shown: Shown, row: int) -> Bools:
    """(T)"""
    return np.asarray(shown.last[row] == np.arange(shown.z.shape[1]))


def best_beside(shown: Shown, row: int, near: list[int], inside: Bools) -> tuple[Ints, Ints]:
    """(J) the rivers whose movement, at its best lag, is most alike, and (J) the lags."""
    found = sorted(((*alike(shown, row, other, inside[row]), other) for other in near), key=lambda f: (-f[0], f[2]))
    found = [f for f in found if f[0] > 0.1][:BESIDE]
    rivers, lags = np.full(BESIDE, ABSENT, dtype=np.int64), np.ones(BESIDE, dtype=np.int64)
    for j, (_, lag, other) in enumerate(found):
        rivers[j], lags[j] = other, max(1, lag)
    return rivers, lags


def alike(shown: Shown, row: int, other: int, inside: Bools) -> tuple[float, int]:
    """The highest correlation of the movement over three steps, and its lag."""
    mine, its = moved(shown, row), moved(shown, other)
    mine = np.where(inside, mine, np.nan)
    best = (0.0, 1)
    for lag in range(SLOWEST + 1):
        a, b = mine[lag:], its[: len(its) - lag]
        both = np.isfinite(a) & np.isfinite(b)
        if both.sum() < FEWEST:
            continue
        a, b = a[both], b[both]
        size = float(np.sqrt((a @ a) * (b @ b)))
        if size > 0 and float(a @ b) / size > best[0] + 1e-3:
            best = (float(a @ b) / size, lag)
    return best


def moved(shown: Shown, row: int) -> Floats:
    """(T) change over three steps where both ends are known."""
    z = np.where(known_at(shown, row), shown.z[row], np.nan)
    return np.concatenate([np.full(3, np.nan), z[3:] - z[:-3]])


class Fitter:
    """The regressions of one river."""

    def __init__(
        self, shown: Shown, row: int, rivers: Ints, lags: Ints, inside: Bools, rng: np.random.Generator
    ) -> None:
        self.shown, self.row, self.rivers, self.lags = shown, row, rivers, lags
        self.known, self.rng = known_at(shown, row) & inside, rng
        self.tiers = [t for t in range(TIERS) if all(not (t >> (1 + j)) & 1 or rivers[j] >= 0 for j in range(BESIDE))]
        self.kinds = columns(shown.wet.usual.shape[1])

    def cells(self, p: Ints, q: Ints) -> Cells:
        """Gaps made up at steps ``p``."""
        same = np.ones(len(p), dtype=np.int64)
        rivers, lags = np.tile(self.rivers, (len(p), 1)), np.tile(self.lags, (len(p), 1))
        return Cells(self.row * same, p, q, ABSENT * same, 0 * same, rivers, lags)

    def cases(self, age: int) -> tuple[Floats, Floats, Floats]:
        """(C, F) clues, (C) the change, (C) weights."""
        p = np.flatnonzero(self.known)
        if age == ENDLESS:
            q, start = np.full(len(p), ABSENT), self.shown.usual[self.row]
            change = self.shown.z[self.row, p] - start[p]
        else:
            p = p[p >= AGES[age]]
            p = p[known_at(self.shown, self.row)[p - AGES[age]]]
            q = p - AGES[age]
            change = self.shown.z[self.row, p] - self.shown.z[self.row, q]
        keep, weight = thinned(np.abs(change), self.rng)
        cells = self.cells(p[keep], q[keep])
        return clues(self.shown, cells.b, cells.p, cells.q, cells.rivers, cells.lags), change[keep], weight

    def fit(self, age: int) -> tuple[Floats, Floats]:
        """(TIERS, F) weights and (TIERS, 2) squared errors at one age."""
        x, y, weight = self.cases(age)
        weights, error = np.zeros((TIERS, x.shape[1])), np.zeros((TIERS, 2))
        if len(y) < FEWEST:
            error[:, 0] = float((weight * y**2).sum() / max(weight.sum(), 1.0)) if len(y) else 1.0
            return weights, error
        size = np.sqrt((weight[:, None] * x**2).sum(axis=0) / weight.sum())
        size = np.where(size > 1e-9, size, np.inf)
        scaled = x / size
        gram = (scaled * weight[:, None]).T @ scaled
        right = (scaled * weight[:, None]).T @ y
        for tier in self.tiers:
            use = self.clues_of(tier)
            part = gram[np.ix_(use, use)] + RIDGE * weight.sum() * np.eye(len(use))
            weights[tier, use] = np.linalg.solve(part, right[use]) / size[use]
            told = x @ weights[tier]
            error[tier] = squared_error(y - told, told, weight)
        return weights, error

    def clues_of(self, tier: int) -> Ints:
        """The clues that a tier may use."""
        own, first, second, rain = self.kinds
        use = own | (rain & bool(tier & 1)) | (first & bool(tier & 2)) | (second & bool(tier & 4))
        return np.flatnonzero(use)

    def range(self) -> tuple[float, float]:
        """What was seen, and a margin."""
        seen = self.shown.z[self.row][self.known]
        if not len(seen):
            return -np.inf, np.inf
        low, high = float(seen.min()), float(seen.max())
        room = MARGIN * (high - low)
        return (max(0.0, low - room) if low >= 0 else low - room), high + room

    def bend(self, weights: Floats, error: Floats) -> float:
        """How the error two steps after the last value follows from that one step after it."""
        there = known_at(self.shown, self.row)
        p = np.flatnonzero(self.known)
        p = p[p >= 2]
        p = p[there[p - 1] & there[p - 2]]
        if len(p) < FEWEST:
            return 1.0
        p = p[np.sort(self.rng.choice(len(p), min(len(p), MOST), replace=False))]
        tier, missed = self.tiers[-1], []
        for step, age in ((p - 1, 0), (p, 1)):
            cells = self.cells(step, p - 2)
            facts = clues(self.shown, cells.b, cells.p, cells.q, cells.rivers, cells.lags)
            missed.append(self.shown.z[self.row, step] - self.shown.z[self.row, p - 2] - facts @ weights[tier, age])
        one, two = missed
        share = float(one @ two) / max(float(two @ two), 1e-12)
        ratio = float(one @ one) / max(float(two @ two), 1e-12)
        if not (0 < share < 1 and 0 < ratio < 1):
            return 1.0
        return float(np.clip(np.log(share) / np.log(ratio), 0.5, 1.0))


def thinned(activity: Floats, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """At most MOST cases and their weights: the more active half is kept, the rest sampled and weighs more."""
    if len(activity) <= MOST:
        return np.arange(len(activity)), np.ones(len(activity))
    order = np.argsort(-activity, kind="stable")
    active, quiet = order[: MOST // 2], order[MOST // 2 :]
    sampled = rng.choice(quiet, MOST - len(active), replace=False)
    keep = np.concatenate([active, sampled])
    weight = np.concatenate([np.ones(len(active)), np.full(len(sampled), len(quiet) / len(sampled))])
    return keep, weight


def squared_error(missed: Floats, told: Floats, weight: Floats) -> Floats:
    """(2) non-negative a, b of missed^2 = a + b told^2: at rest, and per squared change that was told."""
    square = missed**2
    whole = float((weight * square).sum() / weight.sum())
    size = told**2
    moving = size > np.quantile(size, 0.9)
    at_rest = float((weight * square)[~moving].sum() / max(weight[~moving].sum(), 1e-12)) if (~moving).any() else whole
    high = (weight * np.maximum(square - at_rest, 0.0))[moving].sum()
    return np.array([max(min(at_rest, whole), 1e-12), float(high / max((weight * size)[moving].sum(), 1e-12))])
