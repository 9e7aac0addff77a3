"""Fitting the ridge: normal equations per block of time, one eigendecomposition per block, penalty by what was held
out. All in float64, columns standardised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

PENALTIES = np.concatenate([np.logspace(-6, 2, 17), [np.inf]])  # per row; infinite = no change = persistence


class Normal(NamedTuple):
    """Normal equations of some rows: gram (C, C), right (C), sum of squares, rows."""

    gram: Floats
    right: Floats
    square: float
    rows: int

    def less(self, other: Normal) -> Normal:
        return Normal(
            self.gram - other.gram, self.right - other.right, self.square - other.square, self.rows - other.rows
        )


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """One station, one lead: weights on standardised columns, and those of each fold's model."""

    weights: Floats  # (C)
    by_fold: Floats  # (K, C)
    held_out: Floats  # (N) forecast of each row by the model that did not see its block; NaN = row not used


def normal(x: Floats, y: Floats) -> Normal:
    return Normal(x.T @ x, x.T @ y, float(y @ y), len(y))


def solve(equations: Normal, penalties: Floats) -> Floats:
    """(L, C) weights, one row per penalty."""
    if equations.rows == 0 or not len(equations.right):
        return np.zeros((len(penalties), len(equations.right)))
    values, vectors = np.linalg.eigh(equations.gram)
    rotated = vectors.T @ equations.right
    damped = np.maximum(values, 0.0)[None, :] + equations.rows * penalties[:, None]
    return np.asarray((rotated[None, :] / damped) @ vectors.T)


def held_out_error(weights: Floats, out: Normal) -> Floats:
    """(L) sum of squared errors on the held-out rows."""
    return np.asarray(out.square - 2 * weights @ out.right + np.einsum("lc,cd,ld->l", weights, out.gram, weights))


def fit_lead(x: Floats, y: Floats, fold: Ints, folds: int) -> Lead:
    """The change ``y`` (N) from standardised columns ``x`` (N, C); rows with a NaN are not used."""
    used: Bools = np.isfinite(y) & np.isfinite(x).all(axis=1)
    parts = [normal(x[used & (fold == k)], y[used & (fold == k)]) for k in range(folds)]
    whole = normal(x[used], y[used])
    tried = np.stack([solve(whole.less(part), PENALTIES) for part in parts])
    best = int(np.argmin(sum(held_out_error(w, part) for w, part in zip(tried, parts, strict=True))))
    by_fold = tried[:, best]
    damp = shrinkage(by_fold, parts)
    held_out = np.full(len(y), np.nan)
    held_out[used] = damp * np.einsum("nc,nc->n", x[used], by_fold[fold[used]])
    return Lead(damp * solve(whole, PENALTIES[best : best + 1])[0], damp * by_fold, held_out)


def shrinkage(by_fold: Floats, parts: list[Normal]) -> float:
    """The factor in [0, 1] on the forecast change that would have been best for what was held out."""
    gain = sum(float(w @ part.right) for w, part in zip(by_fold, parts, strict=True))
    size = sum(float(w @ part.gram @ w) for w, part in zip(by_fold, parts, strict=True))
    return float(np.clip(gain / size, 0.0, 1.0)) if size > 0 else 0.0
