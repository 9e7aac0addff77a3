"""A fitted boosting: trees, scales and error quantiles; asking it, keeping it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import ModelError
from hydria_plugin.learning.ticks import around_median
from hydria_plugin.values import Floats, Ints, Times, read_only

from .cases import NOWHERE, Cases
from .features import Scales, issue_features, lead_features
from .keeping import Fit, load_arrays, read_fit, save_arrays, write_fit
from .spread import Spread

ALL = -1  # the mean of all folds' models
FEW = 1000  # rows from which on more than one thread pays
SCALES = ("centre", "unit", "slot_centre", "slot_unit", "static")


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """One knot of one form: the centre's models, one for each fold, and the model of the size of errors."""

    centre: tuple[Any, ...]  # lightgbm.Booster
    size: Any


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """Everything a boosting remembers. ``trees[group][form][knot]``: groups are stations, or all of them at once."""

    fit: Fit
    durations: tuple[int, ...]  # seconds
    knots: tuple[int, ...]  # leads
    group: Ints  # (S) which trees a station is asked of
    scales: Scales
    floor: Floats  # (S)
    bound: Floats  # (G, K, 2) least and most change seen, in units
    spreads: tuple[Spread, Spread]  # by form; axes (G, K, ...)
    trees: tuple[tuple[tuple[Trees, ...], ...], ...]
    wide: tuple[bool, ...]  # G: its trees see what follows the clock
    fold: int = ALL
    times: Times | None = None  # (T) of the training record, in memory only
    fold_of: Ints | None = None  # (T)

    def fold_at(self, times: Times) -> Ints:
        """(N) the fold that each time was held out in; ALL where it was not learned from."""
        if self.times is None or self.fold_of is None:
            raise ModelError("boosting: what each fold's model would have forecast is known only right after a fit")
        place = np.minimum(np.searchsorted(self.times, times), len(self.times) - 1)
        return np.where(self.times[place] == times, self.fold_of[place], ALL)

    def only_fold(self, fold: int) -> Boosted:
        return replace(self, fold=fold)


def quantiles(model: Boosted, cases: Cases, num_threads: int) -> Floats:
    """(N, H, Q); NaN for unknown stations and where the last value is too old."""
    rows = np.maximum(cases.rows, 0)
    group = model.group[rows]
    change = np.empty((len(cases), len(model.knots)))
    offsets = np.empty((len(cases), len(model.knots), len(model.fit.quantiles)))
    for g in np.unique(group):
        mine = group == g
        change[mine], offsets[mine] = at_knots(model, int(g), cases.take(mine), num_threads)
    weave = between(model.knots, model.fit.horizon)
    unit = model.scales.unit[rows]
    centre = cases.base[:, None] + unit[:, None] * (change @ weave.T)
    wide = unit[:, None, None] * np.einsum("hk,nkq->nhq", weave, offsets)
    floor = np.minimum(model.floor[rows], cases.base)[:, None]
    values = np.maximum(np.maximum(centre, floor)[:, :, None] + wide, floor[:, :, None])
    values = around_median(values, model.fit.quantiles.index(0.5))
    return np.where((cases.rows != NOWHERE)[:, None, None], values, np.nan)


@cache
def between(knots: tuple[int, ...], horizon: int) -> Floats:
    """(H, K) weights of the knots for every lead: linear from no change at lead 0."""
    leads, places = np.arange(1, horizon + 1), np.array([0, *knots])
    weights = [np.interp(leads, places, np.eye(len(places))[k]) for k in range(1, len(places))]
    return np.asarray(read_only(np.stack(weights, axis=1)))


def at_knots(model: Boosted, g: int, cases: Cases, num_threads: int) -> tuple[Floats, Floats]:
    """Changes (N, K) and offsets (N, K, Q) in units: per row and knot by the form that what is known allows."""
    issue = issue_features(cases, model.scales, model.wide[g])
    change = np.empty((len(cases), len(model.knots)))
    offsets = np.empty((len(cases), len(model.knots), len(model.fit.quantiles)))
    foreseen = cases.foreseen
    for k, lead in enumerate(model.knots):
        known = foreseen[:, lead - 1]
        for form, rows in ((0, ~known), (1, known)):
            if rows.any():
                some, mine = (issue, cases) if rows.all() else (issue[rows], cases.take(rows))
                x = np.concatenate([some, lead_features(mine, lead, model.scales, form == 1)], axis=1)
                change[rows, k], offsets[rows, k] = ask(model, g, form, k, x, num_threads)
    return change, offsets


