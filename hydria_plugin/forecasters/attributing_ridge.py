"""What a ridge's median is made of. It is linear, so every part is exact: weight times the distance from a reference.

The reference: no rain, a river that stands still at its usual level, rivers upstream and evaporation at their mean,
running totals at their mean. What the model says of it is the line "usual"; what it is cut off by its limits, the line
"limits"; what gauges that are missing are expected to have said, the line "estimated". The product of coming rain and
level counts as rain.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin import Attribution
from hydria_plugin.values import ESTIMATED, LIMITS, USUAL, Floats, Ints

from .arx import blocks, past_columns
from .attributing import Parts, newest_step
from .cases import Cases, newest
from .ridge_model import Form, Model, columns, pick, quantiles


def explain(model: Model, cases: Cases, stations: tuple[str, ...]) -> Attribution:
    """The parts of the median for N cases: each lead by the form that what is known allows."""
    with_rain = np.where(cases.foreseen & np.isfinite(cases.base)[:, None], 1.0, 0.0)
    forms = [explain_form(model, form, cases, stations, ahead=bool(i)) for i, form in enumerate(model.forms)]
    found = Attribution.mixed([(1.0 - with_rain, forms[0]), (with_rain, forms[1])])
    return found.closed(LIMITS, quantiles(model, cases)[..., model.fit.quantiles.index(0.5)])


def explain_form(model: Model, form: Form, cases: Cases, stations: tuple[str, ...], ahead: bool) -> Attribution:
    """One form's change, before any limit but those of the inputs that are missing."""
    rows = np.maximum(cases.rows, 0)
    weights, mean = pick(form.past, rows), pick(model.mean, rows)
    raw = past_columns(cases, model.unit[rows], model.centre[rows])
    there = np.isfinite(raw)
    usual = pick(form.bias, rows) - (weights * np.where(there & from_nothing(cases), mean, 0.0)[:, None]).sum(axis=2)
    lost = np.where(there, 0.0, columns(model, cases, rows))
    parts = Parts.none(cases)
    add_target(parts, weights, raw - mean, cases, model.unit[rows])
    add_inputs(parts, weights, np.where(there, raw - mean, 0.0), mean, cases)
    if ahead:
        add_coming(parts, pick(form.ahead, rows), cases, (cases.base - model.centre[rows]) / model.unit[rows])
    estimated = (weights * lost[:, None]).sum(axis=2)
    return parts.attribution(cases, stations, {USUAL: usual, ESTIMATED: estimated})


def from_nothing(cases: Cases) -> Floats:
    """(C) True for the columns whose reference is 0, and not their mean: rain, and all changes."""
    lags, totals = len(blocks(cases.target.shape[1])), cases.totals.shape[2]
    parts = [np.arange(lags) < lags - 1]
    for kind in cases.kinds:
        by_kind = {"rain": np.ones(lags, bool), "pet": np.zeros(lags, bool)}.get(kind, np.arange(lags) > 0)
        parts += [by_kind, np.zeros(totals, bool)]
    return np.concatenate(parts)


def by_step(weights: Floats, values: Floats, lags: Ints) -> Floats:
    """(N, H, P) what each step adds to weighted means over blocks of lags: ``weights`` (N, H, B), ``values`` (N, P),
    newest last, as distances from the reference."""
    block = np.repeat(np.arange(len(lags)), lags[:, 1] - lags[:, 0] + 1)
    known = np.isfinite(values[:, ::-1])
    count = np.add.reduceat(known.astype(int), lags[:, 0], axis=1)
    each = np.where(known, values[:, ::-1], 0.0) / np.maximum(count, 1)[:, block]
    return np.asarray((weights[:, :, block] * each[:, None])[:, :, ::-1])


def add_target(parts: Parts, weights: Floats, distance: Floats, cases: Cases, unit: Floats) -> None:
    """The target's lags against its newest value, and its level at the step of that value."""
    lags = blocks(cases.target.shape[1])
    b = len(lags)
    change = (cases.target - cases.base[:, None]) / unit[:, None]
    own = np.concatenate([np.zeros_like(weights[:, :, :1]), weights[:, :, : b - 1]], axis=2)
    parts.own += by_step(own, change, lags)
    level = weights[:, :, b - 1] * distance[:, None, b - 1]
    parts.own[np.arange(len(cases)), :, newest_step(cases.target)] += level


def add_inputs(parts: Parts, weights: Floats, distance: Floats, mean: Floats, cases: Cases) -> None:
    """Each slot's lags by step, and its running totals; ``distance`` and ``mean`` (N, C) from and of the reference."""
    lags, (n, p) = blocks(cases.target.shape[1]), cases.target.shape
    b, totals = len(lags), cases.totals.shape[2]
    block = np.repeat(np.arange(b), lags[:, 1] - lags[:, 0] + 1)
    for v, kind in enumerate(cases.kinds):
        at, series = b + v * (b + totals), cases.inputs[:, :, v]
        own = weights[:, :, at : at + b]
        if kind == "pet":
            series = series - mean[:, at : at + b][:, block][:, ::-1]
        elif kind != "rain":
            now = own[:, :, 0] * distance[:, None, at]
            parts.inputs[np.arange(n), :, newest_step(series), v] += now
            series = series - newest(series, b)[:, None]
            own = np.concatenate([np.zeros_like(own[:, :, :1]), own[:, :, 1:]], axis=2)
        parts.inputs[:, :, :p, v] += by_step(own, series, lags)
        total = slice(at + b, at + b + totals)
        parts.before[:, :, v] += (weights[:, :, total] * distance[:, None, total]).sum(axis=2)


def add_coming(parts: Parts, weights: Floats, cases: Cases, level: Floats) -> None:
    """Rain to come: for each lead by blocks of lags counted back from its valid time."""
    p, h, rain = cases.target.shape[1], cases.future.shape[1], cases.rain
    lags = blocks(h)
    b = len(lags)
    block = np.repeat(np.arange(b), lags[:, 1] - lags[:, 0] + 1)
    lag = np.arange(h)[:, None] - np.arange(h)[None, :]  # lead less step
    fallen = np.where(lag >= 0, 1.0, 0.0)
    both = weights[:, :, len(rain) * b :] * (level / max(len(rain), 1))[:, None, None]
    for i, v in enumerate(rain):
        each = (weights[:, :, i * b : (i + 1) * b] + both)[:, np.arange(h)[:, None], block[np.maximum(lag, 0)]]
        parts.inputs[:, :, p:, v] += each * fallen * np.nan_to_num(cases.future[:, None, :, v])
