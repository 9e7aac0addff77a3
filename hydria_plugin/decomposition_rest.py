"""The rest of the doubt, learned from what verified forecasts missed beyond what model and inputs had been told to add.

Per station and lead, in two waters (the ladder's band as wide as it is on average, or much wider), four sums over what
was verified: how many forecasts, the variance of the ladder's band (the scale), the variance told of model and inputs,
and the squared misses of the issued medians. Then

    rest = scale * max(missed / scale - explained / scale, 0)

so that the three parts add up to what is missed on the average, and nothing is clipped forecast by forecast. Floods
decide such sums, and one station sees few: the first quotient is drawn to that of all stations (in logarithms; it has
no unit), the less, the more was verified; the second is known well. The rest of the issued band counts as much as a few
forecasts of the present scale, so that it is what is told until something comparable was verified.
"""

from __future__ import annotations

import numpy as np

from .roles import State
from .values import Bools, Flag, Floats, Ints, Verified, band_variance

NAME = "doubt.rest"  # of its state in bulletins; no plug-in can be called so
COUNT, SCALE, EXPLAINED, MISSED = range(4)  # along the last axis of the sums
REMEMBERED = 20_000  # verified valid times that the sums go back over
POOLED = 500.0  # forecasts of a water that the other stations' experience weighs
BEFORE = 10.0  # forecasts of the present scale that the issued band's rest counts
WIDE = 2.0  # times its mean: from there a band's variance is one of floods
LEADS = 8  # that sums are kept of at most


class Rest:
    """Learns from the forecasts that were issued."""

    def learn(self, verified: Verified, state: State) -> State:
        """One verified valid time; suspected truth, and forecasts whose doubt was not told apart, teach nothing."""
        if verified.raw is None or verified.explained is None:
            return state
        leads = leads_of(verified.forecast.shape[1]) - 1
        scale = band_variance(verified.raw[:, leads], verified.quantiles)
        median = verified.forecast[:, leads, verified.quantiles.index(0.5)]
        good = (verified.flags != Flag.SUSPECT) & (verified.flags != Flag.FAIL)
        missed = (np.where(good, verified.truth, np.nan)[:, None] - median) ** 2
        met = np.stack([np.ones_like(scale), scale, verified.explained[:, leads], missed], axis=2)
        there = np.isfinite(met).all(axis=2)
        if not there.any():
            return state
        sums = sums_of(state, there.shape)
        water = wide(sums, scale)[..., None] == np.arange(2)  # (S, K, 2)
        kept = sums * (1.0 - there[..., None, None] / REMEMBERED)
        added = np.where(there[..., None], met, 0.0)[:, :, None] * water[..., None]
        return {"sums": (kept + added).astype(np.float32)}


def rest_of(state: State, scale: Floats, otherwise: Floats) -> Floats:
    """(S, H) the rest where the ladder's band has the variance ``scale`` (S, H) and the issued one holds ``otherwise``
    (S, H) beyond model and inputs."""
    s, horizon = scale.shape
    leads = leads_of(horizon)
    sums = sums_of(state, (s, len(leads)))
    if not sums.any():
        return otherwise
    quotient, seen = quotients(sums)  # (S, K, 2)
    between = weights(leads, horizon)
    water = wide(sums, scale[:, leads - 1]) @ between.T >= 0.5  # (S, H)
    rest, weight = (np.where(water, *(each[..., k] @ between.T for k in (1, 0))) for each in (quotient, seen))
    before = BEFORE * np.maximum(scale, 0.0)
    whole = weight + before
    found = (weight * rest * scale + before * otherwise) / np.where(whole > 0, whole, 1.0)
    return np.where(whole > 0, found, otherwise)


def quotients(sums: Floats) -> tuple[Floats, Floats]:
    """(S, K, 2) the rest over the scale, and the scale's sum that it rests on: 0 where nothing was verified."""
    held = np.moveaxis(sums.astype(np.float64), 3, 0)
    known = (held[SCALE] > 0) & (held[MISSED] > 0)
    seen = np.where(known, held[SCALE], 1.0)
    own = np.log(np.where(known, held[MISSED], 1.0) / seen)
    count = held[COUNT] * known
    everywhere = (count * own).sum(axis=0) / np.maximum(count.sum(axis=0), 1e-12)
    missed = np.exp((count * own + POOLED * everywhere) / (count + POOLED))
    return np.where(known, np.maximum(missed - held[EXPLAINED] / seen, 0.0), 0.0), np.where(known, seen, 0.0)


def wide(sums: Floats, scale: Floats) -> Bools:
    """(S, K) whether ``scale`` (S, K) is far above its mean so far."""
    both = sums.sum(axis=2)
    return np.asarray(scale * both[..., COUNT] > WIDE * both[..., SCALE])


def sums_of(state: State, shape: tuple[int, ...]) -> Floats:
    """(S, K, 2, 4) as stored; 0 where nothing is, or of another shape."""
    held = state.get("sums")
    return held if held is not None and held.shape == (*shape, 2, 4) else np.zeros((*shape, 2, 4), np.float32)


def leads_of(horizon: int) -> Ints:
    """(K) the leads that sums are kept of: all where they are few, else fewer the longer they are."""
    some = np.arange(1, horizon + 1) if horizon <= LEADS else np.geomspace(1, horizon, LEADS)
    return np.unique(np.round(some).astype(int))


def weights(leads: Ints, horizon: int) -> Floats:
    """(H, K) with which values at ``leads`` make values at all."""
    logs = np.log(np.arange(1, horizon + 1))
    return np.stack([np.interp(logs, np.log(leads), row) for row in np.eye(len(leads))], axis=1)
