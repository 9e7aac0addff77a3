"""Training the recurrent form through time, in torch by Adam: the loss is of the path that is fed back, lead by lead,
so that what is fitted is what will be asked. All members at once; each sees only the cases of its folds.

Every lead weighs alike: its squared errors are divided by the mean squared change over it. A gap in the truth weighs
nothing. A member keeps the weights of the epoch whose loss on its own stop cases was least.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin.values import Bools, Floats

from .network import Networks
from .rolling import Bounds
from .training import Recipe

if TYPE_CHECKING:
    from torch import Tensor

MAX_EPOCHS = 60
PATIENCE = 12  # epochs in which no member's stop loss got better


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """B cases over F leads, and which of M members learns and stops on which."""

    rain: Floats  # (B, F, Z, L) in units
    state: Floats  # (B, C) standardised
    start: Floats  # (B, R) own values, newest first
    truth: Floats  # (B, F) NaN = none
    weight: Floats  # (B)
    learn: Bools  # (M, B)
    stop: Bools  # (M, B)
    bounds: Bounds  # of one station: B equal rows, of which the first is looked at

    def __len__(self) -> int:
        return len(self.state)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A :class:`Course` as tensors; the river as (value - centre) / unit."""

    rain: Tensor  # (Z, L, F, B)
    state: Tensor
    start: Tensor
    truth: Tensor
    weight: Tensor  # (B, F) 0 where there is no truth
    learn: Tensor
    stop: Tensor

    def take(self, pick: Tensor) -> Parts:
        by_member = self.learn[:, pick], self.stop[:, pick]
        return Parts(
            self.rain[..., pick], self.state[pick], self.start[pick], self.truth[pick], self.weight[pick], *by_member
        )


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """What a roll keeps to, in units: see :class:`~hydria_plugin.forecasters.block_network.rolling.Bounds`."""

    mean: Tensor  # (E, 1) of the own columns
    size: Tensor
    low: Tensor
    high: Tensor
    scale: float
    least: float
    most: float
    floor: float
    ceiling: float


def descend(start: Networks, course: Course, recipe: Recipe, rng: np.random.Generator) -> tuple[Networks, Floats]:
    """The best weights of each member and their stop loss (M; not finite = diverged)."""
    import torch

    most, patience = recipe.max_epochs or MAX_EPOCHS, recipe.patience or PATIENCE
    weights = {name: torch.tensor(a, dtype=torch.float32) for name, a in start.arrays().items()}
    free = [w.requires_grad_() for w in weights.values() if w.numel()]
    optimiser = torch.optim.Adam(free, lr=recipe.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, most)
    parts, reach = as_tensors(course), reach_of(course)
    cases = torch.from_numpy(course.learn.sum(axis=1).clip(1)).float()
    best = {name: w.detach().clone() for name, w in weights.items()}
    least, waited, epoch = torch.full((len(start),), float("inf")), 0, 0
    judged = parts.take(torch.from_numpy(np.flatnonzero(course.stop.any(axis=0))))
    while epoch < most and waited < patience:
        for part in torch.split(torch.from_numpy(rng.permutation(len(course))), recipe.batch):
            optimiser.zero_grad()
            batch = parts.take(part)
            cost = losses(weights, batch, batch.learn, reach) + penalties(weights, recipe) / cases
            cost.sum().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        schedule.step()
        epoch += 1
        with torch.no_grad():
            now = losses(weights, judged, judged.stop, reach)
            waited = 0 if bool((now < least * (1 - 1e-3)).any()) else waited + 1
            better = now < least
            least = torch.where(better, now, least)
            for name, w in weights.items():
                best[name] = torch.where(better.view(-1, *[1] * (w.ndim - 1)), w, best[name])
    arrays = {name: w.detach().numpy().astype(np.float64) for name, w in best.items()}
    return Networks(**arrays), least.numpy().astype(np.float64)


