"""How much weight each member of a blend deserves, judged by independent events.

Stacked regression (Wolpert 1992, Neural Networks 5, 241-259; Breiman 1996, Machine Learning 24, 49-64) on forecasts
made out of sample: weights that are not negative and sum to one. Here squared errors are summed per flood event, and a
Bayesian bootstrap over events (Rubin 1981, Annals of Statistics 9, 130-134) does two things: the weights are the mean
over its draws, and they are then scaled back towards persistence to where the lower limit of the persistence index is
highest. One pseudo-event, in which the members' movements have their usual size and nothing to do with the truth,
stands for all that the record has not seen: with three events it decides, with fifty it is hardly felt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

DRAWS = 200
LOWER = 0.1  # quantile of the draws that has to be good
PSEUDO_EVENTS = 1.0
FEWEST_EVENTS = 3  # below this there is no telling: persistence
SCALES = np.linspace(0.0, 1.0, 21)
STEPS = 300  # of the projected gradient; the problems have at most a handful of unknowns


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Per event U and lead H: of the K members' movements away from persistence, and of the true movement."""

    gram: Floats  # (U, H, K, K) sums of products of the movements
    cross: Floats  # (U, H, K) with the true one
    energy: Floats  # (U, H) squares of the true one: the squared error of persistence

    @property
    def events(self) -> int:
        return len(self.energy)


def moments(moves: Floats, truth: Floats, units: Ints) -> Moments:
    """Of (N, K, H) movements and (N, H) true ones; ``units`` (N) is the event of each row. Rows with a gap are left
    out, lead by lead; events without any row are dropped."""
    there = np.isfinite(truth) & np.isfinite(moves).all(axis=1)
    x = np.where(there[:, None], moves, 0.0)
    y = np.where(there, truth, 0.0)
    found = [units == u for u in np.unique(units)]
    gram = np.stack([np.einsum("nkh,nlh->hkl", x[m], x[m]) for m in found])
    cross = np.stack([np.einsum("nkh,nh->hk", x[m], y[m]) for m in found])
    energy = np.stack([(y[m] ** 2).sum(axis=0) for m in found])
    seen = np.stack([there[m].any() for m in found])
    return Moments(gram[seen], cross[seen], energy[seen])


def member_weights(m: Moments, rng: np.random.Generator, events: int) -> Floats:
    """(H, K) weights of the members other than persistence; what is missing to one is persistence's."""
    h, k = m.cross.shape[1:]
    if min(events, m.events) < FEWEST_EVENTS or k == 0:
        return np.zeros((h, k))
    draws = rng.exponential(size=(DRAWS, m.events))
    gram, cross = np.einsum("bu,uhkl->bhkl", draws, m.gram), np.einsum("bu,uhk->bhk", draws, m.cross)
    best = smooth(nonnegative(gram, cross).mean(axis=0))
    return best * scale_back(m, best, draws)[:, None]


def scale_back(m: Moments, weights: Floats, draws: Floats) -> Floats:
    """(H) the factor in [0, 1] at which the lower limit of the persistence index over the draws is highest."""
    move = np.einsum("hk,uhkl,hl->uh", weights, m.gram, weights)  # squared movement of the blend, per event
    hit = np.einsum("hk,uhk->uh", weights, m.cross)
    usual = np.median(m.energy, axis=0)
    missed = usual * np.mean(move / np.maximum(m.energy, 1e-9 + 1e-3 * usual), axis=0)
    move_b = draws @ move + PSEUDO_EVENTS * missed
    hit_b, energy_b = draws @ hit, draws @ m.energy + PSEUDO_EVENTS * usual
    gain = 2 * SCALES[:, None, None] * hit_b - SCALES[:, None, None] ** 2 * move_b
    index = gain / np.maximum(energy_b, np.finfo(float).tiny)  # (scales, draws, H)
    best = SCALES[np.quantile(index, LOWER, axis=1).argmax(axis=0)]
    return np.asarray(np.minimum(best, smooth(best[:, None])[:, 0]))


def nonnegative(gram: Floats, cross: Floats) -> Floats:
    """argmin w'Gw - 2 w'g over w >= 0, sum w <= 1, for a batch (..., K, K) and (..., K): accelerated projected gradient
    (Beck and Teboulle 2009, SIAM J. Imaging Sciences 2, 183-202)."""
    size = np.maximum(np.trace(gram, axis1=-2, axis2=-1), np.finfo(float).tiny)[..., None]
    g, c = gram / size[..., None], cross / size
    w = ahead = np.zeros_like(cross)
    for i in range(STEPS):
        new = onto_simplex(ahead - (np.einsum("...kl,...l->...k", g, ahead) - c))
        ahead, w = new + i / (i + 3) * (new - w), new
    return w


def onto_simplex(w: Floats) -> Floats:
    """The nearest point with w >= 0 and sum <= 1 (Duchi et al. 2008, ICML, 272-279)."""
    low = np.maximum(w, 0.0)
    falling = -np.sort(-w, axis=-1)
    over = np.cumsum(falling, axis=-1) - 1.0
    rank = np.arange(1, w.shape[-1] + 1)
    count = (falling - over / rank > 0).sum(axis=-1, keepdims=True)
    shift = np.take_along_axis(over, np.maximum(count - 1, 0), axis=-1) / np.maximum(count, 1)
    return np.asarray(np.where(low.sum(axis=-1, keepdims=True) <= 1.0, low, np.maximum(w - shift, 0.0)))


def smooth(weights: Floats) -> Floats:
    """(H, K) averaged over neighbouring leads by 1 : 2 : 1, the ends repeated."""
    wide = np.concatenate([weights[:1], weights, weights[-1:]])
    return np.asarray((wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4)


def with_persistence(weights: Floats, place: int) -> Floats:
    """(H, J) the weights with persistence's put in at ``place``: what is missing to one."""
    return np.insert(weights, place, np.maximum(1.0 - weights.sum(axis=-1), 0.0), axis=-1)


def present_weights(weights: Floats, there: Bools) -> Floats:
    """(..., J) weights of the members that are there, summing to one; equal where all that are there have none."""
    held = np.where(there, weights, 0.0)
    total = held.sum(axis=-1, keepdims=True)
    count = there.sum(axis=-1, keepdims=True)
    equal = there / np.maximum(count, 1)
    return np.asarray(np.where(total > 1e-9, held / np.maximum(total, 1e-9), equal))
