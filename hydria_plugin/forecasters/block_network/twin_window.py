"""How many lags a twin needs: two windows longer than the shortest with which a linear model does nearly its best.

The network's kernels are smooth, so lags beyond the response cost little; a window that cuts the response off moves
its centroid. The model is told the state as the network is: without it, what the seasons do to the river counts as
error, and beside that error long windows gain nothing.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats

from .training import Recipe, Samples

WINDOWS = (6, 9, 12, 18, 24, 36, 48, 72)  # steps
NEARLY = 1.05  # of the least loss
LONGER = 2  # windows beyond it


def window_of(fit: Samples, stop: Samples, recipe: Recipe) -> int:
    """L, from samples with the longest window that may be: fitted on ``fit``, judged on ``stop``."""
    windows = [w for w in WINDOWS if w <= fit.lagged.shape[2]]
    losses = [linear_loss(fit, stop, lags, recipe) for lags in windows]
    enough = next(i for i, loss in enumerate(losses) if loss <= NEARLY * min(losses))
    return windows[min(enough + LONGER, len(windows) - 1)]


def linear_loss(fit: Samples, stop: Samples, lags: int, recipe: Recipe) -> float:
    """Weighted mean squared error at ``stop`` of smooth least squares on the first ``lags`` lags and the state."""
    root, zones = np.sqrt(fit.weights), fit.lagged.shape[1]
    x = columns(fit, lags) * root[:, None]
    bend = np.diff(np.eye(lags), n=2, axis=0)
    penalty = np.zeros((x.shape[1],) * 2)
    rain = zones * lags
    penalty[:rain, :rain] = np.kron(np.eye(zones), recipe.ridge * np.eye(lags) + recipe.smooth * bend.T @ bend)
    penalty += 1e-9 * len(fit) * np.eye(len(penalty))
    weights = np.linalg.solve(x.T @ x + penalty, x.T @ (fit.target * root))
    error = columns(stop, lags) @ weights - stop.target
    return float(stop.weights @ error**2 / stop.weights.sum())


def columns(samples: Samples, lags: int) -> Floats:
    """(B, Z * lags + K + 1) the newest lags, the state and a constant."""
    flat = samples.lagged[:, :, :lags].reshape(len(samples), -1)
    return np.concatenate([flat, samples.state, np.ones((len(samples), 1))], axis=1)
