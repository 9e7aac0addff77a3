"""How wrong a rain gauge may be.

A multiplier, after McMillan et al. 2011 (fair above 1 mm/h, lognormal but for heavy rain, whose tails are heavier):
Tukey's h-distribution (1977) thickens them with the intensity. Below, an additive floor: a bucket cannot tell drizzle
from a tip. Part of the error is of the place and the moment (spatial, AR(1)), part is the gauge's own and lasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hydria_plugin.values import Floats

MOST = np.log(8.0)  # no multiplier beyond eight, nor below an eighth
GRID = 9  # tails between which the correction of the mean is interpolated


@dataclass(frozen=True, slots=True)
class GaugeError:
    """``relative``: standard deviation of the logarithm; ``floor_mm``: additive, per step; ``tail``: Tukey's h in a
    storm of ``storm_mm_h``; ``own``: the share of the variance that is the gauge's own."""

    relative: float = 0.25
    floor_mm: float = 0.1
    tail: float = 0.15
    storm_mm_h: float = 15.0
    own: float = 0.2

    def logarithms(self, z: Floats, mm_h: Floats) -> Floats:
        """Logarithms of multipliers whose mean is 1, of standard normal ``z`` and the intensity (same shape)."""
        if self.relative == 0:
            return np.zeros(np.broadcast_shapes(z.shape, mm_h.shape), dtype=z.dtype)
        h = self.tail * np.clip(mm_h / self.storm_mm_h, 0.0, 1.0)
        centre = np.interp(h, np.linspace(0, self.tail, GRID), self.centres()) if self.tail else self.centres()[0]
        return np.asarray(np.clip(self.relative * z * np.exp(h * z * z / 2), -MOST, MOST) - centre)

    def centres(self) -> tuple[float, ...]:
        return centres(self.relative, self.tail)

    def perturbed(self, mm: Floats, z: Floats, step_hours: float) -> Floats:
        """Rain (N, R, P) of readings (N, P) in mm per step and ``z`` (N, R, P). Dry stays dry, a gap a gap."""
        read = mm[:, None]
        factor = np.exp(self.logarithms(z, read / step_hours))
        return np.where(read > 0, np.maximum(read * factor + self.floor_mm * z, 0.0), read)


@lru_cache(maxsize=32)
def centres(relative: float, tail: float) -> tuple[float, ...]:
    """log E[multiplier] for tails from 0 to ``tail``, by quadrature."""
    z, weight = np.polynomial.hermite_e.hermegauss(80)
    weight = weight / weight.sum()
    logs = [np.clip(relative * z * np.exp(h * z * z / 2), -MOST, MOST) for h in np.linspace(0, tail, GRID)]
    return tuple(float(np.log(np.exp(one) @ weight)) for one in logs)


def dropped(out: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(S, R, G) which rain gauges are taken out, of those drawn to be ``out`` (S, R, G): none where a station would be
    left without one that speaks; ``known`` (S, G)."""
    left = (known[:, None] & ~out).any(axis=2, keepdims=True)
    return np.asarray(out & left)
