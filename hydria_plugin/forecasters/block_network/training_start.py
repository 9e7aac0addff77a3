"""Where training starts: random networks whose every neuron already listens.

Kernels start positive and fading (rain makes rivers rise, sooner rather than later), scaled so that the blocks have
unit spread on the samples; the mixing is random in sign.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats

from .network import Networks


def starting_networks(
    lagged: Floats, state: Floats, target: Floats, members: int, hidden: int, straight: bool, rng: np.random.Generator
) -> Networks:
    """``members`` random networks for samples (B, Z, L), (B, K) and (B)."""
    (_, z, lags), k = lagged.shape, state.shape[1]
    m, n = members, hidden
    fade = np.exp(-np.arange(lags) / max(lags / 3, 1.0))
    kernel = rng.uniform(0.2, 1.8, (m, z, lags)) * fade
    kernel /= spread_of_blocks(lagged, fade)
    return Networks(
        kernel=kernel,
        mix=rng.normal(0.0, 0.7 / np.sqrt(z + k), (m, n, z)),
        state=rng.normal(0.0, 0.7 / np.sqrt(z + k), (m, n, k)),
        bias=rng.uniform(-1.0, 1.0, (m, n)),
        out=rng.normal(0.0, 0.5 / np.sqrt(n), (m, n)),
        out_bias=np.full(m, target.mean()),
        straight=rng.normal(0.0, 0.1, (m, z)) * straight,
        straight_state=np.zeros((m, k)),
    )


def spread_of_blocks(lagged: Floats, kernel: Floats) -> float:
    """Root of the mean variance of the zones' blocks under one ``kernel`` (L); 1 where no rain ever changes."""
    spread = float(np.sqrt(np.mean(np.var(lagged @ kernel, axis=0))))
    return spread if spread > 0 else 1.0
