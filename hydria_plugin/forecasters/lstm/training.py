"""Training one member: streaks of gaps in every batch, stopped where the held-out block is forecast best."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hydria_plugin import ModelError
from hydria_plugin.values import Floats, Ints

from .gaps import with_gaps
from .network import Network
from .sequences import Read, Sequences, read
from .trainee import Trainee, tensors

DECAY = 1e-3
PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # of the straight path's start, in units of the mean variance
SMALL = 1e-9
STEEPEST = 1.0  # norm of a gradient
MOST_JUDGED = 6_000  # cases of the held-out block that decide when to stop
AT_ONCE = 2_000
logger = logging.getLogger("hydria.lstm")
Hurry = Callable[[], bool]  # True when time is up
Tell = Callable[[float], None]  # share done


class Recipe(NamedTuple):
    """How to train."""

    hidden: int
    epochs: int
    patience: int
    batch: int
    rate: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Cases and what came: N rows."""

    kinds: tuple[str, ...]  # V
    cases: Sequences
    truth: Floats  # (N, H) above the station's mean, in its units; NaN = not known
    weight: Floats  # (N)

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, pick: Ints) -> Lessons:
        return Lessons(self.kinds, self.cases.take(pick), self.truth[pick], self.weight[pick])

    def batch(self, max_age: int, gaps: np.random.Generator | None = None) -> dict[str, Any]:
        """As tensors, ``gaps`` put in by that generator."""
        cases = self.cases if gaps is None else with_gaps(self.cases, self.kinds, max_age, gaps)
        seen = read(cases, max_age)
        change = (self.truth - seen.base[:, None]) / cases.move
        return tensors(seen, change, self.weight, cases.foreseen)


def train(
    learn: Lessons,
    judge: Lessons,
    levels: tuple[float, ...],
    max_age: int,
    recipe: Recipe,
    hurry: Hurry = lambda: False,
    tell: Tell = lambda share: None,
) -> Network:
    """The member at its best epoch on ``judge``. Deterministic for a seed and a number of threads, unless ``hurry``
    ends it. Raises ModelError when it never became a number."""
    import torch

    rng = np.random.default_rng(recipe.seed)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        net = Trainee(read(learn.cases.take(np.arange(1)), max_age), recipe.hidden, levels)
    net.start(*ridge(learn, judge, max_age))
    judge = judge.take(np.linspace(0, len(judge) - 1, min(len(judge), MOST_JUDGED)).astype(np.int64))
    exam = [
        judge.take(part).batch(max_age) for part in np.array_split(np.arange(len(judge)), -(-len(judge) // AT_ONCE))
    ]
    one_epoch = epochs_of(net, learn, max_age, recipe, rng)
    best, best_at, kept = np.inf, 0, None
    for epoch in range(recipe.epochs):
        one_epoch()
        with torch.no_grad():
            now = float(np.mean([float(net.loss(part)) for part in exam]))
        logger.debug("epoch=%d held_out=%.5f", epoch, now)
        tell((epoch + 1) / recipe.epochs)
        if now < best:
            best, best_at, kept = now, epoch, net.export()
        if epoch - best_at >= recipe.patience or not np.isfinite(now) or hurry():
            break
    if kept is None:
        raise ModelError(f"lstm: at the learning rate {recipe.rate:g} the loss became {now}: it has not learned")
    return kept


def epochs_of(
    net: Trainee, learn: Lessons, max_age: int, recipe: Recipe, rng: np.random.Generator
) -> Callable[[], None]:
    """What goes once through all lessons, in an order of its own each time, ever more slowly."""
    import torch

    steps = max(1, len(learn) // recipe.batch)
    pace = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=DECAY)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(pace, recipe.epochs * steps, eta_min=recipe.rate / 30)

    def one_epoch() -> None:
        for pick in np.array_split(rng.permutation(len(learn)), steps):
            pace.zero_grad()
            net.loss(learn.take(pick).batch(max_age, rng)).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), STEEPEST)
            pace.step()
            slower.step()

    return one_epoch


def ridge(learn: Lessons, judge: Lessons, max_age: int) -> tuple[Floats, Floats]:
    """The straight path (D, H) and what simulations announce (H, 2 J) by themselves, each lead with the penalty that
    suits the held-out block best."""
    (seen, y), (new, truth) = lines(learn, max_age), lines(judge, max_age)
    straight = seen.straight.shape[1]
    found = np.zeros((y.shape[1], straight + seen.announced.shape[2]))
    for lead in range(y.shape[1]):
        known, there = np.isfinite(y[:, lead]), np.isfinite(truth[:, lead])
        if not known.any():
            continue
        x = np.concatenate([seen.straight, seen.announced[:, lead]], axis=1)[known]
        check = np.concatenate([new.straight, new.announced[:, lead]], axis=1)[there]
        tried = penalised(x, y[known, lead], learn.weight[known])
        errors = [((check @ b - truth[there, lead]) ** 2 * judge.weight[there]).sum() for b in tried]
        found[lead] = tried[int(np.argmin(errors))]
    return found[:, :straight].T, found[:, straight:]


def penalised(x: Floats, y: Floats, weight: Floats) -> list[Floats]:
    """Least squares of y (N) on x (N, D) with each of PENALTIES."""
    weighed = x.T * weight
    gram, right = weighed @ x, weighed @ y
    ones = np.eye(len(gram)) * max(float(np.trace(gram)) / len(gram), SMALL)
    return [np.linalg.solve(gram + penalty * ones, right) for penalty in PENALTIES]


def lines(lessons: Lessons, max_age: int) -> tuple[Read, Floats]:
    """What the network reads, and the change to come (N, H)."""
    seen = read(lessons.cases, max_age)
    return seen, (lessons.truth - seen.base[:, None]) / lessons.cases.move
