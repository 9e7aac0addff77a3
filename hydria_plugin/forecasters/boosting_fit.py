"""Fitting the boosting: cases of one station, or of a region, to trees and error quantiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import Bools, Floats, Ints

from .boosting_model import Boosted, Trees
from .boosting_rows import Rows, floors, gather, scales_of
from .features import Scales, issue_features, lead_features
from .fitting import fold_of_steps, gap_of, purged
from .keeping import Fit
from .spread import Spread, fit_spread

KNOTS = (1, 3, 6, 12, 24, 48, 96, 192)
REGIONAL_FROM = 9  # stations
PATIENCE = 30  # rounds without getting better
Tell = Callable[[float], None]
FEWEST_ROWS, ENOUGH_ROWS = 1_000, 20_000  # below which what follows the clock is left out; that tell whether it pays
ERRORS = 2.0  # standard errors over the blocks by which it has to be better
TINY = 1e-12
SMALL = 1e-3  # of a unit: errors below are all the same


class Options(NamedTuple):
    """What an admin may set; see :class:`~hydria_plugin.forecasters.boosting.Boosting`."""

    regional: bool | None
    rounds: int
    leaves: int
    learning_rate: float
    folds: int
    max_rows: int
    max_age: int
    num_threads: int
    seed: int

    def trees(self, **more: Any) -> dict[str, Any]:
        """LightGBM's parameters. ``deterministic`` and one histogram layout: the same trees for any thread number."""
        return {
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": 20,
            "feature_fraction": 0.6,
            "lambda_l2": 1.0,
            "max_bin": 255,
            "objective": "regression",
            "num_threads": self.num_threads,
            "seed": self.seed,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
        } | more


def totals_wanted() -> tuple[np.timedelta64, ...]:
    return tuple(np.timedelta64(hours, "h").astype("timedelta64[s]") for hours in (12, 24, 72, 168, 336, 720))


def knots_for(horizon: int) -> tuple[int, ...]:
    """Leads that get models of their own: 1, 3, 6, 12, ... and the last."""
    return tuple(sorted({k for k in KNOTS if k <= horizon} | {horizon}))


def fit_boosting(history: History, split: Split, options: Options, tell: Tell = lambda share: None) -> Boosted:
    """``tell`` hears what share is done, after every knot."""
    layout = history.layout
    count = len(layout.stations)
    regional = count >= REGIONAL_FROM if options.regional is None else options.regional
    group = np.zeros(count, dtype=np.int64) if regional else np.arange(count)
    scales = scales_of(history, split)
    fold = fold_of_steps(history, split, options.folds)
    plan = Plan(
        knots_for(layout.horizon), fold, gap_of(history, fold, options.folds), scales, options, layout.quantiles
    )
    groups = int(group.max()) + 1
    fitted = []
    for g in range(groups):
        rows = gather(
            history, split, np.flatnonzero(group == g), scales, options.max_rows, options.max_age, options.seed
        )
        fitted.append(fit_group(rows, plan, lambda share, g=g: tell((g + share) / groups)))  # type: ignore[misc]
    durations = tuple(int(d / np.timedelta64(1, "s")) for d in history.durations)
    return Boosted(
        Fit.of(layout), durations, plan.knots, group, scales, floors(history, split, scales),
        np.stack([one.bound for one in fitted]), (spread_of(fitted, 0), spread_of(fitted, 1)),
        tuple(one.trees for one in fitted), tuple(one.wide for one in fitted), times=history.times, fold_of=fold,
    )  # fmt: skip


class Plan(NamedTuple):
    """What all groups' fits share."""

    knots: tuple[int, ...]
    fold: Ints  # (T)
    gap: int
    scales: Scales
    options: Options
    levels: tuple[float, ...]

    def folds_of(self, step: Ints) -> tuple[Ints, Bools]:
        """(N) the fold that holds out each row, and (folds, N) the rows that each fold's model may learn from."""
        may_learn = [purged(self.fold, k, self.gap)[step] for k in range(self.options.folds)]
        return self.fold[step], np.stack(may_learn)


class Group(NamedTuple):
    """One group's models."""

    wide: bool  # whether its trees see what follows the clock
    trees: tuple[tuple[Trees, ...], ...]  # form, knot
    edges: Floats  # (2, K, B - 1)
    offsets: Floats  # (2, K, B, Q)
    bound: Floats  # (K, 2)


def fit_group(rows: Rows, plan: Plan, tell: Tell) -> Group:
    """Both forms, all knots."""
    k, wide = len(plan.knots), wide_is_better(rows, plan)
    fitted = []
    for form in (0, 1):
        fitted.append(fit_form(rows, form, plan, wide, lambda done, form=form: tell((form * k + done) / (2 * k))))  # type: ignore[misc]
    return Group(
        wide,
        tuple(tuple(trees for trees, _, _ in form) for form in fitted),
        np.stack([np.stack([edges for _, edges, _ in form]) for form in fitted]),
        np.stack([np.stack([offsets for _, _, offsets in form]) for form in fitted]),
        np.asarray([bound(rows.change[:, lead - 1]) for lead in plan.knots]),
    )


