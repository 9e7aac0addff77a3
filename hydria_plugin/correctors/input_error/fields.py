"""Errors that are alike at gauges near one another, and at times near one another.

A Gaussian field over all gauges is a sum of K waves with fixed wave vectors and random amplitudes, one row of 2 K + 1
numbers per gauge and one matrix product for all: correlation exp(-d / d0) to within 0.1, at a cost that grows with the
gauges and not with their square, and no gauge's error depends on which others there are. The wave vectors are spread
as the spectrum of the exponential correlation in the plane demands (Shinozuka and Jan 1972 for the method).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hydria_plugin.values import Floats

from .draws import Draws, Keys

WAVES = 96  # K
KM = 111.195  # of a degree of latitude
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
Place = tuple[float, float]  # latitude, longitude in degrees


def places_of(names: Sequence[str], places: Mapping[str, Place]) -> Floats:
    """(N, 2) km north and east; NaN where a series' place is not known. East is told on its own parallel, which over a
    region is exact enough for a correlation."""
    degrees = np.array([places.get(n, (np.nan, np.nan)) for n in names], dtype=np.float64).reshape(-1, 2)
    return np.stack([degrees[:, 0] * KM, degrees[:, 1] * KM * np.cos(np.radians(degrees[:, 0]))], axis=1)


def waves(reach_km: float) -> Floats:
    """(2, K) wave vectors per km: angles by the golden angle, lengths by the quantiles of their distribution."""
    u = (np.arange(WAVES) + 0.5) / WAVES
    length = np.sqrt(1.0 / (1.0 - u) ** 2 - 1.0) / reach_km
    angle = GOLDEN_ANGLE * np.arange(WAVES)
    return np.asarray(length * np.stack([np.cos(angle), np.sin(angle)]))


def rows_of(km: Floats, keys: Keys, reach_km: float, common: float) -> Floats:
    """(N, 2 K + 1) a row of length one for each series: correlations are the products of rows. A series without a place
    shares ``common`` of its variance with all such, and has the rest nearly for itself (to within 0.1)."""
    phase = np.nan_to_num(km) @ waves(reach_km)
    near = np.concatenate([np.cos(phase), np.sin(phase), np.zeros((len(km), 1))], axis=1) / np.sqrt(WAVES)
    own = Draws(0, np.datetime64(0, "s")).normal(keys, 2 * WAVES, 0)
    own *= np.sqrt(1.0 - common) / np.sqrt((own**2).sum(axis=1, keepdims=True))
    alone = np.concatenate([own, np.full((len(km), 1), np.sqrt(common))], axis=1)
    placed = np.asarray(np.isfinite(km).all(axis=1))
    return np.where(placed[:, None], near, alone)


def along_time(steps: int, memory_steps: float) -> Floats:
    """(T, T) what makes independent draws an AR(1) with correlation exp(-lag / memory)."""
    lag = np.abs(np.subtract.outer(np.arange(steps), np.arange(steps)))
    return np.asarray(np.linalg.cholesky(np.exp(-lag / max(memory_steps, 1e-3)) + 1e-9 * np.eye(steps)))


def field(rows: Floats, scenarios: int, steps: int, memory_steps: float, rng: np.random.Generator) -> Floats:
    """(N, R, T) standard normal, alike in space by ``rows`` and in time by an AR(1)."""
    amplitudes = rng.standard_normal((scenarios, steps, rows.shape[1]))
    aged = np.einsum("tu,rud->rtd", along_time(steps, memory_steps), amplitudes, optimize=True)
    flat = rows.astype(np.float32) @ aged.reshape(-1, rows.shape[1]).T.astype(np.float32)
    return np.asarray(flat.reshape(len(rows), scenarios, steps))
