"""Levenberg-Marquardt with the analytic Jacobian: the field's method for small networks (Hagan and Menhaj 1994).

Each step solves (J'WJ + R + mu I) step = J'W e - R theta, R the penalties' matrix; mu falls with every step that
lowers the penalised cost and rises with every one that does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin.values import Floats

from .network import Networks
from .training_weights import Shape, penalty_matrix

if TYPE_CHECKING:
    from .training import Progress, Recipe, Samples

MAX_EPOCHS = 60
PATIENCE = 8  # accepted steps without a better stop loss
DAMPING, EASIER, HARDER = 1e-2, 0.3, 4.0
LARGEST_DAMPING = 1e8
SETTLED = 1e-6  # relative fall of the cost below which a member has converged


def descend(
    start: Networks, fit: Samples, stop: Samples, recipe: Recipe, rng: np.random.Generator, progress: Progress
) -> tuple[Networks, Floats, int]:
    """The best weights of each member, their stop loss (M; not finite = diverged), and the longest run."""
    del rng  # nothing is drawn
    shape = Shape.of(start, recipe.straight)
    theta, losses, longest = shape.vector(start), np.full(len(start), np.inf), 0
    for member in range(len(start)):
        theta[member], losses[member], epochs = _one(shape, theta[member], fit, stop, recipe)
        longest = max(longest, epochs)
        progress("networks", (member + 1) / len(start))
    return shape.networks(theta), losses, longest


def _one(shape: Shape, theta: Floats, fit: Samples, stop: Samples, recipe: Recipe) -> tuple[Floats, float, int]:
    """One member from ``theta`` (P): its best weights, their stop loss, and its accepted steps."""
    most, patience = recipe.max_epochs or MAX_EPOCHS, recipe.patience or PATIENCE
    weights, stop_weights = fit.weights, stop.weights / stop.weights.sum()
    best, least, waited, damping, epoch = theta, np.inf, 0, DAMPING * weights.sum(), 0
    error: Floats = fit.target - output(shape, theta, fit)
    while epoch < most and waited < patience and np.isfinite(error).all():
        jacobian, by_block = slopes(shape, theta, fit)
        penalty = penalty_matrix(shape, recipe, weights @ by_block**2 / weights.sum())
        cost = float(weights @ error**2 + theta @ penalty @ theta)
        root = jacobian * np.sqrt(weights)[:, None]
        normal, down = root.T @ root + penalty, jacobian.T @ (weights * error) - penalty @ theta
        found = _step(shape, theta, cost, normal, down, damping, penalty, fit)
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


def slopes(shape: Shape, theta: Floats, samples: Samples) -> tuple[Floats, Floats]:
    """(B, P) d output / d weights of one member, and (B, Z) d output / d block."""
    net = shape.networks(theta[None])
    blocks = net.blocks(samples.lagged)
    h = net.hidden(blocks, samples.state)[0]  # (B, N)
    bent = (1.0 - h**2) * net.out[0]  # (B, N)
    by_block = bent @ net.mix[0] + net.straight[0]  # (B, Z)
    b = len(samples)
    parts = [
        (samples.lagged * by_block[:, :, None]).reshape(b, -1),
        (bent[:, :, None] * blocks[0][:, None]).reshape(b, -1),
        (bent[:, :, None] * samples.state[:, None]).reshape(b, -1),
        bent,
        h,
        np.ones((b, 1)),
    ]
    parts += [blocks[0], samples.state] if shape.straight else []
    return np.concatenate(parts, axis=1), by_block
