"""A few leads, the knots, stand for all: what is learned at a lead goes to the knots around it, and is read between."""

from __future__ import annotations

from functools import cache

import numpy as np

from hydria_plugin.values import Floats, Ints, read_only

KNOTS = 4


@cache
def leads_of(horizon: int) -> Ints:
    """(K) the knots, rising, evenly spaced in the logarithm of the lead."""
    return np.asarray(read_only(np.unique(np.round(np.geomspace(1, horizon, min(KNOTS, horizon))).astype(int))))


@cache
def between(horizon: int) -> Floats:
    """(H, K) weights with which values at the knots make values at all leads."""
    knots, logs = np.log(leads_of(horizon)), np.log(np.arange(1, horizon + 1))
    return np.asarray(read_only(np.stack([np.interp(logs, knots, row) for row in np.eye(len(knots))], axis=1)))


@cache
def hearing(horizon: int) -> Floats:
    """(K, H) the mean over the leads that a knot stands for."""
    weights = between(horizon).T
    return np.asarray(read_only(weights / weights.sum(axis=1, keepdims=True)))


@cache
def depends(horizon: int) -> Floats:
    """(K) by how much less a step may teach a knot: forecasts that follow each other tell nearly the same of an error
    that lasts, the more so the longer the lead."""
    return np.asarray(read_only(leads_of(horizon) ** -0.5))
