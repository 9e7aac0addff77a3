"""Choosing hidden neurons, weight decay and window by cross-validation over blocks of time: few members, two knots.

One after the other, from the given ones on; another value is taken only where it is better by a margin. Of all that
were tried and leave nearly the least loss, the one whose members agree best on where the rain counts is chosen: equal
skill can hide zones that are wrong. Where they agree as well, the one tried first, which is the plainer, stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..arx import blocks
from .knots import Knot, Plan, fit_knot, known_to, rain_of
from .lesson import Lesson

HIDDEN = (2, 3, 6)
DECAYS = (0.1, 1.0, 10.0)
WINDOWS = (1.0, 0.33)  # of the whole
BETTER = 0.98  # of the loss: what is not below is no better
STEADIER = 0.01  # of the rain: members that agree better by less agree as well
MEMBERS, EPOCHS = 2, 15  # per fold, and for how long: enough to tell one from the other
Judge = Callable[[Lesson, Plan], tuple[float, float]]  # loss and spread


@dataclass(frozen=True, slots=True)
class Trial:
    """One that was tried."""

    hidden: int
    decay: float
    window: int
    loss: float  # squared error of what was held out, over that of no change: mean of the knots tried
    spread: float = 0.0  # of the zones' shares of the rain's effect: largest interquartile range over the members


def select(
    lesson: Lesson, plan: Plan, tell: Callable[[], None] = lambda: None, by: Judge | None = None
) -> tuple[Plan, tuple[Trial, ...]]:
    """The plan of the best by what a judge says, and all that was tried, in order."""
    by = by or judge
    tried: dict[tuple[int, float, int], Trial] = {}

    def attempt(hidden: int, decay: float, window: int) -> Trial:
        key = (hidden, decay, window)
        if key not in tried:
            tried[key] = Trial(*key, *by(lesson, planned(plan, *key)))
            tell()
        return tried[key]

    best = attempt(plan.recipe.hidden, plan.recipe.decay, plan.window)
    for decay in DECAYS:
        best = better(best, attempt(best.hidden, decay, best.window))
    for hidden in HIDDEN:
        best = better(best, attempt(hidden, best.decay, best.window))
    for share in WINDOWS:
        best = better(best, attempt(best.hidden, best.decay, max(1, round(share * plan.window))))
    best = steadiest(tuple(tried.values()))
    return planned(plan, best.hidden, best.decay, best.window), tuple(tried.values())


def steadiest(tried: tuple[Trial, ...]) -> Trial:
    """The first whose members agree as well as any, of those that leave nearly the least loss."""
    least = min(trial.loss for trial in tried)
    near = [trial for trial in tried if trial.loss * BETTER <= least]
    steady = min(trial.spread for trial in near)
    return next(trial for trial in near if trial.spread <= steady + STEADIER)


def chosen_of(tried: tuple[Trial, ...]) -> str:
    """What was chosen of what was tried, in a sentence; "" where nothing was."""
    if not tried:
        return ""
    best, first = steadiest(tried), tried[0]
    return (
        f"{best.hidden} hidden neurons, decay {best.decay:g}, {best.window} steps of rain, of {len(tried)} tried: "
        f"loss {best.loss:.3f} (as given {first.loss:.3f}), zones' shares within {best.spread:.3f} ({first.spread:.3f})"
    )


def better(one: Trial, other: Trial) -> Trial:
    return other if other.loss < BETTER * one.loss else one


def planned(plan: Plan, hidden: int, decay: float, window: int) -> Plan:
    return plan._replace(recipe=replace(plan.recipe, hidden=hidden, decay=decay, decay_straight=decay), window=window)


def judge(lesson: Lesson, plan: Plan) -> tuple[float, float]:
    """Loss and spread: without the rain to come at an early knot, with it at a later one."""
    few = plan._replace(recipe=replace(plan.recipe, members=MEMBERS * plan.folds, max_epochs=EPOCHS))
    last = len(plan.knots) - 1
    found: list[tuple[float, float]] = []
    for form, k in ((0, min(1, last)), (1, (last + 1) // 2)):
        knot = fit_knot(lesson, form, k, few)
        found.append((held_out_loss(lesson, knot, form, plan.knots[k]), spread_of(lesson, knot, form, plan, k)))
    loss, spread = np.mean(found, axis=0)
    return float(loss), float(spread)


def held_out_loss(lesson: Lesson, knot: Knot, form: int, lead: int) -> float:
    """1 where the forecasts are no better than no change."""
    use = known_to(lesson, form, lead) & ~lesson.copy & np.isfinite(knot.held_out)
    truth, weight = lesson.change[use, lead - 1], lesson.weight[use]
    base = float((weight * truth**2).sum())
    return float((weight * (truth - knot.held_out[use]) ** 2).sum()) / base if base > 0 else 1.0


def spread_of(lesson: Lesson, knot: Knot, form: int, plan: Plan, k: int) -> float:
    """The largest interquartile range, over the members, of a zone's share of what a millimetre everywhere does."""
    lagged = rain_of(lesson, form, plan.knots[k], plan.window)
    past, horizon = lesson.view.rain.shape[1], lesson.view.coming.shape[1]
    lags = blocks(past + horizon if form else past)
    inside = np.sqrt(lags[:, 1] - lags[:, 0] + 1.0) * (lags[:, 0] < plan.window)
    slope, _ = knot.networks.slope(lagged, lesson.state)  # (M, N, Z)
    effect = np.abs(np.average(slope, axis=1, weights=lesson.weight) * (knot.networks.kernel @ inside))
    shares = effect / np.maximum(effect.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    low, high = np.quantile(shares, (0.25, 0.75), axis=0)
    return float((high - low).max())
