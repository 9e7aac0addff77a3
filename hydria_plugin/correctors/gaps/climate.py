"""The climatology: what a series shows in this season at this hour, and how far it strays from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import Floats, Ints, Times

YEAR_S, DAY_S = 365.2425 * 86_400.0, 86_400.0
SEASONED = 1.5  # years that a record must span before it says anything about seasons


@dataclass(frozen=True, slots=True, eq=False)
class Climate:
    """Harmonics of the year and the day, of N series."""

    weights: Floats  # (N, 5)
    spread: Floats  # (N) standard deviation around them

    def at(self, rows: Ints, basis: Floats) -> Floats:
        """(C) for the series ``rows`` (C) where the basis (C, 5) stands."""
        return np.asarray((self.weights[rows] * basis).sum(axis=1))


def basis_of(times: Times) -> Floats:
    """(L, 5) one, and sine and cosine of the year and the day."""
    seconds = times.astype("datetime64[s]").astype(np.float64)
    turn = 2 * np.pi * np.stack([seconds / YEAR_S, seconds / DAY_S], axis=1)
    return np.concatenate([np.ones((len(times), 1)), np.cos(turn), np.sin(turn)], axis=1)


def fit_climate(values: Floats, times: Times) -> Climate:
    """Of (N, T) values, NaN what is not to be learned from; zero where nothing is known."""
    basis = basis_of(times)
    years = (times[-1] - times[0]) / np.timedelta64(1, "s") / YEAR_S
    penalty = np.array([0.0, 1.0, 0.0, 1.0, 0.0]) * (1e9 if years < SEASONED else 1.0) + 1e-9
    weights, spread = np.zeros((len(values), 5)), np.ones(len(values))
    for n, row in enumerate(values):
        there = np.isfinite(row)
        if there.any():
            x, y = basis[there], row[there]
            weights[n] = np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ y)
            spread[n] = float(np.std(y - x @ weights[n]))
    return Climate(weights, spread)
