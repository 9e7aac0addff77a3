"""Ridge regression (ARX), per station and lead: the change from the last value, linear in lags and totals, with one
penalty per lead by cross-validation over blocks of time. An infinite penalty is persistence, so that is where a
short record ends; and no forecast leaves the changes that were seen by more than a margin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from hydria_plugin import Forecast, History, ModelError, Split, Window
from hydria_plugin.values import Floats, Ints, Times

from .arx import future_columns, past_columns
from .cases import NOWHERE, Cases, forecast_history, forecast_window, rows_of
from .fitting import fold_of_steps, pool, truth_ahead, unit_of
from .keeping import Fit, check_fit, load_arrays, read_fit, save_arrays, write_fit
from .ridge_fit import Lead, fit_lead
from .spread import Spread, doubts, expected_error, fit_doubt, fit_spread

MARGIN = 0.5  # of the training range: how far inputs and changes may go beyond it
SHARED = ("unit", "centre", "floor", "mean", "low", "high")
BY_FORM = ("past", "ahead", "bias", "least", "most", "doubt", "edges", "offsets")


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The linear model without, or with, the rain to come."""

    past: Floats  # (S, H, C) weights on the columns of the past, in the target's unit
    ahead: Floats  # (S, H, D) on the columns of the future; D = 0 without
    bias: Floats  # (S, H)
    least: Floats  # (S, H) smallest change allowed
    most: Floats  # (S, H)
    doubt: Floats  # (S, H, E)
    edges: Floats
    offsets: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Everything a ridge remembers."""

    fit: Fit
    unit: Floats  # (S)
    centre: Floats  # (S)
    floor: Floats  # (S) no forecast below
    mean: Floats  # (S, C) of the past's columns, for what is missing
    low: Floats  # (S, C) range of the past's columns
    high: Floats  # (S, C)
    forms: tuple[Form, Form]


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """The models that did not see one fold; only in memory, after a fit."""

    times: Times  # (T) of the training record
    fold: Ints  # (T)
    models: tuple[Model, ...]


class Ridge:
    """``folds``: blocks in time for choosing the penalty; ``max_age``: steps the last value may be old."""

    name = "ridge"

    def __init__(self, *, folds: int = 5, max_age: int = 6) -> None:
        self.folds, self.max_age = folds, max_age
        self.model: Model | None = None
        self.held_out: Folds | None = None

    def forecast(self, window: Window) -> Forecast:
        model = self.fitted(window)
        rows = rows_of(window.layout, model.fit.stations)
        values = forecast_window(window, rows, self.max_age, lambda cases: quantiles(model, cases))
        return Forecast.of(window, values, self.name)

    def hindcast(self, history: History, at: Ints, future: bool) -> Floats:
        return self.hindcast_by(self.fitted(history), history, at, future)

    def hindcast_by(self, model: Model, history: History, at: Ints, future: bool) -> Floats:
        rows = rows_of(history.layout, model.fit.stations)
        return forecast_history(history, at, future, rows, self.max_age, lambda cases: quantiles(model, cases))

    def out_of_sample(self, history: History, at: Ints, future: bool) -> Floats:
        """(N, S, H, Q); see :class:`~hydria_plugin.forecasters.cases.OutOfSample`. Raises ModelError after ``load``."""
        if self.held_out is None:
            raise ModelError("ridge: what each fold's model would have forecast is known only right after a fit")
        values = self.hindcast(history, at, future)
        place = np.searchsorted(self.held_out.times, history.times[at])
        place = np.minimum(place, len(self.held_out.times) - 1)
        known = self.held_out.times[place] == history.times[at]
        fold = np.where(known, self.held_out.fold[place], -1)
        for k, model in enumerate(self.held_out.models):
            if (mine := fold == k).any():
                values[mine] = self.hindcast_by(model, history, np.asarray(at)[mine], future)
        return values

    def fitted(self, asked: Window | History) -> Model:
        if self.model is None:
            raise ModelError("ridge is not trained: run `hydria train`")
        check_fit(self.name, self.model.fit, asked.layout)
        return self.model

    def fit(self, history: History, split: Split) -> Self:
        fold = fold_of_steps(history, split, self.folds)
        unit = unit_of(history, split)
        stations = [
            fit_station(history, split, s, float(unit[s]), fold, self.folds, self.max_age)
            for s in range(len(history.layout.stations))
        ]
        new = type(self)(folds=self.folds, max_age=self.max_age)
        fit = Fit.of(history.layout)
        new.model = assemble(fit, [models[-1] for models in stations])
        by_fold = tuple(assemble(fit, [models[k] for models in stations]) for k in range(self.folds))
        new.held_out = Folds(history.times, fold, by_fold)
        return new

    def save(self, folder: Path) -> None:
        if self.model is None:
            raise ModelError("ridge was asked to save, but it was not trained")
        write_fit(folder, self.model.fit, {"folds": self.folds, "max_age": self.max_age})
        arrays = {name: getattr(self.model, name) for name in SHARED}
        for i, form in enumerate(self.model.forms):
            arrays |= {f"{name}.{i}": getattr(form, name) for name in BY_FORM}
        save_arrays(folder, arrays)

    def load(self, folder: Path) -> Self:
        fit, options = read_fit(self.name, folder)
        names = [f"{name}.{i}" for i in (0, 1) for name in BY_FORM]
        arrays = load_arrays(self.name, folder, [*SHARED, *names])
        new = type(self)(folds=int(options["folds"]), max_age=int(options["max_age"]))
        new.model = model_of(fit, arrays)
        return new


def model_of(fit: Fit, arrays: dict[str, Floats]) -> Model:
    forms = tuple(Form(*(arrays[f"{name}.{i}"] for name in BY_FORM)) for i in (0, 1))
    return Model(fit, *(arrays[name] for name in SHARED), (forms[0], forms[1]))


def assemble(fit: Fit, stations: list[dict[str, Floats]]) -> Model:
    """One model of many stations' arrays."""
    return model_of(fit, {name: np.stack([one[name] for one in stations]) for name in stations[0]})


