"""The spread of a blend: whose quantiles to average, and how far to stretch them so that they hold what they promise.

Quantiles are averaged level by level (Vincentization; Lichtendahl, Grushka-Cockayne and Winkler 2013, Management
Science 59, 1594-1611: sharper than pooling the distributions), with weights that lower the pinball loss of forecasts
made out of sample, then stretched about the centre by one factor per level and lead. The factor that lowers the pinball
loss is a weighted quantile of the ratio of error to distance, known in closed form.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats, Ints

ROUNDS = 80  # of exponentiated gradient
FACTORS = (0.5, 2.0)  # the stretch stays between these
EVENTS_OF_DOUBT = 4.0  # the stretch is drawn towards 1 as if so many events had shown 1
BLENDS = np.linspace(0.0, 1.0, 5)  # between persistence's quantiles and the weighted ones
LOWER = 0.1
DRAWS = 200


def pinball(truth: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """(N, H, Q) loss of (N, H, Q) quantiles for (N, H) truth."""
    miss = truth[..., None] - quantiles
    return np.asarray(np.maximum(levels * miss, (levels - 1.0) * miss))


def quantile_weights(quantiles: Floats, truth: Floats, levels: Floats) -> Floats:
    """(H, J) weights with a low pinball loss for (N, J, H, Q) quantiles: exponentiated gradient (Kivinen and Warmuth
    1997, Information and Computation 132, 1-63), the mean of its rounds."""
    n, j, h, q = quantiles.shape
    weights = np.full((h, j), 1.0 / j)
    total = np.zeros_like(weights)
    held = np.ascontiguousarray(quantiles.transpose(2, 1, 0, 3)).reshape(h, j, n * q)  # a lead's forecasts side by side
    away = held - held.mean(axis=1, keepdims=True)
    met, level = np.repeat(truth.T, q, axis=1), np.tile(levels, n)
    for turn in range(1, ROUNDS + 1):
        mixed = (weights[:, None] @ held)[:, 0]
        slope = (away @ ((met < mixed) - level)[..., None])[..., 0] / n
        steepest = np.maximum(np.abs(slope).max(axis=1, keepdims=True), np.finfo(float).tiny)
        weights = weights * np.exp(-slope / steepest / np.sqrt(turn))
        weights /= weights.sum(axis=1, keepdims=True)
        total += weights
    return total / ROUNDS


def trust(
    blended: Floats, plain: Floats, truth: Floats, levels: Floats, units: Ints, rng: np.random.Generator
) -> Floats:
    """(H) how far to go from ``plain`` (N, H, Q), persistence's quantiles, to the blended ones: where the lower limit
    of the skill over events is highest."""
    found, where = np.unique(units, return_inverse=True)
    per_event = np.zeros((len(BLENDS), len(found), truth.shape[1]))
    for i, share in enumerate(BLENDS):
        loss = pinball(truth, plain + share * (blended - plain), levels).sum(axis=2)
        np.add.at(per_event[i], where, loss)
    draws = rng.exponential(size=(DRAWS, len(found)))
    skill = 1.0 - np.einsum("bu,iuh->ibh", draws, per_event) / np.maximum(draws @ per_event[0], np.finfo(float).tiny)
    return np.asarray(BLENDS[np.quantile(skill, LOWER, axis=1).argmax(axis=0)])


def stretch(quantiles: Floats, centre: Floats, truth: Floats, levels: Floats, events: int) -> Floats:
    """(H, Q) the factors for distances from ``centre`` (N, H); 1 at the centre's own level."""
    factors = np.ones(quantiles.shape[1:])
    for q, level in enumerate(levels):
        side = np.sign(level - 0.5)
        if side:
            far, miss = side * (quantiles[..., q] - centre), side * (truth - centre)
            factors[:, q] = [weighted_ratio(far[:, i], miss[:, i], max(level, 1 - level)) for i in range(len(factors))]
    doubt = events / (events + EVENTS_OF_DOUBT)
    return np.asarray(np.exp(doubt * np.log(np.clip(factors, *FACTORS))))


def weighted_ratio(far: Floats, miss: Floats, level: float) -> float:
    """argmin_f of the pinball loss of ``f * far`` for ``miss``: a weighted quantile of their ratio. 1 without data."""
    there = (far > 0) & np.isfinite(miss)
    if not there.any():
        return 1.0
    ratio, weight = miss[there] / far[there], far[there]
    order = np.argsort(ratio)
    reached = np.searchsorted(np.cumsum(weight[order]), level * weight.sum())
    return float(ratio[order][min(reached, len(order) - 1)])


def around(centre: Floats, quantiles: Floats, factors: Floats, middle: int) -> Floats:
    """(..., H, Q) the stretched quantiles about ``centre`` (..., H), which becomes the middle one; never decreasing: a
    quantile on the wrong side of the centre comes to stand on it."""
    values = centre[..., None] + factors * (quantiles - centre[..., None])
    values[..., middle] = centre
    values[..., middle:] = np.maximum.accumulate(values[..., middle:], axis=-1)
    values[..., : middle + 1] = np.minimum.accumulate(values[..., middle::-1], axis=-1)[..., ::-1]
    return values
