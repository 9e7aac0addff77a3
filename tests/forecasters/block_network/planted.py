"""Samples whose truth is a block network known beforehand."""

from __future__ import annotations

import numpy as np

from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.forecasters.block_network.training import Samples
from hydria_plugin.values import Floats

SHARES = np.array([0.6, 0.3, 0.1])
LAGS = 8


def responses() -> Floats:
    """(3, 8) unit hydrographs that peak at 1, 3 and 5 steps, sum 1."""
    bumps = np.exp(-0.5 * (np.arange(LAGS)[None] - np.array([[1.0], [3.0], [5.0]])) ** 2)
    return np.asarray(bumps / bumps.sum(axis=1, keepdims=True))


def rain(steps: int, rng: np.random.Generator, zones: int = 3) -> Floats:
    """(T, Z) showers of some steps, often dry, of spread near 1."""
    wet = np.repeat(rng.random((steps // 4 + 1, zones)) < 0.3, 4, axis=0)[:steps]
    return np.asarray(wet * rng.gamma(1.0, 1.6, (steps, zones)))


def lagged(rain: Floats, lags: int = LAGS) -> Floats:
    """(T, Z, L), newest first; before the record it was dry."""
    return np.stack([np.pad(rain, ((k, 0), (0, 0)))[: len(rain)] for k in range(lags)], axis=-1)


def samples(steps: int = 600, seed: int = 0, noise: float = 0.02, states: int = 0, bend: float = 0.5) -> Samples:
    """``bend`` 0: a linear truth. States shift the target by 0.1 each."""
    rng = np.random.default_rng(seed)
    x = lagged(rain(steps, rng))
    state = rng.standard_normal((steps, states))
    routed = np.einsum("bzl,zl,z->b", x, responses(), SHARES)
    target = routed + bend * routed**2 + 0.1 * state.sum(axis=1)
    return Samples(x, state, target - 0.7 + noise * rng.standard_normal(steps))


def random_networks(
    members: int = 2, zones: int = 3, lags: int = 5, hidden: int = 2, states: int = 2, seed: int = 0
) -> Networks:
    rng = np.random.default_rng(seed)
    m, z, n, k = members, zones, hidden, states
    shapes = [(m, z, lags), (m, n, z), (m, n, k), (m, n), (m, n), (m,), (m, z), (m, k)]
    return Networks(*(rng.normal(0, 0.6, shape) for shape in shapes))
