"""How a blend goes on learning how far to go: away from the last value, only as far as such movements came true.

What was trained on floods drifts in water that the record did not hold, and the trained belief (stacking.py) follows.
As truth arrives, the movements that came are regressed on those announced, through the origin, per station, band of
leads and class of announced size. The trained belief is the prior, which weighs as many steps as there are events
behind it (Bayesian linear regression, e.g. Gelman et al. 2013, Bayesian Data Analysis, ch. 14). A class forgets as it
is visited (information is discounted where there is new: West and Harrison 1997, Bayesian Forecasting and Dynamic
Models, ch. 6): months of quiet water teach nothing about floods. A band hears the shorter leads too: truth meets them
first. The belief never exceeds the trained one: what is learned only leads back to persistence, and to the trained one.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin import Flag, State, Verified
from hydria_plugin.values import Floats, Ints

from .tilt import BANDS, band_of_leads

MEMORY = 2.0  # horizons of visits after which 1/e is left of what a class was taught
STEPS_PER_EVENT = 0.01  # what an event of the training weighs against a verified horizon, at the longest lead
FARTHER = 4.0  # a class of its own for movements so many times greater than the trained classes' last
GREAT = (1.0, 1.0, 1.0, 2.0, 4.0)  # per class, K: a flood is many steps of one error
TINY = float(np.finfo(np.float32).tiny)
LEAST = 0.05  # a trained belief below this counts as this one: there is nothing to lose


def knots_of(sizes: Floats) -> Floats:
    """(S, H, K) sizes that part the classes, common to both forms, of the trained (2, S, H, C); K = C + 1."""
    mean = sizes.mean(axis=0)
    return np.concatenate([mean, FARTHER * mean[..., -1:]], axis=-1)


def shares(size: Floats, knots: Floats) -> Floats:
    """(..., K) how much a movement of ``size`` (...) belongs to each class: linear between the ``knots`` (..., K)."""
    share = np.empty((*size.shape, knots.shape[-1]), np.result_type(size, knots))
    before: Floats = np.ones_like(size)
    for k in range(knots.shape[-1] - 1):
        step, beyond = knots[..., k + 1] - knots[..., k], size - knots[..., k]
        way = np.where(step > TINY, np.clip(beyond, 0.0, step) / np.maximum(step, TINY), beyond > 0)
        np.subtract(before, way, out=share[..., k])
        before = way
    share[..., -1] = before
    return share


def met_of(state: State, stations: int, classes: int) -> Floats | None:
    """(S, B, K, 2) what was learned so far; None where nothing was, or by a blend of another shape."""
    met = state.get("met")
    return met if met is not None and met.shape == (stations, BANDS, classes, 2) else None


def hearing(horizon: int) -> Floats:
    """(B, H) how much each band of leads learns from each lead: its own and all shorter bands' means."""
    band = band_of_leads(horizon)
    own = (band == np.arange(BANDS)[:, None]) / np.maximum(np.bincount(band, minlength=BANDS), 1)[:, None]
    return np.asarray(np.cumsum(own, axis=0))


def learn_met(
    verified: Verified, state: State, announced: Floats, last: Floats, rows: Ints, knots: Floats, energy: Floats
) -> State:
    """The state after one verified valid time, for which movements from ``last`` (S, H) to ``announced`` (S, H) were
    announced. ``knots`` (S', H, K) and ``energy`` (S', H) of the trained stations at ``rows``. The state holds sums of
    announced times true and of announced squared movements, in units of the energy."""
    stations, horizon, classes = knots.shape
    held = met_of(state, stations, classes)
    met = np.zeros((stations, BANDS, classes, 2), np.float32) if held is None else held.copy()
    known = np.flatnonzero((rows >= 0) & np.isfinite(verified.truth) & (verified.flags != Flag.FAIL))
    at, last = rows[known], last[known]
    move, came = announced[known] - last, verified.truth[known][:, None] - last
    there = np.isfinite(move) & np.isfinite(came)
    move, came = np.where(there, move, 0.0), np.where(there, came, 0.0)
    share = shares(np.abs(move).astype(np.float32), knots[at]) * there[..., None]
    scaled, by_band = move / energy[at], hearing(horizon).astype(np.float32)
    products = [(scaled * other).astype(np.float32)[..., None] for other in (came, move)]
    visits = by_band @ share  # (S, B, K)
    taught = np.stack([by_band @ (share * product) for product in products], axis=-1)
    met[at] = np.exp(-visits / np.float32(MEMORY * horizon))[..., None] * met[at] + taught
    return {**state, "met": met}


def still_believed(size: Floats, met: Floats, trained: Floats, knots: Floats, energy: Floats, events: Ints) -> Floats:
    """(S, H) share, 0 to 1, of the trained belief that is left in movements of ``size`` (S, H), after what was ``met``
    (S, B, K, 2). ``trained`` (S, H, K) belief at the ``knots``; ``energy`` (S, H); ``events`` (S)."""
    horizon = size.shape[1]
    own, energy = np.maximum(trained, LEAST).astype(np.float32), energy.astype(np.float32)
    weight = STEPS_PER_EVENT * np.arange(1, horizon + 1)[:, None] * np.asarray(GREAT)
    prior = (events[:, None, None] * weight).astype(np.float32) * knots**2 / energy[..., None] + TINY
    seen = met[:, band_of_leads(horizon)]
    slope = (own * prior + seen[..., 0]) / (prior + seen[..., 1])
    return np.asarray(np.einsum("shk,shk->sh", shares(size, knots), np.clip(slope / own, 0.0, 1.0)))
