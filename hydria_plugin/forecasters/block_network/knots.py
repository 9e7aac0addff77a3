"""The networks of one form and one knot: a share of the members on all blocks of time but one, stopped on that one.
What those members say of it is out of sample, and tells how far to follow them. The forecast is the median of all."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hydria_plugin import History, ModelError, Split
from hydria_plugin.values import Bools, Floats, Ints

from ..arx import blocks
from ..boosting_fit import knots_for
from ..fitting import fold_of_steps, gap_of, purged
from .columns import fallen, fallen_by, foreseen
from .lesson import Lesson
from .network import Networks
from .training import Recipe, Samples, Trained, train_members

FEWEST_STOP = 8  # cases


class Plan(NamedTuple):
    """What the fits of all stations share."""

    knots: tuple[int, ...]
    fold: Ints  # (T)
    may_learn: Bools  # (F, T)
    folds: int
    recipe: Recipe
    window: int  # steps back to which the rain is looked at
    seed: int
    levels: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Knot:
    """The networks of one form and knot."""

    networks: Networks  # (M)
    held_out: Floats  # (N) out-of-sample change; NaN = not known
    scale: float  # change per unit of output
    dropped: int


def plan_of(history: History, split: Split, folds: int, recipe: Recipe, seed: int) -> Plan:
    """The same blocks of time for all stations."""
    fold = fold_of_steps(history, split, folds)
    gap = gap_of(history, fold, folds)
    may_learn = np.stack([purged(fold, k, gap) for k in range(folds)])
    a = history.layout
    window = a.past + a.horizon
    return Plan(knots_for(a.horizon), fold, may_learn, folds, recipe, window, seed, a.quantiles)


def fit_knot(lesson: Lesson, form: int, k: int, plan: Plan) -> Knot:
    """All members of one form and knot. Raises ModelError where no fold can be learned from."""
    lead = plan.knots[k]
    change, known = lesson.change[:, lead - 1], known_to(lesson, form, lead)
    lagged = rain_of(lesson, form, lead, plan.window)
    scale = float(np.sqrt(np.mean(change[known] ** 2))) if known.any() else 0.0
    scale = scale if scale > 0 else 1.0
    key = [plan.seed, zlib.crc32(lesson.station.encode()), form, k]
    members, dropped = trained(lesson, lagged, change / scale, known, plan, key)
    held_out = np.full(len(change), np.nan)
    for fold, networks in enumerate(members):
        if networks is not None:
            out = plan.fold[lesson.step] == fold
            held_out[out] = scale * np.median(networks.output(lagged[out], lesson.state[out]), axis=0)
    follow = followed(held_out, change, lesson.weight, known & ~lesson.copy) if lesson.roles.directed else 1.0
    return Knot(joined(members), follow * held_out, follow * scale, dropped)


def trained(
    lesson: Lesson, lagged: Floats, target: Floats, known: Bools, plan: Plan, key: list[int]
) -> tuple[list[Networks | None], int]:
    """The members of each fold, None for a fold without which nothing is left to learn from; and how many are missing.
    Raises ModelError where that is so of all."""
    recipe = replace(plan.recipe, members=plan.recipe.members // plan.folds)

    def train(fold: int) -> Trained | ModelError:
        learn, stop = (samples(lesson, lagged, target, pick) for pick in parts_of(lesson, known, plan, fold))
        try:
            return train_members(learn, stop, recipe, np.random.default_rng([*key, fold]))
        except ModelError as fault:
            return fault

    found = [train(fold) for fold in range(plan.folds)]
    faults = [one for one in found if isinstance(one, ModelError)]
    if len(faults) == plan.folds:
        raise ModelError(f"{lesson.station}: {faults[0]}") from faults[0]
    members = [None if isinstance(one, ModelError) else whole(one.networks, recipe.members) for one in found]
    there = sum(0 if isinstance(one, ModelError) else len(one.networks) for one in found)
    return members, recipe.members * plan.folds - there


def known_to(lesson: Lesson, form: int, lead: int) -> Bools:
    """(N) cases with a truth and, where rain to come is asked for, with it; without it where next to none has."""
    known = np.asarray(np.isfinite(lesson.change[:, lead - 1]))
    with_rain = known & foreseen(lesson.raw, lesson.zones)[:, lead - 1] if form else known
    return with_rain if with_rain.sum() >= 2 * FEWEST_STOP else known


def parts_of(lesson: Lesson, known: Bools, plan: Plan, fold: int) -> tuple[Bools, Bools]:
    """Cases to learn from and to stop on. Copies with silent gauges only teach. Where a fold has next to no truth,
    every fifth case stops instead."""
    stop = known & (plan.fold[lesson.step] == fold) & ~lesson.copy
    learn = known & plan.may_learn[fold][lesson.step]
    if min(stop.sum(), learn.sum()) < FEWEST_STOP:
        some = np.cumsum(known) % 5 == fold % 5
        return known & ~some, known & some
    return learn, stop


def samples(lesson: Lesson, lagged: Floats, target: Floats, pick: Bools) -> Samples:
    weight = lesson.weight[pick]
    return Samples(lagged[pick], lesson.state[pick], target[pick], weight / weight.mean() if len(weight) else weight)


def rain_of(lesson: Lesson, form: int, lead: int, window: int) -> Floats:
    """(N, Z, L) in units; nothing of what is older than the window."""
    lagged = fallen_by(lesson.view, lead) if form else fallen(lesson.view)
    past, horizon = lesson.view.rain.shape[1], lesson.view.coming.shape[1]
    first = blocks(past + horizon if form else past)[:, 0]
    return np.asarray(np.where(first < window, lagged, 0.0) / lesson.arrays["rain_unit"])


def whole(networks: Networks, members: int) -> Networks:
    """As many as were wanted: those that diverged are replaced by others, in turn."""
    return networks.only(np.resize(np.arange(len(networks)), members))


def joined(folds: list[Networks | None]) -> Networks:
    """One after the other; those of another fold where one has none."""
    there = [one for one in folds if one is not None]
    parts = [there[k % len(there)] if one is None else one for k, one in enumerate(folds)]
    return Networks(**{name: np.concatenate([p.arrays()[name] for p in parts]) for name in parts[0].arrays()})


def followed(guess: Floats, truth: Floats, weight: Floats, known: Bools) -> float:
    """The factor in [0, 1] on the forecast change that would have been best for what was held out."""
    use = known & np.isfinite(guess)
    size = float((weight[use] * guess[use] ** 2).sum())
    return float(np.clip((weight[use] * guess[use] * truth[use]).sum() / size, 0.0, 1.0)) if size > 0 else 0.0
