"""Choosing hidden neurons, weight decay and window by cross-validation over blocks of time: few members, two knots.

One after the other, from the given ones on; another value is taken only where it is better by a margin, so that the
plainer network stays where both are as good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .knots import Plan, fit_knot, known_to
from .lesson import Lesson

HIDDEN = (2, 3, 6)
DECAYS = (0.1, 1.0, 10.0)
WINDOWS = (1.0, 0.33)  # of the whole
BETTER = 0.98  # of the loss: what is not below is no better
MEMBERS = 2  # per fold


@dataclass(frozen=True, slots=True)
class Trial:
    """One that was tried."""

    hidden: int
    decay: float
    window: int
    loss: float  # squared error of what was held out, over that of no change: mean of the knots tried


def select(lesson: Lesson, plan: Plan, tell: Callable[[], None] = lambda: None) -> tuple[Plan, tuple[Trial, ...]]:
    """The plan of the best, and all that was tried, in order."""
    tried: dict[tuple[int, float, int], Trial] = {}

    def attempt(hidden: int, decay: float, window: int) -> Trial:
        key = (hidden, decay, window)
        if key not in tried:
            tried[key] = Trial(*key, loss_of(lesson, planned(plan, *key)))
            tell()
        return tried[key]

    best = attempt(plan.recipe.hidden, plan.recipe.decay, plan.window)
    for decay in DECAYS:
        best = better(best, attempt(best.hidden, decay, best.window))
    for hidden in HIDDEN:
        best = better(best, attempt(hidden, best.decay, best.window))
    for share in WINDOWS:
        best = better(best, attempt(best.hidden, best.decay, max(1, round(share * plan.window))))
    return planned(plan, best.hidden, best.decay, best.window), tuple(tried.values())


def better(one: Trial, other: Trial) -> Trial:
    return other if other.loss < BETTER * one.loss else one


def planned(plan: Plan, hidden: int, decay: float, window: int) -> Plan:
    return plan._replace(recipe=replace(plan.recipe, hidden=hidden, decay=decay, decay_straight=decay), window=window)


def loss_of(lesson: Lesson, plan: Plan) -> float:
    """Without the rain to come at an early knot, with it at a later one."""
    few = plan._replace(recipe=replace(plan.recipe, members=MEMBERS * plan.folds))
    last = len(plan.knots) - 1
    return float(
        np.mean([held_out_loss(lesson, few, form, k) for form, k in ((0, min(1, last)), (1, (last + 1) // 2))])
    )


def held_out_loss(lesson: Lesson, plan: Plan, form: int, k: int) -> float:
    """1 where the forecasts are no better than no change."""
    knot = fit_knot(lesson, form, k, plan)
    lead = plan.knots[k]
    use = known_to(lesson, form, lead) & ~lesson.copy & np.isfinite(knot.held_out)
    truth, weight = lesson.change[use, lead - 1], lesson.weight[use]
    base = float((weight * truth**2).sum())
    return float((weight * (truth - knot.held_out[use]) ** 2).sum()) / base if base > 0 else 1.0
