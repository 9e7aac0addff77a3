"""Levenberg-Marquardt with the analytic Jacobian: the field's method for small networks (Hagan and Menhaj 1994).

Each step solves (J'WJ + R + mu I) step = J'W e - R theta, R the penalties' matrix; mu falls with every step that
lowers the penalised cost and rises with every one that does not.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from hydria_plugin.values import Floats

from .network import Networks
from .training_weights import Shape, penalty_matrix

if TYPE_CHECKING:
    from .training import Progress, Recipe, Samples

MAX_EPOCHS = 60
PATIENCE = 8  # accepted steps without a better stop loss
DAMPING, EASIER, HARDER = 1e-2, 0.3, 4.0
LARGEST_DAMPING = 1e8
PIECE = 1024  # samples
SETTLED = 1e-6  # relative fall of the cost below which a member has converged


def descend(
    start: Networks, fit: Samples, stop: Samples, recipe: Recipe, rng: np.random.Generator, progress: Progress
) -> tuple[Networks, Floats, int]:
    """The best weights of each member, their stop loss (M; not finite = diverged), and the longest run."""
    del rng  # nothing is drawn
    shape = Shape.of(start, recipe.straight)
    theta, losses, longest = shape.vector(start), np.full(len(start), np.inf), 0
    one = partial(_one, shape, fit=fit, pieces=in_pieces(fit), stop=stop, recipe=recipe)
    # each member has a core of its own: a matrix product that took them all would only get in the others' way
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(max_workers=recipe.threads) as pool:
        for member, found in enumerate(pool.map(one, shape.vector(start))):
            theta[member], losses[member], epochs = found
            longest = max(longest, epochs)
            progress("networks", (member + 1) / len(start))
    return shape.networks(theta), losses, longest


def _one(
    shape: Shape, theta: Floats, fit: Samples, pieces: list[Samples], stop: Samples, recipe: Recipe
) -> tuple[Floats, float, int]:
    """One member from ``theta`` (P): its best weights, their stop loss, and its accepted steps."""
    most, patience = recipe.max_epochs or MAX_EPOCHS, recipe.patience or PATIENCE
    weights, stop_weights = fit.weights, stop.weights / stop.weights.sum()
    best, least, waited, damping, epoch = theta, np.inf, 0, DAMPING * weights.sum(), 0
    error: Floats = fit.target - output(shape, theta, fit)
    while epoch < most and waited < patience and np.isfinite(error).all():
        normal, down, gain = curvature(shape, theta, pieces, error)
        penalty = penalty_matrix(shape, recipe, gain / weights.sum())
        cost = float(weights @ error**2 + theta @ penalty @ theta)
        found = _step(shape, theta, cost, normal + penalty, down - penalty @ theta, damping, penalty, fit)
        if found is None:
            break
        theta, error, lower, damping = found
        epoch += 1
        loss = float(stop_weights @ (stop.target - output(shape, theta, stop)) ** 2)
        waited = 0 if loss < least * (1 - 1e-4) else waited + 1
        best, least = (theta, loss) if loss < least else (best, least)
        if cost - lower < SETTLED * cost:
            break
    return best, least, epoch


def _step(
    shape: Shape, theta: Floats, cost: float, normal: Floats, down: Floats, damping: float, penalty: Floats,
    fit: Samples,
) -> tuple[Floats, Floats, float, float] | None:  # fmt: skip
    """The next weights, their errors and cost, and the damping after; None where no step lowers the cost."""
    ends = np.einsum("pp->p", normal)
    while damping < LARGEST_DAMPING * fit.weights.sum():
        damped = normal.copy()
        np.einsum("pp->p", damped)[:] = ends + damping
        try:
            moved = theta + np.linalg.solve(damped, down)
        except np.linalg.LinAlgError:
            damping *= HARDER
            continue
        error = fit.target - output(shape, moved, fit)
        lower = fit.weights @ error**2 + moved @ penalty @ moved
        if lower < cost:
            return moved, error, float(lower), damping * EASIER
        damping *= HARDER
    return None


def output(shape: Shape, theta: Floats, samples: Samples) -> Floats:
    """(B) of one member."""
    return np.asarray(shape.networks(theta[None]).output(samples.lagged, samples.state)[0])


def in_pieces(fit: Samples) -> list[Samples]:
    """The samples in single precision, so few at a time that their Jacobian stays in the processor's cache."""
    lagged, state, target, weights = (a.astype(np.float32) for a in (fit.lagged, fit.state, fit.target, fit.weights))
    parts = [slice(first, first + PIECE) for first in range(0, len(fit), PIECE)]
    return [replace(fit, lagged=lagged[p], state=state[p], target=target[p], weight=weights[p]) for p in parts]


def curvature(shape: Shape, theta: Floats, pieces: list[Samples], error: Floats) -> tuple[Floats, Floats, Floats]:
    """J'WJ (P, P), J'We (P), and (Z) the weighted sum of the squared slopes by block. Single precision inside a piece:
    it bends a step by less than the damping does, and costs, losses and weights are kept in double."""
    single = theta.astype(np.float32)
    normal, down, gain = np.zeros((len(theta),) * 2), np.zeros(len(theta)), np.zeros(shape.zones)
    for i, piece in enumerate(pieces):
        root = np.sqrt(piece.weights)
        jacobian, by_block = slopes(shape, single, piece, root)
        missed = root * error[i * PIECE : i * PIECE + len(piece)].astype(np.float32)
        normal += jacobian.T @ jacobian
        down += jacobian.T @ missed
        gain += piece.weights @ by_block**2
    return normal, down, gain


def slopes(shape: Shape, theta: Floats, samples: Samples, root: Floats | None = None) -> tuple[Floats, Floats]:
    """(B, P) d output / d weights of one member, each row times ``root`` (B), and (B, Z) d output / d block. The rows
    are scaled before they are spread out over the lags, and written once."""
    net = shape.networks(theta[None])
    blocks = net.blocks(samples.lagged)
    h = net.hidden(blocks, samples.state)[0]  # (B, N)
    bent = (1.0 - h**2) * net.out[0]  # (B, N)
    by_block = bent @ net.mix[0] + net.straight[0]  # (B, Z)
    b, kernels = len(samples), shape.zones * shape.lags
    row = np.ones((b, 1), dtype=h.dtype) if root is None else root[:, None].astype(h.dtype)
    scaled = bent * row
    parts = [
        (scaled[:, :, None] * blocks[0][:, None]).reshape(b, -1),
        (scaled[:, :, None] * samples.state[:, None]).reshape(b, -1),
        scaled,
        h * row,
        row,
    ]
    parts += [blocks[0] * row, samples.state * row] if shape.straight else []
    jacobian = np.empty((b, len(theta)), dtype=h.dtype)
    by_lag = jacobian[:, :kernels].reshape(b, shape.zones, shape.lags)  # a view
    np.multiply(samples.lagged, (by_block * row)[:, :, None], out=by_lag)
    np.concatenate(parts, axis=1, out=jacobian[:, kernels:])
    return jacobian, by_block
