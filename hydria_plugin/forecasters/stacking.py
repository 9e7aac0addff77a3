"""How much weight each member of a blend deserves, and how far to believe them, judged by independent events.

Stacked regression (Wolpert 1992, Neural Networks 5, 241-259; Breiman 1996, Machine Learning 24, 49-64) on forecasts
made out of sample: weights that are not negative and sum to at most one, from squared errors summed per flood event;
the mean over a Bayesian bootstrap over events (Rubin 1981, Annals of Statistics 9, 130-134), drawn a little towards
equal weights among those that count, which are hard to beat (Stock and Watson 2004, J. Forecasting 23, 405-430).

How far to believe the weighted members, between 0 (persistence) and 1, depends on the size of the movement they
announce: in quiet water small movements are mostly noise, and only the record tells. For each class of size it is the
factor at which the lower limit of the persistence index, over a bootstrap of whole events (Efron 1979, Annals of
Statistics 7, 1-26), is highest: a flood seen once is missing from a third of the draws, and the forecast must be good
without it. One pseudo-event, in which the movements have their usual size and nothing to do with the truth, stands for
all that the record has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Bools, Floats, Ints

DRAWS = 200
LOWER = 0.1  # quantile of the draws that has to be good,
MANY_EVENTS = 20  # from so many events on; with fewer a bootstrap is too narrow, and a lower one is asked for
PSEUDO_EVENTS = 1.0
FEWEST_EVENTS = 3  # below this there is no telling: persistence
SCALES = np.linspace(0.0, 1.0, 21)
EQUAL_EVENTS = 8  # the weights are drawn towards equal ones as if so many events had shown them equal
CLASSES = (0.5, 0.8, 0.95)  # quantiles of the announced movement that part small from great
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
    found = [units == u for u in np.unique(units)]  # never empty: there is a row
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
    share = EQUAL_EVENTS / (events + EQUAL_EVENTS)
    counted = best > 0.1 * best.max(axis=1, keepdims=True)
    equal = counted * best.sum(axis=1, keepdims=True) / np.maximum(counted.sum(axis=1, keepdims=True), 1)
    return np.asarray((1.0 - share) * best + share * equal)


def belief_by_size(
    announced: Floats, moved: Floats, units: Ints, events: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """(H, C) sizes of the announced movement and the belief at each, never falling with the size; between them it is
    interpolated. From (N, H) announced and true movements out of sample."""
    h, c = announced.shape[1], len(CLASSES) + 1
    size = np.abs(announced)
    there = np.isfinite(size) & np.isfinite(moved)
    if events < FEWEST_EVENTS or not there.any(axis=0).all():
        return np.tile(np.arange(c, dtype=np.float64), (h, 1)), np.zeros((h, c))
    edges = np.nanquantile(np.where(there, size, np.nan), CLASSES, axis=0)
    kind = np.where(there, (size[None] > edges[:, None]).sum(axis=0), c)
    overall = scale_back(moments(announced[:, None], moved, units), rng)
    belief, middle = np.empty((h, c)), np.empty((h, c))
    for i in range(c):
        held = moments(np.where(kind == i, announced, np.nan)[:, None], np.where(kind == i, moved, np.nan), units)
        belief[:, i] = scale_back(held, rng) if held.events >= FEWEST_EVENTS else overall
        middle[:, i] = [np.median(s[k == i]) if (k == i).any() else np.nan for s, k in zip(size.T, kind.T, strict=True)]
    middle = np.where(np.isfinite(middle), middle, 0.0)
    return np.maximum.accumulate(middle, axis=1), np.maximum.accumulate(belief, axis=1)


def belief_at(size: Floats, sizes: Floats, belief: Floats) -> Floats:
    """(...) the belief in a movement of ``size`` (...), from knots (..., C)."""
    out = np.zeros_like(size) + belief[..., 0]
    for i in range(sizes.shape[-1] - 1):
        step, beyond = sizes[..., i + 1] - sizes[..., i], size - sizes[..., i]
        way = np.clip(beyond, 0.0, step) / np.where(step > 0, step, 1.0)
        out += np.where(step > 0, way, beyond > 0) * (belief[..., i + 1] - belief[..., i])
    return np.asarray(out)


def scale_back(m: Moments, rng: np.random.Generator) -> Floats:
    """(H) the factor in [0, 1] for one announced movement at which the lower limit of the persistence index is highest;
    no higher than its neighbours' by more than smoothing does."""
    if not m.events:
        return np.zeros(m.energy.shape[1])
    draws = rng.multinomial(m.events, np.full(m.events, 1.0 / m.events), size=DRAWS).astype(np.float64)
    move, hit = m.gram[..., 0, 0], m.cross[..., 0]
    usual = np.median(m.energy, axis=0)
    missed = usual * np.mean(move / np.maximum(m.energy, np.finfo(float).tiny + 1e-3 * usual), axis=0)
    move_b = draws @ move + PSEUDO_EVENTS * missed
    hit_b, energy_b = draws @ hit, draws @ m.energy + PSEUDO_EVENTS * usual
    gain = 2 * SCALES[:, None, None] * hit_b - SCALES[:, None, None] ** 2 * move_b
    index = gain / np.maximum(energy_b, np.finfo(float).tiny)  # (scales, draws, H)
    level = LOWER * min(1.0, m.events / MANY_EVENTS)
    best = SCALES[np.quantile(index, level, axis=1).argmax(axis=0)]
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


def present_weights(weights: Floats, there: Bools) -> Floats:
    """(..., J) weights of the members that are there, summing to one; equal where all that are there have none."""
    held = np.where(there, weights, 0.0)
    total = held.sum(axis=-1, keepdims=True)
    count = there.sum(axis=-1, keepdims=True)
    equal = there / np.maximum(count, 1)
    return np.asarray(np.where(total > 1e-9, held / np.maximum(total, 1e-9), equal))
