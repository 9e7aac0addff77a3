"""Ridge regression on weighted cases, its penalty and how far it is followed chosen over blocks of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from hydria_plugin.values import Floats, Ints

MOST = 4_000  # cases of one regression
RIDGES = (1e-3, 1e-2, 1e-1, 1.0)  # penalties tried, of clues in units of their own size
CALM = 0.25  # power of the expected squared error; 1 would be least squares by it, and forget floods
BLOCKS = 4  # of time, each told by what was learned without it


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What a ridge regression needs, by blocks of time, so that each is told by what was learned without it."""

    x: Floats  # (C, F) clues in units of their own size
    y: Floats  # (C)
    weight: Floats  # (C)
    block: Ints  # (C)
    gram: Floats  # (B, F, F)
    right: Floats  # (B, F)
    size: Floats  # (F)

    @classmethod
    def of(cls, x: Floats, y: Floats, weight: Floats, step: Ints) -> Self:
        """``step`` (C): when each case was."""
        return cls.by_block(x, y, weight, np.searchsorted(np.quantile(step, np.arange(1, BLOCKS) / BLOCKS), step))

    @classmethod
    def by_block(cls, x: Floats, y: Floats, weight: Floats, block: Ints) -> Self:
        size = np.sqrt((weight[:, None] * x**2).sum(axis=0) / weight.sum())
        size = np.where(size > 1e-9, size, np.inf)
        scaled = x / size
        parts = [(scaled[block == k], y[block == k], weight[block == k]) for k in range(BLOCKS)]
        gram = np.stack([(a * w[:, None]).T @ a for a, _, w in parts])
        right = np.stack([(a * w[:, None]).T @ c for a, c, w in parts])
        return cls(scaled, y, weight, block, gram, right, size)

    def calmed(self, use: Ints) -> Self:
        """The same with less weight on cases of which a large error is to be expected, so that quiet water counts."""
        _, told = self.best(use)
        rest, moving = squared_error(self.y - told, told, self.weight)
        weight = self.weight / (rest + moving * told**2) ** CALM
        weight = weight * (self.weight.sum() / weight.sum())
        usual = np.where(np.isfinite(self.size), self.size, 1.0)
        return self.by_block(self.x * usual, self.y, weight, self.block)

    def best(self, use: Ints) -> tuple[Floats, Floats]:
        """(F) weights of the clues ``use``, and (C) what each case is told by the other blocks; the penalty, and how
        far the regression is followed, are those by which that is nearest to the truth."""
        found: tuple[float, float, float, Floats] = (np.inf, 0.0, RIDGES[0], np.zeros(len(self.y)))
        for ridge in RIDGES:
            told = self.held_out(use, ridge)
            energy = float((self.weight * told**2).sum())
            follow = float(np.clip((self.weight * told * self.y).sum() / energy, 0.0, 1.0)) if energy > 0 else 0.0
            left = float((self.weight * (self.y - follow * told) ** 2).sum())
            if left < found[0]:
                found = (left, follow, ridge, follow * told)
        _, follow, ridge, told = found
        weights = np.zeros(self.x.shape[1])
        weights[use] = follow * self.solved(use, ridge, np.arange(BLOCKS)) / self.size[use]
        return weights, told

    def held_out(self, use: Ints, ridge: float) -> Floats:
        """(C) each block by the others."""
        told = np.zeros(len(self.y))
        for k in range(BLOCKS):
            mine = self.block == k
            told[mine] = self.x[np.ix_(mine, use)] @ self.solved(use, ridge, np.delete(np.arange(BLOCKS), k))
        return told

    def solved(self, use: Ints, ridge: float, blocks: Ints) -> Floats:
        gram = self.gram[blocks].sum(axis=0)[np.ix_(use, use)]
        return np.linalg.solve(gram + ridge * self.weight.sum() * np.eye(len(use)), self.right[blocks].sum(axis=0)[use])


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