# ---- forecasting ------------------------------------------------------------------------------------------------


def quantiles(model: Model, cases: Cases) -> Floats:
    """(N, H, Q): each row and lead by the form that what is known allows; NaN for unknown stations."""
    rows = np.maximum(cases.rows, 0)
    past = columns(model, cases, rows)
    values = by_form(model, model.forms[0], cases, rows, past, None)
    with_rain = cases.foreseen & np.isfinite(cases.base)[:, None]
    if with_rain.any():
        ahead = np.nan_to_num(future_columns(cases, model.unit[rows], model.centre[rows]))
        better = by_form(model, model.forms[1], cases, rows, past, ahead)
        values = np.where(with_rain[:, :, None], better, values)
    return np.where((cases.rows != NOWHERE)[:, None, None], values, np.nan)


def columns(model: Model, cases: Cases, rows: Ints) -> Floats:
    """(N, C) the past's columns: what is missing is at its mean, what is far outside the record at its edge."""
    raw = past_columns(cases, model.unit[rows], model.centre[rows])
    mean = model.mean[rows]
    return np.clip(np.where(np.isfinite(raw), raw, mean), model.low[rows], model.high[rows]) - mean


def by_form(model: Model, form: Form, cases: Cases, rows: Ints, past: Floats, ahead: Floats | None) -> Floats:
    """(N, H, Q) by one form, for all rows and leads."""
    change = weighted(form.past, past, rows) + pick(form.bias, rows)
    if ahead is not None:
        change = change + np.einsum("nhd,nhd->nh", pick(form.ahead, rows), ahead)
    change = np.clip(change, pick(form.least, rows), pick(form.most, rows))
    centre = np.maximum(cases.base[:, None] + change, model.floor[rows][:, None])
    known = cases if ahead is not None else without_future(cases)
    doubt = doubts(known, change, model.unit[rows])
    expected = expected_error(doubt, pick(form.doubt, rows))
    levels = model.fit.quantiles
    values = Spread(form.edges, form.offsets).around(centre, expected, rows, levels)
    return np.maximum(values, np.minimum(model.floor[rows], centre.min(axis=1, initial=np.inf))[:, None, None])


def without_future(cases: Cases) -> Cases:
    """The same cases with nothing known of the horizon."""
    return Cases(
        cases.kinds,
        cases.target,
        cases.inputs,
        np.full_like(cases.future, np.nan),
        cases.totals,
        cases.rows,
        cases.base,
    )


def pick(array: Floats, rows: Ints) -> Floats:
    """``array[rows]`` without copying when that is all of it, or one row."""
    if len(rows) == len(array) and np.array_equal(rows, np.arange(len(array))):
        return array
    if len(rows) and (rows == rows[0]).all():
        return np.broadcast_to(array[rows[0]], (len(rows), *array.shape[1:]))
    return np.asarray(array[rows])


def weighted(weights: Floats, x: Floats, rows: Ints) -> Floats:
    """(N, H) of weights (S, H, C) and columns (N, C)."""
    if len(rows) and (rows == rows[0]).all():
        return np.asarray(x @ weights[rows[0]].T)
    return np.asarray(np.matmul(pick(weights, rows), x[:, :, None])[:, :, 0])


# ---- fitting ----------------------------------------------------------------------------------------------------


