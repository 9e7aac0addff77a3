"""How far each quantile is to be stretched away from the median, followed as truth arrives.

What is followed, per station and knot of leads, in the logarithm of a factor on the distance from the median:

    stretch of side x at a forecast = sum_g class_g scale_xg + flood flood_x + fast_x + level_q

Every part moves against the gradient of the pinball loss, the online quantile tracking of adaptive conformal inference
(Gibbs and Candes 2021; Angelopoulos, Candes and Tibshirani 2023), by (truth beyond the quantile?) - (share that should
be). The slow parts, by class of width, in floods, and by level, mend what is always wrong. The fast part answers a
shift: it moves only where the last misses lean one way more than misses that hang together do by chance, fades, and is
drawn back where the band without it has been the better one. The median stays: what is wrong with it is not a matter of
width.
Truth on a tick that is a quantile counts by the share of the tick's probability that lies below each level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from hydria_plugin import State
from hydria_plugin.values import Bools, Floats

from ..lead_knots import depends, hearing, leads_of
from .classes import LEVELS

SLOW, FLOOD, LEVEL = 0.02, 0.02, 0.002  # steps, per verified valid time
FAST, LEANING, FADING = 0.5, 1.5, 0.004  # step; standard errors of chance; share lost per valid time
MEMORY, MEMORY_OF_CHANCE, MEMORY_OF_LOSS = 0.04, 0.01, 0.03  # weights of the newest miss in running means
WORSE, DRAWN_BACK = 0.04, 0.1  # relative loss beyond which, and share by which, the fast part is drawn back
MOST = {"scale": (-1.5, 2.0), "flood": (-1.5, 2.0), "level": (-0.7, 0.7), "fast": (-1.0, 1.5)}
POOLED = 50.0  # floods' forecasts that the others' experience weighs
TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """The state of S stations, K knots, G classes, Q levels, two sides (below, above)."""

    scale: Floats  # (S, K, G, 2)
    flood: Floats  # (S, K, 2)
    level: Floats  # (S, K, Q)
    fast: Floats  # (S, K, 2)
    lean: Floats  # (S, K, 2) running mean of the misses
    chance: Floats  # (S, K, 2, 2) running mean of their squares, and of each times the one before
    newest: Floats  # (S, K, 2) the last of them
    loss: Floats  # (S, K, 2, 2) running mean of the pinball loss without the fast part, and of its excess over with it
    floods: Floats  # (S, K) how many forecasts in floods were verified

    @classmethod
    def none(cls, stations: int, horizon: int, levels: int) -> Self:
        s, k = stations, len(leads_of(horizon))
        shapes: dict[str, tuple[int, ...]] = {
            "scale": (len(LEVELS), 2),
            "level": (levels,),
            "chance": (2, 2),
            "loss": (2, 2),
            "floods": (),
        }
        arrays = {f.name: np.zeros((s, k, *shapes.get(f.name, (2,))), np.float32) for f in fields(cls)}
        arrays["chance"][..., 0], arrays["chance"][..., 1] = 0.06, 0.03  # until there is better: some, and some lasting
        return cls(**arrays)

    @classmethod
    def of(cls, state: State, stations: int, horizon: int, levels: int) -> Self:
        """From a stored state; as at the start where it is of another shape, or nothing is there."""
        new = cls.none(stations, horizon, levels)
        held = {f.name: state.get(f.name) for f in fields(cls)}
        fits = all(a is not None and a.shape == getattr(new, n).shape for n, a in held.items())
        return cls(**{n: a for n, a in held.items() if a is not None}) if fits else new

    def arrays(self) -> dict[str, Floats]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def bounded(self) -> Self:
        kept = {n: np.clip(getattr(self, n), *MOST[n]) if n in MOST else getattr(self, n) for n in self.arrays()}
        return replace(self, **{n: a.astype(np.float32) for n, a in kept.items()})


def beyond(truth: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """(S, H, Q) probability that truth (S) lies below each quantile (S, H, Q), on a tick of which several quantiles
    make an atom: the share of it; minus the level."""
    y = truth[:, None, None].astype(quantiles.dtype)
    levels = levels.astype(quantiles.dtype)
    share = (y < quantiles).astype(quantiles.dtype)
    atoms = quantiles == y
    if atoms.any():  # in few rows, but where levels come in ticks
        tied = np.nonzero(atoms.any(axis=2))
        q, at = quantiles[tied], y[tied[0], 0]  # (N, Q), (N, 1)
        under = np.where(q < at, levels, 0.0).max(axis=1, keepdims=True)
        over = np.where(q > at, levels, 1.0).min(axis=1, keepdims=True)
        share[tied] = np.where(q == at, (levels - under) / (over - under), share[tied])
    share -= at_every_lead(levels, quantiles)
    return share


def at_every_lead(levels: Floats, quantiles: Floats) -> Floats:
    """(H, Q) of (Q), for ``quantiles`` (S, H, Q): numpy goes over whole stations then, not over Q values at a time."""
    return np.tile(levels.astype(quantiles.dtype), (quantiles.shape[1], 1))


def by_side(per_level: Floats, middle: int) -> Floats:
    """(S, H, 2) mean over the levels below and above the median; 0 where there is none."""
    q = per_level.shape[2]
    sides = np.zeros((q, 2), per_level.dtype)
    sides[:middle, 0], sides[middle + 1 :, 1] = 1.0 / max(middle, 1), 1.0 / max(q - middle - 1, 1)
    return np.asarray(per_level @ sides)


def taught(
    old: Stretch, forecast: Floats, truth: Floats, levels: Floats, middle: int, classes: Floats, floods: Bools
) -> Stretch:
    """After ``truth`` (S) met what was issued for it at each lead, ``forecast`` (S, H, Q). ``classes`` (S, H, G) and
    ``floods`` (S, H) as those forecasts were. Rows with NaN teach nothing."""
    horizon, finite = forecast.shape[1], np.isfinite(truth)
    there = finite[:, None] & whole(forecast)  # (S, H)
    lost = ~there
    y, v = np.where(finite, truth, 0.0), blanked(forecast, lost)
    miss = blanked(beyond(y, v, levels), lost)
    outward = miss * at_every_lead(np.sign(middle - np.arange(len(levels))), miss)
    side, step = by_side(outward, middle), depends(horizon)[:, None]
    hear = hearing(horizon).astype(np.float32)
    known = np.asarray((there @ hear.T > 0)[..., None])  # (S, K, 1)
    at_knots = np.asarray(hear @ side)
    new = replace(
        old,
        scale=old.scale + SLOW * step[..., None] * by_class(hear, classes, side),
        flood=old.flood + FLOOD * step * (hear @ (side * floods[..., None])),
        level=old.level + LEVEL * step * (hear @ outward),
        floods=old.floods + (there & floods) @ hear.T,
    )
    return answered(new, at_knots, losses(old, v, y, lost, levels, middle, hear), known).bounded()


def whole(quantiles: Floats) -> Bools:
    """(S, H) whether all Q quantiles (S, H, Q) are there."""
    finite = np.isfinite(quantiles)
    return np.ones(quantiles.shape[:2], dtype=bool) if finite.all() else np.asarray(finite.all(axis=2))


def blanked(values: Floats, lost: Bools) -> Floats:
    """``values`` (S, H, Q) with 0 where ``lost`` (S, H)."""
    if not lost.any():
        return values
    values = np.array(values)
    values[lost] = 0.0
    return values


def by_class(hear: Floats, classes: Floats, side: Floats) -> Floats:
    """(S, K, G, 2) what knots hear of ``side`` (S, H, 2), by ``classes`` (S, H, G)."""
    s, h, g = classes.shape
    each = np.empty((s, h, g, 2), np.float32)
    for i, x in np.ndindex(g, 2):  # long rows, for speed
        each[:, :, i, x] = classes[:, :, i].astype(np.float32) * side[..., x]
    return np.asarray((hear @ each.reshape(s, h, g * 2)).reshape(s, len(hear), g, 2))


def losses(
    old: Stretch, forecast: Floats, truth: Floats, lost: Bools, levels: Floats, middle: int, hear: Floats
) -> Floats:
    """(S, K, 2, 2) by side: pinball loss without the fast part, and by how much that is above the loss with it."""
    back = np.exp(-(hear.T / hear.T.sum(axis=1, keepdims=True) @ old.fast))  # (S, H, 2)
    slow = scaled(forecast, middle, lambda side, q: back[..., side], np.result_type(forecast, back).type)
    every = at_every_lead(levels, forecast)
    y = truth.astype(forecast.dtype)[:, None, None]

    def loss(quantiles: Floats) -> Floats:
        away = y - quantiles
        return np.asarray(hear @ by_side(blanked(away * (every - (away < 0)), lost), middle))

    without = loss(slow)
    return np.stack([without, without - loss(forecast)], axis=3)


def answered(old: Stretch, miss: Floats, loss: Floats, known: Bools) -> Stretch:
    """The fast part after misses (S, K, 2) and losses (S, K, 2, 2); ``known`` (S, K, 1)."""
    lean = old.lean + MEMORY * np.where(known, miss - old.lean, 0.0)
    products = np.stack([miss * miss, miss * old.newest], axis=3)
    chance = old.chance + MEMORY_OF_CHANCE * np.where(known[..., None], products - old.chance, 0.0)
    kept = old.loss + MEMORY_OF_LOSS * np.where(known[..., None], loss - old.loss, 0.0)
    lasting = np.clip(chance[..., 1] / np.maximum(chance[..., 0], 1e-6), 0.0, 0.98)
    error = np.sqrt(chance[..., 0] * MEMORY / (2.0 - MEMORY) * (1.0 + lasting) / (1.0 - lasting))
    push = lean * np.clip(np.abs(lean) / np.maximum(error, 1e-6) - LEANING, 0.0, 1.0)
    bad = kept[..., 1] < -WORSE * np.maximum(kept[..., 0], TINY)
    outward = np.sign(old.fast)
    push = np.where(bad, np.minimum(push * outward, 0.0) * outward, push)
    fast = old.fast * (1.0 - np.where(bad & known, DRAWN_BACK, 0.0)) * (1.0 - np.where(known, FADING, 0.0))
    fast = fast + np.where(known, FAST * push, 0.0)
    newest = np.where(known, miss, old.newest)
    return replace(old, lean=lean, chance=chance, loss=kept, fast=fast, newest=newest)


def scaled(quantiles: Floats, middle: int, factor: Callable[[int, int], Floats], kind: type = np.float64) -> Floats:
    """(S, H, Q) of ``kind``: quantiles (S, H, Q), their distance from the median times ``factor(side, level)`` (S, H).
    Level by level: long rows, for speed."""
    centre = quantiles[..., middle]
    out: Floats = quantiles.astype(kind)
    for q in range(quantiles.shape[2]):
        if q != middle:
            out[..., q] = centre + factor(int(q > middle), q) * (quantiles[..., q] - centre)
    return out


def pooled(flood: Floats, floods: Floats) -> Floats:
    """(S, K, 2) each station's flood part, drawn towards that of all: one station sees few floods, a network many."""
    count = floods[..., None]
    everywhere = (flood * count).sum(axis=0) / np.maximum(count.sum(axis=0), 1.0)
    return np.asarray((flood * count + POOLED * everywhere) / (count + POOLED))


