"""Fitting one station's ridge: all leads, both forms, every fold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import History, Split
from hydria_plugin.values import Floats, Ints

from .arx import future_columns, gauges_of, past_columns
from .cases import Cases
from .fitting import pool, truth_ahead
from .ridge_fit import Lead, fit_lead
from .ridge_model import without_future
from .spread import doubts, expected_error, fit_doubt, fit_spread

MARGIN = 0.5  # of the training range: how far inputs and changes may go beyond it


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
    layout = history.layout
    shared["fill"] = expectation(filled, gauges_of(layout.kinds, layout.past, len(history.durations)))
    ahead = future_columns(cases, units, np.full(len(at), centre))
    change = truth_ahead(history, s, at) - cases.base[:, None]
    forms = [
        fit_form(filled, part, change, known, units, fold[at], folds, layout.quantiles)
        for part, known in ((ahead[:, :, :0], without_future(cases)), (ahead, cases))
    ]
    return [shared | {f"{k}.{i}": a for i in (0, 1) for k, a in forms[i][m].items()} for m in range(folds + 1)]


def expectation(deviation: Floats, gauges: Ints) -> NDArray[np.float32]:
    """(C, C) each column, as expected from those of the other gauges: what a lost gauge would most likely show. Its own
    gauge's columns have no say; the target's are never asked for."""
    size = std(deviation)
    x = deviation / size
    gram = x.T @ x
    gram[np.diag_indices_from(gram)] += 0.01 * max(1, len(x))
    found = np.zeros(gram.shape)
    for gauge in np.unique(gauges[gauges >= 0]):
        own, other = np.flatnonzero(gauges == gauge), np.flatnonzero(gauges != gauge)
        found[np.ix_(other, own)] = np.linalg.solve(gram[np.ix_(other, other)], gram[np.ix_(other, own)])
    return (found * size[None, :] / size[:, None]).astype(np.float32)


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