def fit_station(
    history: History, split: Split, s: int, unit: float, fold: Ints, folds: int, max_age: int
) -> list[dict[str, Floats]]:
    """The arrays of one station: one set for each fold's model, and last the model of all rows."""
    cases, at = pool(history, split, s, max_age, future=True)
    units = np.full(len(at), unit)
    centre = float(np.nanmean(cases.base)) if len(at) else 0.0
    raw = past_columns(cases, units, np.full(len(at), centre))
    shared = shared_arrays(raw, cases, unit, centre, history.layout.quantities[s])
    filled = np.where(np.isfinite(raw), raw, shared["mean"]) - shared["mean"]
    ahead = future_columns(cases, units, np.full(len(at), centre))
    change = truth_ahead(history, s, at) - cases.base[:, None]
    forms = [
        fit_form(filled, part, change, known, units, fold[at], folds, history.layout.quantiles)
        for part, known in ((ahead[:, :, :0], without_future(cases)), (ahead, cases))
    ]
    return [shared | {f"{k}.{i}": a for i in (0, 1) for k, a in forms[i][m].items()} for m in range(folds + 1)]


def shared_arrays(raw: Floats, cases: Cases, unit: float, centre: float, quantity: str) -> dict[str, Floats]:
    """Mean and range of the past's columns, and the lowest value that is believed."""
    known = np.isfinite(raw)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, raw, 0.0).sum(axis=0) / count
    low = np.where(known, raw, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, raw, -np.inf).max(axis=0, initial=-np.inf)
    low, high = np.where(count > 1, low, mean), np.where(count > 1, high, mean)
    room = MARGIN * (high - low)
    lowest = float(np.nanmin(cases.target)) if np.isfinite(cases.target).any() else -np.inf
    floor = 0.0 if quantity == "discharge" and lowest >= 0 else lowest - unit
    single = {"unit": unit, "centre": centre, "floor": floor}
    arrays = {"mean": mean, "low": low - room, "high": high + room}
    return {k: np.asarray(v, dtype=np.float64) for k, v in single.items()} | arrays


def fit_form(
    past: Floats,
    ahead: Floats,
    change: Floats,
    cases: Cases,
    units: Floats,
    fold: Ints,
    folds: int,
    levels: tuple[float, ...],
) -> list[dict[str, Floats]]:
    """All leads of one form: arrays per fold's model, and last of the model of all rows."""
    leads = range(change.shape[1])
    scale_past = std(past)
    scale_ahead = np.stack([std(ahead[:, f]) for f in leads])
    mean_ahead = np.nan_to_num(np.stack([mean_of(ahead[:, f]) for f in leads]))
    fitted = []
    for f in leads:
        x = np.concatenate([past / scale_past, (ahead[:, f] - mean_ahead[f]) / scale_ahead[f]], axis=1)
        fitted.append(fit_lead(x, change[:, f], fold, folds))
    wide = fit_width(fitted, change, cases, units, levels)
    scale = np.concatenate([np.broadcast_to(scale_past, (len(leads), past.shape[1])), scale_ahead], axis=1)
    return [
        form_arrays(np.stack([weights_of(lead, m, folds) for lead in fitted]) / scale, mean_ahead, past.shape[1]) | wide
        for m in range(folds + 1)
    ]


def weights_of(lead: Lead, m: int, folds: int) -> Floats:
    return lead.weights if m == folds else np.asarray(lead.by_fold[m])


def form_arrays(weights: Floats, mean_ahead: Floats, split_at: int) -> dict[str, Floats]:
    ahead = weights[:, split_at:]
    return {"past": weights[:, :split_at], "ahead": ahead, "bias": -(ahead * mean_ahead).sum(axis=1)}


def fit_width(
    fitted: list[Lead], change: Floats, cases: Cases, units: Floats, levels: tuple[float, ...]
) -> dict[str, Floats]:
    """How far changes may go, and how wide the errors of what was held out are."""
    known = np.isfinite(change)
    least = np.where(known, change, 0.0).min(axis=0, initial=0.0) * (1 + MARGIN)
    most = np.where(known, change, 0.0).max(axis=0, initial=0.0) * (1 + MARGIN)
    guess = np.clip(np.stack([lead.held_out for lead in fitted], axis=1), least, most)
    doubt = doubts(cases, np.nan_to_num(guess), units)
    errors = change - guess
    weights, edges, offsets = [], [], []
    for f in range(change.shape[1]):
        weights.append(fit_doubt(doubt[:, f], np.abs(errors[:, f])))
        expected = expected_error(doubt[:, f : f + 1], weights[-1][None])[:, 0]
        some_edges, some_offsets = fit_spread(errors[:, f], expected, levels)
        edges.append(some_edges)
        offsets.append(some_offsets)
    arrays = {"least": least, "most": most, "doubt": np.stack(weights)}
    return arrays | {"edges": np.stack(edges), "offsets": np.stack(offsets)}


def std(x: Floats) -> Floats:
    """(C) of the finite values; 1 where a column never moves."""
    known = np.isfinite(x)
    mean = mean_of(x)
    size = np.sqrt(np.where(known, (x - mean) ** 2, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    return np.where(size > 1e-9 * np.maximum(np.abs(mean), 1e-9), size, 1.0)


def mean_of(x: Floats) -> Floats:
    known = np.isfinite(x)
    return np.asarray(np.where(known, x, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