def at_leads(between: Floats, at_knots: Floats) -> Floats:
    """(S, H, C) of (S, K, C), in its own precision. ``between`` (H, K)."""
    return np.asarray(between.astype(at_knots.dtype) @ at_knots)


def stretched(
    quantiles: Floats, held: Stretch, between: Floats, classes: Floats, floods: Bools, middle: int, wider: Floats
) -> Floats:
    """(S, H, Q) the quantiles as they are issued. The flood part of ``held`` is :func:`pooled`; ``between`` (H, K);
    ``wider`` (S) is added to the stretch."""
    s, h, g = classes.shape
    scales = at_leads(between, held.scale.reshape(s, -1, g * 2)).reshape(s, h, g, 2)
    flood, fast, level = (at_leads(between, a) for a in (held.flood, held.fast, held.level))
    wider = wider.astype(np.float32)[:, None]
    scale = [sum(scales[:, :, i, x] * classes[:, :, i] for i in range(g)) for x in (0, 1)]  # two sides, (S, H)
    stretch = [scale[x] + flood[..., x] * floods + fast[..., x] + wider for x in (0, 1)]
    out = scaled(quantiles, middle, lambda side, q: np.exp(stretch[side] + level[..., q]))
    crossed = ~(out[..., 1:] >= out[..., :-1]).all(axis=(1, 2))
    out[crossed] = np.sort(out[crossed], axis=2)
    return out
