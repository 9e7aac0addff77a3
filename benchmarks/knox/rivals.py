"""Other ways to say how much a zone counts, on the same networks: shares (Z) that sum to 1."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from hydria_plugin.forecasters.block_network.network import Networks
from hydria_plugin.values import Floats

EXPLAINED, BACKGROUND = 80, 20  # samples that Shapley values are taken at, and are compared with


def permutation(net: Networks, lagged: Floats, state: Floats, target: Floats, rng: np.random.Generator) -> Floats:
    """Rise of the median network's squared error when a zone's rain is shuffled among the samples."""

    def error(x: Floats) -> float:
        return float(np.mean((np.median(net.output(x, state), axis=0) - target) ** 2))

    whole, rises = error(lagged), []
    for z in range(lagged.shape[1]):
        shuffled = lagged.copy()
        shuffled[:, z] = lagged[rng.permutation(len(lagged)), z]
        rises.append(max(error(shuffled) - whole, 0.0))
    return np.array(rises) / sum(rises)


def shapley(net: Networks, lagged: Floats, state: Floats, rng: np.random.Generator) -> Floats:
    """Mean absolute Shapley value of each zone, exact over all coalitions of zones (what SHAP's samplers approach):
    zones outside a coalition read what they read in background samples."""
    order = rng.permutation(len(lagged))
    at, others = order[:EXPLAINED], order[EXPLAINED : EXPLAINED + BACKGROUND]
    zones = lagged.shape[1]
    value: dict[tuple[int, ...], Floats] = {}
    for size in range(zones + 1):
        for kept in combinations(range(zones), size):
            mixed = np.repeat(lagged[at], len(others), axis=0)
            away = [z for z in range(zones) if z not in kept]
            mixed[:, away] = np.tile(lagged[others], (len(at), 1, 1))[:, away]
            given = np.median(net.output(mixed, np.repeat(state[at], len(others), axis=0)), axis=0)
            value[kept] = given.reshape(len(at), -1).mean(axis=1)
    worth = np.zeros((zones, len(at)))
    for kept, said in value.items():
        for z in set(range(zones)) - set(kept):
            joined = tuple(sorted((*kept, z)))
            worth[z] += (value[joined] - said) / (zones * comb(zones - 1, len(kept)))
    mean = np.abs(worth).mean(axis=1)
    return np.asarray(mean / mean.sum())
