"""How wrong a filled river may be: more where it moved, where it rained, and where much change is told."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats, Ints

from .clues import BESIDE, LAGS, OWN

KINDS = 6  # nothing, the change told, own movement over three and twelve steps, the rain, the river beside
RAIN = OWN + 2 * LAGS * BESIDE
NORMAL, HEAVIEST = 1.2533, 2.0  # standard deviation over mean absolute value: a normal's, and the most reckoned with
ROUNDS, DESCENTS = 3, 60
TINY, NEAR = 1e-9, 1e-3


def doubts(facts: Floats, change: Floats, tier: Ints) -> Floats:
    """(C, KINDS) what an error grows with, from the clues (C, F) that the tier of each case knows."""
    rain = np.where(tier & 1, facts[:, RAIN : RAIN + 4].sum(axis=1), 0.0)
    moved = facts[:, OWN : OWN + LAGS] - facts[:, OWN + LAGS : OWN + 2 * LAGS]
    beside = np.where(tier & 2, np.abs(moved).max(axis=1), 0.0)
    own = np.abs(facts[:, OWN - 2 : OWN])
    return np.concatenate(
        [np.ones((len(facts), 1)), np.abs(change)[:, None], own, np.abs(rain)[:, None], beside[:, None]], axis=1
    )


def variance_of(doubt: Floats, weights: Floats) -> Floats:
    """(C) of (C, KINDS) both."""
    return np.asarray((doubt * weights).sum(axis=1) ** 2)


def fit_doubt(doubt: Floats, missed: Floats, weight: Floats) -> Floats:
    """(KINDS) weights >= 0 of the standard error: those of the mean absolute error, relative errors counting, so that
    quiet water is told from floods; made larger as the tails ask, up to a point."""
    size, least = np.abs(missed), float((weight * np.abs(missed)).sum() / weight.sum())
    found: Floats = np.zeros(doubt.shape[1])
    guess: Floats = np.full(len(size), max(least, TINY))
    for _ in range(ROUNDS):
        root = np.sqrt(weight) / guess
        found = nonnegative(doubt * root[:, None], size * root)
        guess = np.maximum(doubt @ found, max(0.02 * least, TINY))
    found[0] = max(found[0], 0.02 * least, TINY)
    ratio = float(np.sqrt((weight * (size / (doubt @ found)) ** 2).sum() / weight.sum()))
    return np.asarray(found * np.clip(ratio, NORMAL, HEAVIEST))


def nonnegative(x: Floats, y: Floats) -> Floats:
    """Least squares with weights >= 0, by cyclic descent."""
    gram, right = x.T @ x, x.T @ y
    found = np.zeros(len(right))
    moving = np.flatnonzero(np.diag(gram) > TINY * max(float(np.diag(gram).max()), TINY))
    for _ in range(DESCENTS):
        before = found.copy()
        for d in moving:
            found[d] = max(0.0, (right[d] - gram[d] @ found + gram[d, d] * found[d]) / gram[d, d])
        if np.abs(found - before).max() <= NEAR * max(float(found.max()), TINY):
            break
    return found
