"""Adam (Kingma and Ba 2015) in torch: all members in one graph, one batched product per layer, in float32.

Members share the batches and differ in their starting weights. The step length falls to nothing along a cosine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin.values import Floats

from .network import Networks

if TYPE_CHECKING:
    from torch import Tensor

    from .training import Progress, Recipe, Samples

MAX_EPOCHS = 200
PATIENCE = 30  # epochs in which no member's stop loss got better
FREE = ("bias", "out_bias")


def descend(
    start: Networks, fit: Samples, stop: Samples, recipe: Recipe, rng: np.random.Generator, progress: Progress
) -> tuple[Networks, Floats, int]:
    """The best weights of each member, their stop loss (M; not finite = diverged), and the epochs run."""
    import torch

    most, patience = recipe.max_epochs or MAX_EPOCHS, recipe.patience or PATIENCE
    fixed = () if recipe.straight else ("straight", "straight_state")
    weights = {name: torch.tensor(a, dtype=torch.float32) for name, a in start.arrays().items()}
    free = [w.requires_grad_() for name, w in weights.items() if name not in fixed and w.numel()]
    optimiser = torch.optim.Adam(free, lr=recipe.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, most)
    learned, judged = as_tensors(fit), as_tensors(stop)
    best = {name: w.detach().clone() for name, w in weights.items()}
    least, waited, epoch = torch.full((len(start),), float("inf")), 0, 0
    while epoch < most and waited < patience:
        for batch in batches(learned, recipe.batch, rng):
            optimiser.zero_grad()
            errors, gain = loss(weights, batch)
            cost = errors.sum() + penalty(weights, recipe, gain) / float(fit.weights.sum())
            cost.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        schedule.step()
        epoch += 1
        with torch.no_grad():
            now, _ = loss(weights, judged)
            waited = 0 if bool((now < least * (1 - 1e-4)).any()) else waited + 1
            better = now < least
            least = torch.where(better, now, least)
            for name, w in weights.items():
                best[name] = torch.where(better.view(-1, *[1] * (w.ndim - 1)), w, best[name])
        progress("networks", epoch / most)
    arrays = {name: w.detach().numpy().astype(np.float64) for name, w in best.items()}
    return Networks(**arrays), least.numpy().astype(np.float64), epoch


def as_tensors(samples: Samples) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """lagged (Z, B, L), state (B, K), target (B), weight (B) of mean 1."""
    import torch

    weight = samples.weights / samples.weights.mean()
    zones_first = np.ascontiguousarray(np.moveaxis(samples.lagged, 1, 0))
    arrays = zones_first, samples.state, samples.target, weight
    lagged, state, target, weight = (torch.tensor(a, dtype=torch.float32) for a in arrays)
    return lagged, state, target, weight


def batches(
    whole: tuple[Tensor, Tensor, Tensor, Tensor], size: int, rng: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """The samples in a new order, ``size`` at a time."""
    import torch

    lagged, state, target, weight = whole
    order = torch.from_numpy(rng.permutation(len(target)))
    for part in torch.split(order, size):
        yield lagged[:, part], state[part], target[part], weight[part]


def output(weights: dict[str, Tensor], lagged: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """(M, B), as :meth:`Networks.output`, and (M, B, N) of the hidden layer."""
    import torch

    blocks = torch.bmm(lagged, weights["kernel"].permute(1, 2, 0)).permute(2, 1, 0)  # (M, B, Z)
    push = torch.baddbmm(weights["bias"][:, None], blocks, weights["mix"].mT)
    if state.shape[1]:
        push = push + torch.einsum("bk,mnk->mbn", state, weights["state"])
    straight = torch.bmm(blocks, weights["straight"][:, :, None])[..., 0] + weights["straight_state"] @ state.T
    h = push.tanh()
    y = torch.bmm(h, weights["out"][:, :, None])[..., 0]
    return y + straight + weights["out_bias"][:, None], h


def loss(weights: dict[str, Tensor], samples: tuple[Tensor, Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """(M) weighted mean squared error, and (M, Z) mean square slope of the output by the blocks, a plain number."""
    lagged, state, target, weight = samples
    y, h = output(weights, lagged, state)
    bent = (1 - h.detach() ** 2) * weights["out"].detach()[:, None]
    slope = bent @ weights["mix"].detach() + weights["straight"].detach()[:, None]
    return ((y - target) ** 2 * weight).mean(dim=1), (slope**2 * weight[:, None]).mean(dim=1)


def penalty(weights: dict[str, Tensor], recipe: Recipe, gain: Tensor) -> Tensor:
    """All members' penalties together, as in :func:`training_weights.penalty_matrix`."""
    straight = sum((weights[name] ** 2).sum() for name in ("straight", "straight_state"))
    others = sum((w**2).sum() for name, w in weights.items() if name not in FREE and not name.startswith("straight"))
    kernel = weights["kernel"]
    effect = recipe.ridge * (kernel**2).sum(dim=2) + recipe.smooth * (kernel.diff(n=2, dim=2) ** 2).sum(dim=2)
    return recipe.decay * others + recipe.decay_straight * straight + (gain * effect).sum()