def wide_is_better(rows: Rows, plan: Plan) -> bool:
    """Whether what follows the clock makes the squared error of held-out blocks of time smaller, beyond what blocks
    differ by chance: at a middle lead and the last, without the horizon's rain. On short records more columns cost."""
    rows = rows.every(max(1, -(-len(rows.step) // ENOUGH_ROWS)))
    fold, may_learn = plan.folds_of(rows.step)
    block = blocks_of(plan.fold)[rows.step]
    found = []
    for lead in sorted({plan.knots[len(plan.knots) // 2], plan.knots[-1]}):
        known: Bools = np.isfinite(rows.change[:, lead - 1])
        y, w = rows.change[known, lead - 1], rows.weight[known]
        if len(y) < FEWEST_ROWS:
            return False
        losses = []
        for wide in (False, True):
            x = issue_features(rows.cases, plan.scales, wide)
            x = np.concatenate([x, lead_features(rows.cases, lead, plan.scales, False)], axis=1)[known]
            _, errors = fit_centres(x, y, w, may_learn[:, known], fold[known], plan.options)
            losses.append(np.bincount(block[known], w * errors**2, minlength=int(block.max()) + 1))
        found.append(np.log(np.maximum(losses[1], TINY) / np.maximum(losses[0], TINY)))
    gain = np.mean(found, axis=0)[np.bincount(block) > 0]
    return len(gain) > 1 and bool(gain.mean() + ERRORS * gain.std(ddof=1) / np.sqrt(len(gain)) < 0)


def blocks_of(fold: Ints) -> Ints:
    """(T) number of the stretch of steps that one fold holds out, gaps in it left aside."""
    inside = np.flatnonzero(fold >= 0)
    block = np.full(len(fold), -1, dtype=np.int64)
    if len(inside):
        block[inside] = np.cumsum(np.diff(fold[inside], prepend=fold[inside[0]]) != 0)
    return block


def spread_of(groups: list[Group], form: int) -> Spread:
    return Spread(np.stack([g.edges[form] for g in groups]), np.stack([g.offsets[form] for g in groups]))


def bound(change: Floats) -> tuple[float, float]:
    """Trees cannot leave what they saw; this keeps their mean inside too."""
    known = change[np.isfinite(change)]
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)


def fit_form(rows: Rows, form: int, plan: Plan, wide: bool, tell: Tell) -> list[tuple[Trees, Floats, Floats]]:
    """Per knot: trees, and the edges and offsets of their error quantiles."""
    issue = issue_features(rows.cases, plan.scales, wide)
    fold, may_learn = plan.folds_of(rows.step)
    fitted = []
    for done, lead in enumerate(plan.knots, start=1):
        known: Bools = np.isfinite(rows.change[:, lead - 1])
        if form == 1:
            known = known & rows.cases.foreseen[:, lead - 1]
        x = np.concatenate([issue, lead_features(rows.cases, lead, plan.scales, form == 1)], axis=1)[known]
        y, w = rows.change[known, lead - 1], rows.weight[known]
        fitted.append(fit_knot(x, y, w, may_learn[:, known], fold[known], plan.options, plan.levels))
        tell(float(done))
    return fitted


def fit_knot(
    x: Floats, y: Floats, weight: Floats, may_learn: Bools, fold: Ints, options: Options, levels: tuple[float, ...]
) -> tuple[Trees, Floats, Floats]:
    """The centre's models by fold, the model of the size of errors, and the error quantiles."""
    if len(y) < 2 * options.folds:
        x, y, weight = np.zeros((40, x.shape[1]), np.float32), np.zeros(40), np.ones(40)
        fold = np.arange(40) % options.folds
        may_learn = np.stack([fold != k for k in range(options.folds)])
    centre, errors = fit_centres(x, y, weight, may_learn, fold, options)
    size = fit_size(x, errors, weight, options)
    expected = np.exp(np.asarray(size.predict(x)))
    edges, offsets = fit_spread(errors, expected, levels)
    return Trees(tuple(centre), size), edges, offsets


def fit_centres(
    x: Floats, y: Floats, weight: Floats, may_learn: Bools, fold: Ints, options: Options
) -> tuple[list[Any], Floats]:
    """The centre's models by fold, and (N) the error of each row by the model that did not see it."""
    centre, held_out = [], np.zeros(len(y))
    for k in range(options.folds):
        booster = fit_centre(x, y, weight, may_learn[k], fold == k, options, k)
        held_out[fold == k] = booster.predict(x[fold == k]) if (fold == k).any() else 0.0
        centre.append(booster)
    return centre, y - held_out


def fit_centre(x: Floats, y: Floats, weight: Floats, learn: Bools, stop: Bools, options: Options, k: int) -> Any:
    """One booster, stopped where the held-out block's squared error is least. No constant start: without evidence
    the change is none."""
    import lightgbm

    learn = learn if learn.any() else ~stop
    parameters = options.trees(seed=options.seed + k, boost_from_average=False)
    seen = lightgbm.Dataset(x[learn], y[learn], weight=weight[learn], params=parameters)
    if not stop.any():
        return lightgbm.train(parameters, seen, options.rounds // 4)
    check = lightgbm.Dataset(x[stop], y[stop], weight=weight[stop], reference=seen, params=parameters)
    stopper = lightgbm.early_stopping(PATIENCE, verbose=False)
    return lightgbm.train(parameters, seen, options.rounds, valid_sets=[check], callbacks=[stopper])


def fit_size(x: Floats, errors: Floats, weight: Floats, options: Options) -> Any:
    """The size of the error to expect: its logarithm, by few and stout trees, for errors are noisy."""
    import lightgbm

    parameters = options.trees(num_leaves=15, min_data_in_leaf=max(20, len(errors) // 300), learning_rate=0.08)
    data = lightgbm.Dataset(x, np.log(np.abs(errors) + SMALL), weight=weight, params=parameters)
    return lightgbm.train(parameters, data, 80)
