"""Fitting the rivers: which speak for which and how late, and the regressions of every age."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .clues import BESIDE, Shown, clues, columns, width
from .doubt import KINDS, doubts, fit_doubt
from .regression import MOST, Sums, thinned
from .rivers import AGES, ENDLESS, NOMINAL, TIERS, Cells, Rivers, heeded
from .series import ABSENT

FEWEST = 200  # cases below which an age says nothing: the last value, or the climatology
MARGIN = 0.5  # of the range seen, that a fill may go beyond it
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # of the cases, whose told change may be too small to count
SLOWEST = 24  # steps of lag at most


def fit_rivers(shown: Shown, rows: Ints, near: list[list[int]], power: Floats, inside: Bools, seed: int) -> Rivers:
    """``rows``: which of the N series shown are filled as rivers; ``inside`` (N, T): what may be learned from."""
    n, totals = len(shown.z), shown.wet.usual.shape[1]
    place = np.full(n, ABSENT, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    beside, lags = np.full((n, BESIDE), ABSENT, dtype=np.int64), np.ones((n, BESIDE), dtype=np.int64)
    shape, some = (len(rows), TIERS, len(NOMINAL)), len(rows)
    weights, doubt = (np.zeros((*shape, k), dtype=np.float32) for k in (width(totals), KINDS))
    least, error = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    low, high, bend = np.full(some, -np.inf), np.full(some, np.inf), np.ones(some)
    for i, row in enumerate(rows.tolist()):
        beside[row], lags[row] = best_beside(shown, row, near[row], inside)
        fitter = Fitter(shown, row, beside[row], lags[row], inside[row], np.random.default_rng([seed, i]))
        for age in range(len(NOMINAL)):
            weights[i, :, age], least[i, :, age], doubt[i, :, age], error[i, :, age] = fitter.fit(age)
        low[i], high[i] = fitter.range()
        bend[i] = fitter.bend(weights[i])
    return Rivers(place, beside, lags, power, weights, least, doubt, error, bend, low, high)


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

    def cases(self, age: int) -> tuple[Floats, Floats, Floats, Ints]:
        """(C, F) clues, (C) the change, (C) weights, (C) steps."""
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
        facts = clues(self.shown, cells.b, cells.p, cells.q, cells.rivers, cells.lags)
        return facts, change[keep], weight, cells.p

    def fit(self, age: int) -> tuple[Floats, Floats, Floats, Floats]:
        """(TIERS, F) weights, (TIERS) the least change that counts, (TIERS, KINDS) doubt and (TIERS) mean squared error
        at one age; a tier that would do better with fewer of its clues does with fewer."""
        x, y, weight, p = self.cases(age)
        weights, doubt = np.zeros((TIERS, x.shape[1])), np.zeros((TIERS, KINDS))
        least, error = np.zeros(TIERS), np.full(TIERS, np.inf)
        if len(y) < FEWEST:
            error[:] = float((weight * y**2).sum() / max(weight.sum(), 1.0)) if len(y) else 1.0
            doubt[:, 0] = np.sqrt(error)
            return weights, least, doubt, error
        sums = Sums.of(x, y, weight, p).calmed(self.clues_of(self.tiers[-1]))
        for tier in self.tiers:
            weights[tier], told = sums.best(self.clues_of(tier))
            least[tier] = threshold(told, y, weight)
            told = heeded(told, least[tier])
            error[tier] = float((weight * (y - told) ** 2).sum() / weight.sum())
            doubt[tier] = fit_doubt(doubts(x, told, np.full(len(y), tier)), y - told, weight)
        best = [min((t for t in self.tiers if t & tier == t), key=lambda t: error[t]) for tier in self.tiers]
        for array in (weights, least, doubt, error):
            array[self.tiers] = array[best]
        return weights, least, doubt, error

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

    def bend(self, weights: Floats) -> float:
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


def threshold(told: Floats, change: Floats, weight: Floats) -> float:
    """The least change told that is to count: by which the mean absolute error is smallest, as long as the mean
    square does not grow by more than a hundredth."""
    size = np.sort(np.abs(told))
    best, found = np.inf, 0.0
    square = float((weight * np.asarray(change - told) ** 2).sum())
    for share in SHARES:
        least = float(size[int(share * (len(size) - 1))]) if share else 0.0
        left = np.asarray(change - heeded(told, least))
        lost = float((weight * np.abs(left)).sum())
        if lost < best and float((weight * left**2).sum()) <= 1.01 * square:
            best, found = lost, least
    return found
