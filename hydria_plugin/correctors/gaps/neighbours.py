"""Rain from the gauges nearby, and from the gauge itself one step before and after: the best linear estimate from
whichever of these speak.

What is kept are mean products (uncentred second moments) of a gauge and its neighbours, so that the weights for any
subset are one small system of equations, dry neighbours give no rain, and the estimate has the gauge's own volume.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

from .series import ABSENT

NEAR = 6  # neighbours at most
SIDES = NEAR + 2  # and the gauge itself, one step before and one after
WETTEST = 4_000  # steps by which neighbours are chosen
ALIKE = 0.2  # uncentred correlation below which a gauge is no neighbour
RIDGE = 0.02
JOINT = 100  # steps known together below which two gauges tell nothing of each other
AT_ONCE = 1_000
DRY_MM = 0.05
HALF_NORMAL = 1.2533  # its width over its mean: what falls while the neighbours are dry is drawn from one


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Of N series; those that are no rain have none."""

    near: Ints  # (N, K)
    products: Floats  # (N, 1 + SIDES, 1 + SIDES) the gauge first; zero where a neighbour is absent
    error: Floats  # (N, 2) of the estimate from all of them: mm2 where it is dry, and per mm2 estimated


def fit_neighbours(rain: Floats, is_rain: Bools) -> Neighbours:
    """From (N, T) values, NaN what is not to be learned from."""
    n = len(rain)
    near = np.full((n, NEAR), ABSENT, dtype=np.int64)
    rows = np.flatnonzero(is_rain)
    if len(rows) > 1:
        near[rows] = chosen(rain[rows], rows)
    products, error = np.zeros((n, SIDES + 1, SIDES + 1)), np.zeros((n, 2))
    for row in rows.tolist():
        seen = np.concatenate([rain[[row]], sides(rain, near[[row]].T, np.array(row))])
        products[row] = mean_products(seen)
        error[row] = error_of(seen, products[row])
    return Neighbours(near, products, error)


def sides(rain: Floats, near: Ints, row: Ints) -> Floats:
    """(SIDES, T) what may speak for a gauge, NaN where it is absent or silent."""
    whole = np.where(near == ABSENT, np.nan, rain[np.maximum(near[:, 0], 0)])
    gone, own = np.full(1, np.nan), rain[row]
    return np.concatenate([whole, np.concatenate([gone, own[:-1]])[None], np.concatenate([own[1:], gone])[None]])


def chosen(rain: Floats, rows: Ints) -> Ints:
    """(N, K) the gauges most alike in the wettest steps, as ``rows``."""
    with np.errstate(invalid="ignore"):
        wet = np.argsort(-np.nansum(rain, axis=0), kind="stable")[:WETTEST]
    there = np.isfinite(rain[:, wet])
    some = np.where(there, rain[:, wet], 0.0).astype(np.float32)
    told = there.astype(np.float32)
    found = np.full((len(rain), NEAR), ABSENT, dtype=np.int64)
    for first in range(0, len(rain), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        energy = (some[part] ** 2 @ told.T) * (told[part] @ (some**2).T)
        alike = (some[part] @ some.T) / np.sqrt(np.maximum(energy, 1e-12))
        alike[told[part] @ told.T < JOINT] = 0.0
        alike[np.arange(len(alike)), np.arange(first, first + len(alike))] = 0.0
        best = np.argsort(-alike, axis=1, kind="stable")[:, :NEAR]
        good = np.take_along_axis(alike, best, axis=1) > ALIKE
        found[part, : best.shape[1]] = np.where(good, rows[best], ABSENT)
    return found


def mean_products(seen: Floats) -> Floats:
    """(K, K) over the steps at which both are known."""
    there = np.isfinite(seen).astype(np.float64)
    values = np.where(there > 0, seen, 0.0)
    return np.asarray((values @ values.T) / np.maximum(there @ there.T, 1.0))


def error_of(seen: Floats, products: Floats) -> Floats:
    """(2) squared error where the estimate is dry, and beyond that per its square."""
    spoken = np.asarray(np.isfinite(seen).any(axis=1))
    there = np.asarray(np.isfinite(seen[spoken]).all(axis=0))
    if there.sum() < JOINT:
        return np.array([products[0, 0], 0.0])
    truth, beside = seen[0, there], np.where(spoken[1:, None], seen[1:, there], 0.0).T
    weights = weights_for(products[None], spoken[None, 1:])[0]
    estimate = np.maximum(beside @ weights, 0.0)
    missed = (truth - estimate) ** 2
    dry = estimate < DRY_MM
    low = (HALF_NORMAL * float(truth[dry].mean())) ** 2 if dry.any() else 0.0
    energy = float((estimate[~dry] ** 2).sum())
    high = float(np.maximum(missed[~dry] - low, 0.0).sum()) / energy if energy > 0 else 1.0
    return np.array([max(low, 1e-6), max(high, 1e-4)])


def weights_for(products: Floats, speaking: Bools) -> Floats:
    """(C, K) the weights of the neighbours that are ``speaking`` (C, K); zero for those that are not."""
    both = speaking[:, :, None] & speaking[:, None, :]
    gram = np.where(both, products[:, 1:, 1:], 0.0)
    size = np.diagonal(gram, axis1=1, axis2=2)
    scale = np.where(speaking & (size > 0), size, 1.0)
    gram = gram + (RIDGE * scale)[:, :, None] * np.eye(gram.shape[1])
    silent = ~(speaking & (size > 0))
    gram[silent[:, :, None] & np.eye(gram.shape[1], dtype=bool)] = 1.0
    right = np.where(silent, 0.0, products[:, 0, 1:])
    return np.asarray(np.linalg.solve(gram, right[..., None])[..., 0])


def left_over(products: Floats, weights: Floats) -> Floats:
    """(C) mean squared error of the estimate by ``weights``."""
    cross = (weights * products[:, 0, 1:]).sum(axis=1)
    again = np.einsum("ck,ckl,cl->c", weights, products[:, 1:, 1:], weights)
    whole = products[:, 0, 0]
    return np.asarray(np.clip(whole - 2 * cross + again, 0.01 * whole, whole))


def estimate(model: Neighbours, rows: Ints, beside: Floats) -> tuple[Floats, Floats]:
    """(C) estimates and (C) their standard errors from what is beside, (C, SIDES) or the neighbours only (C, NEAR),
    NaN = silent; NaN where none speaks."""
    alone = np.full((len(beside), SIDES - beside.shape[1]), np.nan)
    beside = np.concatenate([beside, alone], axis=1)
    products, speaking = model.products[rows], np.isfinite(beside)
    weights = weights_for(products, speaking)
    value = np.maximum((weights * np.where(speaking, beside, 0.0)).sum(axis=1), 0.0)
    gauges, which = np.unique(rows, return_inverse=True)
    usual = model.products[gauges]
    of_all = left_over(usual, weights_for(usual, np.ones((len(gauges), SIDES), dtype=bool)))[which]
    widened = left_over(products, weights) / np.maximum(of_all, 1e-12)
    low, high = model.error[rows].T
    sigma = np.sqrt((low + high * value**2) * np.maximum(widened, 1.0))
    spoken = (weights != 0).any(axis=1)
    return np.where(spoken, value, np.nan), np.where(spoken, sigma, np.nan)