def as_tensors(course: Course) -> Parts:
    import torch

    centre, unit = course.bounds.centre[0], course.bounds.unit[0]
    truth, start = (course.truth - centre) / unit, (course.start - centre) / unit
    change = np.nanmean((truth - start[:, :1]) ** 2, axis=0, where=np.isfinite(truth))
    weight = course.weight[:, None] * np.isfinite(truth) / np.where(change > 0, change, 1.0)
    plain = (np.transpose(course.rain, (2, 3, 1, 0)), course.state, start, np.nan_to_num(truth), weight)
    rain, state, first, goal, share = (torch.tensor(a, dtype=torch.float32).contiguous() for a in plain)
    return Parts(rain, state, first, goal, share, torch.from_numpy(course.learn), torch.from_numpy(course.stop))


def reach_of(course: Course) -> Reach:
    import torch

    b, e = course.bounds, course.start.shape[1] + 1
    mean, size, low, high = (torch.tensor(a[0, :e, None], dtype=torch.float32) for a in (b.mean, b.size, b.low, b.high))
    scale, least, most = (float(a[0] / b.unit[0]) for a in (b.scale, b.least, b.most))
    floor, ceiling = (float((a[0] - b.centre[0]) / b.unit[0]) for a in (b.floor, b.ceiling))
    return Reach(mean, size, low, high, scale, least, most, floor, ceiling)


def losses(weights: dict[str, Tensor], parts: Parts, use: Tensor, reach: Reach) -> Tensor:
    """(M) mean weighted squared error of the cases that each member may ``use`` (M, B)."""
    error = (paths(weights, parts, reach) - parts.truth) ** 2 * parts.weight  # (M, B, F)
    return (error.mean(dim=2) * use).sum(dim=1) / use.sum(dim=1).clamp(min=1)


def paths(weights: dict[str, Tensor], parts: Parts, reach: Reach) -> Tensor:
    """(M, B, F) in units: as :func:`~hydria_plugin.forecasters.block_network.rolling.roll`."""
    import torch

    z, m, b = len(parts.rain), len(weights["kernel"]), len(parts.state)
    e, leads = parts.start.shape[1] + 1, parts.truth.shape[1]
    mix = torch.cat([weights["mix"], weights["straight"][:, None]], dim=1)  # (M, U, Z)
    push = torch.cat([weights["state"], weights["straight_state"][:, None]], dim=1)  # (M, U, K)
    bias = torch.cat([weights["bias"], weights["out_bias"][:, None]], dim=1)  # (M, U)
    blocks = torch.bmm(weights["kernel"].swapaxes(0, 1), parts.rain.view(z, -1, leads * b))  # (Z, M, F * B)
    rain = torch.bmm(mix, blocks.swapaxes(0, 1)).view(m, -1, leads, b)
    still = torch.matmul(push[:, :, e:], parts.state[:, e:].T) + bias[:, :, None]  # (M, U, B)
    pushes = (rain + still[:, :, None]).unbind(dim=2)
    fed = [parts.start[:, r].expand(m, b) for r in range(e - 1)]
    said: list[Tensor] = []
    for f in range(leads):
        columns = torch.stack([*(old - fed[0] for old in fed[1:]), fed[0], torch.asinh(10.0 * fed[0])], dim=1)
        own = ((columns - reach.mean) / reach.size).clamp(reach.low, reach.high)
        pushed = torch.baddbmm(pushes[f], push[:, :, :e], own)
        out = (pushed[:, :-1].tanh() * weights["out"][:, :, None]).sum(dim=1) + pushed[:, -1]
        value = (fed[0] + (reach.scale * out).clamp(reach.least, reach.most)).clamp(reach.floor, reach.ceiling)
        said.append(value)
        fed = [value, *fed[:-1]]
    return torch.stack(said, dim=2)


def penalties(weights: dict[str, Tensor], recipe: Recipe) -> Tensor:
    """(M) as in :func:`training_weights.penalty_matrix`, the blocks' slopes taken as 1."""
    kernel = weights["kernel"]
    total = recipe.ridge * (kernel**2).sum(dim=(1, 2)) + recipe.smooth * (kernel.diff(n=2, dim=2) ** 2).sum(dim=(1, 2))
    for name in ("kernel", "mix", "state", "out"):
        total = total + recipe.decay * (weights[name] ** 2).flatten(1).sum(dim=1)
    for name in ("straight", "straight_state"):
        total = total + recipe.decay_straight * (weights[name] ** 2).flatten(1).sum(dim=1)
    return total
