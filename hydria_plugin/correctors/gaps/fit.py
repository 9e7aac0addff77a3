"""Learning from a record who can speak for whom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import SUMMED, Bools, Floats

from .climate import fit_climate
from .clues import BESIDE, width
from .doubt import KINDS
from .filling import Told, shown_of
from .model import Model
from .neighbours import fit_neighbours
from .river_fit import fit_rivers
from .rivers import NOMINAL, TIERS, Rivers, scaled
from .series import ABSENT, Fills, Series, known
from .showers import TOLD_BY, Showers, fit_showers
from .web import rivers_of, telling

POWER = (
    0.4  # of a discharge, in which its errors are of like size at all flows (Box and Cox 1964; as the block network)
)


def fit_model(history: History, split: Split, seed: int) -> Model:
    """From the steps for fitting only."""
    layout, series = history.layout, Series.of(history.layout)
    values = series.gather(known(history.target), known(history.inputs))
    inside = np.asarray(split.fit[series.home])
    power = np.where([kind == "discharge" for kind in series.kinds], POWER, 1.0)
    learned = np.where(inside, values, np.nan)
    climate = fit_climate(scaled(learned, power[:, None]), history.times)
    neighbours = fit_neighbours(learned, series.is_rain)
    durations = tuple(int(d / np.timedelta64(1, "s")) for d in history.durations)
    wet = usual_wetness(history, series, inside)
    model = Model(
        series.names,
        series.kinds,
        int(layout.step / np.timedelta64(1, "s")),
        durations,
        climate,
        neighbours,
        Showers.none(len(series.names)),
        no_rivers(len(series.names), len(durations), power),
        wet,
        usual_totals(learned, series, history),
    )
    return with_rivers(model, history, series, values, inside, seed)


def with_rivers(model: Model, history: History, series: Series, values: Floats, inside: Bools, seed: int) -> Model:
    """The model with the regressions of all that is filled as a river."""
    rows = np.flatnonzero(~series.is_rain & series.filled)
    if not len(rows):
        return model
    told = told_of(history, series, values)
    _, shown = shown_of(model, model.web(series), told, Fills.none(), np.arange(len(series.names)))
    rivers = fit_rivers(shown, rows, rivers_of(series), model.rivers.power, inside, seed)
    rain = np.where(inside, values, np.nan)
    showers = fit_showers(rain, shown.z, telling(series, TOLD_BY), np.flatnonzero(series.is_rain), seed)
    return replace(model, rivers=rivers, showers=showers)


def told_of(history: History, series: Series, values: Floats) -> Told:
    """A record, as it is filled."""
    rain = history.layout.present & np.asarray([k == "rain" for k in history.layout.kinds], dtype=bool)
    return Told(values, history.times, history.totals, rain, series.home, series.is_target)


def no_rivers(n: int, totals: int, power: Floats) -> Rivers:
    """Before any is fitted."""
    nobody = np.full((n, BESIDE), ABSENT, dtype=np.int64)
    weights, doubt = (np.zeros((0, TIERS, len(NOMINAL), k), dtype=np.float32) for k in (width(totals), KINDS))
    each, bound = np.zeros((0, TIERS, len(NOMINAL)), dtype=np.float32), np.zeros(0)
    place = np.full(n, ABSENT, dtype=np.int64)
    lags = np.ones_like(nobody)
    return Rivers(place, nobody, lags, power, weights, each, doubt, each, bound, bound, bound)


def usual_wetness(history: History, series: Series, inside: Bools) -> Floats:
    """(N, A) mean logarithm of the running totals of the rain of each series' station."""
    rain = np.flatnonzero([k == "rain" for k in history.layout.kinds])
    a = len(history.durations)
    if not len(rain) or not a:
        return np.zeros((len(series.names), a))
    by_station = np.zeros((len(history.layout.stations), a))
    for s in range(len(by_station)):
        totals = np.maximum(np.asarray(history.totals[s][:, rain], dtype=np.float64), 0.0)
        there = np.isfinite(totals)
        by_station[s] = np.where(there, np.log1p(totals), 0.0).sum(axis=(0, 1)) / np.maximum(there.sum(axis=(0, 1)), 1)
    return by_station[series.home]


def usual_totals(learned: Floats, series: Series, history: History) -> Floats:
    """(N, A) mean value times the duration of what is summed, else the mean."""
    there = np.isfinite(learned)
    mean = np.where(there, learned, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    steps = np.asarray([d / history.layout.step for d in history.durations], dtype=np.float64)
    summed = np.asarray([kind in SUMMED for kind in series.kinds], dtype=bool)
    return np.where(summed[:, None], mean[:, None] * steps[None], np.repeat(mean[:, None], len(steps), axis=1))
