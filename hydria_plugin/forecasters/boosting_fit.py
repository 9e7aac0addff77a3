"""Fitting the boosting: cases of one station, or of a region, to trees and error quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import Bools, Floats, Ints

from .boosting_model import Boosted, Trees
from .cases import Cases
from .features import Scales, issue_features, lead_features
from .fitting import fold_of_steps, gap_of, masked_std, pool, purged, truth_ahead, unit_of
from .keeping import Fit
from .spread import Spread, fit_spread, recent_range

KNOTS = (1, 2, 3, 6, 12, 24, 48, 96, 192)
REGIONAL_FROM = 9  # stations
PATIENCE = 40  # rounds without getting better
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


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What one group of stations learns from. N rows."""

    cases: Cases
    change: Floats  # (N, H) in units
    step: Ints  # (N)
    weight: Floats  # (N) of rows that stand for thinned ones


def totals_wanted() -> tuple[np.timedelta64, ...]:
    return tuple(np.timedelta64(hours, "h").astype("timedelta64[s]") for hours in (12, 24, 72, 168, 336, 720))


def knots_for(horizon: int) -> tuple[int, ...]:
    """Leads that get models of their own: 1, 2, 3, 6, 12, ... and the last."""
    return tuple(sorted({k for k in KNOTS if k <= horizon} | {horizon}))


def fit_boosting(history: History, split: Split, options: Options) -> Boosted:
    layout = history.layout
    count = len(layout.stations)
    regional = count >= REGIONAL_FROM if options.regional is None else options.regional
    group = np.zeros(count, dtype=np.int64) if regional else np.arange(count)
    knots = knots_for(layout.horizon)
    scales = scales_of(history, split)
    fold = fold_of_steps(history, split, options.folds)
    gap = gap_of(history, fold, options.folds)
    trees, spreads, bounds = [], [], []
    for g in range(int(group.max()) + 1):
        rows = gather(history, split, np.flatnonzero(group == g), scales, options)
        fitted = [fit_form(rows, form, knots, scales, fold, gap, options, layout.quantiles) for form in (0, 1)]
        trees.append(tuple(tuple(t for t, _, _ in form) for form in fitted))
        spreads.append([[(e, o) for _, e, o in form] for form in fitted])
        bounds.append([bound(rows.change[:, lead - 1]) for lead in knots])
    both = tuple(
        Spread(
            np.stack([np.stack([e for e, _ in g[form]]) for g in spreads]),
            np.stack([np.stack([o for _, o in g[form]]) for g in spreads]),
        )
        for form in (0, 1)
    )
    durations = tuple(int(d / np.timedelta64(1, "s")) for d in history.durations)
    return Boosted(
        Fit.of(layout), durations, knots, group, scales, floors(history, split, scales), np.asarray(bounds),
        (both[0], both[1]), tuple(trees), times=history.times, fold_of=fold,
    )  # fmt: skip


def scales_of(history: History, split: Split) -> Scales:
    """Means and standard deviations over the pool."""
    inside = split.fit | split.stop
    target = np.where(inside & history.target.trusted, history.target.values, np.nan)
    inputs = np.where(inside[:, :, None], history.inputs.values, np.nan)
    states = np.array([kind not in ("rain", "pet") for kind in history.layout.kinds], dtype=bool)
    known = np.isfinite(inputs)
    mean = np.where(known, inputs, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    centre = np.where(np.isfinite(target), target, 0.0).sum(axis=1) / np.maximum(np.isfinite(target).sum(axis=1), 1)
    slot_unit = np.where(states, masked_std(inputs, axis=1), 1.0)
    return Scales(
        centre,
        unit_of(history, split),
        np.where(states, mean, 0.0),
        slot_unit,
        np.asarray(history.layout.static, float),
    )


def floors(history: History, split: Split, scales: Scales) -> Floats:
    """(S) the lowest value that is believed: 0 for discharge, a unit below the lowest seen otherwise."""
    seen = np.where((split.fit | split.stop) & history.target.trusted, history.target.values, np.inf)
    lowest = np.where(np.isfinite(seen).any(axis=1), seen.min(axis=1, initial=np.inf), 0.0)
    flows = np.array([q == "discharge" for q in history.layout.quantities])
    return np.where(flows & (lowest >= 0), 0.0, lowest - scales.unit)


def bound(change: Floats) -> tuple[float, float]:
    """Trees cannot leave what they saw; this keeps their mean inside too."""
    known = change[np.isfinite(change)]
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)