def ask(model: Boosted, g: int, form: int, k: int, x: Floats, num_threads: int) -> tuple[Floats, Floats]:
    """Change (N) and offsets (N, Q) of one knot."""
    trees = model.trees[g][form][k]
    threads = 1 if len(x) < FEW else num_threads
    asked = trees.centre if model.fold == ALL else (trees.centre[model.fold],)
    change = sum(one.predict(x, num_threads=threads) for one in asked) / len(asked)
    change = np.clip(change, *model.bound[g, k])
    expected = np.exp(trees.size.predict(x, num_threads=threads))
    spread = model.spreads[form]
    regime = (expected[:, None] > spread.edges[g, k]).sum(axis=1)
    return change, expected[:, None] * spread.offsets[g, k][regime]


def save_boosted(folder: Path, model: Boosted, options: dict[str, Any]) -> None:
    """model.json, arrays.safetensors and one LightGBM text per booster."""
    folds = len(model.trees[0][0][0].centre)
    about = {"durations": model.durations, "knots": model.knots, "folds": folds, "wide": model.wide}
    write_fit(folder, model.fit, {"model": about, "factory": options})
    arrays = {name: getattr(model.scales, name) for name in SCALES}
    arrays |= {"group": model.group, "floor": model.floor, "bound": model.bound}
    for form, spread in enumerate(model.spreads):
        arrays |= {f"edges.{form}": spread.edges, f"offsets.{form}": spread.offsets}
    save_arrays(folder, arrays)
    for name, booster in files(model.trees):
        booster.save_model(str(folder / name), num_iteration=booster.best_iteration)


def files(trees: tuple[tuple[tuple[Trees, ...], ...], ...]) -> list[tuple[str, Any]]:
    """Every booster with its file name."""
    named = []
    for g, forms in enumerate(trees):
        for form, knots in enumerate(forms):
            for k, one in enumerate(knots):
                stem = f"g{g}.{'ab'[form]}.k{k}"
                named += [(f"{stem}.{i}.txt", booster) for i, booster in enumerate(one.centre)]
                named.append((f"{stem}.size.txt", one.size))
    return named


def load_boosted(folder: Path) -> tuple[Boosted, dict[str, Any]]:
    """What :func:`save_boosted` wrote. Raises ModelError; that no file is cut short is the shelf's to verify, for
    LightGBM ends the process on one."""
    fit, kept = read_fit("boosting", folder)
    names = [*SCALES, "group", "floor", "bound", "edges.0", "offsets.0", "edges.1", "offsets.1"]
    a = load_arrays("boosting", folder, names)
    about = kept["model"]
    groups, knots = int(a["group"].max()) + 1, tuple(about["knots"])
    trees = tuple(
        tuple(tuple(read_trees(folder, g, form, k, about["folds"]) for k in range(len(knots))) for form in (0, 1))
        for g in range(groups)
    )
    scales = Scales(*(a[name] for name in SCALES))
    spreads = (Spread(a["edges.0"], a["offsets.0"]), Spread(a["edges.1"], a["offsets.1"]))
    model = Boosted(
        fit,
        tuple(about["durations"]),
        knots,
        a["group"].astype(np.int64),
        scales,
        a["floor"],
        a["bound"],
        spreads,
        trees,
        tuple(about.get("wide", [False] * groups)),
    )
    return model, kept["factory"]


def read_trees(folder: Path, g: int, form: int, k: int, folds: int) -> Trees:
    import lightgbm

    stem = folder / f"g{g}.{'ab'[form]}.k{k}"
    try:
        boosters = [lightgbm.Booster(model_file=f"{stem}.{part}.txt") for part in [*range(folds), "size"]]
    except lightgbm.basic.LightGBMError as cause:
        raise ModelError(f"boosting: cannot read {stem}.*.txt: {cause}") from cause
    return Trees(tuple(boosters[:-1]), boosters[-1])
