"""A fitted ridge: its arrays, and its answer to cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hydria_plugin.values import Floats, Ints

from .arx import future_columns, past_columns
from .cases import NOWHERE, Cases
from .keeping import Fit
from .spread import Spread, doubts, expected_error

SHARED = ("unit", "centre", "floor", "mean", "low", "high", "fill")
BY_FORM = ("past", "ahead", "bias", "least", "most", "doubt", "edges", "offsets")


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The linear model without, or with, the rain to come."""

    past: Floats  # (S, H, C) weights on the columns of the past, in the target's unit
    ahead: Floats  # (S, H, D) on the columns of the future; D = 0 without
    bias: Floats  # (S, H)
    least: Floats  # (S, H) smallest change allowed
    most: Floats  # (S, H)
    doubt: Floats  # (S, H, E + 1)
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
    fill: Floats  # (S, C, C) float32: columns as expected from those of other gauges
    forms: tuple[Form, Form]


def model_of(fit: Fit, arrays: Mapping[str, Floats]) -> Model:
    forms = [Form(**{name: arrays[f"{name}.{i}"] for name in BY_FORM}) for i in (0, 1)]
    return Model(fit, forms=(forms[0], forms[1]), **{name: arrays[name] for name in SHARED})


def assemble(fit: Fit, stations: Sequence[Mapping[str, Floats]]) -> Model:
    """One model of many stations' arrays."""
    return model_of(fit, {name: np.stack([one[name] for one in stations]) for name in stations[0]})


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
    return np.asarray(np.where((cases.rows != NOWHERE)[:, None, None], values, np.nan))


def columns(model: Model, cases: Cases, rows: Ints) -> Floats:
    """(N, C) the past's columns less their means: what is missing is as expected from what is there, what is far
    outside the record is at its edge."""
    raw = past_columns(cases, model.unit[rows], model.centre[rows])
    mean, low, high = pick(model.mean, rows), pick(model.low, rows), pick(model.high, rows)
    there = np.isfinite(raw)
    deviation = np.clip(np.where(there, raw, mean), low, high) - mean
    lost = np.flatnonzero(~there.all(axis=1))
    if len(lost):
        expected = np.einsum("nc,ncd->nd", deviation[lost], pick(model.fill, rows[lost]))
        expected = np.clip(expected, (low - mean)[lost], (high - mean)[lost])
        deviation[lost] = np.where(there[lost], deviation[lost], expected)
    return np.asarray(deviation)


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
    return np.asarray(np.maximum(values, model.floor[rows][:, None, None]))


def without_future(cases: Cases) -> Cases:
    """The same cases with nothing known of the horizon."""
    return replace(cases, future=np.full_like(cases.future, np.nan))


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