def gather(history: History, split: Split, stations: Ints, scales: Scales, options: Options) -> Rows:
    """The rows of a group, thinned to ``max_rows``: what moves is kept, what rests is sampled and weighs more."""
    share = options.max_rows // len(stations)
    parts = [gather_station(history, split, int(s), scales, share, options) for s in stations]
    cases = parts[0].cases
    if len(parts) > 1:
        names = [f for f in Cases.__dataclass_fields__ if f != "kinds"]
        cases = Cases(cases.kinds, *(np.concatenate([getattr(p.cases, f) for p in parts]) for f in names))
    rest = (np.concatenate([getattr(p, f) for p in parts]) for f in ("change", "step", "weight"))
    return Rows(cases, *rest)


def gather_station(history: History, split: Split, s: int, scales: Scales, share: int, options: Options) -> Rows:
    cases, at = pool(history, split, s, options.max_age, future=True)
    change = (truth_ahead(history, s, at) - cases.base[:, None]) / scales.unit[s]
    keep, weight = thin(recent_range(cases.target) + np.nan_to_num(np.abs(change)).max(axis=1), share, options.seed + s)
    return Rows(cases.take(keep), change[keep], at[keep], weight)


def thin(activity: Floats, share: int, seed: int) -> tuple[Ints, Floats]:
    """Indices of at most ``share`` rows and their weights: the more active half of the share is kept whole."""
    if len(activity) <= share:
        return np.arange(len(activity)), np.ones(len(activity))
    order = np.argsort(-activity, kind="stable")
    active, quiet = order[: share // 2], order[share // 2 :]
    sampled = np.random.default_rng(seed).choice(quiet, share - len(active), replace=False)
    keep = np.sort(np.concatenate([active, sampled]))
    weight = np.where(np.isin(keep, active), 1.0, len(quiet) / len(sampled))
    return keep, weight


def fit_form(
    rows: Rows, form: int, knots: tuple[int, ...], scales: Scales, fold: Ints, gap: int, options: Options,
    levels: tuple[float, ...],
) -> list[tuple[Trees, Floats, Floats]]:  # fmt: skip
    """Per knot: trees, and the edges and offsets of their error quantiles."""
    issue = issue_features(rows.cases, scales)
    may_learn = np.stack([purged(fold, k, gap)[rows.step] for k in range(options.folds)])
    fitted = []
    for lead in knots:
        known = np.isfinite(rows.change[:, lead - 1])
        if form == 1:
            known &= rows.cases.foreseen[:, lead - 1]
        x = np.concatenate([issue, lead_features(rows.cases, lead, scales, form == 1)], axis=1)
        y, w = rows.change[known, lead - 1], rows.weight[known]
        fitted.append(fit_knot(x[known], y, w, may_learn[:, known], fold[rows.step][known], options, levels))
    return fitted


def fit_knot(
    x: Floats, y: Floats, weight: Floats, may_learn: Bools, fold: Ints, options: Options, levels: tuple[float, ...]
) -> tuple[Trees, Floats, Floats]:
    """The centre's models by fold, the model of the size of errors, and the error quantiles."""
    if len(y) < 2 * options.folds:
        x, y, weight = np.zeros((40, x.shape[1]), np.float32), np.zeros(40), np.ones(40)
        fold = np.arange(40) % options.folds
        may_learn = np.stack([fold != k for k in range(options.folds)])
    centre, held_out = [], np.zeros(len(y))
    for k in range(options.folds):
        booster = fit_centre(x, y, weight, may_learn[k], fold == k, options, k)
        held_out[fold == k] = booster.predict(x[fold == k]) if (fold == k).any() else 0.0
        centre.append(booster)
    errors = y - held_out
    size = fit_size(x, errors, weight, options)
    expected = np.exp(np.asarray(size.predict(x)))
    edges, offsets = fit_spread(errors, expected, levels)
    return Trees(tuple(centre), size), edges, offsets


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
