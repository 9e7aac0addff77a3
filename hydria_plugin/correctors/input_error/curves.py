"""How wrong a discharge is that a rating curve made of a stage: one curve per scenario, all of it too high or too low.

Gaugings end somewhere; above, the doubt grows with the logarithm of the discharge, and the value is of UNKNOWN quality.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hydria_plugin import Layout
from hydria_plugin.values import Bools, Floats

USUAL = 0.07  # standard error of a gauged discharge, relative, where ratings.csv gives none
BEYOND = 0.3  # more of it for each e-fold above the highest gauging: the exponent is not known better


class Rating(Protocol):
    """A curve of ratings.csv, as the house reads it."""

    @property
    def station(self) -> str: ...
    @property
    def valid_from(self) -> np.datetime64: ...
    @property
    def discharge(self) -> Floats: ...  # (N) rising
    @property
    def sigma(self) -> Floats: ...  # (N) in its unit, NaN = not given


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The relative error of a discharge, by discharge."""

    discharge: Floats  # (N) rising, positive
    relative: Floats  # (N)

    @classmethod
    def of(cls, rating: Rating) -> Curve:
        q, sigma = np.asarray(rating.discharge, dtype=float), np.asarray(rating.sigma, dtype=float)
        there = q > 0
        return cls(q[there], np.where(np.isfinite(sigma), sigma / np.where(there, q, 1.0), USUAL)[there])

    def of_discharge(self, q: Floats) -> Floats:
        """The relative error, of the shape of ``q``; NaN for a gap."""
        gauged = np.interp(q, self.discharge, self.relative)
        above = np.log(np.maximum(q, self.discharge[-1]) / self.discharge[-1])
        return np.asarray(gauged + BEYOND * above)

    def beyond(self, q: Floats) -> Bools:
        """Above the highest gauging?"""
        return np.asarray(q > self.discharge[-1])


def curves_of(layout: Layout, ratings: Sequence[Rating], at: np.datetime64) -> Mapping[str, Curve]:
    """By target series of a discharge: the curve that holds at ``at``. A station without one has none."""
    newest: dict[str, Rating] = {}
    for rating in sorted((r for r in ratings if r.valid_from <= at), key=lambda r: str(r.valid_from)):
        newest[rating.station] = rating
    kinds = zip(layout.stations, layout.targets, layout.quantities, strict=True)
    rated = {target: newest[s] for s, target, quantity in kinds if quantity == "discharge" and s in newest}
    return {target: Curve.of(rating) for target, rating in rated.items() if np.any(rating.discharge > 0)}


def perturbed(curve: Curve, q: Floats, z: Floats) -> Floats:
    """(R, P) discharges by the scenarios' curves, of those (P) of the curve in force; ``z`` (R)."""
    error = curve.of_discharge(q)
    return np.asarray(q * np.exp(error * z[:, None] - error**2 / 2))
