"""How wrong an estimated value may be: as its sigma says, and alike along a gap."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats


def doubt_of(values: Floats, sigma: Floats) -> Floats:
    """(N, P) the sigma to reckon with: 0 where measured. An estimate whose sigma is no number may be as wrong as its
    series varies."""
    usual = np.nanstd(np.where(np.isfinite(values).any(axis=1, keepdims=True), values, 0.0), axis=1, keepdims=True)
    return np.where(np.isfinite(values), np.where(np.isnan(sigma), usual, sigma), 0.0)


def perturbed(values: Floats, sigma: Floats, z: Floats, positive: bool) -> Floats:
    """(N, R, P) of values and sigma (N, P) and ``z`` (N, R, P). What cannot be negative (rain, discharge) is drawn
    from the lognormal of that mean and sigma; an estimate of 0 from the upper half of a normal."""
    x, s = values[:, None], sigma[:, None]
    if not positive:
        return np.asarray(x + s * z)
    spread = np.sqrt(np.log1p((s / np.where(x > 0, x, np.inf)) ** 2))
    return np.where(x > 0, x * np.exp(spread * z - spread**2 / 2), np.maximum(s * z, x))
